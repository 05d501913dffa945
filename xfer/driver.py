"""The driver: walks a study's plan. Decisions first, then the grid; a failed cell is a row, not the end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xfer.errors import PhaseFailed
from xfer.events import Events
from xfer.execution.ensure import Ensurer
from xfer.execution.jobs import Site
from xfer.execution.lane import Lane, start_ray
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
    absent = [p for p in planned.phases.values() if not state.of_phase(store, p).complete]
    events.emit(
        "study", study=study.study, phases=len(planned.phases), cached=len(planned.phases) - len(absent),
        cells=len(planned.cells), evaluations=len(planned.evaluations), experiments=len(planned.experiments),
        steps=sum(p.phase.steps for p in absent),
    )  # fmt: skip
    site = Site(store, roots, roots.data_roots(lock), study.path.parent.resolve())
    with _lanes(site, events) as lane:
        ensurer = Ensurer(site, lock.models, events, stop.wait, lane)
        walk = _Walk(ensurer, events)
        for experiment in planned.open_experiments():
            _decide(experiment, planned, walk, store, events)
        planned = opened(study, lock, store).plan
        walk.grid(planned)
    done = not walk.failed and all(cell.decided for cell in planned.cells)
    events.emit("end", study=study.study, done=done, failed=walk.failed)
    return done


class _Walk:
    """Makes what a plan asks for, parents first; remembers what is done and what failed."""

    def __init__(self, ensurer: Ensurer, events: Events) -> None:
        self._ensurer, self._events = ensurer, events
        self.failed: dict[str, str] = {}
        self._done: set[str] = set()

    def grid(self, planned: Plan) -> None:
        """Every cell: its phases, then its evaluations while the lane is warm."""
        wanted: dict[Selection, dict[str, None]] = {}
        for cell in planned.cells:
            if cell.decided:
                wanted.setdefault(cell.subject, {}).update(dict.fromkeys(cell.evaluations))
        for cell in planned.cells:
            if cell.decided and self.phases(planned, cell.phases) and cell.subject in wanted:
                self.evaluate(planned, list(wanted.pop(cell.subject)), cell.model)

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

    def evaluate(self, planned: Plan, keys: list[str], model: str) -> None:
        """Ensure evaluations of one checkpoint."""
        evaluations = [planned.evaluations[key] for key in keys]
        resources = next(iter(planned.phases.values())).resources
        phase = evaluations[0].subject.phase if evaluations else ""
        if phase:
            resources = planned.phases[phase].resources
        try:
            self._ensurer.evaluations(evaluations, model, resources)
        except PhaseFailed as error:
            self._fail(phase, error)

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
            walk.evaluate(planned, [evaluation], planned.phases[phases[-1]].model)
            values.append(walk.score(planned.evaluations[evaluation]))
        score = sum(values) / len(values)
        events.emit("trial", experiment=experiment.key, values=dict(trial.values), score=round(score, 4))
        return score

    start_ray(next(iter(planned.phases.values())).resources)
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


@contextmanager
def _lanes(site: Site, events: Events) -> Iterator[_LaneOf]:
    lanes = _LaneOf(site, events)
    try:
        yield lanes
    finally:
        lanes.close()


class _LaneOf:
    """Opens a lane when the first work comes, and another when the shape changes."""

    def __init__(self, site: Site, events: Events) -> None:
        self._site, self._events = site, events
        self._lane: Lane | None = None

    def __call__(self, resources: Resources) -> Lane:
        if self._lane is not None and not self._lane.fits(resources):
            self.close()
        if self._lane is None:
            self._events.emit("lane", ranks=resources.ranks, zero_stage=resources.zero_stage)
            start_ray(resources)
            self._lane = Lane(self._site, resources)
        return self._lane

    def close(self) -> None:
        if self._lane is not None:
            self._lane.close()
            self._lane = None
