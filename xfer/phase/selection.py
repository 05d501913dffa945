"""Selection: the rule that chooses a checkpoint of a phase, and the choice it made."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from xfer.fingerprint import Identified, key
from xfer.phase.data_set import DataSet


@dataclass(frozen=True)
class Rule(Identified):
    """How a checkpoint is chosen. ``last`` needs nothing else."""

    kind: Literal["last", "best"] = "last"
    on: tuple[DataSet, ...] = ()
    """The data sets whose mean major metric decides, one for each task trained on."""
    by: tuple[tuple[str, int], ...] = ()
    """Name and version of the metric on each of them."""
    every: int = 0
    """Optimizer steps between two looks; the end is always looked at."""

    @cached_property
    def key(self) -> str:
        return "last" if self.kind == "last" else f"best-{key(self)}"

    @property
    def selected_by(self) -> str:
        """For tables: the data that the choice was made on, empty for ``last``."""
        return "+".join(f"{data.task}/{data.split}/{data.language}" for data in self.on)

    def identity(self) -> object:
        if self.kind == "last":
            return "last"
        return {"best": self.on, "by": [list(metric) for metric in self.by], "every": self.every}


@dataclass(frozen=True)
class Selection(Identified):
    """A checkpoint: of a phase by a rule, or a pretrained model as it came (``phase`` is empty)."""

    phase: str = ""
    rule: Rule = Rule()
    model: str = ""
    """Fingerprint of the pretrained model, when this is one."""

    @cached_property
    def key(self) -> str:
        return key(self)

    def identity(self) -> object:
        return {"model": self.model} if self.model else {"phase": self.phase, "rule": self.rule}
