"""``xfer overlap`` as a user calls it: tables in several shapes, kept in the storage and seen by the report."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.cluster.test_cli import assert_mistake, xfer
from tests.unit.study.overlapping import study_file
from xfer.results.schema import OVERLAPS


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study with data that overlap, and its lock."""
    path = study_file(tmp_path_factory.mktemp("overlap"))
    done = xfer("lock", path, "--data", path.parent / "data", "--models", path.parent / "models")
    assert done.returncode == 0, done.stderr
    return path


@pytest.fixture
def without_data(locked: Path) -> Iterator[None]:
    data = locked.parent / "data"
    data.rename(locked.parent / "away")
    yield
    (locked.parent / "away").rename(data)


def test_a_study_without_a_lock_is_told_how_to_make_one(tmp_path: Path) -> None:
    path = study_file(tmp_path)
    assert_mistake(xfer("overlap", path), "the study has no lock", f"xfer lock {path}")


def test_data_that_are_not_there_are_named(locked: Path) -> None:
    assert_mistake(xfer("overlap", locked), "paws-x", "XFER_DATA or --data")


def test_the_table_says_what_was_found_and_how_much_was_looked_at(locked: Path) -> None:
    done = xfer("overlap", locked, "--data", locked.parent / "data")
    assert (done.returncode, done.stderr) == (0, "")
    head, *lines, last = done.stdout.splitlines()
    assert head.split() == [name for name in OVERLAPS.names if name != "rows"]
    assert last == "4 evaluated splits were held against 5: 9 overlaps"
    assert len(lines) == 9
    assert [
        "pawsx", "en", "test", "sentence1", "multilingual_text", "en", "train", "exact", "1", "1", "10", "0.1",
    ] in [line.split() for line in lines]  # fmt: skip


@pytest.mark.usefixtures("without_data")
def test_what_was_found_needs_no_data_again(locked: Path) -> None:
    done = xfer("overlap", locked, "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rows) == 9
    assert all(list(row) == OVERLAPS.names for row in rows)
    assert {tuple(row["rows"]) for row in rows if row["kind"] == "near"} == {(5,)}
    as_csv = xfer("overlap", locked, "--format", "csv").stdout
    assert [row["examples"] for row in csv.DictReader(io.StringIO(as_csv))] == [str(row["examples"]) for row in rows]


def test_the_report_says_what_was_found_and_nothing_where_nobody_looked(locked: Path, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    for name in (locked.name, locked.with_suffix("").name + ".lock.json"):
        (folder / name).write_text(
            (locked.parent / name).read_text().replace(f"{locked.parent}/runs", f"{folder}/runs")
        )
    for study, looked in ((locked, True), (folder / locked.name, False)):
        out = tmp_path / study.parent.name
        done = xfer("report", study, "--out", out / "report")
        assert done.returncode == 0, done.stderr
        page = (out / "report" / "index.html").read_text()
        assert (out / "report" / "overlaps.csv").exists() == looked
        assert ('<section id="overlaps">' in page) == ("∩" in page) == looked
