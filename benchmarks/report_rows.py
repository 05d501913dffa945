"""Seconds from a million score rows to the report, beside what a plain group-by of the same rows takes.

python -m benchmarks.report_rows

The views are made up: 10 models (5 of them one pool), 12 arms, 10 targets, 21 languages, 2 splits, 2 metrics and 10
seeds, a cell and a phase for each run, a fiftieth of the runs failed. Timed is all that ``xfer report`` computes and
writes from the views, but for the learning curves, of which there are none. Reading parts from a store is not in it.
The neighbours compute the means and differences alone, and are held to the same numbers.
"""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.table import show
from xfer.reports.about import About
from xfer.reports.export import write_csv
from xfer.reports.page import render
from xfer.reports.pools import Pool
from xfer.reports.reported import reported
from xfer.reports.transfer import Matrix, matrix
from xfer.results.schema import CELLS, SCORES, VIEWS

MODELS = tuple(f"model-{n}" for n in range(10))
ARMS = ("none", *(f"arm-{n}" for n in range(11)))
TARGETS = tuple(f"target-{n}" for n in range(10))
SEEDS = tuple(range(10))
LANGUAGES = ("en", *(f"q{a}{b}" for a in "ab" for b in "abcdefghij"))
SPLITS = ("validation", "test")
METRICS = ("accuracy", "f1")
POOLS = (Pool("a kind, 5 pretraining seeds", MODELS[:5]),)


def main() -> None:
    views = made(np.random.default_rng(1))
    scores = views["scores"]
    rows: list[dict[str, str | float]] = []

    def timed(what: str, make: Callable[[], Any]) -> Any:
        began = time.monotonic()
        result = make()
        rows.append({"what": what, "rows": scores.num_rows, "seconds": time.monotonic() - began})
        return result

    with tempfile.TemporaryDirectory(prefix="xfer-bench-") as folder:
        models = timed("what is printed of them", lambda: reported(scores, views["cells"], POOLS))
        found = timed("means and differences", lambda: tuple(map(matrix, models)))
        page = timed("the page", lambda: render("many", views, "many", about=About(POOLS), models=models))
        timed("CSV files", lambda: write_csv(views, Path(folder), known=found))
    rows.append({"what": "all of these", "rows": scores.num_rows, "seconds": sum(float(r["seconds"]) for r in rows)})
    ours = _differences(found)
    for name, differences in (("pandas", by_pandas(scores)), ("pyarrow", by_pyarrow(scores))):
        theirs = timed(f"{name}: group-by for the matrices", differences)
        assert theirs.keys() == ours.keys() and np.allclose(list(theirs.values()), [ours[key] for key in theirs])
    assert all(f"{ours[place]:+.1f}".replace("-", "−") in page for place in list(ours)[:5])
    show("report_rows", "from score rows to the report", rows)


Place = tuple[str, str, str]
"""Model, arm, target."""


def _differences(found: tuple[Matrix, ...]) -> dict[Place, float]:
    return {
        (matrix.model, cell.arm, cell.target): cell.delta
        for matrix in found
        if not matrix.pooled
        for cell in matrix.cells
        if cell.delta is not None
    }


def by_pandas(scores: pa.Table) -> Callable[[], dict[Place, float]]:
    """Points that an arm is better than none, paired by seed; the same rows as in the report."""

    def differences() -> dict[Place, float]:
        frame = scores.select(["model", "arm", "target", "seed", "split", "major", "value"]).to_pandas()
        frame = frame[frame["major"] & (frame["split"] == "test")]
        runs = frame.groupby(["model", "target", "seed", "arm"])["value"].mean().unstack("arm")
        points = 100 * runs.sub(runs["none"], axis=0).drop(columns="none")
        means = points.groupby(["model", "target"]).mean().stack()
        return {(str(model), str(arm), str(target)): value for (model, target, arm), value in means.items()}

    return differences


def by_pyarrow(scores: pa.Table) -> Callable[[], dict[Place, float]]:
    """The same."""

    def differences() -> dict[Place, float]:
        kept = scores.filter(pc.and_(scores["major"], pc.equal(scores["split"], "test")))
        runs = kept.group_by(["model", "arm", "target", "seed"]).aggregate([("value", "mean")])
        base = runs.filter(pc.equal(runs["arm"], "none")).drop_columns(["arm"])
        other = runs.filter(pc.not_equal(runs["arm"], "none"))
        both = other.join(base, ["model", "target", "seed"], join_type="inner", right_suffix="_none")
        points = pc.multiply(100, pc.subtract(both["value_mean"], both["value_mean_none"]))
        means = (
            both.append_column("points", points).group_by(["model", "arm", "target"]).aggregate([("points", "mean")])
        )
        keys = zip(*(means[name].to_pylist() for name in ("model", "arm", "target")), strict=True)
        return dict(zip(keys, means["points_mean"].to_pylist(), strict=True))

    return differences


