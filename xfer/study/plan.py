"""Plan: every distinct phase, checkpoint and evaluation of a study. Made by ``planner``; printable."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from xfer.fingerprint import canonical, key
from xfer.models.spec import ModelSpec
from xfer.phase.data_set import DataSet
from xfer.phase.evaluation import Evaluation
from xfer.phase.phase import Phase
from xfer.phase.resources import Resources
from xfer.phase.selection import Rule, Selection
from xfer.study.space import Space
from xfer.study.tuning import Asha
from xfer.tasks.metrics import Metric
from xfer.tasks.registry import Registry

Values = Mapping[str, Any]
"""What an experiment tries and chooses, by name: recipe values; where it explores, arms and their parts, too."""

Decisions = Mapping[str, Values]
"""By experiment key: the values it chose; of an exploration, those of each arm that it confirms."""

Tried = Mapping[str, Sequence[Values]]
"""By experiment key: the values of its trials so far, where a sampler draws them."""


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

    @property
    def evaluations(self) -> list[str]:
        """Sorted keys of what tells how good it is."""
        return sorted(cell.evaluation for cell in self.cells)


@dataclass(frozen=True)
class Addition:
    """A trial that comes to a plan, with all that it needs."""

    trial: Trial
    phases: Mapping[str, Planned]
    evaluations: Mapping[str, Evaluation]


@dataclass(frozen=True)
class Sought:
    """What a sampler is asked for: trials that are known one after the other."""

    space: Space
    trials: int
    seed: int
    """Of the sampler."""
    arms: tuple[str, ...]
    """Arms of the grid that the best so many become; none: the best gives the values of target phases."""
    likes: tuple[Addition, ...] = field(repr=False)
    """What its trials are like, with values that nobody tries: for its key."""
    ends: tuple[Values, ...] = field(repr=False)
    """Values of which some trial costs the most: for costs."""
    make: Callable[[Values], Addition] = field(compare=False, repr=False)
    """The trial of some values."""

    @property
    def like(self) -> list[list[str]]:
        """What tells how good they are."""
        return [one.trial.evaluations for one in self.likes]

    def identity(self) -> object:
        names = ("space", "trials", "seed", "arms")
        return {**{name: getattr(self, name) for name in names}, "like": self.like}


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
    """All of them; where they are ``sought``, those that are known so far."""
    scheduler: Asha | None
    sought: Sought | None = None
    at_once: int = 1
    """Trials that are run side by side."""

    @cached_property
    def key(self) -> str:
        about = {"metrics": self._metrics, "scheduler": self.scheduler.model_dump() if self.scheduler else None}
        if self.sought is not None:
            return key({"sought": self.sought, **about})
        return key({"trials": [{"values": t.values, "evaluations": t.evaluations} for t in self.trials], **about})

    def name(self, values: Values) -> str:
        """Key of what the score of a trial in the end says something about, in whatever experiment."""
        return key({"evaluations": self.trial(values).trial.evaluations, "metrics": self._metrics})

    @property
    def _metrics(self) -> list[str]:
        return sorted(canonical(metric) for metric in self.metrics)

    @property
    def explores(self) -> bool:
        """Whether the best of it become arms of the grid."""
        return self.sought is not None and bool(self.sought.arms)

    @property
    def number(self) -> int:
        """Its trials, known or not."""
        return self.sought.trials if self.sought is not None else len(self.trials)

    def trial(self, values: Values) -> Addition:
        """The trial of some values, with what it needs beyond the plan."""
        for trial in self.trials:
            if trial.values == values:
                return Addition(trial, {}, {})
        assert self.sought is not None, f"no trial has {values}"
        return self.sought.make(values)

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
        phases = (planned.resources for planned in self.phases.values())
        return tuple(dict.fromkeys((*phases, *(cell.resources for cell in self.cells))))

    def open_experiments(self) -> tuple[Experiment, ...]:
        """Those that have not chosen yet."""
        return tuple(experiment for experiment in self.experiments if experiment.key not in self.decisions)

    def also(self, experiment: str, found: Addition) -> Plan:
        """This plan with one more trial of an experiment."""
        phases = dict(self.phases)
        for name, planned in found.phases.items():
            held = phases.get(name)
            phases[name] = planned if held is None else replace(
                held, decided=held.decided or planned.decided, roles=held.roles | planned.roles,
                rules=held.rules | planned.rules,
            )  # fmt: skip
        experiments = tuple(
            replace(e, trials=(*e.trials, found.trial)) if e.key == experiment and found.trial not in e.trials else e
            for e in self.experiments
        )
        evaluations = {**self.evaluations, **found.evaluations}
        return replace(self, phases=phases, evaluations=evaluations, experiments=experiments)
