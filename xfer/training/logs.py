"""Curves for TensorBoard while a phase trains: ``tensorboard --logdir STORAGE/tensorboard`` shows a run by attempt.

Nobody depends on them: what goes wrong here ends the logging, never a phase.
"""

from __future__ import annotations

import logging
import socket
import struct
import tempfile
import time
from pathlib import Path
from typing import BinaryIO, Self

from tensorboardX.proto.event_pb2 import Event
from tensorboardX.record_writer import masked_crc32c
from tensorboardX.summary import scalar

from xfer.store.store import Store
from xfer.training.progress import Progress


class Logs:
    """The event file of one attempt, below ``tensorboard/PHASE/attempt-N`` of the store.

    In a folder it is written where it stays; for a bucket in a temporary folder, and ``put`` now and then.
    """

    def __init__(self, store: Store, phase: str, attempt: int, progress: Progress) -> None:
        self._store, self._path = store, f"tensorboard/{phase}/attempt-{attempt}"
        self._known, self._tokens, self._seconds = len(progress.curves), progress.tokens, progress.seconds
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        try:
            self._open()
        except Exception as error:
            self._give_up(error)
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
        if self._temporary is not None:
            self._temporary.cleanup()

    def follow(self, progress: Progress, learning_rate: float) -> None:
        """Write the points that the curves have got since the last call, and how fast it goes."""
        fresh = progress.curves[self._known :]
        if self._file is None or not fresh:
            return
        self._known = len(progress.curves)
        tokens, seconds = progress.tokens - self._tokens, progress.seconds - self._seconds
        self._tokens, self._seconds = progress.tokens, progress.seconds
        values = {f"{metric}/{task}/{language}": value for _, task, language, metric, value in fresh}
        values |= {"learning_rate": learning_rate, "tokens_per_second": tokens / max(seconds, 1e-9)}
        try:
            now = time.time()
            points = (Event(wall_time=now, step=progress.step, summary=scalar(*point)) for point in values.items())
            self._file.write(b"".join(map(_record, points)))
        except Exception as error:
            self._give_up(error)

    def put(self) -> None:
        """Bring what has been written so far into a bucket."""
        if self._file is None or self._temporary is None:
            return
        try:
            file = Path(self._file.name)
            self._store.put(f"{self._path}/{file.name}", file)
        except Exception as error:
            self._give_up(error)

    def _open(self) -> None:
        if self._store.is_folder:
            folder = Path(self._store.url) / self._path
            folder.mkdir(parents=True, exist_ok=True)
        else:
            self._temporary = tempfile.TemporaryDirectory(prefix="xfer-logs-")
            folder = Path(self._temporary.name)
        now = time.time()
        # Without a buffer, so that who looks sees it at once, and there is nothing to flush.
        self._file = (folder / f"events.out.tfevents.{int(now):010d}.{socket.gethostname()}").open("ab", buffering=0)
        self._file.write(_record(Event(wall_time=now, file_version="brain.Event:2")))

    def _give_up(self, error: Exception) -> None:
        logging.getLogger(__name__).warning("no more logs for TensorBoard: %s", error)
        file, self._file = self._file, None
        if file is not None:
            file.close()


def _record(event: Event) -> bytes:
    """An event as TFRecord frames it: length and content, each with its masked CRC-32C."""
    content = event.SerializeToString()
    length = struct.pack("<Q", len(content))
    return b"".join(piece + struct.pack("<I", masked_crc32c(piece)) for piece in (length, content))
