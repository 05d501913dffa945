"""Records: what says that something is complete. Written last, once, by exclusive create, with checksums.

A selection's record names its checkpoint's files; a phase's record says that the whole run is done; a part's
record names one Parquet file. What does not match its record counts as absent and is set aside. A selection whose
weights were dropped on purpose (``marks``) stays complete: tables are made without them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from xfer.errors import StoreError
from xfer.store import marks
from xfer.store.attempts import Attempt
from xfer.store.store import Store, as_json

FORMAT = 1
"""Version of the records' layout."""


def record_path(phase: str) -> str:
    return f"phases/{phase}/record.json"


def selection_path(phase: str, rule: str) -> str:
    return f"phases/{phase}/selections/{rule}.json"


def digests(store: Store, paths: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Size in bytes and sha256 of each object, by path. Raises ``StoreError`` for one that is not there."""
    found = {}
    for path in paths:
        digest = store.digest(path)
        if digest is None:
            raise StoreError("an object that was written is not there", f"{store.url} ({path})", "check the storage")
        found[path] = {"bytes": digest[0], "sha256": digest[1]}
    return found


def commit(
    store: Store, attempt: Attempt, selections: Mapping[str, Mapping[str, Any]], body: Mapping[str, Any]
) -> bool:
    """Commit an attempt: its selections' records first, the phase's record last.

    ``selections`` maps a rule's key to ``{path, step, ...}`` with the checkpoint's folder as ``path``.
    Returns False, and changes nothing, when a later attempt is open. What is already on record stays, but for an
    earlier attempt's selection without weights.
    """
    if attempt.superseded():
        return False
    for rule, selection in selections.items():
        files = digests(store, store.names(str(selection["path"])) or [str(selection["path"])])
        record = {"format": FORMAT, "attempt": attempt.number, **selection, "files": files}
        path = selection_path(attempt.phase, rule)
        held = store.get_json(path) or {}
        if held.get("attempt", attempt.number) < attempt.number and weightless(store, held):
            store.put(path, as_json(record))  # in one go: tables need a record all the time
        else:
            store.create(path, as_json(record))
    files = digests(store, [str(path) for path in body.get("tables", ())])
    record = {"format": FORMAT, "attempt": attempt.number, **body, "files": files}
    store.create(record_path(attempt.phase), as_json(record))
    return True


def damage(store: Store, record: Mapping[str, Any]) -> str | None:
    """Name the first file of a record that is missing or altered, or None."""
    for path, expected in record.get("files", {}).items():
        found = store.digest(path)
        if found is None or found[0] != expected["bytes"]:
            return f"{path} is missing or has another size"
        if found[1] != expected["sha256"]:
            return f"{path} does not match its checksum"
    return None


def weightless(store: Store, record: Mapping[str, Any]) -> bool:
    """Whether a selection's files are not there, or not all of them, on purpose."""
    return marks.why(store, record) is not None and damage(store, record) is not None


def read(store: Store, path: str) -> tuple[dict[str, Any] | None, str | None]:
    """A record and what is wrong with it: ``(record, None)``, ``(None, None)`` or ``(None, damage)``.

    Nothing is wrong with a selection whose weights were dropped on purpose; ``weightless`` tells.
    """
    record = store.get_json(path)
    if record is None and store.size(path) is None:
        return None, None
    if record is None or record.get("format") != FORMAT:
        return None, f"{path} is not a record of format {FORMAT}"
    problem = damage(store, record)
    # The mark is looked for after the files: it was there before the first of them went.
    if problem is None or marks.why(store, record) is not None:
        return record, None
    return None, problem


def set_aside(store: Store, path: str) -> None:
    """Move a damaged record out of the way, so that its work can be done and committed again."""
    store.move(path, path.removesuffix(".json") + ".damaged")
