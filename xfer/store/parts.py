"""Parts: immutable Parquet files of predictions, one for each time a checkpoint met a task's split.

``evaluations/GROUP/NAME.parquet`` is there once ``NAME.json`` says so: which evaluations it holds, and its
checksum. Scores lie beside it, keyed by the metrics' versions. Nothing is appended or merged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from xfer.store import records
from xfer.store.store import Store, as_json


def part_path(group: str, name: str) -> str:
    return f"evaluations/{group}/{name}.parquet"


def scores_path(group: str, name: str, scores: str) -> str:
    return f"evaluations/{group}/{name}.scores-{scores}.parquet"


def commit(store: Store, group: str, name: str, evaluations: Sequence[str], task: str) -> None:
    """Declare a part complete; who comes second changes nothing."""
    record = {
        "format": records.FORMAT,
        "name": name,
        "task": task,
        "evaluations": list(evaluations),
        "files": records.digests(store, [part_path(group, name)]),
    }
    store.create(f"evaluations/{group}/{name}.json", as_json(record))


def fail(store: Store, group: str, reason: str) -> None:
    """Note why a group's evaluations could not be made."""
    store.put(f"evaluations/{group}/failure.txt", reason.encode())


def failure(store: Store, group: str) -> str | None:
    """Why a group's evaluations could not be made when that was last tried."""
    reason = store.get(f"evaluations/{group}/failure.txt")
    return None if reason is None else reason.decode()


def each(store: Store, group: str) -> Iterator[tuple[str, dict[str, Any] | None, str | None]]:
    """Every part of a group: its record's path, and the record or what is wrong with it."""
    for path in store.names(f"evaluations/{group}"):
        if path.endswith(".json"):
            yield path, *records.read(store, path)


def names(store: Store, group: str) -> list[tuple[str, str]]:
    """Name and task of every part of a group, unchecked."""
    found = (store.get_json(path) for path in store.names(f"evaluations/{group}") if path.endswith(".json"))
    return [(str(record["name"]), str(record["task"])) for record in found if record is not None]
