"""A format's fields out of a source's columns: one column, a part of one, or several taken together.

``a.b`` is the field ``b`` of the structs in column ``a``. Several columns are a list where the format wants one (the
options of a multiple choice), and one text after the other where it wants a text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from xfer.errors import DataError

Columns = str | tuple[str, ...]
"""What of a source makes a field."""


def field_of(table: pa.Table, columns: Columns, is_list: bool, where: str) -> pa.Array:
    """The values of a field, none of them missing.

    Raises ``DataError`` for a column that is not there, and for an empty value with its row.
    """
    if isinstance(columns, str):
        return _whole(_column(table, columns, where), columns, where)
    found = [_whole(_column(table, column, where).cast(pa.string()), column, where) for column in columns]
    if is_list:
        order = np.arange(len(columns) * table.num_rows).reshape(len(columns), -1).T.ravel()
        offsets = pa.array(np.arange(table.num_rows + 1) * len(columns), pa.int32())
        return pa.ListArray.from_arrays(offsets, pa.concat_arrays(found).take(pa.array(order)))
    return pc.binary_join_element_wise(*found, " ")


def replaced(values: pa.Array, words: Mapping[str, str], column: Columns, where: str) -> pa.Array:
    """Texts by what ``words`` says for them. Raises ``DataError`` for one that it does not know, with its row."""
    encoded = values.dictionary_encode()
    names = encoded.dictionary.to_pylist()
    for name in names:
        if name not in words:
            row = pc.index(values, name).as_py()
            raise DataError(f"row {row}: '{name}' in column '{column}'", where, f"it must be one of {', '.join(words)}")
    return pa.array([words[name] for name in names], pa.string()).take(encoded.indices)


def _column(table: pa.Table, path: str, where: str) -> pa.Array:
    name, _, inner = path.partition(".")
    if name not in table.column_names:
        raise DataError(f"column '{name}' is missing", where, f"it has {', '.join(table.column_names)}")
    values: Any = table[name].combine_chunks()
    values = values.chunk(0) if isinstance(values, pa.ChunkedArray) else values
    if not inner:
        return values
    is_list = pa.types.is_list(values.type) or pa.types.is_large_list(values.type)
    structs = values.values if is_list else values
    if not pa.types.is_struct(structs.type) or inner not in [field.name for field in structs.type]:
        raise DataError(f"column '{name}' has no field '{inner}'", where, f"it is {values.type}")
    part = pc.struct_field(structs, inner)
    return pa.ListArray.from_arrays(values.offsets.cast(pa.int32()), part) if is_list else part


def _whole(values: pa.Array, column: str, where: str) -> pa.Array:
    """The same values. Raises ``DataError`` with the row of the first that is empty, or holds something empty."""
    nested = pa.types.is_list(values.type) or pa.types.is_large_list(values.type)
    inside = values.flatten() if nested else None
    if empty := values.null_count or (inside.null_count if inside is not None else 0):
        if values.null_count or inside is None:
            row = pc.index(values.is_null(), True).as_py()
        else:
            row = pc.list_parent_indices(values)[pc.index(inside.is_null(), True).as_py()].as_py()
        raise DataError(f"column '{column}' has {empty} empty values, the first in row {row}", where, "fill them in")
    return values
