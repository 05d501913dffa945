"""Plan: every distinct phase, checkpoint and evaluation of a study. ``plan(study, lock, decisions)`` is pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from xfer.errors import LockError, UserError
from xfer.fingerprint import key
from xfer.models.spec import ModelSpec
from xfer.phase.data_set import DataSet
from xfer.phase.evaluation import Evaluation
from xfer.phase.phase import Phase
from xfer.phase.recipe import Recipe
from xfer.phase.resources import Resources
from xfer.phase.selection import Rule, Selection
from xfer.phase.versions import PREDICTION, TRAINING
from xfer.study.lock import RELOCK, Lock
from xfer.study.needs import check_asked
from xfer.study.reading import known_as
from xfer.study.relation import relation
from xfer.study.schema import Select, Study
from xfer.tasks import registry

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
    """None where nothing was trained."""
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
class Trial:
    """Recipe values, and what tells how good they are."""

    values: Values
    cells: tuple[tuple[tuple[str, ...], str], ...]
    """For each arm and seed: keys of the phases, first to last, and of the evaluation."""


@dataclass(frozen=True)
class Experiment:
    """One choice to make: which values targets of this name are trained with on this model."""

    model: str
    target: str
    on: tuple[DataSet, ...]
    """What the trials are judged on, each by its task's major metric: one for each task trained on."""
    trials: tuple[Trial, ...]

    @cached_property
    def key(self) -> str:
        metrics = [registry.get(data.task).major for data in self.on]
        trials = [{"values": trial.values, "evaluations": [e for _, e in trial.cells]} for trial in self.trials]
        return key({"trials": trials, "metrics": metrics})

    @property
    def metric(self) -> str:
        """For people: what decided."""
        return "+".join(f"{d.task}/{d.split}/{d.language}/{registry.get(d.task).metric}" for d in self.on)


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

    def shapes(self) -> tuple[Resources, ...]:
        """What its phases and evaluations run on."""
        return tuple({planned.resources for planned in self.phases.values()} | {cell.resources for cell in self.cells})

    def open_experiments(self) -> tuple[Experiment, ...]:
        """Those that have not chosen yet."""
        return tuple(experiment for experiment in self.experiments if experiment.key not in self.decisions)


def plan(study: Study, lock: Lock, decisions: Decisions) -> Plan:
    """The plan of a study. Raises ``UserError`` for what cannot be planned."""
    planner = _Planner(study, lock, decisions)
    experiments = tuple(planner.experiments())
    cells = tuple(planner.cells())
    check_asked(study, lock)
    for cell in cells:
        if not cell.evaluations:
            raise LockError(f"the lock holds nothing to evaluate target {cell.target} on", str(study.path), RELOCK)
    return Plan(
        study.study,
        planner.phases,
        planner.evaluations,
        cells,
        experiments,
        dict(lock.models),
        dict(decisions),
    )


