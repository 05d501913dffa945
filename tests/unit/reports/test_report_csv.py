"""CSV files say what the tables say."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pyarrow as pa
import pytest

from tests.unit.reports.tables import TWINS, small_views, twin_views
from xfer.errors import UserError
from xfer.reports.export import TRANSFER, to_csv, write_csv


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_one_file_a_view_and_the_matrix(tmp_path: Path) -> None:
    views = small_views()
    paths = write_csv(views, tmp_path / "tables")
    assert {path.name for path in paths} == {f"{name}.csv" for name in [*views, "transfer"]}
    assert {path.name for path in (tmp_path / "tables").iterdir()} == {path.name for path in paths}


def test_values_survive(tmp_path: Path) -> None:
    views = small_views()
    write_csv(views, tmp_path)
    rows = read(tmp_path / "scores.csv")
    assert list(rows[0]) == views["scores"].column_names
    assert [float(row["value"]) for row in rows] == views["scores"]["value"].to_pylist()
    assert {row["major"] for row in rows} == {"true", "false"}
    assert [int(row["seed"]) if row["seed"] else None for row in rows] == views["scores"]["seed"].to_pylist()
    roles = [json.loads(row["roles"]) for row in read(tmp_path / "phases.csv")]
    assert roles == views["phases"]["roles"].to_pylist()
    assert read(tmp_path / "decisions.csv") == []


def test_any_value_is_read_back_as_it_was() -> None:
    texts = ["x,y", 'q"z', "two\nlines", "", None, " space ", "ü 🦊", "plain"]
    numbers = [1.0, 1e-5, 0.1, None, -0.0, 1e22, 1 / 3, 2.0]
    lists = [[1.5, None], [], None, [2.0], [], [], [], []]
    table = pa.table({"a, b": texts, "number": numbers, "list": lists, "true": [True, None] * 4})
    chunked = pa.concat_tables([table.slice(0, 3), table.slice(3)])
    header, *rows = csv.reader(io.StringIO(to_csv(chunked).decode(), newline=""))
    assert header == table.column_names
    assert [row[0] or None for row in rows] == [text or None for text in texts]
    assert [repr(float(row[1])) if row[1] else None for row in rows] == [n if n is None else repr(n) for n in numbers]
    assert [json.loads(row[2] or "null") for row in rows] == lists
    assert [row[3] for row in rows] == ["true", ""] * 4
    assert to_csv(table.slice(0, 0)) == b'"a, b",number,list,true\n'


def test_the_matrix_in_long_form(tmp_path: Path) -> None:
    write_csv(small_views(), tmp_path)
    rows = {(row["arm"], row["target"]): row for row in read(tmp_path / "transfer.csv")}
    assert len(rows) == 9
    mnli = rows["mnli", "xnli"]
    assert tuple(mnli) == TRANSFER
    assert float(mnli["delta"]) == pytest.approx(2.0)
    assert float(mnli["score"]) == pytest.approx(0.72)
    assert (json.loads(mnli["seeds"]), mnli["relation"], mnli["state"]) == ([1, 2], "same-task", "scored")
    failed = rows["snli", "panx"]
    assert (failed["state"], failed["score"], failed["delta"]) == ("failed", "", "")
    assert json.loads(failed["failures"]) == [{"model": "tiny", "seed": 1, "reason": "out <of> memory"}]


def test_a_pools_lines_name_their_models(tmp_path: Path) -> None:
    write_csv(twin_views(), tmp_path, (TWINS,))
    rows = [row for row in read(tmp_path / "transfer.csv") if (row["arm"], row["target"]) == ("mnli", "xnli")]
    assert [json.loads(row["models"]) for row in rows] == [["one", "two"], ["one"], ["two"]]
    assert [row["model"] for row in rows] == ["nano, 2 pretraining seeds", "one", "two"]
    assert (rows[0]["paired"], json.loads(rows[0]["by_model"])) == ("4", pytest.approx([2.0, 6.0]))


def test_a_folder_that_cannot_be_written_is_the_users_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="cannot write"):
        write_csv(small_views(), tmp_path / "file")
