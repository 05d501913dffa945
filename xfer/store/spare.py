"""What can go of a phase that studies need: what only an interrupted run has use for, and selections that none wants.

Nothing is deleted here. Nobody may be training the phase.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import PurePosixPath
from typing import NamedTuple

from xfer.store import marks, records, snapshots
from xfer.store.store import Store

SEAL = "/snapshot.json"

Claims = frozenset[frozenset[str]]
"""For each study that needs a folder of the store: what it wants of it (rules of a phase, evaluations of a group)."""


class Heap(NamedTuple):
    """Objects that can go together."""

    path: str
    """An object, or the folder that they are below."""
    kind: str
    reason: str
    objects: Sequence[str]


def spare(store: Store, phase: str, names: Sequence[str], claims: Claims) -> Iterator[Heap]:
    """What can go of a phase whose objects are ``names``; selections first, which name what comes after them."""
    rules = frozenset[str]().union(*claims)
    needed = {records.record_path(phase), *(records.selection_path(phase, rule) for rule in rules)}
    selections = {name for name in names if name.startswith(f"phases/{phase}/selections/") and name.endswith(".json")}
    if needed <= set(names) and not _is_made_again(store, phase, needed, claims):
        view = _View(store, names)
        view.delete(*selections - needed)
        snapshots.clean(view, phase)
        # Checksums are costly, so they are asked for only where there is something to lose.
        if not view.gone or all(records.read(store, path)[0] is not None for path in needed):
            yield from _heaps(view.gone, "the phase is complete", "no selection that is needed names it")
            return
    yield from _heaps(
        list(_beyond_resuming(store, names, selections, _resume_points(store, phase, names, claims))),
        "newer ones are there to go on from",
        "neither a selection nor a snapshot to go on from names it",
    )


def _is_made_again(store: Store, phase: str, needed: Iterable[str], claims: Claims) -> bool:
    """Whether a complete phase whose weights were dropped was on its way to new ones, and can go on."""
    lacks = any(records.weightless(store, store.get_json(path) or {}) for path in needed)
    return lacks and any(snapshots.newest(store, phase, rules) is not None for rules in claims)


def _beyond_resuming(
    store: Store, names: Iterable[str], selections: Collection[str], kept: Collection[str]
) -> Iterator[str]:
    """Snapshots and checkpoints of an interrupted phase but for those kept, and for what they and selections name."""
    said = {text for path in (*(path + SEAL for path in kept), *selections) for text in _texts(store.get_json(path))}
    for name in names:
        above = {name, name.removesuffix(marks.SUFFIX), *map(str, PurePosixPath(name).parents)}
        if ("/snapshots/" in name and above.isdisjoint(kept)) or ("/checkpoints/" in name and above.isdisjoint(said)):
            yield name


def _resume_points(store: Store, phase: str, names: Sequence[str], claims: Claims) -> set[str]:
    """The snapshots that are kept: for each study the furthest whole ones that have observed its rules."""
    sealed = {name.removesuffix(SEAL) for name in names if name.endswith(SEAL)}
    if len(sealed) <= snapshots.KEPT:  # all of them: no need to read them from end to end
        return sealed
    kept = set()
    for rules in claims:
        view = _View(store, names)
        for _ in range(snapshots.KEPT):
            found = snapshots.newest(view, phase, rules)
            if found is not None:
                kept.add(found.path)
                view.delete(*view.names(found.path))
    return kept


def _texts(value: object) -> Iterator[str]:
    """Every text in a JSON value, names of fields included: whatever it names is in use."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (text for item in (*value.keys(), *value.values()) for text in _texts(item))
    elif isinstance(value, list):
        yield from (text for item in value for text in _texts(item))


def _heaps(names: Collection[str], snapshot: str, checkpoint: str) -> Iterator[Heap]:
    """Objects of a phase by the folder that they are in."""
    reasons = {"selections": "no study needs it", "snapshots": snapshot, "checkpoints": checkpoint}
    for folder, reason in reasons.items():
        kind = folder.removesuffix("s")
        inside = sorted(name for name in names if f"/{folder}/" in name)
        for path, objects in groupby(inside, key=lambda name: name.rpartition("/")[0]):
            if path.endswith(f"/{folder}"):  # single files
                yield from (Heap(name, kind, reason, [name]) for name in objects)
            else:
                yield Heap(path, kind, reason, list(objects))


class _View(Store):
    """A phase's objects as they were listed: what is deleted here is no longer listed, and stays where it is."""

    def __init__(self, store: Store, names: Iterable[str]) -> None:
        vars(self).update(vars(store))  # the same connection
        self._left = sorted(names)
        self.gone: list[str] = []

    def names(self, prefix: str) -> list[str]:
        return [name for name in self._left if name.startswith(f"{prefix}/")]

    def children(self, prefix: str) -> list[str]:
        below = (name.removeprefix(f"{prefix}/").partition("/") for name in self.names(prefix))
        return sorted({child for child, slash, _ in below if slash})

    def delete(self, *paths: str) -> None:
        self.gone += paths
        self._left = [name for name in self._left if name not in paths]
