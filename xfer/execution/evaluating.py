"""Make evaluations exist in the store: predictions by a lane, then scores from them; nothing for those that do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xfer.errors import PhaseFailed
from xfer.evaluation.score import score, scores, scores_key, stored
from xfer.execution.ensure import TRIES, Ensurer, Phases, as_error, checkpoint_path
from xfer.execution.jobs import Evaluate
from xfer.fingerprint import key
from xfer.phase.evaluation import Evaluation
from xfer.phase.resources import Resources
from xfer.results.parts import from_parquet, to_parquet
from xfer.store import parts
from xfer.store.store import Store
from xfer.study import state
from xfer.tasks.task import Task


@dataclass
class Evaluator:
    """Makes evaluations in the lanes of an ensurer, which it asks for the weights."""

    ensurer: Ensurer

    @property
    def _store(self) -> Store:
        return self.ensurer.site.store

    def evaluations(self, phases: Phases, wanted: Sequence[Evaluation], model: str, resources: Resources) -> list[str]:
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
                    self._predict(phases, group, missing, model, resources)
                except PhaseFailed as error:
                    parts.fail(self._store, group, error.what)
                    failures.append(error.what)
            for part, task in parts.names(self._store, group):
                self._score(group, part, self.ensurer.site.registry.get(task))
        return failures

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

    def _predict(self, phases: Phases, group: str, missing: list[Evaluation], model: str, resources: Resources) -> None:
        self.ensurer.stop_if_asked()
        subject, name = missing[0].subject, key([evaluation.key for evaluation in missing])
        for _ in range(1 + TRIES):
            self.ensurer.weights(phases, subject)
            path = checkpoint_path(self._store, subject)
            job = Evaluate(tuple(missing), self.ensurer.models[model], path, parts.part_path(group, name))
            result = self.ensurer.run(job, resources, lambda step, metrics: None)
            if result.state != "lost":
                break
        if result.state != "done":
            raise as_error(result, subject.phase)
        parts.commit(self._store, group, name, [e.key for e in missing], missing[0].data.task)

    def _score(self, group: str, part: str, task: Task) -> None:
        if scores(self._store, group, part, task) is not None:
            return
        scored = score(task, from_parquet(self._store.get(parts.part_path(group, part)) or b""))
        path = parts.scores_path(group, part, scores_key(part, task.format.metrics))
        self._store.put(path, to_parquet(scored))
        major = [row for row in scored.to_pylist() if row["metric"] == task.metric]
        values = {row["language"]: round(row["value"], 4) for row in major}
        self.ensurer.events.emit("scored", task=task.name, split=major[0]["split"], metric=task.metric, values=values)
