"""What came with a study: where this process and its children look for its data and models, and the study itself."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from xfer.store.store import Store

FOLDER = Path("/tmp/inputs")
"""Copies of what an object store holds: the same path in every pod."""


def find_inputs() -> None:
    """Put the folders that ``XFER_INPUTS`` names before those that ``XFER_DATA`` and ``XFER_MODELS`` name already."""
    wanted = json.loads(os.environ.get("XFER_INPUTS", "{}"))
    for variable, keys in wanted.items():
        store = Store(os.environ["XFER_STORAGE"])
        folders = [str(_folder(store, key)) for key in keys]
        given = os.environ.get(variable)
        os.environ[variable] = os.pathsep.join([*folders, given] if given else folders)


def _folder(store: Store, key: str) -> Path:
    if store.is_folder:
        return Path(store.url) / "inputs" / key
    for path in store.names(f"inputs/{key}"):
        store.copy(path, FOLDER / Path(path).relative_to("inputs"))
    return FOLDER / key


def writable(study: Path) -> Path:
    """The study where a lock can be written beside it: a ConfigMap is read-only, and made of links."""
    folder = Path("/tmp/study")
    shutil.copytree(study.parent, folder, ignore=shutil.ignore_patterns("..*"), dirs_exist_ok=True)
    return folder / study.name
