"""XTREME's averages, laid out for print: scores, how far from the arm none, and over how many tasks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from xfer.reports.formatting import MISSING, points, shade, signed
from xfer.reports.heatmap import Box, Footnotes
from xfer.reports.xtreme import GROUPS, Arm, Average, Standing

MEANS = ("all", "without retrieval", "without same-task", "without either")


@dataclass(frozen=True)
class XtremeLine:
    """One arm."""

    arm: str
    group: str
    marks: tuple[int, ...]
    """Footnotes on the targets' scores."""
    groups: tuple[Box, ...]
    means: tuple[Box, ...]


@dataclass(frozen=True)
class XtremeMap:
    """One model, or pool of models."""

    model: str
    groups: tuple[str, ...]
    means: tuple[str, ...]
    """Headings of means over tasks of all groups; one that leaves nothing out is not repeated."""
    lines: tuple[XtremeLine, ...]
    footnotes: tuple[str, ...]


def xtreme_map(standing: Standing) -> XtremeMap:
    """Lay out one model's averages."""
    notes = Footnotes()
    means = _means(standing)
    lines = tuple(_line(arm, means, notes) for arm in standing.arms)
    return XtremeMap(standing.model, tuple(GROUPS), means, lines, tuple(notes.texts))


def _means(standing: Standing) -> tuple[str, ...]:
    every = [{average.name: average for average in arm.averages} for arm in standing.arms]
    same_task = any(_tasks(found["all"]) != _tasks(found["without same-task"]) for found in every)
    return MEANS if same_task else MEANS[:2]


def _tasks(average: Average) -> int:
    return len(average.targets) + len(average.missing)


def _line(arm: Arm, means: Iterable[str], notes: Footnotes) -> XtremeLine:
    found = {average.name: average for average in arm.averages}
    marks = notes.number([f"{'; '.join(arm.remarks)}."] if arm.remarks else [])
    groups, rest = (tuple(_box(found[name], notes) for name in names) for names in (GROUPS, means))
    return XtremeLine(arm.name, arm.group, marks, groups, rest)


def _box(average: Average, notes: Footnotes) -> Box:
    if average.value is None:
        return Box(MISSING, "missing")
    marks = notes.number(list(_without(average)))
    return Box(
        points(average.value),
        shade=shade(average.delta),
        detail="" if average.delta is None else signed(average.delta),
        reach=f"{len(average.targets)} of {_tasks(average)}" if average.missing else "",
        marks=marks,
    )


def _without(average: Average) -> Iterable[str]:
    if average.missing:
        yield f"Without {', '.join(average.missing)}."
    if average.compared and average.compared != average.targets:
        yield f"The difference from none is over {', '.join(average.compared)} alone."
