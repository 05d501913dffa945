"""The driver: walks a study's plan. Decisions first, then the grid; a failed cell is a row, not the end."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from xfer.errors import PhaseFailed
from xfer.events import Events
from xfer.execution.ensure import Ensurer
from xfer.execution.evaluating import Evaluator
from xfer.execution.jobs import Site
from xfer.execution.lane import Lanes
from xfer.phase.evaluation import Evaluation
from xfer.phase.resources import Resources
from xfer.phase.selection import Rule, Selection
from xfer.search import decisions
from xfer.search.trials import Question
from xfer.store import studies
from xfer.store.store import Store
from xfer.store.studies import Needs
from xfer.study import lock as locks
from xfer.study import reading, resolve, state
from xfer.study.keeping import Keeper
from xfer.study.lock import Lock
from xfer.study.opening import opened, store_of
from xfer.study.plan import Experiment, Plan, Trial, TrialCell, Values
from xfer.study.schema import Keep, Study


def run(path: Path, roots: resolve.Roots, events: Events, stop: threading.Event) -> bool:
    """Run the study at ``path`` to its end; whether every cell is done.

    Everything that the user can get wrong is found before any worker starts. Raises ``UserError`` for that,
    and ``Stopped`` when ``stop`` is set on the way.
    """
    study = reading.read(path)
    store = store_of(study)
    store.require_writable()
    lock = _lock(study, roots, events)
    plan, needs = _planned(study, lock, store)
    complete = _announce(plan, needs, store, events)
    data = roots.data_roots(study, lock.revisions)
    site = Site(store, roots, data, study.registry, study.path.parent.resolve())
    with closing(Lanes(site, plan.shapes(), events)) as lanes:
        walk = _Walk(Ensurer(site, lock.models, events, stop.wait, lanes), events, complete, study.keep)
        walk.follow(plan, needs)
        for experiment in plan.open_experiments():
            lanes.start()
            _decide(experiment, walk, store, events)
        walk.follow(*_planned(study, lock, store))
        unfinished = walk.grid()
    events.emit("end", study=study.study, unfinished=unfinished)
    return unfinished == 0


def _planned(study: Study, lock: Lock, store: Store) -> tuple[Plan, Needs]:
    """The plan by what has been decided so far, and what it needs, which is entered in the store's list."""
    plan = opened(study, lock, store).plan
    needs = state.needs(plan, str(study.path))
    studies.declare(store, needs)
    return plan, needs


def _announce(plan: Plan, needs: Needs, store: Store, events: Events) -> set[str]:
    """Tell what there is to do; keys of the phases that are complete."""
    found = {key: state.of_phase(store, plan.phases[key]) for key in needs.phases}
    complete = {key for key, held in found.items() if held.complete}
    cached = complete - state.again(store, plan, needs, found)
    events.emit(
        "study", study=plan.study, phases=len(needs.phases), cached=len(cached),
        cells=len(plan.cells), evaluations=len(plan.evaluations), experiments=len(plan.experiments),
        steps=sum(plan.phases[key].phase.steps for key in needs.phases if key not in cached),
    )  # fmt: skip
    return complete


