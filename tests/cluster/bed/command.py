"""Run a program to its end; wait for a condition."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from tests.cluster.bed.layout import BedError

Seen = TypeVar("Seen")


def run(*command: str | Path, folder: Path | None = None, environment: Mapping[str, str] | None = None) -> str:
    """Run a command; its standard output.

    Raises:
        BedError: it failed; with the end of what it wrote.
    """
    words = [str(word) for word in command]
    done = subprocess.run(
        words,
        cwd=folder,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = "\n".join((done.stderr or done.stdout).splitlines()[-20:])
        raise BedError(f"{' '.join(words)} ended with {done.returncode}:\n{said}")
    return done.stdout


def wait_for(what: str, look: Callable[[], Seen], seconds: float, every: float = 0.1) -> Seen:
    """Look until there is something to see; what was seen.

    Raises:
        BedError: there was nothing after ``seconds``.
    """
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        if time.monotonic() > deadline:
            raise BedError(f"no {what} after {seconds:.0f} s")
        time.sleep(every)
    return seen