def made(random: np.random.Generator) -> dict[str, pa.Table]:
    """Views of a study that has run; the same for the same seed."""
    grid = list(itertools.product(MODELS, ARMS, TARGETS, SEEDS))
    failed = random.permutation(len(grid)) < len(grid) // 50
    cells = [
        {"model": model, "arm": arm, "target": target, "seed": seed, "state": "failed", "reason": "out of memory"}
        if bad and arm != "none"
        else {"model": model, "arm": arm, "target": target, "seed": seed, "state": "done", "reason": ""}
        for (model, arm, target, seed), bad in zip(grid, failed, strict=True)
    ]
    done = [number for number, cell in enumerate(cells) if cell["state"] == "done"]
    each = list(itertools.product(LANGUAGES, SPLITS, METRICS))
    cell_of = np.repeat(done, len(each))
    row_of = np.tile(np.arange(len(each)), len(done))

    def of_cells(name: str) -> pa.Array:
        return pa.array([cell[name] for cell in cells]).take(pa.array(cell_of))

    def of_rows(place: int) -> pa.Array:
        return pa.array([row[place] for row in each]).take(pa.array(row_of))

    def always(value: Any) -> pa.Array:
        return pa.repeat(value, len(cell_of))

    phases = pa.array([f"{number:012x}" for number in range(len(cells))])
    columns: dict[str, Any] = {name: of_cells(name) for name in ("model", "arm", "target", "seed")}
    columns |= {"task": columns["target"], "phase": phases.take(pa.array(cell_of))}
    columns |= {"language": of_rows(0), "split": of_rows(1), "metric": of_rows(2)}
    columns |= {"major": pc.equal(columns["metric"], METRICS[0]), "value": pa.array(_values(random, cells, cell_of))}
    columns |= {name: always(value) for name, value in FIXED.items()}
    missing = {f.name: pa.nulls(len(cell_of), f.type) for f in SCORES if f.name not in columns}
    scores = pa.table(columns | missing).select(SCORES.names).cast(SCORES)
    return {
        "scores": scores,
        "cells": pa.Table.from_pylist(cells, schema=CELLS),
        "phases": pa.Table.from_pylist([_phase(phases[n].as_py(), cells[n]) for n in done], schema=VIEWS["phases"]),
        **{name: VIEWS[name].empty_table() for name in ("curves", "attempts", "decisions")},
    }


FIXED: dict[str, Any] = {
    "study": "many", "parameters": 1000, "relation": "transfer", "group": "", "selection": "last", "step": 20,
    "metric_version": 1, "n": 500, "clusters": 500, "chance": 1 / 3, "truncated": 0, "selected_by": "",
}  # fmt: skip


def _values(random: np.random.Generator, cells: list[dict[str, Any]], cell_of: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Proportions: some arms help some targets, each run is a little off, each language more."""
    helps = random.normal(0, 0.03, (len(ARMS), len(TARGETS)))
    of_cell = [helps[ARMS.index(cell["arm"]), TARGETS.index(cell["target"])] for cell in cells]
    run = 0.6 + np.array(of_cell) + random.normal(0, 0.01, len(cells))
    noisy = run[cell_of] + random.normal(0, 0.05, len(cell_of))
    clipped: npt.NDArray[Any] = np.clip(noisy, 0, 1)
    return clipped


def _phase(key: str, cell: dict[str, Any]) -> dict[str, Any]:
    return {
        "phase": key, "roles": ["target"], "trains_on": [cell["target"]], "name": cell["target"], "parent": "",
        "examples_of": [640], "model": cell["model"], "seed": cell["seed"], "state": "done", "planned_steps": 20,
        "steps": 20, "tokens": 20_000, "seconds": 3.5, "ranks": 2, "zero_stage": 1, "engine": "DeepSpeedEngine",
        "precision": "fp32", "hardware": "a CPU", "versions": '{"torch": "2.15.0"}', "attempts": 1,
    }  # fmt: skip


if __name__ == "__main__":
    main()
