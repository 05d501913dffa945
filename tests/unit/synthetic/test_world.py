"""The specification: what it refuses, and what a world is made of."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from xfer.synthetic.lexicon import lexicons
from xfer.synthetic.meanings import CLAUSES
from xfer.synthetic.world import LANGUAGES, MOST_LANGUAGES, Language, Rows, World


def test_every_language_differs_from_another_in_one_respect() -> None:
    axes = [language.model_dump() for language in LANGUAGES.values()]
    for i, axis in enumerate(axes[1:], start=1):
        assert min(sum(axis[name] != other[name] for name in axis) for other in axes[:i]) == 1


def test_an_unknown_axis_is_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        World.model_validate({"languages": {"en": {}, "qaa": {"tones": 4}}})


@pytest.mark.parametrize(
    "languages", [{}, {"qaa": Language()}, {"qaa": Language(), "en": Language()}, {"en": Language(cognates=0.5)}]
)
def test_the_first_language_is_english_as_it_is(languages: dict[str, Language]) -> None:
    with pytest.raises(ValidationError, match="languages begin with en"):
        World(languages=languages)


@pytest.mark.parametrize("name", ["text", "nli", "tagging", "paraphrase", "choice", "span"])
def test_a_world_too_small_for_its_rows_says_how_many_it_has(name: str) -> None:
    largest = CLAUSES - Rows().validation - Rows().test
    World(rows=Rows(**{name: largest}))
    with pytest.raises(ValidationError, match=rf"rows\.{name}: {largest + 1} rows asked.* at most {largest}"):
        World(rows=Rows(**{name: largest + 1}))


@pytest.mark.parametrize("name", ["validation", "test"])
def test_held_out_rows_leave_something_to_train_on(name: str) -> None:
    with pytest.raises(ValidationError, match=rf"rows\.{name}: {CLAUSES} rows asked.* at most {CLAUSES - 1}"):
        World(rows=Rows(**{name: CLAUSES}))


def test_a_world_of_one_language_is_a_world() -> None:
    assert list(World(languages={"en": Language()}).languages) == ["en"]


def test_more_languages_than_there_are_words_for_are_refused() -> None:
    languages = {"en": Language()} | {f"q{number}": Language(cognates=0) for number in range(MOST_LANGUAGES)}
    with pytest.raises(ValidationError, match=f"at most {MOST_LANGUAGES} items"):
        World(languages=languages)
    assert lexicons(World(languages=dict(list(languages.items())[:MOST_LANGUAGES])))
