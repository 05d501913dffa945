"""Slices of a table as one table that lies in files: of what is made in slices, one is in memory at a time."""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from itertools import chain
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from xfer.errors import DataError

MOST = 2**31 - 1
"""Numbers in a column of lists, whose offsets have 32 bits."""


def joined(make: Callable[[], Iterator[pa.Table]], folder: Path, what: str) -> pa.Table:
    """Tables one after the other as one, each column in one piece; ``what`` it is, for messages.

    Columns of numbers and of lists of numbers are mapped from files below ``folder``. These have no names, and go
    when nobody has the table any more. Where nothing can be written, or something else is in a column, all is made
    in memory instead. Raises ``DataError`` for more than ``MOST`` numbers.
    """
    with suppress(OSError, pa.ArrowInvalid):
        return _in_files(make(), folder, what)
    return pa.concat_tables(make()).combine_chunks()


def _in_files(tables: Iterator[pa.Table], folder: Path, what: str) -> pa.Table:
    first, second = next(tables), next(tables, None)
    if second is None:
        return first
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as opened:
        files = [opened.enter_context(tempfile.TemporaryFile(dir=folder)) for _ in first.schema]
        columns = [_Column(field, file, what) for field, file in zip(first.schema, files, strict=True)]
        for table in chain((first, second), tables):
            for column, values in zip(columns, table.cast(first.schema).columns, strict=True):
                column.add(values.combine_chunks())
        return pa.table([column.whole() for column in columns], schema=first.schema)


class _Column:
    """A column whose values go to a file as they come."""

    def __init__(self, field: pa.Field, file: IO[bytes], what: str) -> None:
        self._field, self._file, self._what = field, file, what
        self._lengths: list[npt.NDArray[np.int32]] = []
        """Of lists: values of each."""
        self._values = 0

    def add(self, values: pa.Array) -> None:
        """Raises ``ArrowInvalid`` for what is not plain numbers, and all of them there."""
        if pa.types.is_list(values.type):
            self._lengths.append(values.value_lengths().to_numpy())
            values = values.flatten()
        self._values += len(values)
        if self._lengths and self._values > MOST:
            too_many = f"more than {MOST} numbers in '{self._field.name}'"
            raise DataError(too_many, self._what, "take a part of it (examples)")
        self._file.write(memoryview(values.to_numpy()))

    def whole(self) -> pa.Array:
        kind = self._field.type
        if not pa.types.is_list(kind):
            return self._mapped(kind)
        offsets = np.concatenate([[0], *self._lengths]).cumsum(dtype=np.int32)
        return pa.ListArray.from_arrays(pa.array(offsets), self._mapped(kind.value_type), type=kind)

    def _mapped(self, kind: pa.DataType) -> pa.Array:
        if self._values == 0:
            return pa.array([], kind)
        self._file.flush()
        content: Any = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
        return pa.Array.from_buffers(kind, self._values, [None, pa.py_buffer(content)])
