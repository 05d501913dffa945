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
from xfer.phase.selection import Selection
from xfer.search import decisions
from xfer.search.trials import run_grid
from xfer.store.store import Store
from xfer.study import lock as locks
from xfer.study import reading, resolve, state
from xfer.study.lock import Lock
from xfer.study.opening import opened
from xfer.study.plan import Experiment, Plan, Trial
from xfer.study.schema import Study
from xfer.tasks import registry


def run(path: Path, roots: resolve.Roots, events: Events, stop: threading.Event) -> bool:
    """Run the study at ``path`` to its end; whether every cell is done.

    Everything that the user can get wrong is found before any worker starts. Raises ``UserError`` for that,
    and ``Stopped`` when ``stop`` is set on the way.
    """
    study = reading.read(path)
    store = Store(study.storage)
    store.require_writable()
    lock = _lock(study, roots, events)
    planned = opened(study, lock, store).plan
    complete = {key for key, phase in planned.phases.items() if state.of_phase(store, phase).complete}
    events.emit(
        "study", study=study.study, phases=len(planned.phases), cached=len(complete),
        cells=len(planned.cells), evaluations=len(planned.evaluations), experiments=len(planned.experiments),
        steps=sum(p.phase.steps for key, p in planned.phases.items() if key not in complete),
    )  # fmt: skip
    site = Site(store, roots, roots.data_roots(lock), study.path.parent.resolve())
    with closing(Lanes(site, planned.shapes(), events)) as lanes:
        walk = _Walk(Ensurer(site, lock.models, events, stop.wait, lanes), events, complete)
        for experiment in planned.open_experiments():
            lanes.start()
            _decide(experiment, planned, walk, store, events)
        unfinished = walk.grid(opened(study, lock, store).plan)
    events.emit("end", study=study.study, unfinished=unfinished)
    return unfinished == 0


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
        return self._ensurer.score(evaluation, registry.get(evaluation.data.task).metric)

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

    def try_out(trial: Trial) -> float | None:
        values = []
        for phases, evaluation in trial.cells:
            if not walk.phases(planned, phases):
                return None
            last = planned.phases[phases[-1]]
            if not walk.evaluate([planned.evaluations[evaluation]], last.model, last.resources):
                return None
            values.append(walk.score(planned.evaluations[evaluation]))
        score = sum(values) / len(values)
        events.emit("trial", experiment=experiment.key, values=dict(trial.values), score=round(score, 4))
        return score

    scores = run_grid(experiment, try_out)
    chosen = decisions.decide(store, experiment, scores)
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
    lock = locks.read(path)
    resolve.check_data(study, lock, roots, path)
    return lock
