"""From what a lane says of a phase that it has trained to the records that make it complete."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from xfer.fingerprint import plain
from xfer.results import schema
from xfer.results.parts import to_parquet
from xfer.store import records, snapshots
from xfer.store.attempts import Attempt
from xfer.store.store import Store
from xfer.study.plan import Planned

TOLD = ("examples_of", "tokens", "seconds", "engine", "hardware", "versions")
"""What workers say of a phase that its record keeps as it is."""


def commit(store: Store, attempt: Attempt, planned: Planned, values: Mapping[str, Any]) -> bool:
    """Put a phase on record, end its attempt, drop what it needed on the way; False when a later attempt is open."""
    curves = f"{attempt.path}/curves.parquet"
    store.put(curves, to_parquet(pa.Table.from_pylist(values["curves"], schema=schema.CURVES)))
    body = {
        "key": planned.phase.key,
        "payload": plain(planned.phase),
        "model": planned.model,
        "tables": [curves],
        "steps": values["step"],
        "ranks": planned.resources.ranks,
        "zero_stage": planned.resources.zero_stage,
        **{name: values[name] for name in TOLD},
    }
    committed = records.commit(store, attempt, values["selections"], body)
    attempt.end("committed" if committed else "refused")
    if committed:
        snapshots.clean(store, planned.phase.key)
    return committed
