"""Walks a plan: all that can be done at once is asked for at once, parents before children; lanes say when.

What is done and what failed is remembered; a failed phase fails what begins with it, and nothing else.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from xfer.errors import PhaseFailed
from xfer.events import Events
from xfer.execution.crew import Crew
from xfer.execution.ensure import Ensurer
from xfer.execution.evaluating import Evaluator
from xfer.execution.lane import Worker
from xfer.phase.evaluation import Evaluation
from xfer.phase.resources import Resources
from xfer.phase.selection import Rule, Selection
from xfer.store.studies import Needs
from xfer.study import state
from xfer.study.keeping import Keeper
from xfer.study.plan import Cell, Plan, TrialCell
from xfer.study.schema import Keep


@dataclass
class _Wanted:
    """Evaluations that are wanted of one checkpoint."""

    model: str
    resources: Resources
    evaluations: dict[str, Evaluation] = field(default_factory=dict)
    asked: dict[frozenset[str], asyncio.Task[bool]] = field(default_factory=dict)
    """By what was wanted then: whether all of it could be made."""
    in_lane: asyncio.Future[None] | None = None
    """Done when the lane that has trained the checkpoint has gone on to other things."""


class Found(NamedTuple):
    """What a walk begins with."""

    complete: set[str]
    """Keys of the phases that were found so with every checksum; that is not asked twice."""
    again: set[str]
    """Those of them that have to be trained again all the same, for their weights."""


class Walk:
    """Makes what a plan asks for."""

    _plan: Plan
    _keeper: Keeper

    def __init__(self, ensurer: Ensurer, crew: Crew, events: Events, found: Found, keep: Keep) -> None:
        self._ensurer, self._evaluator, self._crew, self._events = ensurer, Evaluator(ensurer), crew, events
        self._found, self._keep = found, keep
        self._finished = set[str]()
        """Keys of phases that are on record and of evaluations that are held."""
        self._trained: dict[str, asyncio.Future[bool]] = {}
        self._wanted: defaultdict[str, dict[Selection, _Wanted]] = defaultdict(dict)
        """By phase and checkpoint."""
        self._cells: dict[Cell, asyncio.Task[bool]] = {}
        self._keeping = asyncio.Lock()

    def follow(self, plan: Plan, needs: Needs) -> None:
        """Go by this plan from now on, which decides at least what the one before did, and begin with all its cells
        that are decided."""
        self._plan = plan
        self._keeper = Keeper(self._ensurer.site.store, plan, needs, self._keep, self._dropped)
        self._keeper.done(*self._finished)
        self._keeper.clear()
        decided = [cell for cell in plan.cells if cell.decided]
        for cell in decided:
            self._want(cell.subject, cell.evaluations, cell.model, cell.resources)
        for cell in decided:
            if cell not in self._cells:
                self._cells[cell] = self._crew.start(self._cell(cell))

    def also(self, plan: Plan, needs: Needs) -> None:
        """A trial has come to the plan."""
        self._plan = plan
        self._keeper.also(plan, needs)

    @property
    def plan(self) -> Plan:
        """What it goes by."""
        return self._plan

    async def end(self) -> int:
        """After the crew has finished: let go what the study has done with; the number of cells that are not done."""
        await asyncio.to_thread(self._keeper.end)
        return sum(cell not in self._cells or not self._cells[cell].result() for cell in self._plan.cells)

    async def measure(self, cell: TrialCell, units: int) -> float | None:
        """How good a trial is for one arm, target and seed: at a rung, or (``units`` 0) in the end."""
        *before, last = cell.phases
        if units and cell.looks is not None:
            step = cell.looks.every * units
            return await self._look(last, cell.looks, step) if await self._phases(before) else None
        evaluation, trained = self._plan.evaluations[cell.evaluation], self._plan.phases[last]
        self._want(evaluation.subject, (evaluation.key,), trained.model, trained.resources)
        ready = await self._phases(cell.phases) and await self._evaluations(evaluation.subject)
        return await asyncio.to_thread(self._evaluator.score, evaluation) if ready else None

    async def _cell(self, cell: Cell) -> bool:
        return await self._phases(cell.phases) and await self._evaluations(cell.subject)

    async def _phases(self, keys: Iterable[str]) -> bool:
        """Ensure phases in order; False when one of them fails, or has failed before.

        All that is asked for is records, which tables need of every phase. Who is to be trained, or to be evaluated,
        asks for the weights that it begins with, and so on back to the model.
        """
        for key in keys:
            if key not in self._trained:
                self._trained[key] = asyncio.get_running_loop().create_future()
                self._crew.start(self._train(key))
            if not await self._trained[key]:
                return False
        return True

    async def _train(self, key: str) -> None:
        trained = self._trained[key]
        try:
            if key not in self._found.complete:
                await self._ensurer.phase(self._plan.phases, key, follow=partial(self._go_on, key))
            self._has(key)
        except PhaseFailed as error:
            self._fail(key, error)
            trained.set_result(False)
            return
        except BaseException as error:
            if not trained.done():
                trained.set_exception(error)
                trained.exception()  # it is raised here, whoever else waits
            raise
        if key not in self._found.complete:
            await self._done_with(key, self._plan.phases[key].phase.start.phase)
        elif key not in self._found.again:  # or it has still to go on from its parent's weights
            await self._done_with(key)

    def _has(self, key: str) -> None:
        """A phase is on record: what begins with it may begin."""
        if not self._trained[key].done():
            self._trained[key].set_result(True)

    async def _go_on(self, key: str, lane: Worker) -> None:
        """A phase has come to its end in this lane: its evaluations are made right here, where they can be."""
        shape = self._plan.phases[key].resources.shape
        here = [wanted for wanted in self._wanted[key].values() if wanted.resources.shape == shape]
        gone_on = asyncio.get_running_loop().create_future()
        for wanted in here:
            wanted.in_lane = gone_on
        self._has(key)
        try:
            for wanted in here:
                await self._evaluator.follow(list(wanted.evaluations.values()), wanted.model, lane)
        finally:
            gone_on.set_result(None)

    async def _look(self, phase: str, rule: Rule, step: int) -> float | None:
        """Train a phase up to a step; what the look of ``rule`` there sees. None when it fails."""
        planned = self._plan.phases[phase]
        try:
            await self._ensurer.phase(self._plan.phases, phase, step)
        except PhaseFailed as error:
            self._fail(phase, error)
            return None
        return await asyncio.to_thread(self._ensurer.look, planned, rule, step)

    def _want(self, subject: Selection, keys: Iterable[str], model: str, resources: Resources) -> None:
        wanted = self._wanted[subject.phase].setdefault(subject, _Wanted(model, resources))
        wanted.evaluations.update((key, self._plan.evaluations[key]) for key in keys)

    async def _evaluations(self, subject: Selection) -> bool:
        """Ensure all evaluations that are wanted of one checkpoint by now; whether all could be made."""
        wanted = self._wanted[subject.phase][subject]
        keys = frozenset(wanted.evaluations)
        if keys not in wanted.asked:
            wanted.asked[keys] = self._crew.start(self._evaluate(wanted, list(wanted.evaluations.values())))
        return await wanted.asked[keys]

    async def _evaluate(self, wanted: _Wanted, evaluations: list[Evaluation]) -> bool:
        if wanted.in_lane is not None:
            await wanted.in_lane
        failures = await self._evaluator.evaluations(
            self._plan.phases, evaluations, wanted.model, wanted.resources
        )  # fmt: skip
        for reason in failures:
            self._events.emit("failed", phase=evaluations[0].subject.phase, why=reason)
        if not failures:
            await self._done_with(*(evaluation.key for evaluation in evaluations))
            await self._note_trained_again(evaluations[0].subject)
        return not failures

    async def _note_trained_again(self, subject: Selection) -> None:
        """Without weights a phase that lacks them has still to be trained again, if anybody asks: it waits for its
        parent's."""
        store = self._ensurer.site.store
        if subject.phase in self._found.again and await asyncio.to_thread(state.has_weights, store, subject):
            await self._done_with(subject.phase)

    async def _done_with(self, *keys: str) -> None:
        self._finished.update(keys)
        async with self._keeping:
            await asyncio.to_thread(self._keeper.done, *keys)

    def _dropped(self, phase: str, size: int) -> None:
        self._events.emit("dropped", phase=phase, bytes=size)

    def _fail(self, phase: str, error: PhaseFailed) -> None:
        before = f"{error.where}, which it starts from: " if error.where not in ("", phase) else ""
        self._events.emit("failed", phase=phase, why=before + error.what)
