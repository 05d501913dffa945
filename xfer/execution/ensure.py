"""``ensure``: make a phase exist in the store, by whoever can; do nothing if it does.

A phase is there with its records: what is evaluated needs no weights. Who goes on from a checkpoint asks for its
weights, and has them made again where they were dropped. Who waits, for a parent, for somebody else's attempt, or for
a lane, holds nothing.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from xfer.errors import PhaseFailed, Stopped, StoreError, XferError
from xfer.events import Events
from xfer.execution.commit import commit
from xfer.execution.jobs import Result, Site, Train
from xfer.execution.lane import Worker
from xfer.execution.pool import Lender
from xfer.models.spec import ModelSpec
from xfer.phase.selection import Rule, Selection
from xfer.store import marks, records, snapshots
from xfer.store.attempts import Attempt, Claim, beat
from xfer.store.snapshots import Snapshot
from xfer.store.store import Store
from xfer.study import state
from xfer.study.plan import Planned

TRIES = 3
"""Times that lost work is taken up again when nothing was gained since the last time."""

Phases = Mapping[str, Planned]
"""A plan's, by key."""

Follow = Callable[[Worker], Awaitable[None]]
"""What is done in the lane that has just trained a phase."""


@dataclass
class Ensurer:
    """Trains a plan's phases in lanes that it borrows."""

    site: Site
    models: Mapping[str, ModelSpec]
    events: Events
    stop: threading.Event
    lanes: Lender
    urgency: dict[str, float] = field(default_factory=dict)
    """By phase: who comes first when lanes are few."""
    _lost: dict[str, PhaseFailed] = field(default_factory=dict, init=False)
    """Phases whose weights could not be made again."""
    _restoring: dict[Selection, asyncio.Task[None]] = field(default_factory=dict, init=False)

    async def phase(
        self, phases: Phases, key: str, pause: int | None = None, rule: str = "", follow: Follow | None = None
    ) -> None:
        """Train a phase, to the step ``pause`` or to its end, unless the store holds it, and the weights that ``rule``
        selects if one is given; then ``follow``, in the same lane, if this has come to its end there.

        Raises ``PhaseFailed``, ``StoreError`` or ``Stopped``.
        """
        planned, claim, losses = phases[key], Claim(self.site.store, key), _Losses()
        while not await asyncio.to_thread(self._is_made, planned, pause, rule):
            await self.weights(phases, planned.phase.start)
            self.stop_if_asked()
            if not await asyncio.to_thread(claim.is_free):
                await asyncio.sleep(beat(self.site.store) / 2)
                continue
            async with self.lanes.lane(planned.resources, self.urgency.get(key, 0.0)) as lane:
                if await self._attempt(planned, claim, losses, lane, pause, rule):
                    if follow is not None:
                        await follow(lane)
                    return

    async def weights(self, phases: Phases, checkpoint: Selection) -> None:
        """Have a checkpoint's files there, for who goes on from them. Raises as ``phase`` does."""
        if await asyncio.to_thread(state.has_weights, self.site.store, checkpoint):
            return
        if checkpoint.phase in self._lost:
            raise self._lost[checkpoint.phase]
        if checkpoint not in self._restoring:
            self._restoring[checkpoint] = asyncio.create_task(self._restore(phases, checkpoint))
        await self._restoring[checkpoint]

    async def _restore(self, phases: Phases, checkpoint: Selection) -> None:
        key, rule = checkpoint.phase, checkpoint.rule.key
        record = self.site.store.get_json(records.selection_path(key, rule)) or {}
        if why := marks.why(self.site.store, record):
            self.events.emit("again", phase=key, why=why)
        try:
            await self.phase(phases, key, rule=rule)
        except PhaseFailed as error:
            self._lost[key] = error
            raise
        finally:
            del self._restoring[checkpoint]

    def look(self, planned: Planned, rule: Rule, step: int) -> float:
        """What the look of ``rule`` at ``step``, or the last one before it, has seen of a phase trained so far."""
        store, phase = self.site.store, planned.phase.key
        chosen = store.get_json(records.selection_path(phase, rule.key))
        if chosen is not None:
            looks = chosen["looks"]
        else:
            found = snapshots.newest(store, phase, planned.rules)
            assert found is not None, "who looks has trained so far"
            looks = found.loop["looks"][rule.key]
        return float(max(look for look in looks if look[0] <= step)[1])

    def set_aside(self, damaged: Sequence[tuple[str, str]]) -> None:
        """Move records that do not match out of the way, and tell of them."""
        for path, problem in damaged:
            self.events.emit("damaged", record=path, what=problem)
            records.set_aside(self.site.store, path)

    def stop_if_asked(self) -> None:
        """Raise ``Stopped`` when that was asked for."""
        if self.stop.is_set():
            raise stopped()

    def _is_made(self, planned: Planned, pause: int | None, rule: str) -> bool:
        found = state.of_phase(self.site.store, planned)
        self.set_aside(found.damaged)
        return (found.complete and rule not in found.weightless) or self._has_reached(planned, pause)

    def _has_reached(self, planned: Planned, pause: int | None) -> bool:
        found = snapshots.newest(self.site.store, planned.phase.key, planned.rules) if pause is not None else None
        return found is not None and found.step >= (pause or 0)

    async def _attempt(
        self, planned: Planned, claim: Claim, losses: _Losses, lane: Worker, pause: int | None, rule: str
    ) -> bool:
        """Have one try at a phase, if nobody else has; whether it came to its end."""
        store = self.site.store
        attempt = await asyncio.to_thread(claim.open, lambda: state.on_record(store, planned, rule))
        if attempt is None:
            return False
        found = await asyncio.to_thread(snapshots.newest, store, planned.phase.key, planned.rules)
        first = found.step if found else 0
        attempt.start(first)
        if pause is not None and first >= pause:  # somebody else has come so far while we waited
            attempt.end("paused")
            return False
        result = losses.judged(await self._train(planned, attempt, found, pause, lane), first)
        return await self._settle(planned, attempt, result)

    async def _train(
        self, planned: Planned, attempt: Attempt, resume: Snapshot | None, pause: int | None, lane: Worker
    ) -> Result:
        phase = planned.phase
        start = checkpoint_path(self.site.store, phase.start)
        rules, model = tuple(planned.rules.values()), self.models[planned.model]
        job = Train(phase, rules, model, start, planned.resources, attempt.number, resume, pause)
        self.events.emit(
            "phase", phase=phase.key, trains_on=phase.name, roles=sorted(planned.roles), steps=phase.steps,
            first_step=resume.step if resume else 0, attempt=attempt.number,
        )  # fmt: skip

        def on_step(step: int, metrics: Mapping[str, float]) -> None:
            attempt.reached(step)
            self.events.step(phase.key, step, phase.steps, loss=round(metrics["loss"], 4))

        def should_stop() -> bool:
            return self.stop.is_set() or attempt.may_be_taken_over()

        try:
            return await lane.run(job, on_step, should_stop)
        except BaseException:
            attempt.end("lost")
            raise

    async def _settle(self, planned: Planned, attempt: Attempt, result: Result) -> bool:
        """End an attempt as its result says; whether the phase has come to its end by it."""
        phase = planned.phase.key
        attempt.reached(result.values.get("step", 0))
        if result.state == "done":
            committed = await asyncio.to_thread(commit, self.site.store, attempt, planned, result.values)
            self.events.emit(
                "trained" if committed else "refused", phase=phase, attempt=attempt.number,
                seconds=round(result.values["seconds"], 2), steps=result.values["step"],
            )  # fmt: skip
            return committed
        paused = result.state == "stopped" and not self.stop.is_set()
        attempt.end("paused" if paused else result.state, result.reason, result.detail)
        if not paused:
            self.events.emit(
                "interrupted", phase=phase, attempt=attempt.number, state=result.state, why=result.reason
            )  # fmt: skip
            if result.state != "lost":
                raise as_error(result, phase)
        return False


class _Losses:
    """Counts how often a phase's work was lost without a gain."""

    def __init__(self) -> None:
        self._reached, self._tries = -1, 0

    def judged(self, result: Result, first: int) -> Result:
        """A try that began at step ``first``: lost once too often, it has failed."""
        self._tries = self._tries + 1 if first <= self._reached else 0
        self._reached = first
        if result.state != "lost" or self._tries < TRIES:
            return result
        why = f"lost {self._tries + 1} times at step {first}; the last time: {result.reason}"
        return Result("failed", why, result.detail)


def checkpoint_path(store: Store, selection: Selection) -> str:
    """Where a selection's checkpoint is in the store; empty for a pretrained model."""
    if not selection.phase:
        return ""
    record = store.get_json(records.selection_path(selection.phase, selection.rule.key))
    assert record is not None, "a phase's parent is ensured before it"
    return str(record["path"])


def stopped() -> Stopped:
    return Stopped("stopped", fix="the same command goes on from here")


def as_error(result: Result, phase: str) -> XferError:
    """What a result that is not done means for its phase."""
    if result.state == "stopped":
        return stopped()
    if isinstance(result.error, StoreError):
        return result.error
    return PhaseFailed(result.reason, phase)
