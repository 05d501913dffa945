"""Parts as bytes, and schemas that say what every field means."""

from __future__ import annotations

import pyarrow as pa
import pytest

from xfer.results import schema
from xfer.results.parts import from_parquet, to_parquet
from xfer.tasks.formats.base import PREDICTED


def predictions(rows: int) -> pa.Table:
    columns = {
        "evaluation": ["e"] * rows, "task": ["xnli"] * rows, "language": ["de"] * rows, "split": ["test"] * rows,
        "layer": [None] * rows, "example": list(range(rows)), "cluster": [i // 3 for i in range(rows)],
        "gold": [["neutral"]] * rows, "prediction": [["Straße"]] * rows, "probabilities": [None] * rows,
        "truncated": [0] * rows,
    }  # fmt: skip
    return pa.table(columns, schema=schema.PREDICTIONS)


@pytest.mark.parametrize("rows", [0, 1, 1000])
def test_a_part_comes_back_as_it_was_with_the_schemas_version(rows: int) -> None:
    content = to_parquet(predictions(rows))
    table = from_parquet(content)
    assert table.equals(predictions(rows))
    assert table.schema.metadata[b"xfer_schema"] == str(schema.VERSION).encode()
    assert to_parquet(predictions(rows)) == content


@pytest.mark.parametrize("view", schema.VIEWS)
def test_every_field_of_a_table_is_described(view: str) -> None:
    for field in schema.VIEWS[view]:
        assert field.metadata is not None and len(field.metadata[b"doc"]) > 2, field.name
    assert len(set(schema.VIEWS[view].names)) == len(schema.VIEWS[view].names)


def test_what_a_format_decodes_fits_the_predictions_table() -> None:
    for field in PREDICTED:
        assert schema.PREDICTIONS.field(field.name).type == field.type


def test_what_is_scored_fits_the_scores_table() -> None:
    shared = set(schema.SCORED.names) - {"evaluation"}
    assert shared <= set(schema.SCORES.names)
    assert all(schema.SCORES.field(name).type == schema.SCORED.field(name).type for name in shared)
