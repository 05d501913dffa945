"""Checksums of files that this machine has read once: a file is read again only when it has changed.

What tells that is the file's number, size and time of change, as in git's index. A store of many checkpoints is so
looked through in seconds; what changes on a disk without a trace is found when the checkpoint is used.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from xfer.io import cache_folder

SETTLED = 2.0
"""Seconds since its last change after which a file counts as at rest: two changes within one tick look like one."""

SCHEMA = "create table if not exists digests (path text primary key, file text, sha256 text)"


def sha256(path: Path) -> str:
    """Checksum of a file. Raises ``OSError`` when it cannot be read."""
    known = cache_folder() / "digests.sqlite"
    status = path.stat()
    file = f"{status.st_dev} {status.st_ino} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"
    with suppress(sqlite3.Error, OSError), _open(known) as memory:
        row = memory.execute("select sha256 from digests where path = ? and file = ?", (str(path), file)).fetchone()
        if row is not None:
            return str(row[0])
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if time.time() - max(status.st_mtime, status.st_ctime) > SETTLED:
        with suppress(sqlite3.Error, OSError), _open(known) as memory:
            memory.execute("insert or replace into digests values (?, ?, ?)", (str(path), file, found))
    return found


@contextmanager
def _open(known: Path) -> Iterator[sqlite3.Connection]:
    known.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(known, timeout=1.0, isolation_level=None)
    try:
        connection.execute("pragma synchronous = off")  # it may be lost, and is made again
        connection.execute(SCHEMA)
        yield connection
    finally:
        connection.close()
