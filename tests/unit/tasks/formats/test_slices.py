"""A table that is encoded slice by slice is the one that is encoded at once."""

from __future__ import annotations

import pyarrow as pa
import pytest

from tests.unit.component_outputs import FORMATS, tables
from tests.unit.tasks import toy
from xfer.tasks.formats import base
from xfer.tasks.formats.base import encoded_slices
from xfer.tasks.text import TextEncoder

TEXT = TextEncoder(toy.tokenizer(), 12)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("rows_each", [1, 3, 40, 1000])
def test_slices_are_the_whole(name: str, rows_each: int, monkeypatch: pytest.MonkeyPatch) -> None:
    task, rows = tables(name)
    rows = pa.concat_tables([rows] * 5)
    monkeypatch.setattr(base, "SLICE", 1 + rows_each * rows.nbytes // rows.num_rows)
    whole, slices = task.format.encode(task, rows, TEXT), list(encoded_slices(task, rows, TEXT))
    assert pa.concat_tables(slices).equals(whole) and slices[0].schema == whole.schema
    assert len(slices) == (-(-rows.num_rows // rows_each) if task.format.divisible else 1)


@pytest.mark.parametrize("name", FORMATS)
def test_no_rows_are_an_empty_table_of_the_same_form(name: str) -> None:
    task, rows = tables(name)
    (empty,) = encoded_slices(task, rows.slice(0, 0), TEXT)
    assert empty.num_rows == 0 and empty.schema == task.format.encode(task, rows, TEXT).schema
