"""Dropping weights that have done their work. Records stay, and all that tables are made from."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from xfer.store import marks, snapshots
from xfer.store.attempts import may_run
from xfer.store.store import Store


def drop(store: Store, phase: str, rules: Collection[str], why: str, wanted: Callable[[], Collection[str]]) -> int:
    """Drop the weights of a phase's selections by ``rules``, and its snapshots; the bytes that this freed.

    ``wanted`` tells the rules whose weights somebody else wants: those stay, and with any of them the snapshots. It is
    asked again once the marks are made: who comes to want weights says so first and looks for them then, so that one
    of both sees the other. A phase that somebody may be training is left alone.
    """
    attempts = store.names(f"phases/{phase}/attempts")
    if not any(map(_is_weight, attempts)) or may_run(store, phase):
        return 0
    before = _bytes(store, attempts)
    going = _checkpoints(store, phase, set(rules) - set(wanted()))
    for path, (record, _) in going.items():
        if store.names(path):
            marks.put(store, record, why)
    others = set(wanted())
    for path, (_, named) in going.items():
        if others.isdisjoint(named):
            store.delete(*store.names(path))
    if not others:
        snapshots.clean(store, phase)
    return before - _bytes(store, attempts)


def _checkpoints(store: Store, phase: str, rules: set[str]) -> dict[str, tuple[dict[str, Any], set[str]]]:
    """Checkpoints that no selection but those by ``rules`` names: by path a record that names it, and their rules."""
    prefix = f"phases/{phase}/selections/"
    found: dict[str, tuple[dict[str, Any], set[str]]] = {}
    for name in store.names(prefix.rstrip("/")):
        record = store.get_json(name)
        if name.endswith(".json") and record is not None and "path" in record:
            _, named = found.setdefault(str(record["path"]), (record, set()))
            named.add(name.removeprefix(prefix).removesuffix(".json"))
    return {path: (record, named) for path, (record, named) in found.items() if named <= rules}


def _is_weight(name: str) -> bool:
    return "/snapshots/" in name or ("/checkpoints/" in name and not name.endswith(marks.SUFFIX))


def _bytes(store: Store, names: Collection[str]) -> int:
    return sum(store.size(name) or 0 for name in names if _is_weight(name))
