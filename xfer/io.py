"""Files and folders for the user, written whole or not at all; this machine's cache; and the end of a process."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import platformdirs

from xfer.errors import UserError


def write_whole(path: Path, content: bytes) -> None:
    """Write ``path`` by a temporary file and a rename, so that no reader ever sees half of it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
                os.fchmod(stream.fileno(), 0o644)  # a temporary file is its maker's alone
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UserError(f"cannot write: {error.strerror}", str(path), "check rights and free space") from error


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """A folder beside ``target`` that takes its place when the block ends well.

    Raises ``UserError`` when ``target`` is not empty or cannot be written.
    """
    target = target.resolve()
    try:
        if target.is_file() or (target.is_dir() and any(target.iterdir())):
            raise UserError("there is something already", str(target), "give a new folder, or an empty one")
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as name:
            folder = Path(name) / target.name  # a temporary folder itself is its maker's alone
            folder.mkdir()
            yield folder
            folder.rename(target)
    except OSError as error:
        what = f"cannot write: {error.strerror}"
        raise UserError(what, str(error.filename or target), "check rights and free space") from error


def cache_folder() -> Path:
    """Where this machine keeps what it can make again: ``XFER_CACHE``, or the user's folder for caches."""
    given = os.environ.get("XFER_CACHE")
    return Path(given).absolute() if given else platformdirs.user_cache_path("xfer")


def leave(code: int) -> NoReturn:
    """End this process at once, when all it had to do is done.

    Native threads of the Arrow and object-store libraries now and then abort an interpreter that is being torn
    down (seen: 2 of 30 runs, exit code 134, after the last line had been written).
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
