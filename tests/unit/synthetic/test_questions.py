"""A choice and a span: the verb that means the same is one, the others are not; and the same in every language."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from xfer.synthetic import tables
from xfer.synthetic.lexicon import SHAPES, lexicons
from xfer.synthetic.questions import ORDINALS
from xfer.synthetic.world import HELD_OUT, Rows, World

WORLD = World(rows=Rows(choice=900, span=900, validation=200, test=200))
CODES = tuple(WORLD.languages)


def rows(name: str, code: str, split: str = "test") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tables.table(WORLD, name, code, split).to_pylist()
    return found


def concepts(code: str) -> dict[str, tuple[int, int]]:
    """Each verb's word to its group and its place there: two words of one place are synonyms."""
    verbs = lexicons(WORLD)[code].verbs
    return {word: (i, j) for i, group in enumerate(verbs) for j, pair in enumerate(group) for word in pair}


def to_first(code: str) -> dict[str, str]:
    """Words of a language to those of the first one."""
    theirs, first = lexicons(WORLD)[code], lexicons(WORLD)["en"]
    return {
        word: other
        for kind in SHAPES
        for word, other in zip(getattr(theirs, kind).flat, getattr(first, kind).flat, strict=True)
    }


def clauses_of(context: str) -> list[str]:
    return context.removesuffix(" .").split(" . ")


def only_verb(text: str, code: str) -> str:
    (verb,) = (word for word in text.split() if word in concepts(code))
    return verb


@pytest.mark.parametrize("code", CODES)
def test_of_the_options_that_differ_in_the_verb_alone_one_means_the_same(code: str) -> None:
    meaning = concepts(code)
    for row in rows("choice", code):
        verb = only_verb(row["context"], code)
        verbs = [only_verb(option, code) for option in row["options"]]
        assert row["options"] == [row["context"].replace(verb, other) for other in verbs]
        assert verb not in verbs and len({meaning[other] for other in verbs}) == 3
        assert {meaning[other][0] for other in verbs} == {meaning[verb][0]}
        assert [meaning[other] == meaning[verb] for other in verbs].index(True) == ORDINALS.index(row["label"])


@pytest.mark.parametrize("code", CODES)
def test_the_answer_is_the_patient_of_the_clause_whose_verb_means_the_same(code: str) -> None:
    meaning, adjectives = concepts(code), set(lexicons(WORLD)[code].adjectives.flat)
    order = WORLD.languages[code].order
    for row in rows("span", code):
        (answer,), (start,) = row["answers"], row["starts"]
        assert row["context"][start : start + len(answer)] == answer
        said = clauses_of(row["context"])
        verbs = [only_verb(clause, code) for clause in said]
        assert len({meaning[verb] for verb in verbs}) == 3 and len({meaning[verb][0] for verb in verbs}) == 1
        asked = [meaning[verb] for verb in verbs].index(meaning[row["question"]])
        assert row["question"] not in row["context"].split() and row["context"][:start].count(".") == asked
        roles = [word for word in said[asked].split() if word not in adjectives]
        noun = roles[order.index("O")]
        assert noun in answer.split() and set(answer.split()) <= {noun, *adjectives}
        assert not any(noun in clause.split() for place, clause in enumerate(said) if place != asked)


@pytest.mark.parametrize("name", ["choice", "span"])
def test_the_right_one_is_in_every_place_equally_often(name: str) -> None:
    found = rows(name, "en", "train")
    places = [row["label"] if name == "choice" else row["context"][: row["starts"][0]].count(".") for row in found]
    assert sorted(Counter(places).values()) == [300, 300, 300]


def test_who_knows_what_all_verbs_mean_learns_nothing_from_the_options() -> None:
    """Two of three verbs of a group are opposites: the right one is neither more nor less often the odd one out."""
    meaning, odd = concepts("en"), 0
    found = rows("choice", "en", "train")
    for row in found:
        places = [meaning[only_verb(option, "en")][1] for option in row["options"]]
        odd += places[ORDINALS.index(row["label"])] ^ 1 not in places
    assert abs(odd / len(found) - 1 / 3) < 0.05, "three standard errors"


@pytest.mark.parametrize("split", HELD_OUT)
@pytest.mark.parametrize("code", CODES)
def test_a_row_says_the_same_in_every_language(code: str, split: str) -> None:
    back = to_first(code)

    def words(text: str, known: dict[str, str]) -> list[str]:
        return sorted(known[word] for word in text.split())

    first = to_first("en")
    for here, there in zip(rows("choice", code, split), rows("choice", "en", split), strict=True):
        assert here["label"] == there["label"] and words(here["context"], back) == words(there["context"], first)
        assert [words(o, back) for o in here["options"]] == [words(o, first) for o in there["options"]]
    for here, there in zip(rows("span", code, split), rows("span", "en", split), strict=True):
        assert words(here["question"], back) == words(there["question"], first)
        assert words(here["answers"][0], back) == words(there["answers"][0], first)
        assert [words(c, back) for c in clauses_of(here["context"])] == [
            words(c, first) for c in clauses_of(there["context"])
        ]


def test_an_answer_starts_elsewhere_where_the_order_is_another() -> None:
    same, other = (
        [here["starts"] == there["starts"] for here, there in zip(rows("span", "en"), rows("span", code), strict=True)]
        for code in ("qaa", "qad")
    )
    assert all(same) and not any(other)
