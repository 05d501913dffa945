"""One bed for many: who brings it up or takes it down is alone, and who uses it is counted.

The locks are the kernel's, on folders that every machine has: they end with their holder and leave no file.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

_CHANGING = "/run"
_USING = "/var/lib"


@contextmanager
def changing() -> Iterator[None]:
    """Held while the bed goes up or down; waits for whoever holds it."""
    held = os.open(_CHANGING, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


class Use:
    """Held while the bed is used; by many at once, or by one alone."""

    def __init__(self) -> None:
        self._held = os.open(_USING, os.O_RDONLY | os.O_DIRECTORY)

    def share(self) -> None:
        """Be one of those who use the bed; waits for who has it alone."""
        fcntl.flock(self._held, fcntl.LOCK_SH)

    def alone(self) -> bool:
        """Have the bed alone; False if others use it, too. What was shared is then not shared any more."""
        try:
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        os.close(self._held)
