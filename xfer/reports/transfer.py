"""The transfer matrix: arm x target, as differences from arm ``none`` over the same languages, models and seeds.

Scores are proportions between 0 and 1; differences are points (100 x the difference of proportions).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import fsum, sqrt
from statistics import fmean
from typing import Literal

import pyarrow as pa

from xfer.reports.pools import Pool
from xfer.reports.reported import NONE, Failure, Reported, Run, Target, reported
from xfer.results.schema import CELLS

SAME_TASK = "same-task"


@dataclass(frozen=True)
class Cell:
    """One arm and one target: the mean over languages, averaged over runs (seeds; of a pool, models x seeds)."""

    arm: str
    target: str
    relation: str
    """Of the arm's data to the target: none, transfer, near or same-task; empty where nothing was scored."""
    score: float | None
    """Over the languages that all of the cell's runs have; None where nothing was scored."""
    score_sd: float | None
    """Standard deviation (n - 1) of the score over runs; None below two."""
    delta: float | None
    """Points against ``none``, paired by model and seed; None for ``none`` itself and where no pair exists."""
    delta_sd: float | None
    """Standard deviation (n - 1) of the paired differences over runs, points; None below two pairs."""
    by_model: tuple[float, ...]
    """Of a pool: each model's own mean, of what is printed (the score for ``none``, the delta for other arms)."""
    seeds: tuple[int, ...]
    """Seeds that were scored, one a run; empty where nothing was trained."""
    paired: int
    """Runs that the delta rests on."""
    languages: tuple[str, ...]
    """Languages in the score."""
    compared: tuple[str, ...]
    """Languages in the delta: those that both sides have."""
    failures: tuple[Failure, ...]

    @property
    def state(self) -> Literal["scored", "failed", "missing"]:
        if self.score is not None:
            return "scored"
        return "failed" if self.failures else "missing"


@dataclass(frozen=True)
class Mean:
    """An unweighted mean over targets."""

    value: float | None
    targets: int
    """Targets it is over."""
    of: int
    """Targets it would be over if every cell had a value."""


@dataclass(frozen=True)
class Means:
    """A row's mean over targets, four ways."""

    overall: Mean
    without_retrieval: Mean
    without_same_task: Mean
    without_either: Mean


@dataclass(frozen=True)
class Row:
    """One arm."""

    arm: str
    group: str
    cells: tuple[Cell, ...]
    """One a target, in the matrix's order."""
    scores: Means
    """Proportions."""
    deltas: Means
    """Points; every mean is None for ``none``."""


@dataclass(frozen=True)
class Matrix:
    """One model's table of arms x targets, or that of a pool of models."""

    model: str
    models: tuple[str, ...]
    """Itself, or the pool's."""
    parameters: int | None
    targets: tuple[Target, ...]
    rows: tuple[Row, ...]
    """``none`` first."""

    @property
    def pooled(self) -> bool:
        return len(self.models) > 1

    @property
    def cells(self) -> tuple[Cell, ...]:
        return tuple(cell for row in self.rows for cell in row.cells)


def matrices(scores: pa.Table, cells: pa.Table | None = None, pools: Sequence[Pool] = ()) -> tuple[Matrix, ...]:
    """One matrix a pool and a model, from the view ``scores`` and, for what failed or is not run yet, ``cells``.

    Models of pools come last. Raises XferError when two scores of different provenance compete for one cell.
    """
    plan = CELLS.empty_table() if cells is None else cells
    return tuple(map(matrix, reported(scores, plan, pools)))


def shared_languages(runs: Iterable[Run]) -> tuple[str, ...]:
    """Languages that every run has, sorted; English first."""
    sets = [set(run.values) for run in runs]
    return order_languages(set.intersection(*sets)) if sets else ()


def order_languages(languages: Iterable[str]) -> tuple[str, ...]:
    """English, the language trained on, first; the others by code."""
    return tuple(sorted(languages, key=lambda language: (language != "en", language)))


def matrix(model: Reported) -> Matrix:
    """The matrix of what is reported of one model or pool."""
    rows = tuple(_row(model, arm) for arm in model.arms)
    return Matrix(model.model, model.models, model.parameters, model.targets, rows)


def _row(model: Reported, arm: str) -> Row:
    cells = tuple(_cell(model, arm, target.name) for target in model.targets)
    return Row(
        arm=arm,
        group=model.groups.get(arm, ""),
        cells=cells,
        scores=_means(model.targets, cells, [cell.score for cell in cells]),
        deltas=_means(model.targets, cells, [cell.delta for cell in cells]),
    )


def _cell(model: Reported, arm: str, target: str) -> Cell:
    runs = model.runs.get((arm, target), ())
    languages = shared_languages(runs)
    values = [_mean(run, languages) for run in runs] if languages else []
    pairs = () if arm == NONE else _pairs(runs, model.runs.get((NONE, target), ()))
    compared = shared_languages(run for pair in pairs for run in pair)
    differences = [100 * (_mean(a, compared) - _mean(b, compared)) for a, b in pairs] if compared else []
    shown = zip(runs, values, strict=False) if arm == NONE else zip([a for a, _ in pairs], differences, strict=False)
    return Cell(
        arm=arm,
        target=target,
        relation=model.relations.get((arm, target), ""),
        score=fmean(values) if values else None,
        score_sd=deviation(values),
        delta=fmean(differences) if differences else None,
        delta_sd=deviation(differences),
        by_model=_by_model(shown) if len(model.models) > 1 else (),
        seeds=tuple(sorted(run.seed for run in runs if run.seed is not None)),
        paired=len(differences),
        languages=languages,
        compared=compared,
        failures=model.failures.get((arm, target), ()),
    )


def _by_model(runs: Iterable[tuple[Run, float]]) -> tuple[float, ...]:
    """Each model's mean."""
    values: dict[str, list[float]] = {}
    for run, value in runs:
        values.setdefault(run.model, []).append(value)
    return tuple(fmean(own) for own in values.values())


def _pairs(runs: Iterable[Run], baseline: Iterable[Run]) -> tuple[tuple[Run, Run], ...]:
    """Each run with ``none`` of the same model and seed, or with the model itself where nothing was trained."""
    partners = {(run.model, run.seed): run for run in baseline}
    found = ((run, partners.get((run.model, run.seed), partners.get((run.model, None)))) for run in runs)
    return tuple((run, partner) for run, partner in found if partner is not None)


def _mean(run: Run, languages: Sequence[str]) -> float:
    return fmean([run.values[language] for language in languages])


def deviation(values: Sequence[float]) -> float | None:
    """Standard deviation (n - 1); None below two values."""
    if len(values) < 2:
        return None
    mean = fmean(values)
    return sqrt(fsum((value - mean) ** 2 for value in values) / (len(values) - 1))


def _means(targets: Sequence[Target], cells: Sequence[Cell], values: Sequence[float | None]) -> Means:
    trained = [not target.retrieval for target in targets]
    other = [cell.relation != SAME_TASK for cell in cells]
    return Means(
        overall=_over(values, [True] * len(values)),
        without_retrieval=_over(values, trained),
        without_same_task=_over(values, other),
        without_either=_over(values, [a and b for a, b in zip(trained, other, strict=True)]),
    )


def _over(values: Sequence[float | None], keep: Sequence[bool]) -> Mean:
    kept = [value for value, wanted in zip(values, keep, strict=True) if wanted]
    present = [value for value in kept if value is not None]
    return Mean(fmean(present) if present else None, len(present), len(kept))
