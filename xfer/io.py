"""Files beside the study: written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

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
