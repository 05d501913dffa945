"""Parts of data sets: fewer rows, labels dealt out, and what they are called."""

from __future__ import annotations

import pytest

from xfer.fingerprint import key
from xfer.phase.data_set import DataSet

MNLI = DataSet("mnli", "en", "train", "aa", "dd", 100)


def test_a_part_has_as_many_rows_as_were_asked_for() -> None:
    part = MNLI.part(40)
    assert (part.rows, part.examples, part.shuffled) == (40, 40, False)


@pytest.mark.parametrize("examples", [None, 100, 5000])
def test_as_many_rows_as_there_are_or_more_is_all_of_them(examples: int | None) -> None:
    """So that asking for too many does not train the same thing twice."""
    assert MNLI.part(examples) == MNLI
    assert MNLI.part(examples, shuffled=True) == MNLI.part(None, shuffled=True)


def test_a_part_of_a_part_is_the_smaller_one() -> None:
    assert MNLI.part(40).part(30) == MNLI.part(30)
    assert MNLI.part(40).part(70) == MNLI.part(40)


def test_each_part_and_each_control_is_known_by_a_key_of_its_own() -> None:
    parts = [MNLI, MNLI.part(40), MNLI.part(41), MNLI.part(None, shuffled=True), MNLI.part(40, shuffled=True)]
    assert len({key(part) for part in parts}) == 5


@pytest.mark.parametrize(
    ("part", "title"),
    [
        (MNLI, "mnli"),
        (MNLI.part(40), "mnli (40)"),
        (MNLI.part(None, shuffled=True), "mnli, shuffled labels"),
        (MNLI.part(40, shuffled=True), "mnli (40), shuffled labels"),
    ],
)
def test_a_part_says_what_it_is(part: DataSet, title: str) -> None:
    assert part.title == title
