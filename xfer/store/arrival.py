"""Files that come as one stream, into a store."""

from __future__ import annotations

import shutil
import tarfile
import tempfile
from pathlib import Path
from typing import IO, BinaryIO, cast

from xfer.errors import StoreError
from xfer.store.store import Store


def receive(stream: BinaryIO, store: Store) -> None:
    """Put the files of an archive (tar, gzip) into a store, in their order; those that are there stay.

    Raises ``StoreError`` when the stream breaks off; what has arrived by then stays.
    """
    try:
        with tarfile.open(fileobj=stream, mode="r|gz") as archive:
            for entry in archive:
                if entry.isfile() and store.size(entry.name) is None:
                    with tempfile.NamedTemporaryFile(prefix="xfer-", suffix=".part") as file:
                        shutil.copyfileobj(cast(IO[bytes], archive.extractfile(entry)), file)
                        file.flush()
                        store.put(entry.name, Path(file.name))
    except (tarfile.TarError, EOFError, OSError) as error:
        raise StoreError(f"the files did not arrive whole ({error})", store.url, "send them again") from error
