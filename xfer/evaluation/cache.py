"""Arrow tables that processes of one machine share: each is made once, and mapped into memory by whoever needs it.

A cache saves time and nothing else: where it cannot be written, or is taken away, tables are made as if there were
none. ``KEY-CHECKSUM.arrow`` is whole or not there; one that does not match its checksum is made again.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pyarrow as pa

LIMIT = 20 * 1024**3
"""Bytes of all tables together, at most; on a small disk a quarter of what is free and theirs."""

WAIT = 300.0
"""Seconds after which a table is made by two: who makes it may have been stopped."""

POLL = 0.02

ABANDONED = 24 * 3600.0
"""Seconds after which an unfinished file is what a killed process has left."""


class TableCache:
    """Tables by key; what a key stands for must not change."""

    def __init__(self, folder: Path, limit: int = LIMIT) -> None:
        self.folder, self._limit = folder, limit

    def holds(self, key: str) -> bool:
        """Whether there is a table; unchecked."""
        return any(self._paths(key))

    def find(self, key: str) -> pa.Table | None:
        """A table, mapped into memory, if it is there and whole."""
        for path in self._paths(key):
            with suppress(OSError, pa.ArrowInvalid):
                source = pa.memory_map(str(path))
                if path.stem == f"{key}-{_checksum(source)}":
                    os.utime(path)  # it has been used
                    return pa.ipc.open_file(source).read_all()
            with suppress(OSError):
                path.unlink(missing_ok=True)
        return None

    def put(self, key: str, table: pa.Table) -> pa.Table:
        """Keep a table, and let the oldest go where there are too many; the same table, mapped if it was kept."""
        with suppress(OSError):
            if self._make_room(table.nbytes):
                self._write(key, table.combine_chunks())
        found = self.find(key)
        return table if found is None else found

    @contextmanager
    def alone(self, key: str) -> Iterator[None]:
        """Make others of this machine wait who want to make the same table."""
        handle = None
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._lock(key), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if handle is not None:
                _wait_for(handle)
            yield
        finally:
            if handle is not None:
                os.close(handle)

    def _paths(self, key: str) -> Iterator[Path]:
        return self.folder.glob(f"{key}-*.arrow")

    def _lock(self, key: str) -> Path:
        return self.folder / f"{key}.lock"

    def _write(self, key: str, table: pa.Table) -> None:
        handle, name = tempfile.mkstemp(dir=self.folder, prefix=".", suffix=".part")
        try:
            with os.fdopen(handle, "wb") as stream, pa.ipc.new_file(stream, table.schema) as writer:
                writer.write_table(table)
            with pa.memory_map(name) as source:
                checksum = _checksum(source)
            Path(name).rename(self.folder / f"{key}-{checksum}.arrow")
        finally:
            Path(name).unlink(missing_ok=True)

    def _make_room(self, size: int) -> bool:
        """Take the tables away that were not used for longest; False: so large a one is not kept.

        Whoever has a table mapped goes on with it.
        """
        for path in self.folder.glob(".*.part"):
            if path.stat().st_mtime < time.time() - ABANDONED:
                path.unlink(missing_ok=True)
        found = sorted((path.stat().st_mtime, path.stat().st_size, path) for path in self.folder.glob("*.arrow"))
        held = sum(bytes_ for _, bytes_, _ in found)
        limit = min(self._limit, (shutil.disk_usage(self.folder).free + held) // 4)
        if size > limit:
            return False
        for _, bytes_, path in found:
            if held + size <= limit:
                break
            path.unlink(missing_ok=True)
            self._lock(path.stem.partition("-")[0]).unlink(missing_ok=True)
            held -= bytes_
        return True


def _checksum(source: pa.MemoryMappedFile) -> str:
    return f"{zlib.crc32(source.read_buffer()):08x}"


def _wait_for(handle: int) -> None:
    """Lock it; go on without after ``WAIT``, or where nothing can be locked."""
    until = time.monotonic() + WAIT
    while time.monotonic() < until:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(POLL)
        except OSError:
            return
        else:
            return