class _Walk:
    """Makes what a plan asks for, parents first; remembers what is done and what failed."""

    _plan: Plan
    _keeper: Keeper

    def __init__(self, ensurer: Ensurer, events: Events, complete: set[str], keep: Keep) -> None:
        self._ensurer, self._evaluator, self._events, self._keep = ensurer, Evaluator(ensurer), events, keep
        self.failed: dict[str, str] = {}
        self._done = complete  # found so with every checksum: that is not asked twice

    def follow(self, plan: Plan, needs: Needs) -> None:
        """Go by this plan from now on."""
        self._file = needs.file
        self._plan, self._keeper = plan, Keeper(self._ensurer.site.store, plan, needs, self._keep, self._dropped)
        self._keeper.clear()

    def grid(self) -> int:
        """Every cell: its phases, then its evaluations while the lane is warm; the number that is not done."""
        plan = self._plan
        wanted: dict[Selection, dict[str, None]] = {}
        for cell in plan.cells:
            if cell.decided:
                wanted.setdefault(cell.subject, {}).update(dict.fromkeys(cell.evaluations))
        done: dict[Selection, bool] = {}
        unfinished = 0
        for cell in plan.cells:
            ready = cell.decided and self.phases(cell.phases)
            if ready and cell.subject not in done:
                evaluations = [plan.evaluations[key] for key in wanted[cell.subject]]
                done[cell.subject] = self.evaluate(evaluations, cell.model, cell.resources)
            unfinished += not (ready and done[cell.subject])
        self._keeper.end()
        return unfinished

    def phases(self, keys: tuple[str, ...]) -> bool:
        """Ensure phases in order; False when one of them fails, or has failed before.

        All that is asked for is records, which tables need of every phase. Who is to be trained, or to be evaluated,
        asks for the weights that it begins with, and so on back to the model.
        """
        for phase in keys:
            if phase not in self._done and phase not in self.failed:
                try:
                    self._ensurer.phase(self._plan.phases, phase)
                    self._done.add(phase)
                except PhaseFailed as error:
                    self._fail(phase, error)
            if phase in self.failed:
                return False
        self._keeper.done(*keys)
        return True

    def trial(self, experiment: str, values: Values) -> Trial:
        """The trial of some values; one that was not known comes to the plan, and to what the study needs."""
        found = next(one for one in self._plan.experiments if one.key == experiment).trial(values)
        if found.phases:
            plan = self._plan.also(experiment, found)
            needs = state.needs(plan, self._file)
            studies.declare(self._ensurer.site.store, needs)
            self._plan = plan
            self._keeper.also(plan, needs)
        return found.trial

    def measure(self, cell: TrialCell, units: int) -> float | None:
        """How good a trial is for one arm, target and seed: at a rung, or (``units`` 0) in the end."""
        *before, last = cell.phases
        if units and cell.looks is not None:
            return self.look(last, cell.looks, cell.looks.every * units) if self.phases(tuple(before)) else None
        evaluation, trained = self._plan.evaluations[cell.evaluation], self._plan.phases[last]
        ready = self.phases(cell.phases) and self.evaluate([evaluation], trained.model, trained.resources)
        return self._evaluator.score(evaluation) if ready else None

    def look(self, phase: str, rule: Rule, step: int) -> float | None:
        """Train a phase up to a step; what the look of ``rule`` there sees. None when it fails."""
        if phase in self.failed:
            return None
        try:
            self._ensurer.phase(self._plan.phases, phase, step)
        except PhaseFailed as error:
            self._fail(phase, error)
            return None
        return self._ensurer.look(self._plan.phases[phase], rule, step)

    def evaluate(self, evaluations: Sequence[Evaluation], model: str, resources: Resources) -> bool:
        """Ensure evaluations of one checkpoint; whether all could be made."""
        failures = self._evaluator.evaluations(self._plan.phases, evaluations, model, resources)
        for reason in failures:
            self._events.emit("failed", phase=evaluations[0].subject.phase, why=reason)
        if not failures:
            self._keeper.done(*(evaluation.key for evaluation in evaluations))
        return not failures

    def _dropped(self, phase: str, size: int) -> None:
        self._events.emit("dropped", phase=phase, bytes=size)

    def _fail(self, phase: str, error: PhaseFailed) -> None:
        self.failed[phase] = error.what
        before = f"{error.where}, which it starts from: " if error.where not in ("", phase) else ""
        self._events.emit("failed", phase=phase, why=before + error.what)


def _decide(experiment: Experiment, walk: _Walk, store: Store, events: Events) -> None:
    """Run one experiment by Ray Tune and store what it chose."""

    def answer(question: Question) -> float | None:
        trial = walk.trial(experiment.key, question.values)
        values = [walk.measure(cell, question.units) for cell in trial.cells]
        found = [value for value in values if value is not None]
        score = sum(found) / len(values) if len(found) == len(values) else None
        events.emit(
            "trial", experiment=experiment.key, values=dict(trial.values), units=question.units,
            score=None if score is None else round(score, 4),
        )  # fmt: skip
        return score

    chosen = decisions.decide(store, experiment, answer)
    events.emit(
        "decided", experiment=experiment.key, model=experiment.model, target=experiment.target,
        values=dict(chosen) if chosen else None,
    )  # fmt: skip


def _lock(study: Study, roots: resolve.Roots, events: Events) -> Lock:
    """The study's lock, made if there is none, and held against the data."""
    path = locks.path_of(study.path)
    if not path.exists():
        events.emit("locking", path=str(path))
        locks.write(path, resolve.resolve(study, roots))
    lock = locks.read(path, study.registry)
    resolve.check_data(study, lock, roots, path)
    return lock
