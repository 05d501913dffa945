"""``ensure``: make a phase or an evaluation exist in the store, by whoever can; do nothing if it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from xfer.errors import PhaseFailed, Stopped, StoreError, XferError
from xfer.evaluation.score import score, scores, scores_key, stored
from xfer.events import Events
from xfer.execution.jobs import Evaluate, Result, Site, Train
from xfer.execution.lane import Lanes
from xfer.fingerprint import key, plain
from xfer.models.spec import ModelSpec
from xfer.phase.evaluation import Evaluation
from xfer.phase.resources import Resources
from xfer.phase.selection import Rule, Selection
from xfer.results import schema
from xfer.results.parts import from_parquet, to_parquet
from xfer.store import parts, records, snapshots
from xfer.store.attempts import Attempt, open_attempt
from xfer.store.snapshots import Snapshot
from xfer.store.store import Store
from xfer.study import state
from xfer.study.plan import Planned
from xfer.tasks.task import Task

TRIES = 3
"""Times that lost work is taken up again when nothing was gained since the last time."""


@dataclass
class Ensurer:
    """Does a plan's work with one lane at a time, which it opens when the first work comes."""

    site: Site
    models: Mapping[str, ModelSpec]
    events: Events
    wait: Callable[[float], bool]
    """Sleeps so many seconds and says whether to stop."""
    lanes: Lanes

    def phase(self, planned: Planned, pause: int | None = None) -> None:
        """Train a phase, to the step ``pause`` or to its end, unless the store holds it.

        Raises ``PhaseFailed``, ``StoreError`` or ``Stopped``.
        """
        store = self.site.store
        reached, tries = -1, 0
        while not (self._is_complete(planned) or self._has_reached(planned, pause)):
            attempt = open_attempt(store, planned.phase.key, self.wait, lambda: state.on_record(store, planned))
            if attempt is None:
                self._stop_if_asked()
                continue
            found = snapshots.newest(store, planned.phase.key, planned.rules)
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

    def evaluations(self, wanted: Sequence[Evaluation], model: str, resources: Resources) -> list[str]:
        """Make the parts of one checkpoint's evaluations that the store lacks, and their scores.

        Gives the reasons of those that could not be made. Raises ``StoreError`` or ``Stopped``.
        """
        groups: dict[str, list[Evaluation]] = {}
        for evaluation in wanted:
            groups.setdefault(evaluation.group, []).append(evaluation)
        failures = []
        for group, evaluations in groups.items():
            missing = self._missing(group, evaluations)
            if missing:
                try:
                    self._predict(group, missing, model, resources)
                except PhaseFailed as error:
                    parts.fail(self.site.store, group, error.what)
                    failures.append(error.what)
            for part, task in parts.names(self.site.store, group):
                self._score(group, part, self.site.registry.get(task))
        return failures

    def score(self, evaluation: Evaluation) -> float:
        """The major metric of an evaluation that has been made."""
        metric = self.site.registry.get(evaluation.data.task).metric
        for row in stored(self.site.store, evaluation.group, self.site.registry).to_pylist():
            if row["evaluation"] == evaluation.key and row["metric"] == metric:
                return float(row["value"])
        raise KeyError(evaluation.key)

    def _is_complete(self, planned: Planned) -> bool:
        found = state.of_phase(self.site.store, planned)
        self._set_aside(found.damaged)
        return found.complete

    def _set_aside(self, damaged: Sequence[tuple[str, str]]) -> None:
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
            return self._run(job, planned.resources, on_step)
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
            raise _as_error(result, phase)

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

    def _missing(self, group: str, evaluations: list[Evaluation]) -> list[Evaluation]:
        held, damaged = state.evaluations_held(self.site.store, group)
        self._set_aside(damaged)
        return [evaluation for evaluation in evaluations if evaluation.key not in held]

    def _predict(self, group: str, missing: list[Evaluation], model: str, resources: Resources) -> None:
        self._stop_if_asked()
        name = key([evaluation.key for evaluation in missing])
        subject = checkpoint_path(self.site.store, missing[0].subject)
        job = Evaluate(tuple(missing), self.models[model], subject, parts.part_path(group, name))
        for _ in range(1 + TRIES):
            result = self._run(job, resources, lambda step, metrics: None)
            if result.state != "lost":
                break
        if result.state != "done":
            raise _as_error(result, missing[0].subject.phase)
        parts.commit(self.site.store, group, name, [e.key for e in missing], missing[0].data.task)

    def _score(self, group: str, part: str, task: Task) -> None:
        store = self.site.store
        if scores(store, group, part, task) is not None:
            return
        scored = score(task, from_parquet(store.get(parts.part_path(group, part)) or b""))
        store.put(parts.scores_path(group, part, scores_key(part, task.format.metrics)), to_parquet(scored))
        major = [row for row in scored.to_pylist() if row["metric"] == task.metric]
        values = {row["language"]: round(row["value"], 4) for row in major}
        self.events.emit("scored", task=task.name, split=major[0]["split"], metric=task.metric, values=values)

    def _run(
        self, job: Train | Evaluate, resources: Resources, on_step: Callable[[int, dict[str, float]], None]
    ) -> Result:
        return self.lanes.lane(resources).run(job, on_step, lambda: self.wait(0))

    def _stop_if_asked(self) -> None:
        if self.wait(0):
            raise Stopped("stopped", fix="the same command goes on from here")


def checkpoint_path(store: Store, selection: Selection) -> str:
    """Where a selection's checkpoint is in the store; empty for a pretrained model."""
    if not selection.phase:
        return ""
    record = store.get_json(records.selection_path(selection.phase, selection.rule.key))
    assert record is not None, "a phase's parent is ensured before it"
    return str(record["path"])


def _as_error(result: Result, phase: str) -> XferError:
    if result.state == "stopped":
        return Stopped("stopped", fix="the same command goes on from here")
    if isinstance(result.error, StoreError):
        return result.error
    return PhaseFailed(result.reason, phase)
