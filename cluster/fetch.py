"""Bring a study's tables from a place's storage into the study's own: its records and predictions, no weights."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from xfer.store import tables
from xfer.store.store import Store


def fetch(pack: Callable[[BinaryIO], None], into: Store) -> int:
    """Bring what is new of the archive that ``pack`` writes; the number of files.

    Raises ``PlaceError`` or ``StoreError``; nothing is put into the store then.
    """
    with tempfile.TemporaryDirectory(prefix="xfer-fetch-") as folder:
        archive = Path(folder) / "tables.tar.gz"
        with archive.open("wb") as stream:
            pack(stream)
        return tables.unpack(archive, into)
