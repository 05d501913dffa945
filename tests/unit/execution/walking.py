"""A driver's walk in no time: a lane that leaves files instead of training, so that who asks for what can be seen."""

from __future__ import annotations

import asyncio
import io
import json
import threading
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.sleepers import predicted, trained
from tests.unit.study.made import study, whole_lock
from xfer import driver
from xfer.events import Events
from xfer.execution.crew import Crew
from xfer.execution.ensure import Ensurer
from xfer.execution.jobs import Evaluate, Result, Site, Train
from xfer.execution.walk import Walk
from xfer.phase.resources import Resources
from xfer.store import studies
from xfer.store.store import Store
from xfer.study import state
from xfer.study.plan import Decisions, Plan
from xfer.study.planner import plan as planned
from xfer.study.resolve import Roots
from xfer.tasks.data import DataRoots
from xfer.tasks.registry import SHIPPED

FIELDS = {"seeds": "[11]", "arms": "[none, snli]", "targets": "[xnli, tatoeba]"}
"""Three phases: snli, mnli from the model, mnli from snli's checkpoint. XNLI's two cells and Tatoeba's two."""


MORE, NONE = "[xnli, tatoeba, pawsx]", "{weights: none}"
"""One target more; and what ``keep`` may be."""


class Lane:
    """Does jobs one at a time, at once; one whose checkpoint is not there breaks off, as a worker would."""

    turn: asyncio.Lock

    def __init__(self, store: Store) -> None:
        self.store, self.trained, self.evaluated = store, list[str](), list[str]()
        self.fails: Collection[str] = ()
        """Phases that fail."""
        self.before: Callable[[Train | Evaluate], object] = lambda job: None
        """Called when a job begins."""

    @asynccontextmanager
    async def lane(self, resources: Resources, urgency: float) -> AsyncIterator[Lane]:
        async with self.turn:
            yield self

    async def run(self, job: Train | Evaluate, on_step: object, should_stop: object) -> Result:
        self.before(job)
        start = job.start if isinstance(job, Train) else job.subject
        if start and not self.store.names(start):
            return Result("lost", f"there is no {start}")
        return self._train(job) if isinstance(job, Train) else self._evaluate(job)

    def _train(self, job: Train) -> Result:
        key = job.phase.key
        self.trained.append(key)
        if key in self.fails:
            return Result("failed", "out of memory")
        return trained(self.store, job)

    def _evaluate(self, job: Evaluate) -> Result:
        self.evaluated += [evaluation.key for evaluation in job.evaluations]
        return predicted(self.store, job)


def plan_of(folder: Path, decisions: Decisions | None = None, **fields: str | None) -> Plan:
    return planned(study(folder, **{**FIELDS, **fields}), whole_lock(), decisions or {})


def walk(folder: Path, store: Store, lane: Lane, **fields: str | None) -> tuple[int, list[dict[str, Any]]]:
    """Run a study without experiments; the cells that are not done, and what was told."""
    made = study(folder, **{**FIELDS, **fields})
    plan, said = planned(made, whole_lock(), {}), io.StringIO()
    needs = state.needs(plan, "study.yaml")
    studies.declare(store, needs)
    lane.trained.clear()
    lane.evaluated.clear()
    events, site = Events(said), Site(store, Roots(), DataRoots(), SHIPPED, folder)
    found = driver._announce(plan, needs, store, events)

    async def to_end() -> int:
        lane.turn = asyncio.Lock()
        stop = threading.Event()
        crew = Crew(stop, lambda: None, lambda: None)
        walked = Walk(Ensurer(site, plan.models, events, stop, lane), crew, events, found, made.keep)
        walked.follow(plan, needs)
        await crew.finish()
        return await walked.end()

    return asyncio.run(to_end()), [json.loads(line) for line in said.getvalue().splitlines()]


def weights(store: Store) -> set[str]:
    """Phases that have weights."""
    return {name.split("/")[1] for name in store.names("phases") if name.endswith("safetensors")}


def states(store: Store, plan: Plan) -> set[str]:
    """How its phases are: complete with weights or without, or not complete."""
    found = {key: state.of_phase(store, held) for key, held in plan.phases.items()}
    return {"absent" if not s.complete else "without weights" if s.weightless else "cached" for s in found.values()}
