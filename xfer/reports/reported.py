"""Which scores a report prints: of each target its major metric, one split and one selection rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from xfer.errors import XferError
from xfer.reports.pools import Pool

NONE = "none"
"""The arm without an intermediate task, which all others are compared with."""

Pair = tuple[str, str]
"""Arm and target."""

Origin = tuple[str, int | None]
"""Model and seed of a run."""


@dataclass(frozen=True)
class Target:
    """A column of the transfer matrix."""

    name: str
    metric: str
    split: str
    """``test``, or ``validation`` where the target has no test rows."""
    selection: tuple[str, ...]
    """Rules that chose the checkpoints: last or best, and pretrained where nothing was trained."""
    retrieval: bool
    """Whether hidden states were compared instead of a trained head's answers."""
    selected_on: tuple[str, ...]
    """Languages whose printed rows also chose the checkpoint: their scores are too high."""


@dataclass(frozen=True)
class Run:
    """One cell's scores in the printed split."""

    model: str
    seed: int | None
    """None where nothing was trained."""
    values: Mapping[str, float]
    """Language to score, between 0 and 1."""


@dataclass(frozen=True)
class Failure:
    """A cell that gave no score, and why."""

    model: str
    seed: int | None
    reason: str


@dataclass(frozen=True)
class Reported:
    """All that a report prints of one model, or of a pool of models together."""

    model: str
    models: tuple[str, ...]
    """Itself, or the pool's."""
    parameters: int | None
    arms: tuple[str, ...]
    """In the study's order, ``none`` first."""
    groups: Mapping[str, str]
    targets: tuple[Target, ...]
    runs: Mapping[Pair, tuple[Run, ...]]
    relations: Mapping[Pair, str]
    failures: Mapping[Pair, tuple[Failure, ...]]
    chance: Mapping[Pair, float]
    """(target, language) to what the best constant answer gets, between 0 and 1."""


def reported(scores: pa.Table, cells: pa.Table, pools: Sequence[Pool] = ()) -> tuple[Reported, ...]:
    """One ``Reported`` a pool and a model, from the views ``scores`` and ``cells``, in their order; models that
    are in a pool come after all others.

    Raises XferError when two scores of different provenance compete for one place in a table.
    """
    usable = pc.and_kleene(scores["major"], pc.is_finite(scores["value"]))
    rows = scores.filter(usable).to_pylist()
    planned = cells.to_pylist()
    models = _distinct(row["model"] for row in [*planned, *rows])
    return tuple(
        _of_models(
            name,
            [row for row in rows if row["model"] in members],
            [cell for cell in planned if cell["model"] in members],
        )
        for members, name in _units(models, pools).items()
    )


def _units(models: Sequence[str], pools: Sequence[Pool]) -> dict[tuple[str, ...], str]:
    """What gets tables of its own: pools and models that are in none, then the models of the pools."""
    pool_of = {model: pool for pool in pools for model in pool.models}
    units: dict[tuple[str, ...], str] = {}
    for model in models:
        units |= {pool_of[model].models: pool_of[model].name} if model in pool_of else {(model,): model}
    return units | {(model,): model for model in models}


def _of_models(name: str, rows: list[dict[str, Any]], cells: list[dict[str, Any]]) -> Reported:
    arms = _distinct(row["arm"] for row in [*cells, *rows])
    by_target = {target: _printed(target, rows) for target in _distinct(row["target"] for row in [*cells, *rows])}
    kept = [row for chosen in by_target.values() for row in chosen]
    return Reported(
        model=name,
        models=_distinct(row["model"] for row in [*cells, *rows]),
        parameters=next((row["parameters"] for row in rows), None),
        arms=tuple(sorted(arms, key=lambda arm: arm != NONE)),
        groups={row["arm"]: row["group"] for row in rows if row["group"]},
        targets=tuple(_target(target, chosen) for target, chosen in by_target.items()),
        runs=_runs(kept),
        relations={(row["arm"], row["target"]): row["relation"] for row in kept},
        failures=_failures(cells),
        chance={(row["target"], row["language"]): row["chance"] for row in kept if row["chance"] is not None},
    )


def _printed(target: str, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The target's rows in its test split, else validation, without ``last`` where a rule chose better for a run."""
    own = [row for row in rows if row["target"] == target]
    split = "test" if any(row["split"] == "test" for row in own) else "validation"
    own = [row for row in own if row["split"] == split]
    # The end of a phase is always evaluated; the matrix follows the study's own rule where there is one.
    # What could not be scored on the way, such as a pretraining, has no other checkpoint than its last.
    ruled = {_cell(row) for row in own if row["selection"] not in ("last", "pretrained")}
    return [row for row in own if not (_cell(row) in ruled and row["selection"] == "last")]


def _cell(row: Mapping[str, Any]) -> tuple[object, ...]:
    return (row["model"], row["arm"], row["seed"])


def _target(name: str, rows: list[dict[str, Any]]) -> Target:
    looked_at = {
        row["language"]
        for row in rows
        if f"{row['task']}/{row['split']}/{row['language']}" in (row["selected_by"] or "").split("+")
    }
    return Target(
        name=name,
        metric=rows[0]["metric"] if rows else "",
        split=rows[0]["split"] if rows else "",
        selection=_distinct(row["selection"] for row in rows),
        retrieval=any(row["layer"] is not None for row in rows),
        selected_on=tuple(sorted(looked_at)),
    )


def _runs(rows: Iterable[dict[str, Any]]) -> dict[Pair, tuple[Run, ...]]:
    values: dict[Pair, dict[Origin, dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
    for row in rows:
        run = values[row["arm"], row["target"]][row["model"], row["seed"]]
        if row["language"] in run:
            raise XferError(
                "two scores for one place in the table",
                f"{row['arm']} x {row['target']}, seed {row['seed']}, {row['language']} ({row['metric']})",
                "report one metric version and one layer at a time; they are never averaged",
            )
        run[row["language"]] = row["value"]
    return {pair: tuple(Run(*origin, run) for origin, run in runs.items()) for pair, runs in values.items()}


def _failures(cells: Iterable[dict[str, Any]]) -> dict[Pair, tuple[Failure, ...]]:
    failures: dict[Pair, tuple[Failure, ...]] = defaultdict(tuple)
    for cell in cells:
        if cell["state"] == "failed":
            failure = Failure(cell["model"], cell["seed"], cell["reason"] or "no reason kept")
            failures[cell["arm"], cell["target"]] += (failure,)
    return dict(failures)


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
