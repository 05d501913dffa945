"""Learning curves as inline SVG, drawn by matplotlib: one panel a task and metric, one line a phase."""

from __future__ import annotations

import io
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from xfer.reports.reported import NONE

COLOURS = (
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56a0d3", "#882255", "#7a68d8", "#8a8a2e",
)  # fmt: skip
"""Okabe and Ito's colours and mid-tones beside them, readable on white and on black."""

TEXT = "currentColor"
"""The page's own text colour, as CSS names it."""

INK = "#010203"
"""Stands for ``TEXT``, which matplotlib does not know, until the drawing is text."""

LOSS = "loss"

GREY = "#7f7f7f"
"""Of pretraining, which belongs to no arm. None of ``COLOURS``."""


@dataclass(frozen=True)
class Stroke:
    """How a line is drawn, and what that means."""

    label: str
    colour: str
    dashed: bool


@dataclass(frozen=True)
class Panel:
    """One drawing."""

    model: str
    task: str
    metric: str
    svg: str


@dataclass(frozen=True)
class Curves:
    """All drawings, those of a model together, and their common legend."""

    panels: tuple[Panel, ...]
    legend: tuple[Stroke, ...]


def draw(views: Mapping[str, pa.Table], arms: Sequence[str]) -> Curves:
    """Draw the view ``curves``; ``phases`` and ``scores`` say which arm a phase belongs to. Trials are left out.

    ``arms`` fixes the colours: ``none`` has the colour of the text. Intermediate phases are dashed.
    """
    phases = {row["phase"]: row for row in views["phases"].to_pylist()}
    trials = {phase for phase, row in phases.items() if row["roles"] == ["trial"]}
    strokes = _strokes(phases, views["scores"], arms)
    lines: dict[tuple[str, str, str], dict[str, list[tuple[int, float]]]] = defaultdict(lambda: defaultdict(list))
    for row in views["curves"].to_pylist():
        if row["phase"] in trials:
            continue
        model = phases[row["phase"]]["model"] if row["phase"] in phases else ""
        lines[model, row["task"], row["metric"]][row["phase"]].append((row["step"], row["value"]))
    tasks = list(dict.fromkeys(task for _, task, _ in lines))
    keys = sorted(lines, key=lambda key: (key[0], tasks.index(key[1]), key[2] != LOSS))
    panels = tuple(Panel(*key, _svg(key, lines[key], strokes)) for key in keys)
    drawn = {strokes[phase] for line in lines.values() for phase in line if phase in strokes}
    return Curves(panels, tuple(sorted(drawn, key=lambda stroke: (stroke.dashed, _place(stroke.label, arms)))))


def _place(label: str, arms: Sequence[str]) -> tuple[int, str]:
    """Arms in the study's order, then other labels."""
    return (arms.index(label) if label in arms else len(arms), label)


def _strokes(phases: Mapping[str, dict[str, Any]], scores: pa.Table, arms: Sequence[str]) -> dict[str, Stroke]:
    owners: dict[str, set[str]] = defaultdict(set)
    pairs = scores.select(["phase", "arm"]).group_by(["phase", "arm"]).aggregate([])
    for phase, arm in zip(pairs["phase"].to_pylist(), pairs["arm"].to_pylist(), strict=True):
        while phase:
            owners[phase].add(arm)
            phase = phases[phase]["parent"] if phase in phases else None
    colours = dict(zip([arm for arm in arms if arm != NONE], COLOURS * len(arms), strict=False))
    strokes = {}
    for phase, row in phases.items():
        intermediate = "intermediate" in row["roles"]
        # One run can serve an arm as its intermediate phase and `none` as its target phase.
        own = [arm for arm in arms if arm in owners[phase] and not (intermediate and arm == NONE)]
        if "pretrain" in row["roles"]:
            strokes[phase] = Stroke("pretraining", GREY, False)
            continue
        label = own[0] if own else " and ".join(row["roles"])
        strokes[phase] = Stroke(label, colours.get(label, TEXT), intermediate)
    return strokes


def _svg(
    key: tuple[str, str, str], lines: Mapping[str, Sequence[tuple[int, float]]], strokes: Mapping[str, Stroke]
) -> str:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_style("/".join(key)))
        figure = Figure(figsize=(3.2, 2.0), layout="constrained")
        axes = figure.add_subplot()
        factor = 1 if key[2] == LOSS else 100
        for phase, values in lines.items():
            stroke = strokes.get(phase, Stroke("", TEXT, False))
            steps, heights = zip(*sorted(values), strict=True)
            axes.plot(
                steps,
                [factor * height for height in heights],
                color=INK if stroke.colour == TEXT else stroke.colour,
                linestyle=(0, (4, 2)) if stroke.dashed else "-",
                marker="." if len(steps) < 4 else "",
            )
        axes.set_xlabel("step")
        axes.set_xlim(left=0)
        axes.locator_params(nbins=5)
        stream = io.BytesIO()
        figure.savefig(
            stream,
            format="svg",
            transparent=True,
            metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")),
        )
    return _inline(stream.getvalue().decode(), f"{key[2]} over steps, {key[1]}")


def _style(salt: str) -> dict[Any, Any]:
    """matplotlib's settings. The salt makes names inside the drawing the same each time, and its own."""
    return {
        "svg.hashsalt": salt,
        "svg.fonttype": "none",
        "font.size": 8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.6,
        "axes.grid": True,
        "axes.grid.axis": "y",
        "grid.linewidth": 0.4,
        "grid.alpha": 0.25,
        "lines.linewidth": 1.1,
        "xtick.major.width": 0.6,
        "ytick.major.width": 0.6,
        **dict.fromkeys(("axes.edgecolor", "axes.labelcolor", "grid.color", "xtick.color", "ytick.color"), INK),
    }


def _inline(svg: str, label: str) -> str:
    """The ``<svg>`` element alone, for HTML: no prolog, no repeated names, the page's text colour."""
    from markupsafe import escape

    element = svg[svg.index("<svg") :]
    element = re.sub(r"<g id=\"[^\"]*\"", "<g", element)
    element = re.sub(r"\sxmlns(:xlink)?=\"[^\"]*\"", "", element)
    element = re.sub(r"<!--.*?-->\n?", "", element, flags=re.DOTALL)
    element = element.replace(INK, TEXT)
    return element.replace("<svg", f'<svg role="img" aria-label="{escape(label)}"', 1)
