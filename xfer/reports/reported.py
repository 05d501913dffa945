"""Which scores a report prints: of each target its major metric, one split and one selection rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from xfer.errors import XferError
from xfer.reports.pools import Pool

NONE = "none"
"""The arm without an intermediate task, which all others are compared with."""

Pair = tuple[str, str]
"""Arm and target."""

READ = [
    "model", "parameters", "arm", "group", "relation", "target", "seed", "selection", "task", "language", "split",
    "layer", "metric", "value", "chance", "selected_by",
]  # fmt: skip
"""What of the view ``scores`` is looked at."""


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
    rows = scores.select(READ).filter(usable)
    models = _distinct([*cells["model"].to_pylist(), *_values(rows, "model")])
    return tuple(
        _of_models(name, _of(rows, members), _of(cells, members).to_pylist())
        for members, name in _units(models, pools).items()
    )


def _of(rows: pa.Table, models: Sequence[str]) -> pa.Table:
    return rows.filter(pc.is_in(rows["model"], pa.array(models, pa.string())))


def _units(models: Sequence[str], pools: Sequence[Pool]) -> dict[tuple[str, ...], str]:
    """What gets tables of its own: pools and models that are in none, then the models of the pools."""
    pool_of = {model: pool for pool in pools for model in pool.models}
    units: dict[tuple[str, ...], str] = {}
    for model in models:
        units |= {pool_of[model].models: pool_of[model].name} if model in pool_of else {(model,): model}
    return units | {(model,): model for model in models}


def _of_models(name: str, rows: pa.Table, cells: list[dict[str, Any]]) -> Reported:
    arms = _distinct([*(cell["arm"] for cell in cells), *_values(rows, "arm")])
    targets = _distinct([*(cell["target"] for cell in cells), *_values(rows, "target")])
    printed = _printed(rows)
    chance = printed.filter(pc.is_valid(printed["chance"]))
    return Reported(
        model=name,
        models=_distinct([*(cell["model"] for cell in cells), *_values(rows, "model")]),
        parameters=rows["parameters"][0].as_py() if rows.num_rows else None,
        arms=tuple(sorted(arms, key=lambda arm: arm != NONE)),
        groups={arm: group for arm, group in _groups(rows, ["arm", "group"]) if group},
        targets=_targets(targets, printed),
        runs=_runs(printed),
        relations={(arm, name): last for arm, name, last in _groups(printed, ["arm", "target"], ("relation", "last"))},
        failures=_failures(cells),
        chance={(name, code): last for name, code, last in _groups(chance, ["target", "language"], ("chance", "last"))},
    )


def _printed(rows: pa.Table) -> pa.Table:
    """Of each target its test split, else validation, without ``last`` where a rule chose better for a run."""
    tested = pc.unique(rows.filter(pc.equal(rows["split"], "test"))["target"])
    split = pc.if_else(pc.is_in(rows["target"], tested), "test", "validation")
    rows = rows.filter(pc.equal(rows["split"], split))
    # The end of a phase is always evaluated; the matrix follows the study's own rule where there is one.
    # What could not be scored on the way, such as a pretraining, has no other checkpoint than its last.
    run = _numbered(rows, ["target", "model", "arm", "seed"])
    ruled = pc.invert(pc.is_in(rows["selection"], pa.array(["last", "pretrained"]))).to_numpy()
    last = pc.equal(rows["selection"], "last").to_numpy()
    return rows.filter(~(last & np.isin(run, run[ruled])))


def _targets(names: Iterable[str], printed: pa.Table) -> tuple[Target, ...]:
    facts = {
        name: (metric, split)
        for name, metric, split in _groups(printed, ["target"], ("metric", "first"), ("split", "first"))
    }
    rules, looked_at = defaultdict(list), defaultdict(set)
    for name, rule in _groups(printed, ["target", "selection"]):
        rules[name].append(rule)
    for name, *place, chosen_on in _groups(printed, ["target", "task", "split", "language", "selected_by"]):
        if "/".join(place) in (chosen_on or "").split("+"):
            looked_at[name].add(place[-1])
    retrieval = set(_values(printed.filter(pc.is_valid(printed["layer"])), "target"))
    return tuple(
        Target(
            name, *facts.get(name, ("", "")), selection=tuple(rules[name]), retrieval=name in retrieval,
            selected_on=tuple(sorted(looked_at[name])),
        )
        for name in names
    )  # fmt: skip


def _runs(printed: pa.Table) -> dict[Pair, tuple[Run, ...]]:
    runs: dict[Pair, list[Run]] = defaultdict(list)
    keys = ["arm", "target", "model", "seed"]
    for arm, target, model, seed, languages, values in _groups(printed, keys, ("language", "list"), ("value", "list")):
        scores = dict(zip(languages, values, strict=True))
        if len(scores) < len(languages):
            twice = next(code for place, code in enumerate(languages) if code in languages[:place])
            metric = printed.filter(pc.equal(printed["target"], target))["metric"][0]
            raise XferError(
                "two scores for one place in the table",
                f"{arm} x {target}, seed {seed}, {twice} ({metric})",
                "report one metric version and one layer at a time; they are never averaged",
            )
        runs[arm, target].append(Run(model, seed, scores))
    return {pair: tuple(found) for pair, found in runs.items()}


def _failures(cells: Iterable[dict[str, Any]]) -> dict[Pair, tuple[Failure, ...]]:
    failures: dict[Pair, tuple[Failure, ...]] = defaultdict(tuple)
    for cell in cells:
        if cell["state"] == "failed":
            failure = Failure(cell["model"], cell["seed"], cell["reason"] or "no reason kept")
            failures[cell["arm"], cell["target"]] += (failure,)
    return dict(failures)


def _groups(rows: pa.Table, keys: list[str], *aggregates: tuple[str, str]) -> Iterator[tuple[Any, ...]]:
    """Distinct values of ``keys`` in the order of their first rows, and what ``aggregates`` make of each."""
    rows = rows.append_column("place", pa.array(np.arange(rows.num_rows)))
    # Without threads lists are in the rows' order; groups come in any.
    found = rows.group_by(keys, use_threads=False).aggregate([*aggregates, ("place", "min")]).sort_by("place_min")
    columns = [*keys, *(f"{name}_{function}" for name, function in aggregates)]
    return zip(*(found[column].to_pylist() for column in columns), strict=True)


def _numbered(rows: pa.Table, columns: Iterable[str]) -> npt.NDArray[np.int64]:
    """A number for each row, equal where these columns are; empty is a value, too."""
    numbers = np.zeros(rows.num_rows, np.int64)
    for column in columns:
        encoded = rows[column].combine_chunks().dictionary_encode(null_encoding="encode")
        numbers = numbers * len(encoded.dictionary) + encoded.indices.to_numpy()
    return numbers


def _values(rows: pa.Table, column: str) -> list[Any]:
    """Distinct values in the order of their first rows."""
    return pc.unique(rows[column]).to_pylist()  # type: ignore[no-any-return]


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
