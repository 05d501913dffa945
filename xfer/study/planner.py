"""``plan(study, lock, decisions)``: pure, so that whoever has the two files and what was decided can plan."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from xfer.errors import LockError, UserError
from xfer.models import scratch
from xfer.phase.data_set import DataSet
from xfer.phase.evaluation import Evaluation
from xfer.phase.phase import Phase
from xfer.phase.recipe import Recipe
from xfer.phase.selection import Rule, Selection
from xfer.phase.versions import PREDICTION, TRAINING
from xfer.study.arms import AnyArm, Ingredient, Sample
from xfer.study.checks import known_as
from xfer.study.lock import RELOCK, Lock
from xfer.study.needs import check_asked, split_of
from xfer.study.plan import Cell, Decisions, Experiment, Plan, Planned, Trial, TrialCell, Tried, Values
from xfer.study.relation import relation
from xfer.study.schema import ModelRef, Study, Target
from xfer.study.trying import Setting, Trying
from xfer.tasks.task import Task

ALL = Sample()

VERSIONS = tuple(sorted(PREDICTION.items()))


def plan(study: Study, lock: Lock, decisions: Decisions, tried: Tried | None = None) -> Plan:
    """The plan of a study. Raises ``UserError`` for what cannot be planned."""
    for ref in study.models:
        _check_scratch(ref, lock)
    planner = _Planner(study, lock, decisions)
    trying = Trying(study, lock, tried or {}, planner, lambda: _Planner(study, lock, decisions))
    experiments = tuple(planner.experiments(trying))
    cells = tuple(planner.cells())
    check_asked(study, lock)
    for cell in cells:
        if not cell.evaluations:
            raise LockError(f"the lock holds nothing to evaluate target {cell.target} on", str(study.path), RELOCK)
    return Plan(
        study.study, planner.phases, planner.evaluations, cells, experiments,
        dict(lock.models), dict(decisions), study.registry,
    )  # fmt: skip


class _Planner:
    def __init__(self, study: Study, lock: Lock, decisions: Decisions) -> None:
        self._study, self._lock, self._decisions = study, lock, decisions
        self._registry = study.registry
        # Asked for by every phase or evaluation, with few different answers.
        self._data_set, self._training_data = cache(lock.data_set), cache(self._training_data_of)
        self._recipe, self._resources = cache(self._recipe_of), cache(study.resources.of)
        self._rule, self._asked = cache(self._rule_of), cache(self._asked_of)
        self.phases: dict[str, Planned] = {}
        self.evaluations: dict[str, Evaluation] = {}
        self._chosen: dict[tuple[str, str], Values | None] = {}
        self._arms: tuple[AnyArm, ...] = study.arms
        self._model = study.models[0]
        self._trying = ""

    def experiments(self, trying: Trying) -> Iterator[Experiment]:
        """Plan the trials of ``tune`` and ``explore``, and note what has been chosen."""
        for experiment, pairs in trying.tunings():
            for pair in pairs:
                self._chosen[pair] = self._decisions.get(experiment.key)
            yield experiment
        exploration = trying.exploration()
        if exploration is not None:
            self._arms += trying.found(self._decisions.get(exploration.key))
            yield exploration

    def cells(self) -> Iterator[Cell]:
        """The measured grid; what needs no training beyond the model's own stands there once."""
        self._trying = ""
        for model in self._study.models:
            self._model, base = model, self._base_of(model)
            for seed in self._study.seeds:
                for arm in self._arms:
                    start = arm.expand(self, base, seed)
                    for target in self._study.targets:
                        task, subject, decided = self._registry.get(target.task), start, arm.decided
                        if task.trains_on is None and start == base and seed != self._study.seeds[0]:
                            continue
                        if task.trains_on:
                            values = self._chosen.get((self._model.id, target.name), {})
                            decided &= values is not None
                            subject = self._target(target, start, seed, {**(values or {}), **arm.values}, decided)
                        lineage = self._lineage(subject)
                        for phase in lineage:
                            self.phases[phase].cells += 1
                        yield Cell(
                            self._model.id, arm.name, arm.group, target.name, None if subject == base else seed,
                            relation(arm.trains_on, task, self._registry), subject, lineage,
                            tuple(self._evaluate(subject, target)), decided,
                            self._resources("target", known_as(target, self._registry), self._model.id),
                        )  # fmt: skip

    def intermediate(
        self, ingredients: tuple[Ingredient, ...], sample: Sample, start: Selection, seed: int,
        values: Values | None = None, decided: bool = True,
    ) -> Selection:  # fmt: skip
        """Plan an intermediate phase; what an arm asks for."""
        tasks = tuple(ingredient.task for ingredient in ingredients)
        return self._train("intermediate", ingredients, tasks, sample, start, seed, values or {}, decided)

    def _base_of(self, model: ModelRef) -> Selection:
        """The model before any arm: as it came, or as its pretraining leaves it."""
        start = Selection(model=self._lock.model(model.id).fingerprint)
        made = model.scratch
        if made is None:
            return start
        return self._train("pretrain", (Ingredient(made.text),), (made.text,), ALL, start, made.seed, {}, True)

    def _target(self, target: Target, start: Selection, seed: int, values: Values, decided: bool) -> Selection:
        ingredients = (Ingredient(self._trains_on(target.name), target.examples),)
        names = known_as(target, self._registry)
        return self._train("target", ingredients, names, ALL, start, seed, values, decided)

    def trial(self, values: Values, setting: Setting) -> Trial:
        """Plan one trial's phases and what tells how good it is."""
        self._trying = setting.field
        cells = []
        for model, name in setting.pairs:
            self._model = next(ref for ref in self._study.models if ref.id == model)
            target, trained = self._study.target(name), self._trains_on(name)
            on = self._lock.data_set(trained, *split_of(setting.on))
            for arm in setting.arms:
                for seed in setting.seeds:
                    start = arm.expand(self, self._base_of(self._model), seed)
                    subject = self._target(target, start, seed, setting.values, True)
                    evaluation = self._evaluation(subject, on, trained, known_as(target, self._registry))
                    cells.append(TrialCell(self._lineage(subject), evaluation, self._looks(subject, on, setting)))
        return Trial(values, tuple(cells))

    def _looks(self, subject: Selection, on: DataSet, setting: Setting) -> Rule | None:
        """With a scheduler: look at the trial's validation data at every rung."""
        if setting.scheduler is None:
            return None
        planned = self.phases[subject.phase]
        if planned.phase.steps < setting.scheduler.units:
            raise UserError(
                f"a trial has {planned.phase.steps} steps, too few for {setting.scheduler.asha} rungs",
                self._study.where(setting.field, "scheduler"),
                f"give its phases {setting.scheduler.units} steps or more, or ask for fewer rungs",
            )
        rule = Rule("best", (on,), self._judges((on,)), max(1, planned.phase.steps // setting.scheduler.units))
        planned.rules[rule.key] = rule
        return rule

    def _train(
        self, role: str, ingredients: tuple[Ingredient, ...], known: tuple[str, ...], sample: Sample,
        start: Selection, seed: int, values: Values, decided: bool,
    ) -> Selection:  # fmt: skip
        masked = any(self._registry.get(i.task).format.output == "vocabulary" for i in ingredients)
        recipe = self._recipe(role, known, self._model.id, tuple(values.items()), masked)
        sets = tuple(self._training_data(ingredient) for ingredient in ingredients)
        tasks = tuple(data.task for data in sets)
        weights = sample.shares(tasks, tuple(data.rows for data in sets))
        until = self._rule(tasks, "best") if recipe.patience else None
        phase = Phase(sets, weights, start, self._study.carry, recipe, seed, until, TRAINING)
        resources = self._resources(role, known, self._model.id)
        planned = self.phases.setdefault(phase.key, Planned(phase, self._model.id, resources, decided))
        planned.decided |= decided
        tries = self._trying == "explore" or (self._trying and role == "target")
        planned.roles.add("trial" if tries and role != "pretrain" else role)
        rule = self._rule(tasks, self._study.select.rule)
        planned.rules[rule.key] = rule
        return Selection(phase.key, rule)

    def _recipe_of(
        self, role: str, known: tuple[str, ...], model: str, values: tuple[tuple[str, float], ...], masked: bool
    ) -> Recipe:
        """The recipe of a phase. Raises ``UserError`` for one with longer inputs than the model takes."""
        update = dict(values)
        if not masked:  # Nobody looks at it, so it must not tell phases apart.
            update["mlm_probability"] = Recipe.model_fields["mlm_probability"].default
        recipe = self._study.recipe.of(role, known, model).model_copy(update=update)
        limit = self._lock.model(model).max_length
        if recipe.max_length > limit:
            raise UserError(
                f"max_length {recipe.max_length} is more than model {model} takes",
                self._study.where("recipe"),
                f"set it to {limit} or less",
            )
        return recipe

    def _training_data_of(self, ingredient: Ingredient) -> DataSet:
        language = self._registry.get(ingredient.task).trains_in
        return self._data_set(ingredient.task, language, "train").part(ingredient.examples, ingredient.shuffled)

    def _rule_of(self, tasks: tuple[str, ...], kind: str) -> Rule:
        """How a checkpoint of a phase on these tasks is chosen; the last one where there is nothing to measure."""
        scored = [task for task in tasks if self._registry.get(task).metric]
        if kind == "last" or not scored:
            return Rule()
        select = self._study.select
        sets = (self._data_set(t, *split_of(select.on or self._registry.get(t).selects_on)) for t in scored)
        on = tuple(data.part(select.sample or None) for data in sets)
        return Rule("best", on, self._judges(on), select.every)

    def _judges(self, on: tuple[DataSet, ...]) -> tuple[tuple[str, int], ...]:
        """The metrics that decide on these data, with their versions."""
        metrics = (self._registry.get(data.task).major for data in on)
        return tuple((metric.name, metric.version) for metric in metrics)

    def _evaluate(self, subject: Selection, target: Target) -> Iterator[str]:
        trained, known = self._trains_on(target.name), known_as(target, self._registry)
        asked = self._asked(target.name, self._model.id)
        return (self._evaluation(subject, data, trained, known, layer) for data, layer in asked)

    def _asked_of(self, name: str, model: str) -> tuple[tuple[DataSet, int | None], ...]:
        """What a target is evaluated on, each data set once with a layer."""
        target = self._study.target(name)
        task = self._registry.get(target.task)
        found = (
            (self._data_set(task.name, language, split), layer)
            for i, entry in enumerate(self._study.evaluate)
            if target in self._study.targets_of(entry)
            for split in entry.splits
            for language in self._lock.languages(task, split)
            if entry.languages == "all" or language in entry.languages
            for layer in self._layers(i, task, model)
        )
        return tuple(dict.fromkeys(found))

    def _layers(self, entry: int, task: Task, model: str) -> tuple[int | None, ...]:
        """Layers that an entry of ``evaluate`` asks for; None is the one at the task's depth, or that of a head."""
        if task.depth is None:
            return (None,)
        asked, last = self._study.evaluate[entry].layers, self._lock.model(model).layers
        if asked != "all" and (beyond := [layer for layer in asked if layer > last]):
            where = self._study.where("evaluate", entry, "layers")
            raise UserError(f"model {model} has no layer {beyond[0]}", where, f"its layers are 0 to {last}")
        own = task.layer(last)
        return (None, *(layer for layer in (range(last + 1) if asked == "all" else asked) if layer != own))

    def _evaluation(
        self, subject: Selection, data: DataSet, head: str, known: tuple[str, ...], layer: int | None = None
    ) -> str:
        if head:
            recipe = self.phases[subject.phase].phase.recipe
        else:  # hidden states: the same length and precision whatever arm the checkpoint comes from
            recipe = self._recipe("target", known, self._model.id, (), False)
        evaluation = Evaluation(subject, data, head, recipe.precision, recipe.max_length, VERSIONS, layer)
        self.evaluations[evaluation.key] = evaluation
        return evaluation.key

    def _trains_on(self, target: str) -> str:
        return self._registry.get(self._study.target(target).task).trains_on or ""

    def _lineage(self, subject: Selection) -> tuple[str, ...]:
        if not subject.phase:
            return ()
        return (*self._lineage(self.phases[subject.phase].phase.start), subject.phase)


def _check_scratch(ref: ModelRef, lock: Lock) -> None:
    """Raise ``LockError`` when the lock holds another model by this name."""
    made, locked = ref.scratch, lock.model(ref.id)
    fits = locked.tokenizer is None if made is None else scratch.fits(locked, made.size, made.vocabulary)
    if not fits:
        raise LockError(f"the lock has another model '{ref.id}'", fix=RELOCK)
