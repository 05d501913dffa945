"""Make evaluations exist in the store: predictions by a lane, then scores from them; nothing for those that do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from xfer.errors import PhaseFailed
from xfer.evaluation.score import score, scores, scores_key, stored
from xfer.execution.ensure import TRIES, Ensurer, Phases, as_error, checkpoint_path
from xfer.execution.jobs import Evaluate, Result
from xfer.execution.lane import Worker
from xfer.fingerprint import key
from xfer.phase.evaluation import Evaluation
from xfer.phase.resources import Resources
from xfer.results.parts import from_parquet, to_parquet
from xfer.store import parts
from xfer.store.store import Store
from xfer.study import state
from xfer.tasks.task import Task

ROWS = 50_000
"""Rows of one part, about: what a long evaluation has to make again when it breaks off."""


@dataclass
class Evaluator:
    """Makes evaluations in the lanes of an ensurer, which it asks for the weights."""

    ensurer: Ensurer

    @property
    def _store(self) -> Store:
        return self.ensurer.site.store

    async def evaluations(
        self, phases: Phases, wanted: Sequence[Evaluation], model: str, resources: Resources
    ) -> list[str]:
        """Make the parts of one checkpoint's evaluations that the store lacks, and their scores.

        Gives the reasons of those that could not be made. Raises ``StoreError`` or ``Stopped``.
        """
        failures = []
        for group, evaluations in _groups(wanted).items():
            missing = await asyncio.to_thread(self._missing, group, evaluations)
            for piece in _pieces(missing):
                try:
                    await self._predict(phases, group, piece, model, resources)
                except PhaseFailed as error:
                    parts.fail(self._store, group, error.what)
                    failures.append(error.what)
                    break
            await asyncio.to_thread(self._score_all, group, evaluations[0].subject.phase)
        return failures

    async def follow(self, wanted: Sequence[Evaluation], model: str, lane: Worker) -> None:
        """Make what can be made of one checkpoint's evaluations in a lane that is held already, and their scores;
        what breaks off there is left for ``evaluations``."""
        if not await asyncio.to_thread(state.has_weights, self._store, wanted[0].subject):
            return
        for group, evaluations in _groups(wanted).items():
            missing = await asyncio.to_thread(self._missing, group, evaluations)
            for piece in _pieces(missing):
                result = await self._run(group, piece, model, lane)
                if result.state != "done":
                    return
            await asyncio.to_thread(self._score_all, group, evaluations[0].subject.phase)

    def score(self, evaluation: Evaluation) -> float:
        """The major metric of an evaluation that has been made."""
        registry = self.ensurer.site.registry
        metric = registry.get(evaluation.data.task).metric
        for row in stored(self._store, evaluation.group, registry).to_pylist():
            if row["evaluation"] == evaluation.key and row["metric"] == metric:
                return float(row["value"])
        raise KeyError(evaluation.key)

    def _missing(self, group: str, evaluations: list[Evaluation]) -> list[Evaluation]:
        held, damaged = state.evaluations_held(self._store, group)
        self.ensurer.set_aside(damaged)
        return [evaluation for evaluation in evaluations if evaluation.key not in held]

    async def _predict(
        self, phases: Phases, group: str, missing: list[Evaluation], model: str, resources: Resources
    ) -> None:
        subject, urgency = missing[0].subject, self.ensurer.urgency.get(missing[0].subject.phase, 0.0)
        for _ in range(1 + TRIES):
            self.ensurer.stop_if_asked()
            await self.ensurer.weights(phases, subject)
            async with self.ensurer.lanes.lane(resources, urgency) as lane:
                result = await self._run(group, missing, model, lane)
            if result.state != "lost":
                break
        if result.state != "done":
            raise as_error(result, subject.phase)

    async def _run(self, group: str, missing: list[Evaluation], model: str, lane: Worker) -> Result:
        """Let a lane predict, and put what it has made on record."""
        name, path = key([e.key for e in missing]), checkpoint_path(self._store, missing[0].subject)
        job = Evaluate(tuple(missing), self.ensurer.models[model], path, parts.part_path(group, name))
        result = await lane.run(job, lambda step, metrics: None, self.ensurer.stop.is_set)
        if result.state == "done":
            keys, task = [e.key for e in missing], missing[0].data.task
            await asyncio.to_thread(parts.commit, self._store, group, name, keys, task)
        return result

    def _score_all(self, group: str, phase: str) -> None:
        for part, task in parts.names(self._store, group):
            self._score(group, part, self.ensurer.site.registry.get(task), phase)

    def _score(self, group: str, part: str, task: Task, phase: str) -> None:
        if scores(self._store, group, part, task) is not None:
            return
        scored = score(task, from_parquet(self._store.get(parts.part_path(group, part)) or b""))
        path = parts.scores_path(group, part, scores_key(part, task.format.metrics))
        self._store.put(path, to_parquet(scored))
        major = [row for row in scored.to_pylist() if row["metric"] == task.metric]
        values = {row["language"]: round(row["value"], 4) for row in major}
        self.ensurer.events.emit(
            "scored", phase=phase, task=task.name, split=major[0]["split"], metric=task.metric, values=values
        )


def _groups(wanted: Sequence[Evaluation]) -> dict[str, list[Evaluation]]:
    groups: dict[str, list[Evaluation]] = {}
    for evaluation in wanted:
        groups.setdefault(evaluation.group, []).append(evaluation)
    return groups


def _pieces(evaluations: Sequence[Evaluation]) -> Iterator[list[Evaluation]]:
    """Evaluations of one group in their order, each piece with ``ROWS`` rows or, if it is a single one, more."""
    piece: list[Evaluation] = []
    for evaluation in evaluations:
        if piece and sum(e.data.rows for e in piece) + evaluation.data.rows > ROWS:
            yield piece
            piece = []
        piece.append(evaluation)
    if piece:
        yield piece
