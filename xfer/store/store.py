"""Where everything a study makes is kept: a folder or a bucket behind the same few calls.

All writes are whole (a reader never sees half an object) and ``create`` is exclusive: of all who try, one
succeeds. Nothing else is needed for leases and commits.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore

from xfer.errors import StoreError
from xfer.store import bucket, digests, disk
from xfer.store.copies import copied

PIECE = 1 << 20
"""Bytes read at once for a checksum or a copy."""


class Store:
    """A place for objects named by slash-separated paths.

    ``url`` is a folder, or what ``obstore.store.from_url`` understands (``s3://bucket/prefix``).
    A folder is made by the first write; a bucket must be there and is asked by the first call.
    Raises ``StoreError`` when it cannot be opened, read or written.
    """

    def __init__(self, url: str) -> None:
        url = url.removeprefix("file://")
        self.is_folder = "://" not in url
        # Workers run in folders of their own: a relative path must mean the same to them.
        self.url = str(Path(url).resolve()) if self.is_folder else url
        if not self.is_folder:
            bucket.require_address(url)

    @cached_property
    def _objects(self) -> Any:
        if not self.is_folder:
            return bucket.opened(self.url)
        with self._explained("open"):
            return LocalStore(self.url, mkdir=True)

    def _is_absent(self) -> bool:
        """A folder that nothing has been written to yet: reading does not make it."""
        return self.is_folder and not Path(self.url).exists()

    def __reduce__(self) -> tuple[type[Store], tuple[str]]:
        return Store, (self.url,)

    def require_writable(self) -> None:
        """Make and delete a small object. Raises ``StoreError`` when that fails, or when it can be made twice."""
        probe = f".probe-{uuid.uuid4().hex}"
        self.create(probe, b"probe")
        written_over = self.create(probe, b"probe")
        self.delete(probe)
        if written_over:
            what = "the storage writes over what is there though it is told not to: two would train the same phase"
            raise StoreError(what, self.url, "use one that honours If-None-Match, or a folder")

    def create(self, path: str, content: bytes) -> bool:
        """Write ``path`` if nothing is there; return whether this call wrote it."""
        try:
            with self._explained(path, size=len(content)):
                obstore.put(self._objects, path, content, mode="create", attributes=self._beside(content))
        except AlreadyExistsError:
            return False
        return True

    def put(self, path: str, content: bytes | Path) -> None:
        """Write ``path``, replacing what is there; a ``Path`` is streamed from that file."""
        size = content.stat().st_size if isinstance(content, Path) else len(content)
        with self._explained(path, size=size):
            obstore.put(
                self._objects, path, content, attributes=self._beside(content),
                chunk_size=max(bucket.PART, size // bucket.PARTS), max_concurrency=bucket.UPLOADS,
            )  # fmt: skip

    def _beside(self, content: bytes | Path) -> dict[str, str] | None:
        return None if self.is_folder else bucket.beside(content)

    def get(self, path: str) -> bytes | None:
        """The bytes at ``path``, or None."""
        if self._is_absent():
            return None
        try:
            with self._explained(path, may_lack=True):
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
            with self._explained(path, may_lack=True):
                return int(obstore.head(self._objects, path)["size"])
        except FileNotFoundError:
            return None

    def digest(self, path: str) -> tuple[int, str] | None:
        """Bytes and sha256 of the object at ``path``; None if it is not there.

        A folder's file is read from end to end when it has changed since this machine read it. A bucket keeps its
        objects as they came and is asked for the checksum that came with them; what was brought there by others is
        read, too.
        """
        try:
            with self._explained(path, may_lack=True):
                if not self.is_folder:
                    found = obstore.get(self._objects, path, options={"head": True})
                    if bucket.CHECKSUM in found.attributes:
                        return int(found.meta["size"]), str(found.attributes[bucket.CHECKSUM])
                if self.is_folder:
                    file = self._file(path)
                    return file.stat().st_size, digests.sha256(file)
                size, digest = 0, hashlib.sha256()
                for piece in self._pieces(path):
                    size += len(piece)
                    digest.update(piece)
                return size, digest.hexdigest()
        except FileNotFoundError:
            return None

    def copy(self, path: str, target: Path) -> None:
        """Copy the object at ``path`` to a file of this machine. Raises ``StoreError`` when it is not there."""
        with self._explained(path):
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as file:
                for piece in self._pieces(path):
                    file.write(piece)

    def _file(self, path: str) -> Path:
        file = Path(self.url) / path
        if file.is_dir():
            raise FileNotFoundError(file)  # as in a bucket, which has no folders
        return file

    def _pieces(self, path: str) -> Iterator[bytes]:
        if self.is_folder:
            with self._file(path).open("rb") as stream:
                yield from iter(lambda: stream.read(PIECE), b"")
        else:
            yield from obstore.get(self._objects, path).stream(min_chunk_size=PIECE)

    def names(self, prefix: str) -> list[str]:
        """Sorted paths of every object below ``prefix``."""
        return sorted(self.sizes(prefix))

    def sizes(self, prefix: str) -> dict[str, int]:
        """Bytes of every object below ``prefix``, by path: one request for a thousand."""
        return {str(entry["path"]): int(entry["size"]) for entry in self._listed(prefix)}

    def _listed(self, prefix: str) -> list[Mapping[str, Any]]:
        if self._is_absent():
            return []
        with self._explained(prefix):
            return [entry for batch in obstore.list(self._objects, prefix=prefix) for entry in batch]

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
                with self._explained(path, may_lack=True):
                    obstore.delete(self._objects, path)
            except FileNotFoundError:
                continue

    def move(self, source: str, target: str) -> None:
        """Rename one object; one that is not there is no error."""
        try:
            with self._explained(source, may_lack=True):
                obstore.rename(self._objects, source, target, overwrite=True)
        except FileNotFoundError:
            return

    @contextmanager
    def folder(self, prefix: str) -> Iterator[Path]:
        """A local folder that holds the objects below ``prefix``: the real one, or a copy for the time being.

        Processes of one machine share a copy. It is to be read only.
        """
        if self.is_folder:
            yield Path(self.url) / prefix
            return
        found = sorted((str(entry["path"]), str(entry["e_tag"])) for entry in self._listed(prefix))

        def fill(folder: Path) -> None:
            for path, _ in found:
                self.copy(path, folder / path.removeprefix(prefix).lstrip("/"))

        name = hashlib.sha256(json.dumps([self.url, prefix, found]).encode()).hexdigest()[:16]
        with copied(name, fill) as folder:
            yield folder

    @contextmanager
    def _explained(self, path: str, may_lack: bool = False, size: int = 0) -> Iterator[None]:
        """Turn the storage's errors into ours, but that something is there already, or (``may_lack``) is not.

        ``size``: bytes that were to be written.
        """
        try:
            yield
        except AlreadyExistsError:
            raise
        except (BaseError, OSError) as error:
            if may_lack and isinstance(error, FileNotFoundError):
                raise
            raise self._trouble(error, f"{self.url} ({path})", size) from error

    def _trouble(self, error: Exception, where: str, size: int) -> StoreError:
        if not self.is_folder:
            return bucket.trouble(error, where)
        if disk.is_full(error):
            return disk.full(Path(self.url), where, size)
        text = str(error).strip().splitlines() or [type(error).__name__]
        fix = "check that it exists, that you may write there, and that there is space"
        return StoreError(f"storage does not work: {text[0]}", where, fix)


def as_json(value: Mapping[str, object]) -> bytes:
    """JSON for a reader: sorted, indented, UTF-8."""
    return (json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False) + "\n").encode()
