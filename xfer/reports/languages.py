"""Per-language tables: for one target, arms x languages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

import pyarrow as pa

from xfer.reports.pools import Pool
from xfer.reports.reported import NONE, Reported, Run, Target, reported
from xfer.reports.transfer import deviation, order_languages, shared_languages
from xfer.results.schema import CELLS

ENGLISH = "en"


@dataclass(frozen=True)
class LanguageRow:
    """One arm's scores, proportions averaged over runs (seeds; of a pool, models x seeds)."""

    arm: str
    relation: str
    values: tuple[float | None, ...]
    """One a language of the table; None where it was not scored."""
    deviations: tuple[float | None, ...]
    """Standard deviation (n - 1) over runs, likewise; None below two."""
    mean: float | None
    """Over ``LanguageTable.common``."""
    zero_shot: float | None
    """Likewise without English; None where English is the only one."""


@dataclass(frozen=True)
class LanguageTable:
    """One model, or pool of models, and target."""

    model: str
    models: tuple[str, ...]
    target: Target
    languages: tuple[str, ...]
    """English first, then by code."""
    common: tuple[str, ...]
    """Languages that every run of every arm has: only these enter a mean."""
    chance: tuple[float | None, ...]
    """What the best constant answer gets, one a language; None where not defined."""
    rows: tuple[LanguageRow, ...]
    """Arms that were scored, ``none`` first."""

    @property
    def baseline(self) -> LanguageRow | None:
        """The row of ``none``."""
        return next((row for row in self.rows if row.arm == NONE), None)


def language_tables(
    scores: pa.Table, cells: pa.Table | None = None, pools: Sequence[Pool] = ()
) -> tuple[LanguageTable, ...]:
    """One table a model and target that has scores, in the order of the matrices.

    Raises XferError when two scores of different provenance compete for one place.
    """
    plan = CELLS.empty_table() if cells is None else cells
    return tuple(table for model in reported(scores, plan, pools) for table in tables_of(model))


def tables_of(model: Reported) -> Iterator[LanguageTable]:
    """The tables of what is reported of one model or pool."""
    scored = {name for _, name in model.runs}
    return (_table(model, target) for target in model.targets if target.name in scored)


def _table(model: Reported, target: Target) -> LanguageTable:
    by_arm = {arm: model.runs[arm, target.name] for arm in model.arms if (arm, target.name) in model.runs}
    every = [run for runs in by_arm.values() for run in runs]
    languages = order_languages({language for run in every for language in run.values})
    common = shared_languages(every)
    return LanguageTable(
        model=model.model,
        models=model.models,
        target=target,
        languages=languages,
        common=common,
        chance=tuple(model.chance.get((target.name, language)) for language in languages),
        rows=tuple(
            _row(arm, model.relations[arm, target.name], runs, languages, common) for arm, runs in by_arm.items()
        ),
    )


def _row(arm: str, relation: str, runs: Sequence[Run], languages: Sequence[str], common: Sequence[str]) -> LanguageRow:
    every = {language: [run.values[language] for run in runs if language in run.values] for language in languages}
    values = {language: _mean(found) for language, found in every.items()}
    return LanguageRow(
        arm=arm,
        relation=relation,
        values=tuple(values.values()),
        deviations=tuple(map(deviation, every.values())),
        mean=_mean([values[language] for language in common]),
        zero_shot=_mean([values[language] for language in common if language != ENGLISH]),
    )


def _mean(values: Sequence[float | None]) -> float | None:
    present = [value for value in values if value is not None]
    return fmean(present) if present else None
