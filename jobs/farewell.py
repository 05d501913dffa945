"""What a pod of a study's workers does before it ends: where the whole run ends, and not this pod alone, its ranks are
to write the snapshot that the driver leaves, and the pod waits for them.

python -P -m jobs.farewell
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from jobs.own_run import INDEX, OwnRun

PATIENCE = 50.0
"""Seconds, of those that a pod has to end."""

LOOK = 0.5
"""Seconds between two looks at whether ranks are left."""


def main() -> None:
    ends = time.monotonic() + PATIENCE
    is_driver = os.environ.get(INDEX) == "0"  # it is to be told at once
    if not is_driver and has_ranks() and run_ends():
        while has_ranks() and time.monotonic() < ends:
            time.sleep(LOOK)


def has_ranks() -> bool:
    """Whether ranks of a lane are in this pod: they end with the driver."""
    return any(b"RayTrainWorker" in _command(process) for process in Path("/proc").glob("[0-9]*"))


def run_ends() -> bool:
    """Whether the Job or RayJob is suspended, or deleted; False where nobody can say."""
    try:
        found = OwnRun().get()
    except Exception as error:  # the pod ends in any case
        return getattr(error, "status", None) == 404
    return bool(found["spec"].get("suspend") or found["metadata"].get("deletionTimestamp"))


def _command(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:  # it has ended
        return b""


if __name__ == "__main__":
    main()
