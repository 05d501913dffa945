"""The model that a worker holds from job to job: what was trained last is evaluated without being read again."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from xfer.evaluation.prepared import Preparation
from xfer.store.store import Store

if TYPE_CHECKING:
    from xfer.models.encoder import EncoderWithHeads
    from xfer.training.saving import Kept


class Held:
    """One model at most, so that memory holds none that nobody asks for."""

    def __init__(self) -> None:
        self._place = ("", "")
        self._kept: Kept | None = None
        self._model: EncoderWithHeads | None = None

    def clear(self) -> None:
        """Let go of it."""
        self._place, self._kept, self._model = ("", ""), None, None

    def keep(self, kept: Kept | None, base: str) -> None:
        """Take over the checkpoint that a phase has ended with, of the model called ``base``."""
        self.clear()
        if kept is not None:
            self._place, self._kept = (base, kept.path), kept

    def model(self, path: str, preparation: Preparation, store: Store) -> EncoderWithHeads:
        """The checkpoint at ``path``, or (empty) the model as it came, ready to predict."""
        from xfer.models.load import from_weights, load_trained
        from xfer.training.engine import device

        base = preparation.base
        if self._place != (base.spec.name, path):
            self.clear()
        if self._model is None and self._kept is not None:
            self._model = from_weights(self._kept.weights, self._kept.heads, base).to(device())
        elif self._model is None:
            with store.folder(path) if path else nullcontext(base.folder) as folder:
                assert folder is not None, "a model from scratch is evaluated after a phase, never before"
                self._model = load_trained(folder).to(device())
        self._place, self._kept = (base.spec.name, path), None
        return self._model
