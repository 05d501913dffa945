"""Near misses: trained phases that differ from a planned one in little, and in what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from xfer.fingerprint import plain
from xfer.phase.data_set import IDENTITY
from xfer.phase.phase import Phase
from xfer.store import records
from xfer.store.store import Store

MOST = 3
"""Differences beyond which it is no near miss."""


class Difference(NamedTuple):
    """One value that stands elsewhere in the payload of a phase in the store."""

    field: str
    there: str
    here: str

    def __str__(self) -> str:
        return f"{self.field} {self.there}, not {self.here}"


class Miss(NamedTuple):
    """A phase in the store, and how it differs."""

    phase: str
    differences: tuple[Difference, ...]


def near_misses(store: Store, phase: Phase) -> list[Miss]:
    """Trained phases that differ from ``phase`` in at most ``MOST`` values, the nearest first."""
    ours = dict(_leaves(plain(phase)))
    found = []
    for key in store.children("phases"):
        record = store.get_json(records.record_path(key))
        if record is None or key == phase.key or "payload" not in record:
            continue
        theirs = dict(_leaves(record["payload"]))
        names = [name for name in {**ours, **theirs} if ours.get(name) != theirs.get(name)]
        if len(names) <= MOST:
            found.append(Miss(key, tuple(Difference(n, _short(theirs.get(n)), _short(ours.get(n))) for n in names)))
    return sorted(found, key=lambda miss: (len(miss.differences), miss.phase))


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _leaves(item, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        names = IDENTITY if len(value) == len(IDENTITY) and isinstance(value[0], str) else range(len(value))
        for name, item in zip(names, value, strict=True):
            yield from _leaves(item, f"{path}.{name}")
    else:
        yield path, value


def _short(value: Any) -> str:
    text = "none" if value is None else str(value)
    return text if len(text) <= 16 else text[:12] + "..."
