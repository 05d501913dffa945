"""Checkpoints and snapshots of a phase: copied in memory, then written by one thread while training goes on.

At most one is being written; the next waits for it, so that memory holds one copy beside the training's own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Self

import torch.distributed

from xfer.models import load
from xfer.models.base import Base
from xfer.models.encoder import EncoderWithHeads
from xfer.models.spec import HeadSpec
from xfer.store.store import Store
from xfer.store.writing import writing
from xfer.training import snapshot
from xfer.training.logs import Logs
from xfer.training.progress import Progress
from xfer.training.state import Weights, elements, full_state, full_weights, size

KEEPABLE = 4 << 30
"""Bytes of weights that every rank keeps at most when a phase has ended: larger models are read again."""


@dataclass(frozen=True)
class Kept:
    """The weights of a checkpoint, in every rank's memory."""

    path: str
    """Where the checkpoint is in the store."""
    heads: Sequence[HeadSpec]
    weights: Weights


class Saver:
    """Writes below an attempt's path; what goes wrong there is raised by the next call, or at the end of the block.

    Every rank must call its methods, in the same order; rank 0 writes.
    """

    def __init__(
        self, store: Store, path: str, heads: Sequence[HeadSpec], base: Base, logs: Logs | None = None
    ) -> None:
        self._store, self._path, self._heads, self._base, self._logs = store, path, heads, base, logs
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="saver")
        self._pending: Future[None] | None = None
        self._written = ""
        self.kept: Kept | None = None
        """The last checkpoint, if it was to be kept."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        try:
            with suppress(*(() if error is None else (Exception,))):  # the first trouble is the one to tell
                self._wait()
        finally:
            self._thread.shutdown()

    def checkpoint(self, engine: Any, step: int, keep: bool = False) -> str:
        """Write the weights as a checkpoint, once a step, and keep them in memory if asked; its path."""
        path = f"{self._path}/checkpoints/{step}"
        keep = keep and _bytes(engine.module) <= KEEPABLE
        if path == self._written and not (keep and self.kept is None):
            return path
        self._wait()
        weights = full_weights(engine, everywhere=keep)
        if weights is not None and keep:
            self.kept = Kept(path, self._heads, weights)
        if weights is not None and path != self._written and torch.distributed.get_rank() == 0:
            self._begin(partial(self._write, path, engine.module, weights))
        self._written = path
        return path

    def snapshot(self, engine: Any, progress: Progress) -> None:
        """Write a resume point."""
        self._wait()
        state = full_state(engine)
        if state is not None:
            self._begin(partial(snapshot.write, self._store, self._path, progress.step, state, asdict(progress)))

    def _write(self, path: str, model: EncoderWithHeads, weights: Weights) -> None:
        with writing(self._store, path, size(weights)) as folder:
            load.save(folder, model, weights, self._heads, self._base)

    def _begin(self, write: Callable[[], None]) -> None:
        self._pending = self._thread.submit(self._written_with_logs, write)

    def _written_with_logs(self, write: Callable[[], None]) -> None:
        write()
        if self._logs is not None:
            self._logs.put()

    def _wait(self) -> None:
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.result()


def _bytes(model: torch.nn.Module) -> int:
    return sum(4 * elements(parameter) for parameter in model.parameters())
