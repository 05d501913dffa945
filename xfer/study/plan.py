"""Plan: every distinct phase, checkpoint and evaluation of a study. Made by ``planner``; printable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from xfer.fingerprint import canonical, key
from xfer.models.spec import ModelSpec
from xfer.phase.data_set import DataSet
from xfer.phase.evaluation import Evaluation
from xfer.phase.phase import Phase
from xfer.phase.resources import Resources
from xfer.phase.selection import Rule, Selection
from xfer.study.tuning import Asha
from xfer.tasks.metrics import Metric
from xfer.tasks.registry import Registry

Values = Mapping[str, float]
"""Recipe values by name, as an experiment tries and chooses them."""

Decisions = Mapping[str, Values]
"""By experiment key: the values it chose."""


@dataclass
class Planned:
    """A phase and what the study wants of it."""

    phase: Phase
    model: str
    resources: Resources
    decided: bool
    """False while an experiment has still to choose its recipe: then its key is not final."""
    roles: set[str] = field(default_factory=set)
    rules: dict[str, Rule] = field(default_factory=dict)
    cells: int = 0
    """Cells of the grid that it serves."""


@dataclass(frozen=True)
class Cell:
    """One place of the measured grid."""

    model: str
    arm: str
    group: str
    target: str
    seed: int | None
    """None where neither arm nor target trains."""
    relation: str
    subject: Selection
    """The checkpoint that answers."""
    phases: tuple[str, ...]
    """Keys of the phases that lead to it, first to last."""
    evaluations: tuple[str, ...]
    decided: bool
    resources: Resources
    """What its evaluations run on."""


@dataclass(frozen=True)
class TrialCell:
    """What a trial trains for one arm, target and seed."""

    phases: tuple[str, ...]
    """Keys, first to last; the last one is the trial's own."""
    evaluation: str
    """Key of what tells how good it is in the end."""
    looks: Rule | None
    """With a scheduler: the looks at its validation data on the way."""


@dataclass(frozen=True)
class Trial:
    """Recipe values, and what tells how good they are."""

    values: Values
    cells: tuple[TrialCell, ...]


@dataclass(frozen=True)
class Experiment:
    """One choice to make: which values targets of this name are trained with on this model."""

    model: str
    target: str
    on: tuple[DataSet, ...]
    """What the trials are judged on, each by its task's major metric: one for each task trained on."""
    metrics: tuple[Metric, ...]
    """These metrics."""
    trials: tuple[Trial, ...]
    scheduler: Asha | None

    @cached_property
    def key(self) -> str:
        trials = [{"values": t.values, "evaluations": sorted(c.evaluation for c in t.cells)} for t in self.trials]
        metrics = sorted(canonical(metric) for metric in self.metrics)
        scheduler = self.scheduler.model_dump() if self.scheduler else None
        return key({"trials": trials, "metrics": metrics, "scheduler": scheduler})

    @property
    def metric(self) -> str:
        """For people: what decided."""
        return "+".join(f"{d.task}/{d.split}/{d.language}/{m.name}" for d, m in zip(self.on, self.metrics, strict=True))


@dataclass(frozen=True)
class Plan:
    """The whole of a study, first things first."""

    study: str
    phases: Mapping[str, Planned]
    evaluations: Mapping[str, Evaluation]
    cells: tuple[Cell, ...]
    experiments: tuple[Experiment, ...]
    models: Mapping[str, ModelSpec]
    decisions: Decisions
    registry: Registry

    def shapes(self) -> tuple[Resources, ...]:
        """What its phases and evaluations run on."""
        return tuple({planned.resources for planned in self.phases.values()} | {cell.resources for cell in self.cells})

    def open_experiments(self) -> tuple[Experiment, ...]:
        """Those that have not chosen yet."""
        return tuple(experiment for experiment in self.experiments if experiment.key not in self.decisions)
