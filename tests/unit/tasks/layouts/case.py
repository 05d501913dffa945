"""A task's data as the Hub has them, in a few rows, and what they must become."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from tests.world import STRING, put

Feature = Mapping[str, object]

NUMBER: Feature = {"dtype": "int32", "_type": "Value"}
LONG: Feature = {"dtype": "int64", "_type": "Value"}


def sequence(feature: Feature | Mapping[str, Feature]) -> Feature:
    """Several of a feature in a row, as files that the library wrote before its version 4 name it."""
    return {"feature": feature, "length": -1, "_type": "Sequence"}


def strings(*names: str) -> dict[str, Feature]:
    """Columns of texts."""
    return dict.fromkeys(names, STRING)


@dataclass(frozen=True)
class Case:
    """One split of one language."""

    task: str
    language: str
    split: str
    hub_id: str
    config: str
    source_split: str
    """By the source's name; where several are read as one, the rows are dealt out to them in order."""
    features: Mapping[str, Feature | Mapping[str, Any]]
    rows: Sequence[Mapping[str, Any]]
    expected: Mapping[str, Any]
    """Normalised columns without ``example``."""
    wrong: Mapping[str, Any]
    """What makes the second row malformed."""
    message: str
    """A pattern of what is then said, behind the number of the row."""

    def write(self, root: Path, hub_id: str = "", config: str = "", wrong: Mapping[str, Any] | None = None) -> None:
        """Put the rows under a data root as Parquet with the Hub's types; by default where the task looks for them."""
        from datasets import Features

        schema = Features.from_dict(dict(self.features)).arrow_schema
        rows = [{**row, **(wrong or {} if number == 1 else {})} for number, row in enumerate(self.rows)]
        names = self.source_split.split("+")
        size = len(rows) // len(names)
        for number, name in enumerate(names):
            part = pa.Table.from_pylist(rows[number * size : (number + 1) * size], schema=schema)
            put(root, hub_id or self.hub_id, config or self.config, name, part, dict(self.features))
