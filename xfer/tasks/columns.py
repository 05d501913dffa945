"""A format's fields out of a source's columns: one column, a part of one, or several taken together.

``a.b`` is the field ``b`` of the structs in column ``a``, and so on to any depth; of a list of structs it is a list.
Several columns are a list where the format wants one (the options of a multiple choice), and one text after the other
where it wants a text.
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


def field_of(
    table: pa.Table, columns: Columns, where: str, *, is_list: bool = False, is_text: bool = False
) -> pa.Array:
    """The values of a field, none of them missing: one a row or, ``is_list``, a list a row; strings if ``is_text``.

    Raises ``DataError`` for a column that is not there or holds something else, and for an empty value with its row.
    """
    if isinstance(columns, str):
        values = _along(table, columns, where)
        if _is_list(values.type) != is_list:
            wanted = "a list in every row" if is_list else "one value in every row"
            raise DataError(f"column '{columns}' holds {values.type}", where, f"the task needs {wanted}")
        return _texts(values, columns, where) if is_text else values
    found = [field_of(table, column, where, is_text=is_text or not is_list) for column in columns]
    if is_list:
        order = np.arange(len(columns) * table.num_rows).reshape(len(columns), -1).T.ravel()
        offsets = pa.array(np.arange(table.num_rows + 1) * len(columns), pa.int32())
        return pa.ListArray.from_arrays(offsets, pa.concat_arrays(found).take(pa.array(order)))
    return pc.binary_join_element_wise(*found, " ")


def feature_of(features: Mapping[str, Any], path: str) -> Any:
    """What the library says of the single values along a path; None where it says nothing."""
    found: Any = features
    for name in path.split("."):
        inside = getattr(found, "feature", found)
        found = inside.get(name) if isinstance(inside, Mapping) else None
    return getattr(found, "feature", found)


def flat(values: pa.Array) -> pa.Array:
    """The single values: of lists, all their items one after the other."""
    return values.flatten() if _is_list(values.type) else values


def numbers_of(values: pa.Array, kind: pa.DataType, column: Columns, where: str) -> pa.Array:
    """The same as numbers of a type. Raises ``DataError`` for what is no such number, or too large for it."""
    held, is_whole = flat(values).type, pa.types.is_integer(kind)
    try:
        if pa.types.is_integer(held) or (pa.types.is_floating(held) and not is_whole):
            return values.cast(pa.list_(kind) if _is_list(values.type) else kind)
    except pa.ArrowInvalid as error:
        raise DataError(f"column '{column}': {error}", where, f"the task needs {kind}") from error
    wanted = "whole numbers" if is_whole else "numbers"
    raise DataError(f"column '{column}' holds {values.type}", where, f"the task needs {wanted}")


def replaced(values: pa.Array, words: Mapping[str, str], column: Columns, where: str) -> pa.Array:
    """Texts by what ``words`` says for them. Raises ``DataError`` for one that it does not know, with its row."""
    encoded = values.dictionary_encode()
    names = encoded.dictionary.to_pylist()
    for name in names:
        if name not in words:
            row = pc.index(values, name).as_py()
            raise DataError(f"row {row}: '{name}' in column '{column}'", where, f"it must be one of {', '.join(words)}")
    return pa.array([words[name] for name in names], pa.string()).take(encoded.indices)


def _along(table: pa.Table, path: str, where: str) -> pa.Array:
    """The values at the end of a path, none of them missing, in one of the types that the system goes on with."""
    name, *inner = path.split(".")
    if name not in table.column_names:
        raise DataError(f"column '{name}' is missing", where, f"it has {', '.join(table.column_names)}")
    column: Any = table[name].combine_chunks()
    values = _whole(column.chunk(0) if isinstance(column, pa.ChunkedArray) else column, name, where)
    for part in inner:
        structs = flat(values)
        if not pa.types.is_struct(structs.type) or part not in [field.name for field in structs.type]:
            raise DataError(f"column '{name}' has no field '{part}'", where, f"it is {values.type}")
        items = pc.struct_field(structs, part)
        values = pa.ListArray.from_arrays(_offsets(values), items) if _is_list(values.type) else items
        values = _whole(values, path, where)
    return values.cast(_usual(values.type))


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind))


def _offsets(values: pa.Array) -> pa.Array:
    """Where each list begins among all items, from 0 on."""
    lengths = np.asarray(values.value_lengths())
    return pa.array(np.append(0, np.cumsum(lengths)), pa.int32())


def _usual(kind: pa.DataType) -> pa.DataType:
    """The type that stands for others of the same values: files of polars hold large strings and lists."""
    if _is_list(kind):
        return pa.list_(_usual(kind.value_type))
    return pa.string() if pa.types.is_large_string(kind) or pa.types.is_string_view(kind) else kind


def _texts(values: pa.Array, column: str, where: str) -> pa.Array:
    """The same as strings; whole numbers read as they are written. Raises ``DataError`` for anything else."""
    items = flat(values).type
    if not pa.types.is_string(items) and not pa.types.is_integer(items):
        raise DataError(f"column '{column}' holds {values.type}", where, "the task needs text")
    return values.cast(pa.list_(pa.string()) if _is_list(values.type) else pa.string())


def _whole(values: pa.Array, column: str, where: str) -> pa.Array:
    """The same values. Raises ``DataError`` with the row of the first that is empty, or holds something empty."""
    inside = flat(values)
    if empty := values.null_count or inside.null_count:
        if values.null_count:
            row = pc.index(values.is_null(), True).as_py()
        else:
            row = pc.list_parent_indices(values)[pc.index(inside.is_null(), True).as_py()].as_py()
        raise DataError(f"column '{column}' has {empty} empty values, the first in row {row}", where, "fill them in")
    return values
