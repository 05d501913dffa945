"""The driver: runs a study to its end. Choices and the grid side by side; a failed cell is a row, not the end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from xfer.events import Events
from xfer.execution.crew import Crew
from xfer.execution.ensure import Ensurer, stopped
from xfer.execution.jobs import Site
from xfer.execution.lane import RayCluster
from xfer.execution.pool import Cluster, Pool
from xfer.execution.walk import Found, Walk
from xfer.search import decisions
from xfer.search.trials import Question
from xfer.store import studies
from xfer.store.store import Store
from xfer.store.studies import Needs
from xfer.study import lock as locks
from xfer.study import reading, resolve, state
from xfer.study.budget import Account, left
from xfer.study.lock import Lock
from xfer.study.opening import opened, store_of
from xfer.study.plan import Experiment, Plan, Trial, Values
from xfer.study.schema import Study
from xfer.study.urgency import urgencies


def run(
    path: Path, roots: resolve.Roots, events: Events, stop: threading.Event, place: Callable[..., Cluster] = RayCluster
) -> bool:
    """Run the study at ``path`` to its end, in lanes on ``place(site, plan)``; whether every cell is done.

    Everything that the user can get wrong is found before any worker starts. Raises ``UserError`` for that,
    and ``Stopped`` when ``stop`` is set on the way.
    """
    study = reading.read(path)
    store = store_of(study)
    store.require_writable()
    lock = _lock(study, roots, events)
    data = roots.data_roots(study, lock.revisions)
    site = Site(store, roots, data, study.registry, study.path.parent.resolve())
    unfinished = asyncio.run(_Run(study, lock, site, events, stop).to_end(place))
    events.emit("end", study=study.study, unfinished=unfinished)
    return unfinished == 0


@dataclass
class _Run:
    """One study on its way."""

    study: Study
    lock: Lock
    site: Site
    events: Events
    stop: threading.Event

    async def to_end(self, place: Callable[..., Cluster]) -> int:
        """Make everything that the study asks for; the number of cells that are not done."""
        plan, needs = self._planned()
        found = _announce(plan, needs, self.site.store, self.events)
        cluster = place(self.site, plan)
        pool = Pool(cluster, self.events)
        account = self._account(plan, found.complete, pool)
        crew = Crew(self.stop, account.look if account else lambda: None, lambda: pool.dismiss(stopped()))
        ensurer = Ensurer(self.site, self.lock.models, self.events, self.stop, pool, urgencies(plan, self.lock))
        walk = Walk(ensurer, crew, self.events, found, self.study.keep)
        try:
            walk.follow(plan, needs)
            if plan.open_experiments():
                cluster.start()
                crew.start(self._decide_all(plan.open_experiments(), walk, ensurer))
            await crew.finish()
        finally:
            await pool.close()
            if account is not None:
                account.note()
        return await walk.end()

    def _account(self, plan: Plan, complete: set[str], pool: Pool) -> Account | None:
        """What holds the study to its budget, once it has been found large enough for what is left."""
        if self.study.budget is None:
            return None
        account = Account(self.site.store, self.study.study, uuid4().hex, self.study.budget, pool.used)
        account.check(left(plan, self.lock, self.site.store, complete))
        return account

    async def _decide_all(self, experiments: Sequence[Experiment], walk: Walk, ensurer: Ensurer) -> None:
        """Run experiments one by one, and go on by what each of them chose."""
        for experiment in experiments:
            await self._decide(experiment, walk, ensurer)
            plan, needs = await asyncio.to_thread(self._planned)
            ensurer.urgency = urgencies(plan, self.lock)
            walk.follow(plan, needs)

    async def _decide(self, experiment: Experiment, walk: Walk, ensurer: Ensurer) -> None:
        """Run one experiment by Ray Tune, whose questions come from threads of its own."""
        loop = asyncio.get_running_loop()

        def answer(question: Question) -> float | None:
            measured = self._measure(walk, ensurer, experiment, question)
            return asyncio.run_coroutine_threadsafe(measured, loop).result()

        chosen = await asyncio.to_thread(decisions.decide, self.site.store, experiment, answer, experiment.at_once)
        self.events.emit(
            "decided", experiment=experiment.key, model=experiment.model, target=experiment.target,
            values=dict(chosen) if chosen else None,
        )  # fmt: skip

    async def _measure(self, walk: Walk, ensurer: Ensurer, experiment: Experiment, question: Question) -> float | None:
        """How good a trial is: the mean over its arms, targets and seeds."""
        trial = self._trial(walk, ensurer, experiment, question.values)
        values = await asyncio.gather(*(walk.measure(cell, question.units) for cell in trial.cells))
        found = [value for value in values if value is not None]
        score = sum(found) / len(values) if len(found) == len(values) else None
        self.events.emit(
            "trial", experiment=experiment.key, values=dict(trial.values), units=question.units,
            score=None if score is None else round(score, 4),
        )  # fmt: skip
        return score

    def _trial(self, walk: Walk, ensurer: Ensurer, experiment: Experiment, values: Values) -> Trial:
        """The trial of some values; one that was not known comes to the plan, and to what the study needs."""
        found = next(one for one in walk.plan.experiments if one.key == experiment.key).trial(values)
        if found.phases:
            plan = walk.plan.also(experiment.key, found)
            ensurer.urgency = urgencies(plan, self.lock)
            walk.also(plan, self._declared(plan))
        return found.trial

    def _planned(self) -> tuple[Plan, Needs]:
        """The plan by what has been decided so far, and what it needs."""
        plan = opened(self.study, self.lock, self.site.store).plan
        return plan, self._declared(plan)

    def _declared(self, plan: Plan) -> Needs:
        """What a plan needs, which is entered in the store's list."""
        needs = state.needs(plan, str(self.study.path))
        studies.declare(self.site.store, needs)
        return needs


def _announce(plan: Plan, needs: Needs, store: Store, events: Events) -> Found:
    """Tell what there is to do."""
    found = state.of_phases(store, {key: plan.phases[key] for key in needs.phases})
    complete = {key for key, held in found.items() if held.complete}
    again = state.again(store, plan, needs, found)
    cached = complete - again
    events.emit(
        "study", study=plan.study, phases=len(needs.phases), cached=len(cached),
        cells=len(plan.cells), evaluations=len(plan.evaluations), experiments=len(plan.experiments),
        steps=sum(plan.phases[key].phase.steps for key in needs.phases if key not in cached),
    )  # fmt: skip
    return Found(complete, again)


def _lock(study: Study, roots: resolve.Roots, events: Events) -> Lock:
    """The study's lock, made if there is none, and held against the data."""
    path = locks.path_of(study.path)
    if not path.exists():
        events.emit("locking", path=str(path))
        locks.write(path, resolve.resolve(study, roots))
    lock = locks.read(path, study.registry)
    resolve.check_data(study, lock, roots, path)
    return lock
