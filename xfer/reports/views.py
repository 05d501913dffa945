"""Views: what a user reads. The union of a plan's parts and records, never stored, never merged.

Parts know only keys; the plan adds study, model, arm, target, relation and seed.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from xfer.evaluation.score import stored
from xfer.results import schema
from xfer.results.parts import from_parquet
from xfer.store import experiments, parts, records
from xfer.store.attempts import Holder, attempt_path, latest
from xfer.store.store import Store
from xfer.study.plan import Cell, Plan, Planned

ABOUT = pa.schema([f for f in schema.SCORES if f.name not in {*schema.SCORED.names, "major"}])
"""What of the view ``scores`` the plan knows."""


READERS = 8
"""Groups whose scores are read at the same time: a bucket takes its time to answer."""


@dataclass(frozen=True)
class Views:
    """The tables of one study, read from its store when asked for."""

    plan: Plan
    store: Store

    def table(self, name: str) -> pa.Table:
        """A view by its name in ``schema.VIEWS``."""
        table: pa.Table = getattr(self, name)()
        return table

    def scores(self) -> pa.Table:
        """One row for each cell, evaluation and metric."""
        rows_of: dict[str, list[int]] = {}
        for row, evaluation in enumerate(self._scored["evaluation"].to_pylist()):
            rows_of.setdefault(evaluation, []).append(row)
        cells = [cell for cell in self.plan.cells if cell.decided]
        rows: list[int] = []
        cell_of: list[int] = []
        for number, cell in enumerate(cells):
            for evaluation in cell.evaluations:
                found = rows_of.get(evaluation, [])
                rows += found
                cell_of += [number] * len(found)
        about = pa.Table.from_pylist(list(map(self._about, cells)), schema=ABOUT).take(pa.array(cell_of, pa.int64()))
        scored = self._scored.take(pa.array(rows, pa.int64()))
        columns = {name: about[name] for name in ABOUT.names} | {name: scored[name] for name in scored.column_names}
        columns["major"] = self._is_major(scored)
        return pa.table({name: columns[name] for name in schema.SCORES.names}).cast(schema.SCORES)

    def phases(self) -> pa.Table:
        """One row for each distinct phase."""
        rows = [self._phase_row(planned) for planned in self.plan.phases.values() if planned.decided]
        return pa.Table.from_pylist(rows, schema=schema.PHASES)

    def cells(self) -> pa.Table:
        """One row for each place of the grid."""
        rows = []
        for cell in self.plan.cells:
            state, reason = self._state(cell)
            rows.append(
                {
                    "model": cell.model,
                    "arm": cell.arm,
                    "target": cell.target,
                    "seed": cell.seed,
                    "state": state,
                    "reason": reason,
                }
            )
        return pa.Table.from_pylist(rows, schema=schema.CELLS)

    def curves(self) -> pa.Table:
        """Training loss and validation metrics over steps."""
        tables = [schema.CURVES.empty_table()]
        for record in self._records.values():
            for path in record.get("tables", ()):
                content = self.store.get(path)
                if content is not None:
                    tables.append(from_parquet(content).cast(schema.CURVES))
        return pa.concat_tables(tables)

    def attempts(self) -> pa.Table:
        """One row for each attempt at a phase."""
        rows = [row for phase in self.plan.phases for row in self._attempts_of(phase)]
        return pa.Table.from_pylist(rows, schema=schema.ATTEMPTS)

    def decisions(self) -> pa.Table:
        """One row for each trial of each experiment that has chosen."""
        rows = []
        for experiment in self.plan.experiments:
            found = experiments.read(self.store, experiment.key)
            if found is None:
                continue
            chosen = list(found["values"].values()) if experiment.explores else [found["values"]]
            for number, trial in enumerate(found["trials"]):
                rows.append(
                    {
                        "experiment": experiment.key,
                        "model": experiment.model,
                        "target": experiment.target,
                        "trial": str(number),
                        "values": json.dumps(trial["values"], sort_keys=True),
                        "state": trial["state"],
                        "rungs": trial["rungs"],
                        "metric": found["metric"],
                        "value": trial["value"],
                        "chosen": trial["values"] in chosen,
                    }
                )
        return pa.Table.from_pylist(rows, schema=schema.DECISIONS)

    def predictions(self, evaluations: Collection[str] | None = None) -> pa.Table:
        """Every prediction behind the scores, or those of some evaluations, by key."""
        decided = (cell for cell in self.plan.cells if cell.decided)
        wanted = {key for cell in decided for key in cell.evaluations} if evaluations is None else {*evaluations}
        tables, seen = [schema.PREDICTIONS.empty_table()], set[str]()
        for group in dict.fromkeys(self.plan.evaluations[key].group for key in wanted):
            for name, _ in parts.names(self.store, group):
                content = self.store.get(parts.part_path(group, name))
                if content is None:
                    continue
                table = from_parquet(content).cast(schema.PREDICTIONS)
                keys = table["evaluation"].to_pylist()
                tables.append(table.filter(pa.array([key in wanted and key not in seen for key in keys], pa.bool_())))
                seen |= set(keys)
        return pa.concat_tables(tables).sort_by([("evaluation", "ascending"), ("example", "ascending")])

    @cached_property
    def _records(self) -> dict[str, dict[str, Any]]:
        found = {}
        for phase in self.plan.phases:
            record = self.store.get_json(records.record_path(phase))
            if record is not None:
                found[phase] = record
        return found

    @cached_property
    def _pruned(self) -> set[str]:
        """Phases of trials that nothing waits for any more, since the choice has been made."""
        decided = (e for e in self.plan.experiments if e.key in self.plan.decisions)
        trials = (cell.phases[-1] for e in decided for trial in e.trials for cell in trial.cells)
        return {phase for phase in trials if self.plan.phases[phase].roles == {"trial"}}

    @cached_property
    def _scored(self) -> pa.Table:
        """The scores of every evaluation, schema ``SCORED``."""
        groups = dict.fromkeys(evaluation.group for evaluation in self.plan.evaluations.values())
        with ThreadPoolExecutor(READERS) as readers:
            found = readers.map(lambda group: stored(self.store, group, self.plan.registry), groups)
            return pa.concat_tables([schema.SCORED.empty_table(), *found])

    @cached_property
    def _evaluated(self) -> set[str]:
        return set(pc.unique(self._scored["evaluation"]).to_pylist())

    def _is_major(self, scored: pa.Table) -> pa.ChunkedArray:
        """By the task's one metric, and at its own depth."""
        tasks = pc.unique(scored["task"])
        majors = pa.array([self.plan.registry.get(task).metric for task in tasks.to_pylist()], pa.string())
        by_metric = pc.equal(scored["metric"], majors.take(pc.index_in(scored["task"], tasks)))
        others = [key for key, evaluation in self.plan.evaluations.items() if evaluation.layer is not None]
        return pc.and_not(by_metric, pc.is_in(scored["evaluation"], pa.array(others, pa.string())))

    def _about(self, cell: Cell) -> dict[str, Any]:
        """What the plan knows of a cell's scores."""
        subject = cell.subject
        record = self.store.get_json(records.selection_path(subject.phase, subject.rule.key)) if subject.phase else None
        return {
            "study": self.plan.study,
            "model": cell.model,
            "parameters": self.plan.models[cell.model].parameters,
            "arm": cell.arm,
            "group": cell.group,
            "relation": cell.relation,
            "target": cell.target,
            "seed": cell.seed,
            "phase": subject.phase,
            "selection": subject.rule.kind if subject.phase else "pretrained",
            "step": record["step"] if record else None,
            "selected_by": subject.rule.selected_by,
        }

    def _phase_row(self, planned: Planned) -> dict[str, Any]:
        phase = planned.phase
        record = self._records.get(phase.key, {})
        return {
            "phase": phase.key,
            "roles": sorted(planned.roles),
            "trains_on": [data.task for data in phase.trains_on],
            "name": phase.name,
            "shares": phase.weights,
            "parent": phase.start.phase,
            "model": planned.model,
            "seed": phase.seed,
            "state": "done" if record else "pruned" if phase.key in self._pruned else "planned",
            "planned_steps": phase.steps,
            "precision": phase.recipe.precision,
            "learning_rate": phase.recipe.learning_rate,
            "batch_size": phase.recipe.batch_size,
            "attempts": latest(self.store, phase.key),
            "versions": json.dumps(record.get("versions", {}), sort_keys=True),
            **{
                name: record.get(name)
                for name in (
                    "steps",
                    "examples_of",
                    "tokens",
                    "seconds",
                    "ranks",
                    "zero_stage",
                    "engine",
                    "hardware",
                )
            },
        }

    def _state(self, cell: Cell) -> tuple[str, str]:
        missing = [key for key in cell.evaluations if key not in self._evaluated]
        if cell.decided and not missing:
            return "done", ""
        failures = [self._failure(phase) for phase in cell.phases]
        if not cell.decided:
            failures = self._failed_trials(cell)
        failures += [parts.failure(self.store, self.plan.evaluations[key].group) for key in missing]
        reason = next((reason for reason in failures if reason), None)
        return ("failed", reason) if reason else ("planned", "")

    def _failure(self, phase: str) -> str | None:
        """Why the newest attempt at a phase has failed, if it has: one that is done, too, may be trained again."""
        end = self.store.get_json(f"{attempt_path(phase, latest(self.store, phase))}/outcome.json") or {}
        return str(end.get("reason")) if end.get("outcome") == "failed" else None

    def _failed_trials(self, cell: Cell) -> list[str | None]:
        """A choice that could not be made: the reason of a trial, if every trial failed."""
        for experiment in self.plan.experiments:
            if cell.model in experiment.model.split("+") and cell.target in experiment.target.split("+"):
                trials = [
                    next((reason for cell in trial.cells for p in cell.phases if (reason := self._failure(p))), None)
                    for trial in experiment.trials
                ]
                return [f"every trial failed: {trials[0]}"] if all(trials) else []
        return []

    def _attempts_of(self, phase: str) -> list[dict[str, Any]]:
        rows = []
        for number in range(1, latest(self.store, phase) + 1):
            path = attempt_path(phase, number)
            holder = Holder(**(self.store.get_json(f"{path}/holder.json") or Holder("", "", 0, "").__dict__))
            end = self.store.get_json(f"{path}/outcome.json") or {}
            beat = self.store.get_json(f"{path}/heartbeat.json") or {}
            lost = "lost" if number < latest(self.store, phase) or holder.gone() else "running"
            rows.append(
                {
                    "phase": phase,
                    "attempt": number,
                    "holder": f"{holder.host}:{holder.pid}",
                    "first_step": (self.store.get_json(f"{path}/start.json") or {}).get("first_step"),
                    "last_step": end.get("last_step", beat.get("step")),
                    "outcome": end.get("outcome", lost),
                }
            )
        return rows
