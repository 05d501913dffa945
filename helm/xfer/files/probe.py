"""Run by ``helm test`` in a pod like a study's: the image holds xfer, and a folder as storage can be written to."""

import sys
import uuid
from pathlib import Path

import xfer  # noqa: F401

storage = sys.argv[1]
if "://" not in storage:
    folder = Path(storage)
    folder.mkdir(parents=True, exist_ok=True)
    probe = folder / f".test-{uuid.uuid4()}"
    probe.write_text("written by helm test", encoding="utf-8")
    probe.unlink()