class _Planner:
    def __init__(self, study: Study, lock: Lock, decisions: Decisions) -> None:
        self._study, self._lock, self._decisions = study, lock, decisions
        self.phases: dict[str, Planned] = {}
        self.evaluations: dict[str, Evaluation] = {}
        self._chosen: dict[tuple[str, str], Values | None] = {}
        self._model = ""
        self._trying = False

    def experiments(self) -> Iterator[Experiment]:
        """Plan the trials of ``tune``, and note what has been chosen."""
        tune = self._study.tune
        if tune is None:
            return
        split, _, language = tune.on.partition("/")
        models = [ref.id for ref in self._study.models]
        trained = [t for t in (tune.targets or self._study.targets) if registry.get(t).trains_on]
        for group in _groups(models, trained, tune.per):
            tasks = dict.fromkeys(registry.get(target).trains_on or "" for _, target in group)
            on = tuple(self._lock.data_set(task, language, split) for task in tasks)
            trials = tuple(self._trial(rate, group, split, language) for rate in tune.learning_rate)
            names = ["+".join(dict.fromkeys(part)) for part in zip(*group, strict=True)]
            experiment = Experiment(names[0], names[1], on, trials)
            for pair in group:
                self._chosen[pair] = self._decisions.get(experiment.key)
            yield experiment

    def cells(self) -> Iterator[Cell]:
        """The measured grid; what needs no training stands there once, whatever the number of seeds."""
        for ref in self._study.models:
            for seed in self._study.seeds:
                for arm in self._study.arms:
                    self._trying, self._model = False, ref.id
                    start = arm.expand(self, self._base(ref.id), seed)
                    for name in self._study.targets:
                        target = registry.get(name)
                        if target.trains_on is None and not start.phase and seed != self._study.seeds[0]:
                            continue
                        subject, decided = start, True
                        if target.trains_on:
                            values = self._chosen.get((ref.id, name), {})
                            decided = values is not None
                            subject = self._target(name, start, seed, values or {}, decided)
                        lineage = self._lineage(subject)
                        for phase in lineage:
                            self.phases[phase].cells += 1
                        yield Cell(
                            ref.id, arm.name, arm.group, name, seed if lineage else None,
                            relation(arm.trains_on, target), subject, lineage,
                            tuple(dict.fromkeys(self._evaluate(subject, name))), decided,
                            self._study.resources.of("target", known_as(name), ref.id),
                        )  # fmt: skip

    def intermediate(self, tasks: tuple[str, ...], start: Selection, seed: int) -> Selection:
        """Plan an intermediate phase; what an arm asks for."""
        return self._train("intermediate", tasks, tasks, start, seed, {}, True)

    def _target(self, name: str, start: Selection, seed: int, values: Values, decided: bool) -> Selection:
        trains_on = registry.get(name).trains_on
        assert trains_on is not None
        return self._train("target", (trains_on,), known_as(name), start, seed, values, decided)

    def _trial(self, rate: float, group: list[tuple[str, str]], split: str, language: str) -> Trial:
        tune = self._study.tune
        assert tune is not None
        cells = []
        for model, target in group:
            for name in tune.arms:
                arm = next(arm for arm in self._study.arms if arm.name == name)
                for seed in tune.seeds:
                    self._trying, self._model = True, model
                    start = arm.expand(self, self._base(model), seed)
                    subject = self._target(target, start, seed, {"learning_rate": rate}, True)
                    trained = registry.get(target).trains_on or ""
                    evaluation = self._evaluation(subject, trained, trained, language, split)
                    cells.append((self._lineage(subject), evaluation))
        return Trial({"learning_rate": rate}, tuple(cells))

    def _train(
        self, role: str, tasks: tuple[str, ...], known_as: tuple[str, ...], start: Selection, seed: int,
        values: Values, decided: bool,
    ) -> Selection:  # fmt: skip
        recipe = self._study.recipe.of(role, known_as, self._model).model_copy(update=dict(values))
        self._check_length(recipe)
        sets = tuple(self._lock.data_set(task, "en", "train") for task in tasks)
        phase = Phase(sets, start, self._study.carry, recipe, seed, TRAINING)
        resources = self._study.resources.of(role, known_as, self._model)
        planned = self.phases.setdefault(phase.key, Planned(phase, self._model, resources, decided))
        planned.decided |= decided
        planned.roles.add("trial" if self._trying else role)
        rule = self._rule(self._study.select, tasks)
        planned.rules[rule.key] = rule
        return Selection(phase.key, rule)

    def _rule(self, select: Select, tasks: tuple[str, ...]) -> Rule:
        if select.rule == "last":
            return Rule()
        on = []
        for task in tasks:
            split, _, language = (select.on or registry.get(task).selects_on).partition("/")
            on.append(self._lock.data_set(task, language, split))
        return Rule("best", tuple(on), select.every, select.sample)

    def _evaluate(self, subject: Selection, target: str) -> Iterator[str]:
        for entry in self._study.evaluate:
            if entry.tasks == "all" or target in entry.tasks:
                for split in entry.splits:
                    for language in self._lock.languages(target, split):
                        if entry.languages == "all" or language in entry.languages:
                            head = registry.get(target).trains_on or ""
                            yield self._evaluation(subject, target, head, language, split)

    def _evaluation(self, subject: Selection, task: str, head: str, language: str, split: str) -> str:
        if head:
            recipe = self.phases[subject.phase].phase.recipe
        else:  # hidden states: the same length and precision whatever arm the checkpoint comes from
            recipe = self._study.recipe.of("target", known_as(task), self._model)
            self._check_length(recipe)
        versions = tuple(sorted(PREDICTION.items()))
        data = self._lock.data_set(task, language, split)
        evaluation = Evaluation(subject, data, head, recipe.precision, recipe.max_length, versions)
        self.evaluations[evaluation.key] = evaluation
        return evaluation.key

    def _base(self, model: str) -> Selection:
        return Selection(model=self._lock.model(model).fingerprint)

    def _lineage(self, subject: Selection) -> tuple[str, ...]:
        if not subject.phase:
            return ()
        return (*self._lineage(self.phases[subject.phase].phase.start), subject.phase)

    def _check_length(self, recipe: Recipe) -> None:
        limit = self._lock.model(self._model).max_length
        if recipe.max_length > limit:
            raise UserError(
                f"max_length {recipe.max_length} is more than model {self._model} takes",
                self._study.where("recipe"),
                f"set it to {limit} or less",
            )


def _groups(models: list[str], targets: list[str], per: tuple[str, ...]) -> Iterator[list[tuple[str, str]]]:
    """Pairs of model and target that share one choice."""
    groups: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for model in models:
        for target in targets:
            name = (model if "model" in per else "", target if "target" in per else "")
            groups.setdefault(name, []).append((model, target))
    yield from groups.values()
