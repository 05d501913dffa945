"""CSV files of a study's views and of its transfer matrix, for spreadsheets and other tools."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from xfer.io import write_whole
from xfer.reports.pools import Pool
from xfer.reports.transfer import Cell, Matrix, matrices

TRANSFER = (
    "model", "models", "parameters", "arm", "group", "relation", "target", "metric", "split", "retrieval", "state",
    "score", "score_sd", "delta", "delta_sd", "by_model", "seeds", "paired", "languages", "compared", "failures",
)  # fmt: skip
"""Columns of ``transfer.csv``: scores are proportions, deltas points; sequences are JSON text.

A line whose ``models`` are several is a pool's: the same runs as in the lines of its models, taken together.
"""


BATCH = 1 << 16
"""Rows that are put into words together."""


def write_csv(
    views: Mapping[str, pa.Table], folder: Path, pools: Sequence[Pool] = (), known: Sequence[Matrix] | None = None
) -> tuple[Path, ...]:
    """Write ``NAME.csv`` for each view and ``transfer.csv``; gives the paths.

    ``known``: the matrices, where they are made already.
    Each file appears whole or not at all. Nested values are JSON text, missing values are empty.
    Raises UserError where the folder cannot be written.
    """
    contents = {name: to_csv(table) for name, table in views.items()}
    tables = matrices(views["scores"], views["cells"], pools) if known is None else known
    long_form = [line for matrix in tables for line in _transfer_lines(matrix)]
    contents["transfer"] = _text([TRANSFER, *long_form]).encode()
    paths = []
    for name, content in contents.items():
        path = folder / f"{name}.csv"
        write_whole(path, content)
        paths.append(path)
    return tuple(paths)


def to_csv(table: pa.Table) -> bytes:
    """A table as CSV in UTF-8: nested values as JSON text, missing values empty."""
    parts = [_text([table.column_names]).encode()]
    for batch in table.to_batches(max_chunksize=BATCH):
        columns = [_texts(column) for column in batch.columns]
        lines = pc.binary_join_element_wise(*columns, pa.scalar(b","), null_handling="replace")
        parts.append(_content(pc.binary_join_element_wise(lines, pa.scalar(b""), pa.scalar(b"\n"))))
    return b"".join(parts)


def _content(texts: pa.Array) -> memoryview:
    """Texts one after the other, as they stand in memory."""
    _, offsets, content = texts.buffers()
    places = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    return memoryview(content)[places[0] : places[-1]]


def _texts(column: pa.Array) -> pa.Array:
    """Each value as it stands in a CSV file, in bytes; what comes again and again is put into words once."""
    if pa.types.is_nested(column.type):
        return pa.array([_field(value) for value in column.to_pylist()], pa.binary())
    encoded = column.dictionary_encode()
    is_number = pa.types.is_floating(column.type) or pa.types.is_integer(column.type)
    values = encoded.dictionary.to_pylist()
    if is_number:
        return pa.array(map(repr, values), pa.string()).cast(pa.binary()).take(encoded.indices)
    return pa.array(map(_field, values), pa.binary()).take(encoded.indices)


def _field(value: object) -> bytes:
    return _text([[value, ""]]).removesuffix(",\n").encode()


def _transfer_lines(matrix: Matrix) -> Iterable[Sequence[object]]:
    for row in matrix.rows:
        for target, cell in zip(matrix.targets, row.cells, strict=True):
            known = {
                "model": matrix.model,
                "models": matrix.models,
                "parameters": matrix.parameters,
                "group": row.group,
                "metric": target.metric,
                "split": target.split,
                "retrieval": target.retrieval,
                **_fields(cell),
            }
            yield [known[column] for column in TRANSFER]


def _fields(cell: Cell) -> dict[str, object]:
    failures = [dataclasses.asdict(failure) for failure in cell.failures]
    return {**vars(cell), "state": cell.state, "failures": failures}


def _text(records: Iterable[Sequence[object]]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([_plain(value) for value in record] for record in records)
    return stream.getvalue()


def _plain(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple, dict)):
        return json.dumps(value, ensure_ascii=False)
    return value
