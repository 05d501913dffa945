"""A format's fields out of a source's columns: paths into them, several together, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.world import STRING, labels, many, put
from xfer.errors import DataError
from xfer.tasks.columns import Columns, field_of, numbers_of
from xfer.tasks.data import DataRoots
from xfer.tasks.formats.classification import Classification
from xfer.tasks.source import hub
from xfer.tasks.task import Task

NUMBER: dict[str, object] = {"dtype": "int64", "_type": "Value"}
DEEP = [
    {"q": {"stem": "why", "given": [{"by": {"name": "ann"}}, {"by": {"name": "bob"}}]}},
    {"q": {"stem": "how", "given": []}},
    {"q": {"stem": "who", "given": [{"by": {"name": "eve"}}]}},
]


def field(rows: list[dict[str, Any]] | pa.Table, columns: Columns, **kind: bool) -> list[Any]:
    table = pa.Table.from_pylist(rows) if isinstance(rows, list) else rows
    return list(field_of(table, columns, "somewhere", **kind).to_pylist())


def test_a_path_leads_through_structs_and_lists_of_structs_to_any_depth() -> None:
    assert field(DEEP, "q.stem", is_text=True) == ["why", "how", "who"]
    assert field(DEEP, "q.given.by.name", is_list=True, is_text=True) == [["ann", "bob"], [], ["eve"]]
    table = pa.Table.from_pylist(DEEP)
    assert field(pa.concat_tables([table, table]).slice(1, 3), "q.given.by.name", is_list=True) == [
        [], ["eve"], ["ann", "bob"],
    ]  # fmt: skip


@pytest.mark.parametrize("path", ["q.stemm", "q.given.by.nam", "q.stem.x", "q.given.by.name.x"])
def test_a_path_that_leads_nowhere_is_named_with_what_is_there(path: str) -> None:
    part = path.rpartition(".")[2]
    with pytest.raises(DataError, match=f"column 'q' has no field '{part}'\n.*it is "):
        field(DEEP, path, is_list=True)


@pytest.mark.parametrize(
    ("row", "path"),
    [
        ({"q": None}, "q.stem"),
        ({"q": {"stem": None, "given": []}}, "q.stem"),
        ({"q": {"stem": "x", "given": None}}, "q.given.by.name"),
        ({"q": {"stem": "x", "given": [None]}}, "q.given.by.name"),
        ({"q": {"stem": "x", "given": [{"by": None}]}}, "q.given.by.name"),
        ({"q": {"stem": "x", "given": [{"by": {"name": "eve"}}, {"by": {"name": None}}]}}, "q.given.by.name"),
    ],
)
def test_something_empty_on_the_way_is_refused_by_its_row(row: dict[str, Any], path: str) -> None:
    with pytest.raises(DataError, match="has 1 empty values, the first in row 2"):
        field([*DEEP[:2], row], path, is_list=path.endswith("name"))


def test_several_columns_are_a_list_where_one_is_wanted_and_else_one_text() -> None:
    rows = [{"a": "one", "b": "two", "n": 3}, {"a": "four", "b": "five", "n": 6}]
    assert field(rows, ("a", "b", "n"), is_list=True, is_text=True) == [["one", "two", "3"], ["four", "five", "6"]]
    assert field(rows, ("b", "a"), is_text=True) == ["two one", "five four"]
    assert field(rows, ("n",), is_list=True) == [[3], [6]]


def test_large_types_and_whole_numbers_read_like_the_usual_ones() -> None:
    large = pa.table(
        {
            "text": pa.array(["a", "b"], pa.large_string()),
            "many": pa.array([["a"], ["b", "c"]], pa.large_list(pa.large_string())),
            "number": pa.array([1, 2], pa.int8()),
        }
    )
    found = field_of(large, "many", "somewhere", is_list=True, is_text=True)
    assert found.type == pa.list_(pa.string()) and found.to_pylist() == [["a"], ["b", "c"]]
    assert field_of(large, "text", "somewhere", is_text=True).type == pa.string()
    assert field(large, "number", is_text=True) == ["1", "2"]


@pytest.mark.parametrize(
    ("value", "kind", "message"),
    [
        ("a b", {"is_list": True}, "column 'x' holds string\n.*a list in every row"),
        (["a"], {}, "column 'x' holds list<.*\n.*one value in every row"),
        (0.5, {"is_text": True}, "column 'x' holds double\n.*text"),
        ([True], {"is_text": True, "is_list": True}, "column 'x' holds list<.*bool.*\n.*text"),
        ({"a": 1}, {"is_text": True}, "column 'x' holds struct<a: int64>\n.*text"),
    ],
)
def test_a_column_of_another_kind_is_refused(value: object, kind: dict[str, bool], message: str) -> None:
    with pytest.raises(DataError, match=message):
        field([{"x": value}], "x", **kind)


def task(**change: Any) -> Task:
    fields: dict[str, Any] = {
        "format": Classification(), "source": hub("me/it", "default"), "columns": {"first": "a", "label": "b"},
        "labels": ("no", "yes"), "languages": ("en",), "metric": "accuracy",
    }  # fmt: skip
    return Task("it", **{**fields, **change})


def labels_of(root: Path, made: Task, values: Sequence[object], feature: object) -> list[str]:
    column = str(made.columns["label"])
    head, _, inner = column.partition(".")
    table = pa.table({"a": ["x"] * len(values), head: [{inner: value} for value in values] if inner else values})
    put(root, "me/it", "default", "train", table, {"a": STRING, head: {inner: feature} if inner else feature})
    found: list[str] = DataRoots((root,)).rows(made, "en", "train")["label"].to_pylist()
    return found


def test_numbers_of_labels_need_a_name_each_from_the_source_or_the_task(tmp_path: Path) -> None:
    named = task(label_names={"0": "no", "1": "yes"})
    assert labels_of(tmp_path / "a", named, [1, 0], NUMBER) == ["yes", "no"]
    assert labels_of(tmp_path / "b", named, [1, 0], labels(("yes", "no"))) == ["no", "yes"]
    with pytest.raises(DataError, match=r"'b' holds numbers without names\n.*label_names"):
        labels_of(tmp_path / "c", task(), [1, 0], NUMBER)
    half = task(labels=("no", "1"), label_names={"0": "no"})
    with pytest.raises(DataError, match="row 1: label '1' in column 'b'"):
        labels_of(tmp_path / "d", half, [0, 1], NUMBER)


def test_class_labels_within_structs_have_their_names(tmp_path: Path) -> None:
    inside = task(columns={"first": "a", "label": "b.c"})
    assert labels_of(tmp_path, inside, [1, 0], labels(("yes", "no"))) == ["no", "yes"]


@pytest.mark.parametrize("column", ["first", "label"])
def test_a_list_where_one_value_is_wanted_is_a_mistake_and_no_crash(tmp_path: Path, column: str) -> None:
    kinds = {"a": many(STRING) if column == "first" else STRING, "b": many(STRING) if column == "label" else STRING}
    table = pa.table({name: [["no"]] if kind != STRING else ["no"] for name, kind in kinds.items()})
    put(tmp_path, "me/it", "default", "train", table, dict(kinds))
    with pytest.raises(DataError, match=r"holds list<.*\n.*one value in every row"):
        DataRoots((tmp_path,)).rows(task(), "en", "train")


def test_numbers_are_of_their_type_and_anything_else_is_refused() -> None:
    starts = numbers_of(pa.array([[1], []], pa.list_(pa.int64())), pa.int32(), "a", "here")
    assert starts.type == pa.list_(pa.int32())
    assert numbers_of(pa.array([1, 2]), pa.float64(), "a", "here").to_pylist() == [1.0, 2.0]
    for wrong, kind in (
        (pa.array([["6"]]), pa.int32()), (pa.array([[6.0]]), pa.int32()), (pa.array([2**40]), pa.int32()),
        (pa.array(["6"]), pa.float64()),
    ):  # fmt: skip
        with pytest.raises(DataError, match=r"here: column 'a'.*\n.*the task needs"):
            numbers_of(wrong, kind, "a", "here")
