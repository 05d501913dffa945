"""What of a store the tables are made from: everything that a study needs of it but weights, as one archive."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from xfer.errors import StoreError
from xfer.store import marks, records, studies
from xfer.store.store import Store

WEIGHTS = ("/checkpoints/", "/snapshots/")


def paths(store: Store, study: str) -> Iterator[str]:
    """Paths of a study's records, attempts, curves, decisions and predictions.

    Raises ``StoreError`` when the study is not in the store's list.
    """
    needs = studies.of(store, study)
    if needs is None:
        known = ", ".join(studies.names(store)) or "it lists none"
        raise StoreError(f"the storage knows no study '{study}'", store.url, f"run it there first; studies: {known}")
    for folder in (
        *(f"phases/{key}" for key in (*needs.phases, *needs.trials)),
        *(f"evaluations/{group}" for group in needs.evaluations),
        *(f"experiments/{key}" for key in needs.experiments),
    ):
        yield from (path for path in store.names(folder) if not any(word in path for word in WEIGHTS))
    yield studies.path_of(study)  # last: what is listed is whole


def pack(store: Store, study: str, stream: BinaryIO) -> None:
    """Write the archive (tar, gzip) to ``stream``."""
    with tarfile.open(fileobj=stream, mode="w|gz") as archive:
        for path in paths(store, study):
            content = store.get(path)
            if content is not None:
                entry = tarfile.TarInfo(path)
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))


def unpack(archive: Path, store: Store) -> int:
    """Put an archive's files into a store, but none in place of one that is there; the number of new ones.

    Selections whose weights are not here are marked, so that nobody takes them for damaged.
    Raises ``StoreError`` for an archive that is not whole, before anything is put.
    """
    count = 0
    try:
        with tarfile.open(archive, mode="r:gz") as opened:
            entries = [entry for entry in opened.getmembers() if entry.isfile()]  # reads all of it
            for entry in entries:
                content = cast(IO[bytes], opened.extractfile(entry)).read()
                if entry.name.startswith(f"{studies.FOLDER}/"):
                    store.put(entry.name, content)
                    continue
                if "/selections/" in entry.name and entry.name.endswith(".json"):
                    _mark(store, entry.name, content)
                count += store.create(entry.name, content)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise StoreError(f"the tables did not arrive whole ({error})", store.url, "fetch them again") from error
    return count


def _mark(store: Store, path: str, content: bytes) -> None:
    """Mark a selection's checkpoint unless it is here, before its record is; what is on record here is not touched."""
    held, record = store.get(path), _parsed(content)
    if "path" not in record or held not in (None, content):
        return
    if held is not None and store.names(record["path"]):
        return  # what may be wrong with it has happened here
    if records.damage(store, record) is not None:
        marks.put(store, record, "they were not fetched")


def _parsed(content: bytes) -> dict[str, Any]:
    """A record; empty for what is none."""
    with suppress(ValueError):
        found = json.loads(content)
        return found if isinstance(found, dict) else {}
    return {}
