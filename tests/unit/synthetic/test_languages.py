"""How languages differ: by their words, or by the order of them."""

from __future__ import annotations

import numpy as np
import pytest

from xfer.synthetic import grammar
from xfer.synthetic.lexicon import SHAPES, lexicons
from xfer.synthetic.meanings import CLAUSES, draw
from xfer.synthetic.world import Language, World

SOME = draw(np.random.default_rng(1), 0, 200)


def two(other: Language) -> tuple[list[grammar.Tagged], list[grammar.Tagged]]:
    world = World(languages={"en": Language(), "qaa": other})
    words = lexicons(world)
    first, second = (grammar.tagged(SOME, words[code], world.languages[code]) for code in world.languages)
    return first, second


@pytest.mark.parametrize("share", [0.0, 0.4, 0.8, 1.0])
@pytest.mark.parametrize("kind", SHAPES)
def test_cognates_are_the_share_asked_for_in_every_kind_of_words(share: float, kind: str) -> None:
    words = lexicons(World(languages={"en": Language(), "qaa": Language(cognates=share)}))
    same = getattr(words["en"], kind) == getattr(words["qaa"], kind)
    assert abs(same.mean() - share) <= 0.5 / same.size + 1e-9


def test_words_are_unique_but_for_cognates() -> None:
    words = lexicons(World(languages={"en": Language(), "qaa": Language(cognates=0), "qab": Language(cognates=0)}))
    forms = [form for lexicon in words.values() for kind in SHAPES for form in getattr(lexicon, kind).flat]
    assert len(set(forms)) == len(forms)


def test_the_nearer_of_two_languages_shares_all_that_the_farther_does() -> None:
    words = lexicons(World())
    for kind in SHAPES:
        first, near, far = (getattr(words[code], kind) for code in ("en", "qaa", "qac"))
        assert not ((far == first) & (near != first)).any()


def test_a_language_that_differs_in_cognates_differs_in_words_alone() -> None:
    first, second = two(Language(cognates=0.5))
    assert [[tag for _, tag in clause] for clause in first] == [[tag for _, tag in clause] for clause in second]
    assert first != second


@pytest.mark.parametrize("order", ["SOV", "VSO"])
def test_a_language_that_differs_in_order_has_the_same_words_in_another(order: str) -> None:
    first, second = two(Language.model_validate({"order": order}))
    assert [sorted(clause) for clause in first] == [sorted(clause) for clause in second]
    verbs = [[tag for _, tag in clause if tag in ("NOUN", "VERB")].index("VERB") for clause in second]
    assert set(verbs) == {order.index("V")}


def test_a_language_that_differs_in_adjectives_puts_them_after_their_noun() -> None:
    first, second = two(Language(adjective="after"))
    assert [sorted(clause) for clause in first] == [sorted(clause) for clause in second]
    for clauses, pair in ((first, ("ADJ", "NOUN")), (second, ("NOUN", "ADJ"))):
        tags = [[tag for _, tag in clause] for clause in clauses]
        found = [
            tuple(t[t.index("ADJ") + min(shift, 0) :][:2])
            for t in tags
            if "ADJ" in t
            for shift in [-(pair[1] == "ADJ")]
        ]
        assert found and set(found) == {pair}


def test_clauses_are_all_different() -> None:
    every = draw(np.random.default_rng(1), 0, CLAUSES)
    assert len(np.unique(np.stack(list(vars(every).values())), axis=1).T) == CLAUSES
