"""Text files line by line, each with its place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from xfer.errors import DataError


def lines(path: Path) -> Iterator[tuple[str, str]]:
    """Each line of a file in UTF-8, without its end, after its place (``file:line``, from 1).

    A line ends where a line feed stands, nowhere else: text may hold Unicode's own separators. Raises ``DataError``
    for a file that cannot be read.
    """
    try:
        with path.open("rb") as stream:
            for number, line in enumerate(stream, 1):
                where = f"{path}:{number}"
                try:
                    yield where, line.decode().rstrip("\r\n")
                except UnicodeDecodeError as error:
                    raise DataError(f"byte {error.start} is not UTF-8", where, "convert the file to UTF-8") from error
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", str(path), "give a file that can be read") from error
