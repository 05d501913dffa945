"""``ensure``: make a phase exist in the store, by whoever can; do nothing if it does.

A phase is there with its records: what is evaluated needs no weights. Who goes on from a checkpoint asks for its
weights, and has them made again where they were dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from xfer.errors import PhaseFailed, Stopped, StoreError, XferError
from xfer.events import Events
from xfer.execution.jobs import Evaluate, Result, Site, Train
from xfer.execution.lane import Lanes
from xfer.fingerprint import plain
from xfer.models.spec import ModelSpec
from xfer.phase.resources import Resources
from xfer.phase.selection import Rule, Selection
from xfer.results import schema
from xfer.results.parts import to_parquet
from xfer.store import marks, records, snapshots
from xfer.store.attempts import Attempt, open_attempt
from xfer.store.snapshots import Snapshot
from xfer.store.store import Store
from xfer.study import state
from xfer.study.plan import Planned

TRIES = 3
"""Times that lost work is taken up again when nothing was gained since the last time."""

Phases = Mapping[str, Planned]
"""A plan's, by key."""


@dataclass
class Ensurer:
    """Trains a plan's phases with one lane at a time, which it opens when the first work comes."""

    site: Site
    models: Mapping[str, ModelSpec]
    events: Events
    wait: Callable[[float], bool]
    """Sleeps so many seconds and says whether to stop."""
    lanes: Lanes
    _lost: dict[str, PhaseFailed] = field(default_factory=dict, init=False)
    """Phases whose weights could not be made again."""

    def phase(self, phases: Phases, key: str, pause: int | None = None, rule: str = "") -> None:
        """Train a phase, to the step ``pause`` or to its end, unless the store holds it, and the weights that ``rule``
        selects if one is given.

        Raises ``PhaseFailed``, ``StoreError`` or ``Stopped``.
        """
        store, planned = self.site.store, phases[key]
        reached, tries = -1, 0
        while not (self._is_there(planned, rule) or self._has_reached(planned, pause)):
            self.weights(phases, planned.phase.start)
            attempt = open_attempt(store, key, self.wait, lambda: state.on_record(store, planned, rule))
            if attempt is None:
                self.stop_if_asked()
                continue
            found = snapshots.newest(store, key, planned.rules)
            first = found.step if found else 0
            if pause is not None and first >= pause:  # somebody else has come so far while we waited
                attempt.start(first)
                attempt.end("paused")
                return
            tries, reached = (tries + 1 if first <= reached else 0), first
            result = self._train(planned, attempt, found, pause)
            if result.state == "lost" and tries >= TRIES:
                why = f"lost {tries + 1} times at step {first}; the last time: {result.reason}"
                result = Result("failed", why, result.detail)
            self._settle(planned, attempt, result)

    def weights(self, phases: Phases, checkpoint: Selection) -> None:
        """Have a checkpoint's files there, for who goes on from them. Raises as ``phase`` does."""
        store, key = self.site.store, checkpoint.phase
        if state.has_weights(store, checkpoint):
            return
        if key in self._lost:
            raise self._lost[key]
        record = store.get_json(records.selection_path(key, checkpoint.rule.key)) or {}
        if why := marks.why(store, record):
            self.events.emit("again", phase=key, why=why)
        try:
            self.phase(phases, key, rule=checkpoint.rule.key)
        except PhaseFailed as error:
            self._lost[key] = error
            raise

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

    def _has_reached(self, planned: Planned, pause: int | None) -> bool:
        found = snapshots.newest(self.site.store, planned.phase.key, planned.rules) if pause is not None else None
        return found is not None and found.step >= (pause or 0)

    def _is_there(self, planned: Planned, rule: str) -> bool:
        found = state.of_phase(self.site.store, planned)
        self.set_aside(found.damaged)
        return found.complete and rule not in found.weightless

    def set_aside(self, damaged: Sequence[tuple[str, str]]) -> None:
        """Move records that do not match out of the way, and tell of them."""
        for path, problem in damaged:
            self.events.emit("damaged", record=path, what=problem)
            records.set_aside(self.site.store, path)

    def _train(self, planned: Planned, attempt: Attempt, resume: Snapshot | None, pause: int | None) -> Result:
        phase, first = planned.phase, resume.step if resume else 0
        start = checkpoint_path(self.site.store, phase.start)
        job = Train(
            phase,
            tuple(planned.rules.values()),
            self.models[planned.model],
            start,
            planned.resources,
            attempt.number,
            resume,
            pause,
        )
        attempt.start(first)
        self.events.emit(
            "phase", phase=phase.key, trains_on=phase.name, roles=sorted(planned.roles), steps=phase.steps,
            first_step=first, attempt=attempt.number,
        )  # fmt: skip

        def on_step(step: int, metrics: Mapping[str, float]) -> None:
            attempt.reached(step)
            self.events.step(phase.key, step, phase.steps, loss=round(metrics["loss"], 4))

        try:
            return self.run(job, planned.resources, on_step)
        except BaseException:
            attempt.end("lost")
            raise

    def _settle(self, planned: Planned, attempt: Attempt, result: Result) -> None:
        """End an attempt as its result says."""
        phase = planned.phase.key
        attempt.reached(result.values.get("step", 0))
        if result.state == "done":
            self._commit(planned, attempt, result.values)
            return
        paused = result.state == "stopped" and not self.wait(0)
        attempt.end("paused" if paused else result.state, result.reason, result.detail)
        if paused:
            return
        self.events.emit("interrupted", phase=phase, attempt=attempt.number, state=result.state, why=result.reason)
        if result.state != "lost":
            raise as_error(result, phase)

    def _commit(self, planned: Planned, attempt: Attempt, values: Mapping[str, Any]) -> None:
        store, phase = self.site.store, planned.phase
        curves = f"{attempt.path}/curves.parquet"
        store.put(curves, to_parquet(pa.Table.from_pylist(values["curves"], schema=schema.CURVES)))
        body = {
            "key": phase.key,
            "payload": plain(phase),
            "model": planned.model,
            "tables": [curves],
            "steps": values["step"],
            "ranks": planned.resources.ranks,
            "zero_stage": planned.resources.zero_stage,
            **{name: values[name] for name in ("examples_of", "tokens", "seconds", "engine", "hardware", "versions")},
        }
        committed = records.commit(store, attempt, values["selections"], body)
        attempt.end("committed" if committed else "refused")
        if committed:
            snapshots.clean(store, phase.key)
        self.events.emit(
            "trained" if committed else "refused", phase=phase.key, attempt=attempt.number,
            seconds=round(values["seconds"], 2), steps=values["step"],
        )  # fmt: skip

    def run(
        self, job: Train | Evaluate, resources: Resources, on_step: Callable[[int, dict[str, float]], None]
    ) -> Result:
        """Do a job in a lane of this shape, and wait for its end."""
        return self.lanes.lane(resources).run(job, on_step, lambda: self.wait(0))

    def stop_if_asked(self) -> None:
        """Raise ``Stopped`` when that was asked for."""
        if self.wait(0):
            raise Stopped("stopped", fix="the same command goes on from here")


def checkpoint_path(store: Store, selection: Selection) -> str:
    """Where a selection's checkpoint is in the store; empty for a pretrained model."""
    if not selection.phase:
        return ""
    record = store.get_json(records.selection_path(selection.phase, selection.rule.key))
    assert record is not None, "a phase's parent is ensured before it"
    return str(record["path"])


def as_error(result: Result, phase: str) -> XferError:
    """What a result that is not done means for its phase."""
    if result.state == "stopped":
        return Stopped("stopped", fix="the same command goes on from here")
    if isinstance(result.error, StoreError):
        return result.error
    return PhaseFailed(result.reason, phase)
