"""Copies on this machine's disk: made once for all processes that use the same at the same time, gone afterwards."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def copied(name: str, fill: Callable[[Path], None]) -> Iterator[Path]:
    """A folder with what ``fill`` puts into it; the last process that uses it takes it away.

    What ``name`` stands for must not change. Whoever uses a copy has its folder locked, together with the others;
    whoever takes it away has it locked alone. They are made one after the other, under a lock of its own: who waits
    for that waits for no user of a copy, who may be waiting for him.
    """
    root = Path(tempfile.gettempdir()) / f"xfer-copies-{os.getuid()}"
    root.mkdir(mode=0o700, exist_ok=True)
    folder = root / name
    with (root / "making").open("w") as making:
        fcntl.flock(making, fcntl.LOCK_EX)
        handle = _held(folder)
        if handle is None:
            _sweep(root)
            handle = _made(folder, fill)
    try:
        yield folder
    finally:
        _let_go(folder, handle)


def _held(folder: Path) -> int | None:
    """A handle of a copy that is there, locked."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return None
    fcntl.flock(handle, fcntl.LOCK_SH)
    if folder.exists():
        return handle
    os.close(handle)  # it was taken away meanwhile
    return None


def _made(folder: Path, fill: Callable[[Path], None]) -> int:
    part = folder.with_name(f"{folder.name}.part")
    part.mkdir()
    handle = os.open(part, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_SH)
    try:
        fill(part)
        part.rename(folder)
    except BaseException:
        _let_go(part, handle)
        raise
    return handle


def _let_go(folder: Path, handle: int) -> None:
    """Take it away unless somebody else uses it: by one rename, so that no half of it is ever taken for a copy."""
    try:
        with suppress(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            gone = folder.with_name(f"{uuid.uuid4().hex}.gone")
            folder.rename(gone)
            shutil.rmtree(gone)
    finally:
        os.close(handle)


def _sweep(root: Path) -> None:
    """Take away what killed processes have left."""
    for folder in [path for path in root.iterdir() if path.is_dir()]:
        with suppress(FileNotFoundError):  # its user was quicker
            _let_go(folder, os.open(folder, os.O_RDONLY))
