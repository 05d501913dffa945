"""Slices become one table that is mapped from files; where that cannot be, it is made in memory and is the same."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from xfer.errors import DataError
from xfer.evaluation import joined as module
from xfer.evaluation.joined import joined

SCHEMA = pa.schema(
    [
        pa.field("row", pa.int32()),
        pa.field("ids", pa.list_(pa.int32())),
        pa.field("types", pa.list_(pa.int8())),
        pa.field("none", pa.list_(pa.int32())),
    ]
)
ROWS = 20_000
"""Of a slice; some hundred numbers each."""


def part(number: int, rows: int = 10) -> pa.Table:
    """A slice: lists of other lengths in each row, some of them empty."""
    draw = np.random.default_rng(number)
    offsets = np.concatenate([[0], draw.integers(0, 200, rows)]).cumsum(dtype=np.int32)
    ids = pa.array(draw.integers(0, 30_000, offsets[-1], dtype=np.int32))
    types = pa.array(draw.integers(0, 2, offsets[-1], dtype=np.int8))
    columns = {
        "row": pa.array(np.arange(rows, dtype=np.int32)),
        "ids": pa.ListArray.from_arrays(pa.array(offsets), ids),
        "types": pa.ListArray.from_arrays(pa.array(offsets), types),
        "none": pa.ListArray.from_arrays(pa.array(np.zeros(rows + 1, np.int32)), pa.array([], pa.int32())),
    }
    return pa.table(columns, schema=SCHEMA)


def whole(tables: list[pa.Table]) -> pa.Table:
    return pa.concat_tables(tables).combine_chunks()


def in_one_piece(table: pa.Table) -> bool:
    return all(column.num_chunks == 1 for column in table.columns)


def test_slices_become_one_table_that_takes_no_memory_and_leaves_no_files(tmp_path: Path) -> None:
    tables = [part(number) for number in range(7)]
    before = pa.total_allocated_bytes()
    found = joined(lambda: iter(tables), tmp_path / "new", "some")
    assert pa.total_allocated_bytes() - before < 7 * 10 * 4 * 4, "offsets alone"
    assert found.equals(whole(tables)) and found.schema == SCHEMA and in_one_piece(found)
    assert list((tmp_path / "new").iterdir()) == []


def test_one_slice_is_held_at_a_time(tmp_path: Path) -> None:
    held = []

    def slices() -> Iterator[pa.Table]:
        for number in range(8):
            yield part(number, ROWS)
            held.append(pa.total_allocated_bytes())

    before = pa.total_allocated_bytes()
    one = part(0, ROWS).nbytes
    found = joined(slices, tmp_path, "some")
    assert found.nbytes > 7 * one, "all of it would be noticed"
    assert len(held) == 8 and max(held) - before < 3 * one


def test_a_part_of_a_larger_table_is_taken_as_it_is(tmp_path: Path) -> None:
    table = part(3, 100)
    found = joined(lambda: (table.slice(start, 7) for start in range(5, 95, 7)), tmp_path, "some")
    assert found.equals(table.slice(5, 91))


def test_a_single_slice_stays_what_it_is(tmp_path: Path) -> None:
    table = part(1)
    assert joined(lambda: iter([table]), tmp_path / "none", "some") is table
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["a", "bc"]), pa.array([1, None]), pa.array([True, False]), pa.array([[1], None]),
        pa.array([["a"], []]), pa.array([[[1]], [[2, 3], []]]), pa.array([[1, None], [2]]),
    ],
    ids=["texts", "a null", "bits", "no list", "lists of texts", "lists of lists", "a null in a list"],
)  # fmt: skip
def test_columns_of_other_kinds_are_joined_in_memory(tmp_path: Path, column: pa.Array) -> None:
    tables = [table.append_column("own", column) for table in (part(1, 2), part(2, 2))]
    found = joined(lambda: iter(tables), tmp_path, "some")
    assert found.equals(whole(tables)) and in_one_piece(found)


def test_a_slice_whose_columns_are_of_another_type_is_never_taken_for_the_first_ones(tmp_path: Path) -> None:
    longer = part(2).set_column(0, "row", pa.array(np.arange(10) - 5, pa.int64()))
    found = joined(lambda: iter([part(1), longer]), tmp_path, "some")
    assert found["row"].to_pylist() == [*range(10), *range(-5, 5)] and found.schema == SCHEMA


def test_a_folder_that_cannot_be_written_costs_memory_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    tables = [part(1), part(2)]
    for place in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/no/such/place")):
        assert joined(lambda: iter(tables), place, "some").equals(whole(tables))


def test_a_full_disk_costs_memory_alone(tmp_path: Path) -> None:
    """As shown by files that may not become larger."""
    tables = [part(number, 1000) for number in range(5)]
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (tables[0].nbytes, limits[1]))
    try:
        found = joined(lambda: iter(tables), tmp_path, "some")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert found.equals(whole(tables)) and list(tmp_path.iterdir()) == []


def test_more_sub_tokens_than_offsets_can_count_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tables = [part(1), part(2)]
    held = sum(table["ids"].combine_chunks().value_lengths().to_numpy().sum() for table in tables)
    monkeypatch.setattr(module, "MOST", int(held))
    assert joined(lambda: iter(tables), tmp_path, "some").num_rows == 20
    monkeypatch.setattr(module, "MOST", int(held) - 1)
    with pytest.raises(DataError, match=f"mnli: more than {held - 1} numbers in 'ids'"):
        joined(lambda: iter(tables), tmp_path, "mnli")
