"""Garbage: what no study in the store's list needs. It is found without touching anything, and swept afterwards.

In doubt everything is kept: a phase that somebody may be training, what an interrupted phase goes on from, and what
is not known here at all.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from xfer.errors import UserError
from xfer.store import studies
from xfer.store.attempts import LEASE, attempt_path, latest, may_run
from xfer.store.spare import Claims, Heap, spare
from xfer.store.store import Store

FOLDERS = ("phases", "evaluations", "experiments")
"""What studies need, by key."""

PROBE = ".probe-"
"""How ``Store.require_writable`` begins its names."""


class Basis(NamedTuple):
    """What a judgement rests on; when this changes, it is void."""

    claims: Claims
    attempt: int
    """Number of a phase's newest attempt."""
    beat: bytes | None
    """That attempt's heartbeat."""
    ended: bool


@dataclass(frozen=True)
class Garbage:
    """Objects that can go."""

    path: str
    """An object, or the folder that they are below."""
    kind: str
    """For people: ``phase``, ``selection``, ``checkpoint``, ``snapshot``, ``evaluation``, ..."""
    reason: str
    objects: tuple[str, ...]
    """In the order in which to delete them."""
    bytes: int
    root: str
    """The folder that the judgement is about."""
    basis: Basis


def find(store: Store, resting: Mapping[str, Basis] | None = None) -> list[Garbage]:
    """Everything that can go. Of the phases ``resting`` (see ``at_rest``) it is known that nobody trains them.

    Raises ``UserError`` when the store lists no study, and ``StoreError`` when a study's needs cannot be read.
    """
    claims = _claims(store)
    found, sizes = [], store.sizes("")
    for root in sorted({_root(name) for name in sizes} - {""}):
        basis = _basis(store, root, claims)
        is_resting = (resting or {}).get(root.removeprefix("phases/")) == basis
        for path, kind, reason, objects in _judged(store, root, basis, is_resting):
            ordered = tuple(sorted(objects, key=_turn))
            size = sum(sizes.get(name, 0) for name in ordered)
            found.append(Garbage(path, kind, reason, ordered, size, root, basis))
    return found


def sweep(store: Store, found: Iterable[Garbage]) -> int:
    """Delete what was found; the bytes that this freed.

    What a study has come to need since, and what somebody has begun to work on, is left for the next time.
    """
    freed = 0
    for root, heap in groupby(found, key=attrgetter("root")):
        items = list(heap)
        if _basis(store, root, _claims(store)) == items[0].basis:
            for item in items:
                store.delete(*item.objects)
                freed += item.bytes
            _prune(store, root)
    return freed


def held(store: Store) -> list[str]:
    """Phases that no study needs, but that somebody may still be training."""
    claims = _claims(store)
    unneeded = [phase for phase in store.children("phases") if f"phases/{phase}" not in claims]
    return [phase for phase in unneeded if store.names(f"phases/{phase}") and may_run(store, phase)]


def at_rest(store: Store, phases: Collection[str], wait: Callable[[float], object]) -> dict[str, Basis]:
    """Those of the phases, which no study needs, whose newest attempt does not beat for ``LEASE`` seconds on our clock.

    A phase that comes to be needed, or beats again, is no longer at rest.
    """
    before = {phase: _basis(store, f"phases/{phase}", {}) for phase in phases}
    if before:
        wait(LEASE)
    return {phase: basis for phase, basis in before.items() if _basis(store, f"phases/{phase}", {}) == basis}


def _claims(store: Store) -> dict[str, Claims]:
    """By folder of the store: who needs it, and what of it."""
    claims: dict[str, Claims] = {}
    for needs in studies.each(store):
        experiments = {key: tuple[str, ...]() for key in needs.experiments}
        for folder, keys in zip(FOLDERS, (needs.phases, needs.evaluations, experiments), strict=True):
            for key, wanted in keys.items():
                root = f"{folder}/{key}"
                claims[root] = claims.get(root, frozenset()) | {frozenset(wanted)}
    if not studies.names(store):
        raise UserError(
            "its list of studies is empty, so nobody can tell what is still needed",
            store.url,
            "run every study that is to be kept (what is there is not made again); if none is, delete the storage",
        )
    return claims


def _root(name: str) -> str:
    """The folder that is judged as one, or a probe; empty for what is not known here."""
    parts = name.split("/")
    if parts[0] in FOLDERS and len(parts) > 2:
        return "/".join(parts[:2])
    return name if name.startswith(PROBE) and len(parts) == 1 else ""


def _basis(store: Store, root: str, claims: Mapping[str, Claims]) -> Basis:
    folder, _, phase = root.partition("/")
    newest = latest(store, phase) if folder == "phases" else 0
    path = attempt_path(phase, newest)
    beat = store.get(f"{path}/heartbeat.json") if newest else None
    ended = newest == 0 or store.size(f"{path}/outcome.json") is not None
    return Basis(claims.get(root, frozenset()), newest, beat, ended)


def _judged(store: Store, root: str, basis: Basis, is_resting: bool) -> Iterator[Heap]:
    folder, _, key = root.partition("/")
    if root.startswith(PROBE):
        yield Heap(root, "probe", "left by a check that broke off", [root])
        return
    if folder == "phases" and may_run(store, key) and not is_resting:
        return
    names = store.names(root)
    if not basis.claims:
        yield Heap(root, folder.removesuffix("s"), "no study needs it", names)
        return
    for name in names:
        if name.endswith(".damaged"):
            yield Heap(name, "damaged record", "set aside", [name])
    if folder == "phases":
        yield from spare(store, key, names, basis.claims)


def _turn(name: str) -> tuple[int, str]:
    """Records go first, so that none ever names what is gone. Who held an attempt goes last, so that a sweep which
    breaks off leaves no attempt that seems to run."""
    if name.endswith(("/holder.json", "/outcome.json")):
        return 2, name
    is_record = name.endswith(".json") and "/attempts/" not in name
    return (0 if is_record else 1), name


def _prune(store: Store, root: str) -> None:
    """Remove emptied folders: they stay listed, and the next run would wait for an attempt that is only a folder."""
    for folder, _, _ in os.walk(Path(store.url) / root, topdown=False):  # nothing where the store is a bucket
        with suppress(OSError):  # not empty
            Path(folder).rmdir()
