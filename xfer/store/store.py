"""Where everything a study makes is kept: a folder or a bucket behind the same few calls.

All writes are whole (a reader never sees half an object) and ``create`` is exclusive: of all who try, one
succeeds. Nothing else is needed for leases and commits.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, from_url

from xfer.errors import StoreError

PIECE = 1 << 20
"""Bytes read at once for a checksum."""


class Store:
    """A place for objects named by slash-separated paths.

    ``url`` is a folder, or what ``obstore.store.from_url`` understands (``s3://bucket/prefix``).
    A folder is made by the first write. Raises ``StoreError`` when it cannot be opened, read or written.
    """

    def __init__(self, url: str) -> None:
        self._is_folder = "://" not in url
        # Workers run in folders of their own: a relative path must mean the same to them.
        self.url = str(Path(url).resolve()) if self._is_folder else url

        if not self._is_folder:
            self._objects  # noqa: B018  (an address that cannot work is told at once)

    @cached_property
    def _objects(self) -> Any:
        with self._explained("open"):
            return LocalStore(self.url, mkdir=True) if self._is_folder else from_url(self.url)

    def _is_absent(self) -> bool:
        """A folder that nothing has been written to yet: reading does not make it."""
        return self._is_folder and not Path(self.url).exists()

    def __reduce__(self) -> tuple[type[Store], tuple[str]]:
        return Store, (self.url,)

    def require_writable(self) -> None:
        """Write, read and delete a small object. Raises ``StoreError`` when that fails."""
        probe = f".probe-{uuid.uuid4().hex}"
        self.put(probe, b"probe")
        self.delete(probe)

    def create(self, path: str, content: bytes) -> bool:
        """Write ``path`` if nothing is there; return whether this call wrote it."""
        try:
            with self._explained(path):
                obstore.put(self._objects, path, content, mode="create")
        except AlreadyExistsError:
            return False
        return True

    def put(self, path: str, content: bytes | Path) -> None:
        """Write ``path``, replacing what is there; a ``Path`` is streamed from that file."""
        with self._explained(path):
            obstore.put(self._objects, path, content)

    def get(self, path: str) -> bytes | None:
        """The bytes at ``path``, or None."""
        if self._is_absent():
            return None
        try:
            with self._explained(path):
                return bytes(obstore.get(self._objects, path).bytes())
        except FileNotFoundError:
            return None

    def get_json(self, path: str) -> dict[str, Any] | None:
        """The JSON object at ``path``, or None; None as well when it is not whole JSON."""
        content = self.get(path)
        if content is None:
            return None
        try:
            found = json.loads(content)
        except ValueError:
            return None
        return found if isinstance(found, dict) else None

    def size(self, path: str) -> int | None:
        """Bytes at ``path``, or None."""
        if self._is_absent():
            return None
        try:
            with self._explained(path):
                return int(obstore.head(self._objects, path)["size"])
        except FileNotFoundError:
            return None

    def digest(self, path: str) -> tuple[int, str] | None:
        """Bytes and sha256 of the object at ``path``, read in pieces; None if it is not there."""
        try:
            with self._explained(path), self._reading(path) as pieces:
                size, digest = 0, hashlib.sha256()
                for piece in pieces:
                    size += len(piece)
                    digest.update(piece)
                return size, digest.hexdigest()
        except FileNotFoundError:
            return None

    @contextmanager
    def _reading(self, path: str) -> Iterator[Iterable[bytes]]:
        if self._is_folder:
            with (Path(self.url) / path).open("rb") as stream:
                yield iter(lambda: stream.read(PIECE), b"")
        else:
            yield obstore.get(self._objects, path).stream(min_chunk_size=PIECE)

    def names(self, prefix: str) -> list[str]:
        """Sorted paths of every object below ``prefix``."""
        if self._is_absent():
            return []
        with self._explained(prefix):
            batches = list(obstore.list(self._objects, prefix=prefix))
        return sorted(str(entry["path"]) for batch in batches for entry in batch)

    def children(self, prefix: str) -> list[str]:
        """Sorted names of the folders directly below ``prefix``; on a folder store an empty one stays listed."""
        if self._is_absent():
            return []
        with self._explained(prefix):
            listing = obstore.list_with_delimiter(self._objects, prefix=prefix)
        return sorted(str(path).rsplit("/", 1)[-1] for path in listing["common_prefixes"])

    def delete(self, *paths: str) -> None:
        """Delete objects; one that is not there is no error."""
        for path in paths:
            try:
                with self._explained(path):
                    obstore.delete(self._objects, path)
            except FileNotFoundError:
                continue

    def move(self, source: str, target: str) -> None:
        """Rename one object; one that is not there is no error."""
        try:
            with self._explained(source):
                obstore.rename(self._objects, source, target, overwrite=True)
        except FileNotFoundError:
            return

    @contextmanager
    def folder(self, prefix: str) -> Iterator[Path]:
        """A local folder that holds the objects below ``prefix``: the real one, or a copy for the time being."""
        if self._is_folder:
            yield Path(self.url) / prefix
            return
        with tempfile.TemporaryDirectory(prefix="xfer-") as name:
            for path in self.names(prefix):
                target = Path(name) / path.removeprefix(prefix).lstrip("/")
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(self.get(path) or b"")
            yield Path(name)

    @contextmanager
    def _explained(self, path: str) -> Iterator[None]:
        try:
            yield
        except (AlreadyExistsError, FileNotFoundError):
            raise
        except (BaseError, OSError) as error:
            raise StoreError(
                f"storage does not work: {_first_line(error)}",
                f"{self.url} ({path})",
                "check that it exists, that you may write there, and that there is space",
            ) from error


def as_json(value: Mapping[str, object]) -> bytes:
    """JSON for a reader: sorted, indented, UTF-8."""
    return (json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False) + "\n").encode()


def _first_line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return text[0] if text else type(error).__name__
