"""Files that a library writes, below a path of the store."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xfer.errors import StoreError
from xfer.store.disk import full, is_full
from xfer.store.store import Store


@contextmanager
def writing(store: Store, prefix: str, size: int) -> Iterator[Path]:
    """A folder of this machine whose files are below ``prefix`` when the block ends well: ``size`` bytes or so.

    Where the store is a folder they are written there at once, and named when they are whole. Raises ``StoreError``,
    which says how much was to be written when there is no space for that.
    """
    below = _made(store, prefix) if store.is_folder else None
    try:
        with tempfile.TemporaryDirectory(prefix=".part-", dir=below) as name:
            yield Path(name)
            for file in sorted(path for path in Path(name).rglob("*") if path.is_file()):
                relative = file.relative_to(name)
                if below is None:
                    store.put(f"{prefix}/{relative.as_posix()}", file)
                else:
                    (below / relative).parent.mkdir(parents=True, exist_ok=True)
                    file.replace(below / relative)
    except Exception as error:  # a library's own kind, as likely as an OSError
        if isinstance(error, StoreError) or not is_full(error):
            raise
        place = below or Path(tempfile.gettempdir())
        raise full(place, str(place), size) from error


def _made(store: Store, prefix: str) -> Path:
    folder = Path(store.url) / prefix
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"storage does not work: {error}", store.url, "check that one may write there") from error
    return folder
