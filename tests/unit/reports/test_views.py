"""The view of scores: what a store holds of a plan's evaluations, each row with what the plan knows of its cell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.unit.store.stocked import train
from tests.unit.study.made import planned
from xfer.evaluation.score import scores_key
from xfer.reports.views import Views
from xfer.results import schema
from xfer.results.parts import to_parquet
from xfer.store import parts
from xfer.store.store import Store, as_json
from xfer.study.plan import Plan


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return planned(tmp_path, targets="[udpos, tatoeba]", arms="[none, mnli]")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "runs"))


def score(store: Store, plan: Plan, evaluation: str, value: float) -> None:
    """Keep scores of an evaluation by all metrics, in a part of its own."""
    found = plan.evaluations[evaluation]
    task = plan.registry.get(found.data.task)
    rows: list[dict[str, Any]] = [
        {
            "evaluation": evaluation, "task": task.name, "language": found.data.language, "split": found.data.split,
            "metric": metric.name, "metric_version": metric.version, "value": value, "n": 5, "clusters": 5,
            "truncated": 0,
        }
        for metric in task.format.metrics
    ]  # fmt: skip
    path = parts.scores_path(found.group, evaluation, scores_key(evaluation, task.format.metrics))
    store.put(path, to_parquet(pa.Table.from_pylist(rows, schema=schema.SCORED)))
    record = {"format": 1, "name": evaluation, "task": task.name, "evaluations": [evaluation], "files": {}}
    store.put(f"evaluations/{found.group}/{evaluation}.json", as_json(record))


def test_without_scores_the_view_has_its_fields(plan: Plan, store: Store) -> None:
    assert Views(plan, store).scores().equals(schema.SCORES.empty_table(), check_metadata=True)


def test_every_cell_has_a_row_for_each_of_its_evaluations_and_metrics(plan: Plan, store: Store) -> None:
    for number, evaluation in enumerate(plan.evaluations):
        score(store, plan, evaluation, number / 1000)
    found = Views(plan, store).scores()
    assert found.schema.equals(schema.SCORES, check_metadata=True)
    place = {evaluation: number / 1000 for number, evaluation in enumerate(plan.evaluations)}
    expected = [
        (cell.model, cell.arm, cell.target, cell.seed, cell.subject.phase, metric.name, place[evaluation])
        for cell in plan.cells
        for evaluation in cell.evaluations
        for metric in plan.registry.get(plan.evaluations[evaluation].data.task).format.metrics
    ]
    rows = found.to_pylist()
    names = ("model", "arm", "target", "seed", "phase", "metric", "value")
    assert [tuple(row[name] for name in names) for row in rows] == expected
    assert {(row["task"], row["metric"]) for row in rows if row["major"]} == {
        (name, plan.registry.get(name).metric) for name in ("udpos", "tatoeba")
    }
    assert {row["selection"] for row in rows if not row["phase"]} == {"pretrained"}
    assert {row["state"] for row in Views(plan, store).cells().to_pylist()} == {"done"}


def test_a_row_has_the_step_of_its_checkpoint_and_a_cell_without_scores_has_none(plan: Plan, store: Store) -> None:
    cell = next(cell for cell in plan.cells if cell.target == "udpos")
    train(store, cell.subject.phase, {cell.subject.rule.key: 8})
    for evaluation in cell.evaluations[1:]:
        score(store, plan, evaluation, 0.5)
    rows = Views(plan, store).scores().to_pylist()
    metrics = plan.registry.get("udpos").format.metrics
    assert len(rows) == len(metrics) * (len(cell.evaluations) - 1)
    assert {(row["step"], row["arm"], row["seed"]) for row in rows} == {(8, cell.arm, cell.seed)}
    assert {row["state"] for row in Views(plan, store).cells().to_pylist()} == {"planned"}
