"""XTREME's averages of what a study has measured of its nine tasks (Hu et al. 2020, arXiv 2003.11080, evaluate.py).

A task counts with the mean over its languages, English included; questions with the mean of EM and F1; UD POS with the
F1 of chunks, not with the share of words. All tasks weigh the same. XTREME gives no average with a task missing; here
one says what it is over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from types import MappingProxyType

import pyarrow as pa
import pyarrow.compute as pc

from xfer.reports.formatting import count
from xfer.reports.pools import Pool
from xfer.reports.reported import reported
from xfer.reports.transfer import SAME_TASK, Cell, Matrix, matrix
from xfer.results.schema import XTREME
from xfer.study.schema import Study

SUITE = "xtreme"

GROUPS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "sentence-pair classification": {"xnli": "accuracy", "pawsx": "accuracy"},
        "structured prediction": {"udpos": "tag_f1", "panx": "tag_f1"},
        "question answering": {"xquad": "squad_em_f1", "mlqa": "mlqa_em_f1", "tydiqa": "squad_em_f1"},
        "sentence retrieval": {"bucc": "mining_f1", "tatoeba": "accuracy"},
    }
)
"""XTREME's groups, their tasks, and the metric that each counts with: the tasks' own."""

METRICS = {task: metric for group in GROUPS.values() for task, metric in group.items()}
RETRIEVAL = frozenset(GROUPS["sentence retrieval"])


@dataclass(frozen=True)
class Average:
    """One mean over some of the nine tasks."""

    name: str
    value: float | None
    """Proportion."""
    delta: float | None
    """Points against ``none``, over ``compared``."""
    seeds: int | None
    """Fewest seeds (of a pool, runs) behind a trained task of it."""
    targets: tuple[str, ...]
    missing: tuple[str, ...]
    """Tasks that belong to it and have no score."""
    compared: tuple[str, ...]


@dataclass(frozen=True)
class Arm:
    """What came before the targets, and what it reaches."""

    name: str
    group: str
    """The arm's, not XTREME's."""
    averages: tuple[Average, ...]
    remarks: tuple[str, ...]
    """What keeps a target's score from being its task's XTREME score."""


@dataclass(frozen=True)
class Standing:
    """One model, or pool of models, on XTREME."""

    model: str
    arms: tuple[Arm, ...]
    """``none`` first."""


def standings(study: Study, scores: pa.Table, cells: pa.Table, pools: Sequence[Pool] = ()) -> tuple[Standing, ...]:
    """One a pool and a model, from the views ``scores`` and ``cells``; none for a study without a target of XTREME.

    Raises XferError when two scores of different provenance compete for one place.
    """
    targets = targets_of(study)
    if not targets:
        return ()
    names = pa.array(targets.values(), pa.string())
    rows = scores.filter(pc.is_in(scores["target"], names))
    found = reported(rows, cells.filter(pc.is_in(cells["target"], names)), pools)
    return tuple(Standing(model.model, _arms(study, targets, matrix(model))) for model in found)


def table(found: Sequence[Standing]) -> pa.Table:
    """All averages, one a row, schema ``XTREME``."""
    lines = [
        {**vars(average), "model": standing.model, "arm": arm.name, "average": average.name, "remarks": arm.remarks}
        for standing in found
        for arm in standing.arms
        for average in arm.averages
    ]
    return pa.Table.from_pylist([{name: line[name] for name in XTREME.names} for line in lines], schema=XTREME)


def targets_of(study: Study) -> dict[str, str]:
    """XTREME's tasks that the study has a target of, and its name: the one called like the task, else the first."""
    found: dict[str, str] = {}
    for target in study.targets:
        if target.task in METRICS and SUITE in study.registry.get(target.task).suites:
            kept = found.get(target.task, target.name)
            found[target.task] = target.name if target.name == target.task else kept
    return {task: found[task] for task in METRICS if task in found}


def _arms(study: Study, targets: Mapping[str, str], found: Matrix) -> tuple[Arm, ...]:
    splits = {target.name: target.split for target in found.targets}
    rows = []
    for row in found.rows:
        by_name = {cell.target: cell for cell in row.cells}
        cells = {task: by_name.get(targets.get(task, "")) for task in METRICS}
        remarks = [
            remark
            for cell in cells.values()
            if cell and cell.score is not None
            for remark in _remarks(study, cell, splits[cell.target])
        ]
        averages = tuple(_average(name, kept, cells) for name, kept in _members(cells).items())
        rows.append(Arm(row.arm, row.group, averages, tuple(remarks)))
    return tuple(rows)


def _members(cells: Mapping[str, Cell | None]) -> dict[str, frozenset[str]]:
    """The averages' names, and the tasks that belong to each."""
    trained = frozenset(cells) - RETRIEVAL
    other = frozenset(task for task, cell in cells.items() if cell is None or cell.relation != SAME_TASK)
    means = {"all": frozenset(cells), "without retrieval": trained, "without same-task": other}
    return means | {"without either": trained & other} | {name: frozenset(group) for name, group in GROUPS.items()}


def _average(name: str, members: frozenset[str], cells: Mapping[str, Cell | None]) -> Average:
    scored = {task: cell for task, cell in cells.items() if task in members and cell and cell.score is not None}
    compared = {cell.target: cell.delta for cell in scored.values() if cell.delta is not None}
    seeds = [len(cell.seeds) for task, cell in scored.items() if task not in RETRIEVAL]
    return Average(
        name=name,
        value=fmean(cell.score for cell in scored.values() if cell.score is not None) if scored else None,
        delta=fmean(compared.values()) if compared else None,
        seeds=min(seeds, default=None),
        targets=tuple(cell.target for cell in scored.values()),
        missing=tuple(task for task in cells if task in members and task not in scored),
        compared=tuple(compared),
    )


def _remarks(study: Study, cell: Cell, split: str) -> Iterator[str]:
    target = study.target(cell.target)
    task = study.registry.get(target.task)
    if target.name != task.name:
        yield f"{task.name} is the target {target.name}"
    if target.examples is not None:
        yield f"{target.name} fine-tuned on {count(target.examples)} examples"
    if len(cell.languages) < len(task.languages):
        yield f"{target.name} in {len(cell.languages)} of {len(task.languages)} languages"
    if split != "test" and "test" in task.splits:
        yield f"{target.name} on {split} data"
