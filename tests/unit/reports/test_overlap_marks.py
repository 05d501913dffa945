"""A symbol beside numbers whose examples the model has seen before, and the counts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.unit.reports.studies import open_with
from tests.unit.reports.tables import small_views, table
from tests.unit.reports.test_report_page import Reader
from xfer.evaluation.texts import Place
from xfer.reports.about import About
from xfer.reports.overlaps import Counts, Overlaps, overlap_sheets, overlaps_of
from xfer.reports.page import render
from xfer.results import schema


def line(kind: str, rows: list[int] | None, of: int = 100, **fields: str) -> dict[str, Any]:
    """A line of the table: of xnli's German test, against mnli."""
    known = {
        "task": "xnli", "language": "de", "split": "test", "field": "premise", "against_task": "mnli",
        "against_language": "en", "against_split": "train",
    }  # fmt: skip
    counts = {} if rows is None else {"examples": len(rows), "share": len(rows) / of}
    return {**known, "kind": kind, "of": of, "rows": rows, **counts, **fields}


def counts(**fields: Any) -> Counts:
    known = {"exact": 0, "near": 0, "translation": 0, "declared": False, "of": 100, "against": ("mnli (train)",)}
    return Counts(**{**known, **fields})


def found(*lines: Mapping[str, Any], folder: Path) -> Mapping[tuple[str, str, str], Mapping[Place, Counts]]:
    opened = open_with(folder, targets="[xnli]", arms="[none, snli]")
    return overlaps_of(opened, table(lines, schema.OVERLAPS)).cells


GERMAN = Place("xnli", "de", "test")


def test_an_example_is_counted_once_as_what_is_closest(tmp_path: Path) -> None:
    lines = [
        line("exact", [1, 2]),
        line("near", [2, 3], field="hypothesis"),
        line("translation", [1, 3, 4, 5], field="hypothesis"),
        line("exact", [1], against_task="snli"),
    ]
    cells = found(*lines, folder=tmp_path)
    own = counts(exact=2, near=1, translation=2)
    assert cells["tiny", "none", "xnli"] == {GERMAN: own}
    assert cells["tiny", "snli", "xnli"] == {
        GERMAN: counts(**vars(own) | {"against": ("mnli (train)", "snli (train)")})
    }


def test_what_a_cells_model_has_not_seen_does_not_count(tmp_path: Path) -> None:
    cells = found(line("exact", [1, 2], against_task="snli"), folder=tmp_path)
    assert cells["tiny", "none", "xnli"] == {}
    assert cells["tiny", "snli", "xnli"][GERMAN].examples == 2
    other = found(line("exact", [1], against_task="xnli", against_split="validation"), folder=tmp_path)
    assert {len(places) for places in other.values()} == {0}


@pytest.mark.parametrize(("exact", "declared", "notable"), [(1, False, True), (0, False, False), (0, True, True)])
def test_below_one_percent_nothing_is_notable(exact: int, declared: bool, notable: bool) -> None:
    assert counts(exact=exact, declared=declared).notable == notable
    assert not counts(exact=exact, of=101).notable


CELLS = Overlaps(
    {
        ("tiny", "none", "xnli"): {
            GERMAN: counts(exact=1, translation=2),
            Place("xnli", "sw", "test"): counts(near=1, of=1000),
            Place("xnli", "en", "validation"): counts(exact=99),
        },
        ("tiny", "mnli", "xnli"): {GERMAN: counts(exact=1200, of=5010), Place("xnli", "en", "test"): counts(near=5)},
        ("tiny", "snli", "xnli"): {GERMAN: counts(declared=True)},
    },
    looked=True,
)


def test_in_words() -> None:
    every = ("en", "de", "sw")
    said = {arm: CELLS.said(["tiny"], arm, "xnli", "test", every) for arm in ("none", "mnli", "snli", "mix")}
    assert said == {
        "none": "overlap with mnli (train): de 3 of 100 (2 through a translation)",
        "mnli": "overlap with mnli (train): en 5 of 100, de 1\u202f200 of 5\u202f010",
        "snli": "overlap with mnli (train): de by declaration",
        "mix": "",
    }
    assert CELLS.said(["tiny"], "none", "xnli", "validation", ("en",)) == "overlap with mnli (train): 99 of 100"
    assert CELLS.said(["tiny"], "none", "xnli", "test", ("sw",)) == ""
    assert CELLS.said(["another", "tiny"], "snli", "xnli", "test", every) == said["snli"], "of a pool"


def test_the_page_marks_numbers_and_explains_the_mark() -> None:
    page = render("P", small_views(), "small", about=About(overlaps=CELLS))
    matrix, xnli = Reader(page).tables[:2]
    none, mnli, snli = matrix[2:5]
    assert none[1] == "70.0∩ overlap with mnli (train): de 3 of 100 (2 through a translation) ±0.0"
    assert mnli[1].startswith("+2.0∩ overlap with mnli (train): en 5 of 100, de 1\u202f200 of 5\u202f010● same-task")
    assert snli[1].startswith("−5.0∩ overlap with mnli (train): de by declaration")
    assert not any("∩" in text for row in (none, mnli, snli) for text in row[2:])
    languages = [[text.split(" ")[0] for text in row] for row in xnli[1:4]]
    assert [[text.endswith("∩") for text in row] for row in languages] == [
        [False, False, False, False, True, False],
        [False, False, False, True, True, False],
        [False, False, False, False, True, False],
    ]
    assert 'title="overlap with mnli (train): 3 of 100 (2 through a translation)"' in page
    legend = "</span> overlap: the model has seen texts of at least 1% of these examples before"
    assert page.count(legend) == 2


def test_where_nobody_looked_the_page_says_nothing_and_where_nothing_was_found_it_says_what_it_would_mark() -> None:
    assert "∩" not in render("P", small_views(), "small")
    assert render("P", small_views(), "small", about=About(overlaps=Overlaps(looked=True))).count("∩") == 2


def test_the_sheet_counts_source_by_source() -> None:
    lines = [
        line("exact", [1, 2], verbatim=2),  # type: ignore[arg-type]
        line("near", [2, 3], field="hypothesis"),
        line("translation", [4], against_language=""),
        line("exact", [1], against_task="snli", of=200),
        line("declared", None, against_task="snli", against_split="validation"),
    ]
    (sheet,) = overlap_sheets({"overlaps": table(lines, schema.OVERLAPS)})
    assert sheet.rows == (
        ("xnli", "de", "test", "mnli (train)", "2", "1", "1", "100", "4%"),
        ("xnli", "de", "test", "snli (validation)", "0", "0", "0", "100", "declared"),
    )
    assert overlap_sheets({}) == overlap_sheets({"overlaps": table([lines[3]], schema.OVERLAPS)}) == ()
