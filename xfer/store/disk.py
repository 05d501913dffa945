"""A disk that is full: how that is told from other trouble, and what to say about it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from xfer.errors import StoreError

FULL = re.compile(r"os error (?:28|122)\b|Errno (?:28|122)\b")
"""ENOSPC and EDQUOT, as Rust's libraries and Python's put them into words."""


def is_full(error: Exception) -> bool:
    """Whether this says that there is no space left, or none that one may use."""
    return FULL.search(str(error)) is not None


def full(folder: Path, where: str, needed: int) -> StoreError:
    """What to raise when ``needed`` bytes could not be written below ``folder``."""
    there = next(path for path in (folder, *folder.parents) if path.is_dir())
    free = shutil.disk_usage(there).free
    return StoreError(
        f"the disk is full: {needed / 1e6:,.1f} MB were to be written and {free / 1e6:,.1f} MB are free",
        where,
        "make space (`xfer gc` shows what no study needs) and give the same command again: it goes on from here",
    )
