"""The driver: walks a study's plan. Decisions first, then the grid; a failed cell is a row, not the end."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from xfer.errors import PhaseFailed
from xfer.events import Events
from xfer.execution.ensure import Ensurer
from xfer.execution.jobs import Site
from xfer.execution.lane import Lanes
from xfer.phase.evaluation import Evaluation
from xfer.phase.resources import Resources
from xfer.phase.selection import Rule, Selection
from xfer.search import decisions
from xfer.search.trials import Question
from xfer.store import studies
from xfer.store.store import Store
from xfer.study import lock as locks
from xfer.study import reading, resolve, state
from xfer.study.lock import Lock
from xfer.study.opening import opened, store_of
from xfer.study.plan import Experiment, Plan, Planned, TrialCell
from xfer.study.schema import Study


def run(path: Path, roots: resolve.Roots, events: Events, stop: threading.Event) -> bool:
    """Run the study at ``path`` to its end; whether every cell is done.

    Everything that the user can get wrong is found before any worker starts. Raises ``UserError`` for that,
    and ``Stopped`` when ``stop`` is set on the way.
    """
    study = reading.read(path)
    store = store_of(study)
    store.require_writable()
    lock = _lock(study, roots, events)
    planned = opened(study, lock, store).plan
    complete = _announce(planned, path, store, events)
    data = roots.data_roots(study, lock.revisions)
    site = Site(store, roots, data, study.registry, study.path.parent.resolve())
    with closing(Lanes(site, planned.shapes(), events)) as lanes:
        walk = _Walk(Ensurer(site, lock.models, events, stop.wait, lanes), events, complete)
        for experiment in planned.open_experiments():
            lanes.start()
            _decide(experiment, planned, walk, store, events)
        planned = opened(study, lock, store).plan
        studies.declare(store, state.needs(planned, str(path)))
        unfinished = walk.grid(planned)
    events.emit("end", study=study.study, unfinished=unfinished)
    return unfinished == 0


def _announce(planned: Plan, path: Path, store: Store, events: Events) -> set[str]:
    """Enter the study in the store's list and tell what there is to do; keys of the phases that are complete."""
    needs = state.needs(planned, str(path))
    studies.declare(store, needs)
    complete = {key for key in needs.phases if state.of_phase(store, planned.phases[key]).complete}
    events.emit(
        "study", study=planned.study, phases=len(needs.phases), cached=len(complete),
        cells=len(planned.cells), evaluations=len(planned.evaluations), experiments=len(planned.experiments),
        steps=sum(planned.phases[key].phase.steps for key in needs.phases if key not in complete),
    )  # fmt: skip
    return complete


class _Walk:
    """Makes what a plan asks for, parents first; remembers what is done and what failed."""

    def __init__(self, ensurer: Ensurer, events: Events, complete: set[str]) -> None:
        self._ensurer, self._events = ensurer, events
        self.failed: dict[str, str] = {}
        self._done = complete  # found so with every checksum: that is not asked twice

    def grid(self, planned: Plan) -> int:
        """Every cell: its phases, then its evaluations while the lane is warm; the number that is not done."""
        wanted: dict[Selection, dict[str, None]] = {}
        for cell in planned.cells:
            if cell.decided:
                wanted.setdefault(cell.subject, {}).update(dict.fromkeys(cell.evaluations))
        done: dict[Selection, bool] = {}
        unfinished = 0
        for cell in planned.cells:
            ready = cell.decided and self.phases(planned, cell.phases)
            if ready and cell.subject not in done:
                evaluations = [planned.evaluations[key] for key in wanted[cell.subject]]
                done[cell.subject] = self.evaluate(evaluations, cell.model, cell.resources)
            unfinished += not (ready and done[cell.subject])
        return unfinished

    def phases(self, planned: Plan, keys: tuple[str, ...]) -> bool:
        """Ensure phases in order; False when one of them fails, or has failed before."""
        for phase in keys:
            if phase not in self._done and phase not in self.failed:
                try:
                    self._ensurer.phase(planned.phases[phase])
                    self._done.add(phase)
                except PhaseFailed as error:
                    self._fail(phase, error)
            if phase in self.failed:
                return False
        return True

    def score(self, evaluation: Evaluation) -> float:
        """The major metric of an evaluation that has been made."""
        return self._ensurer.score(evaluation)

    def look(self, planned: Planned, rule: Rule, step: int) -> float | None:
        """Train a phase up to a step; what the look of ``rule`` there sees. None when it fails."""
        phase = planned.phase.key
        if phase in self.failed:
            return None
        try:
            self._ensurer.phase(planned, step)
        except PhaseFailed as error:
            self._fail(phase, error)
            return None
        return self._ensurer.look(planned, rule, step)

    def evaluate(self, evaluations: Sequence[Evaluation], model: str, resources: Resources) -> bool:
        """Ensure evaluations of one checkpoint; whether all could be made."""
        failures = self._ensurer.evaluations(evaluations, model, resources)
        for reason in failures:
            self._events.emit("failed", phase=evaluations[0].subject.phase, why=reason)
        return not failures

    def _fail(self, phase: str, error: PhaseFailed) -> None:
        self.failed[phase] = error.what
        self._events.emit("failed", phase=phase, why=error.what)


def _decide(experiment: Experiment, planned: Plan, walk: _Walk, store: Store, events: Events) -> None:
    """Run one experiment by Ray Tune and store what it chose."""

    def answer(question: Question) -> float | None:
        trial = experiment.trials[question.trial]
        values = [_measure(cell, question.units, planned, walk) for cell in trial.cells]
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


def _measure(cell: TrialCell, units: int, planned: Plan, walk: _Walk) -> float | None:
    """How good a trial is for one arm, target and seed: at a rung, or (``units`` 0) in the end."""
    last = planned.phases[cell.phases[-1]]
    if units and cell.looks is not None:
        ready = walk.phases(planned, cell.phases[:-1])
        return walk.look(last, cell.looks, cell.looks.every * units) if ready else None
    evaluation = planned.evaluations[cell.evaluation]
    ready = walk.phases(planned, cell.phases) and walk.evaluate([evaluation], last.model, last.resources)
    return walk.score(evaluation) if ready else None


def _lock(study: Study, roots: resolve.Roots, events: Events) -> Lock:
    """The study's lock, made if there is none, and held against the data."""
    path = locks.path_of(study.path)
    if not path.exists():
        events.emit("locking", path=str(path))
        locks.write(path, resolve.resolve(study, roots))
    lock = locks.read(path, study.registry)
    resolve.check_data(study, lock, roots, path)
    return lock
