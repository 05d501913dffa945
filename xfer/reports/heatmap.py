"""The transfer matrix, laid out for print: texts, shades and footnotes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from xfer.reports.formatting import MISSING, SYMBOLS, points, shade, signed, spread
from xfer.reports.reported import NONE, Target
from xfer.reports.transfer import Cell, Matrix, Mean, Row, order_languages


@dataclass(frozen=True)
class Box:
    """One printed cell."""

    text: str
    kind: str = "number"
    """number, floor (not above the best constant answer), failed or missing."""
    shade: str = ""
    relation: str = ""
    """Spoken name of ``symbol``."""
    symbol: str = ""
    detail: str = ""
    """Second, smaller line."""
    reach: str = ""
    """Third: from the lowest to the highest mean of a pool's models."""
    marks: tuple[int, ...] = ()
    """Footnotes, from 1."""


@dataclass(frozen=True)
class Head:
    """A target's column heading."""

    target: Target
    languages: int
    marks: tuple[int, ...]


@dataclass(frozen=True)
class Line:
    """One arm."""

    arm: str
    group: str
    boxes: tuple[Box, ...]
    means: tuple[Box, ...]


@dataclass(frozen=True)
class HeatMap:
    """One model's matrix, or that of a pool of models."""

    model: str
    models: tuple[str, ...]
    """Itself, or the pool's."""
    parameters: int | None
    heads: tuple[Head, ...]
    mean_heads: tuple[str, ...]
    lines: tuple[Line, ...]
    footnotes: tuple[str, ...]


class Footnotes:
    """Numbers remarks; an equal remark gets its number back."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def number(self, remarks: Sequence[str]) -> tuple[int, ...]:
        self.texts += [remark for remark in dict.fromkeys(remarks) if remark not in self.texts]
        return tuple(self.texts.index(remark) + 1 for remark in remarks)


@dataclass(frozen=True)
class _Widest:
    """What a cell without gaps would rest on."""

    pooled: bool
    seeds: int
    """Runs of a cell."""
    languages: Mapping[str, tuple[str, ...]]
    """Target to the languages that any arm has."""

    @classmethod
    def of(cls, matrix: Matrix) -> _Widest:
        languages: dict[str, set[str]] = {target.name: set() for target in matrix.targets}
        for cell in matrix.cells:
            languages[cell.target].update(cell.languages)
        return cls(
            pooled=matrix.pooled,
            seeds=max((len(cell.seeds) for cell in matrix.cells), default=0),
            languages={name: order_languages(found) for name, found in languages.items()},
        )


def heat_map(matrix: Matrix) -> HeatMap:
    """Lay out one matrix. ``none`` shows scores, other arms differences."""
    notes = Footnotes()
    means = _mean_columns(matrix)
    widest = _Widest.of(matrix)
    heads = tuple(_head(target, widest, notes) for target in matrix.targets)
    return HeatMap(
        model=matrix.model,
        models=matrix.models,
        parameters=matrix.parameters,
        heads=heads,
        mean_heads=tuple(means.values()),
        lines=tuple(_line(row, tuple(means), widest, notes) for row in matrix.rows),
        footnotes=tuple(notes.texts),
    )


def _head(target: Target, widest: _Widest, notes: Footnotes) -> Head:
    remarks = []
    if target.selected_on:
        chosen_on = ", ".join(target.selected_on)
        remarks.append(f"{target.name}: the checkpoint was chosen on these very rows ({chosen_on}).")
    if "last" in target.selection and len(target.selection) > 1 + target.retrieval:
        remarks.append(f"{target.name}: arms differ in how the checkpoint was chosen.")
    return Head(target, len(widest.languages[target.name]), notes.number(remarks))


def _mean_columns(matrix: Matrix) -> dict[str, str]:
    """Field of ``Means`` to heading; a mean that leaves nothing out is not repeated."""
    retrieval = any(target.retrieval for target in matrix.targets)
    same_task = any(cell.relation == "same-task" for cell in matrix.cells)
    columns = {"overall": "all"}
    if retrieval:
        columns["without_retrieval"] = "without retrieval"
    if same_task:
        columns["without_same_task"] = "without same-task"
    if retrieval and same_task:
        columns["without_either"] = "without either"
    return columns


def _line(row: Row, means: Sequence[str], widest: _Widest, notes: Footnotes) -> Line:
    boxes = tuple(_box(cell, widest, notes) for cell in row.cells)
    source = row.scores if row.arm == NONE else row.deltas
    show = points if row.arm == NONE else signed
    return Line(row.arm, row.group, boxes, tuple(_mean_box(getattr(source, name), show) for name in means))


def _mean_box(mean: Mean, show: Callable[[float | None], str]) -> Box:
    partial = mean.value is not None and mean.targets < mean.of
    kind = "missing" if mean.value is None else "number"
    return Box(show(mean.value), kind, detail=f"{mean.targets} of {mean.of}" if partial else "")


def _box(cell: Cell, widest: _Widest, notes: Footnotes) -> Box:
    marks = notes.number(_remarks(cell, widest))
    symbol = SYMBOLS.get(cell.relation, "")
    if cell.state != "scored":
        return Box("failed" if cell.state == "failed" else MISSING, cell.state, marks=marks)
    if cell.arm == NONE:
        deviation = None if cell.score_sd is None else 100 * cell.score_sd
        reach = _reach([points(score) for score in sorted(cell.by_model)])
        return Box(points(cell.score), detail=spread(deviation), reach=reach, marks=marks)
    if cell.delta is None:
        return Box(MISSING, "missing", "", cell.relation, symbol, marks=marks)
    reach = _reach([signed(delta) for delta in sorted(cell.by_model)])
    return Box(
        signed(cell.delta), "number", shade(cell.delta), cell.relation, symbol, spread(cell.delta_sd), reach, marks
    )


def _reach(means: Sequence[str]) -> str:
    return f"{means[0]} … {means[-1]}" if len(means) > 1 else ""


def _remarks(cell: Cell, widest: _Widest) -> list[str]:
    remarks = _failures(cell, widest.pooled)
    noun = "run" if widest.pooled else "seed"
    if cell.state != "scored":
        return remarks
    if cell.arm != NONE and cell.delta is None:
        own = points(cell.score)
        return [*remarks, f"Scored {own}, but none has no run of the same seed and language to compare with."]
    if cell.paired < len(cell.seeds) and cell.arm != NONE:
        remarks.append(f"Over {_of(cell.paired, len(cell.seeds), noun)}: none has no score for the others.")
    elif cell.seeds and len(cell.seeds) < widest.seeds:
        remarks.append(f"Over {_of(len(cell.seeds), widest.seeds, noun)}.")
    every = widest.languages[cell.target]
    used = cell.languages if cell.arm == NONE else cell.compared
    if len(used) < len(every):
        absent = ", ".join(language for language in every if language not in used)
        remarks.append(f"Over {_of(len(used), len(every), 'language')}, without {absent}.")
    return remarks


def _failures(cell: Cell, pooled: bool) -> list[str]:
    """One remark a reason, with the seeds that it struck."""
    struck: dict[str, list[str]] = {}
    for failure in cell.failures:
        seed = "none" if failure.seed is None else str(failure.seed)
        struck.setdefault(failure.reason, []).append(f"{seed} of {failure.model}" if pooled else seed)
    return [f"{cell.arm} × {cell.target} failed, seed {', '.join(seeds)}: {reason}" for reason, seeds in struck.items()]


def _of(part: int, whole: int, noun: str) -> str:
    return f"{part} of {whole} {noun}s"
