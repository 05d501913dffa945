"""A small study by hand: three arms, two trained targets and retrieval, two seeds, one failed cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from xfer.reports.pools import Pool
from xfer.results import schema

Values = Mapping[str, float]

METRICS = {"xnli": ("accuracy", 0.5), "panx": ("tag_f1", None), "tatoeba": ("accuracy", 0.01)}
RELATIONS = {("mnli", "xnli"): "same-task", ("snli", "xnli"): "near"}

XNLI = {
    ("none", 1): {"en": 0.80, "de": 0.70, "sw": 0.60},
    ("none", 2): {"en": 0.82, "de": 0.70, "sw": 0.58},
    ("mnli", 1): {"en": 0.83, "de": 0.73, "sw": 0.63},
    ("mnli", 2): {"en": 0.83, "de": 0.71, "sw": 0.59},
    ("snli", 1): {"en": 0.78, "de": 0.68, "sw": 0.49},
    ("snli", 2): {"en": 0.80, "de": 0.68, "sw": 0.47},
}
PANX = {
    ("none", 1): {"en": 0.80, "de": 0.60},
    ("none", 2): {"en": 0.80, "de": 0.62},
    ("mnli", 1): {"en": 0.81, "de": 0.63},
}
TATOEBA: dict[tuple[str, int | None], Values] = {
    ("none", None): {"de": 0.40, "sw": 0.10},
    ("mnli", 1): {"de": 0.50, "sw": 0.20},
    ("mnli", 2): {"de": 0.52, "sw": 0.22},
    ("snli", 1): {"de": 0.30, "sw": 0.10},
    ("snli", 2): {"de": 0.30, "sw": 0.10},
}


def table(rows: Iterable[Mapping[str, Any]], kind: pa.Schema) -> pa.Table:
    """Rows of a view; fields that are not given are empty."""
    return pa.Table.from_pylist([{name: row.get(name) for name in kind.names} for row in rows], schema=kind)


def score_rows(target: str, runs: Mapping[tuple[str, Any], Values], **fields: Any) -> list[dict[str, Any]]:
    """Test rows of the major metric; ``fields`` overrides."""
    metric, chance = METRICS[target]
    retrieval = target == "tatoeba"
    return [
        {
            "study": "small",
            "model": "tiny",
            "parameters": 1000,
            "arm": arm,
            "relation": "none" if arm == "none" else RELATIONS.get((arm, target), "transfer"),
            "target": target,
            "seed": seed,
            "phase": "" if seed is None else f"{arm}-{'' if retrieval else target}-{seed}",
            "selection": "pretrained" if seed is None else "last",
            "task": target,
            "language": language,
            "split": "test",
            "layer": 2 if retrieval else None,
            "metric": metric,
            "metric_version": 1,
            "major": True,
            "value": value,
            "n": 100,
            "chance": chance,
            "selected_by": "",
            **fields,
        }
        for (arm, seed), values in runs.items()
        for language, value in values.items()
    ]


TWINS = Pool("nano, 2 pretraining seeds", ("one", "two"))


def twin_views() -> dict[str, pa.Table]:
    """Two models that differ in their pretraining: mnli helps xnli by 3 and 1 points in one, by 7 and 5 in two."""
    better = {
        key: {code: value + 0.04 * (key[0] == "mnli") for code, value in run.items()} for key, run in XNLI.items()
    }
    scores = [
        *score_rows("xnli", XNLI, model="one"),
        *score_rows("xnli", better, model="two"),
        *score_rows("tatoeba", TATOEBA, model="one"),
        *score_rows("tatoeba", TATOEBA, model="two"),
    ]
    cells = [cell | {"model": model} for model in TWINS.models for cell in all_cells() if cell["target"] != "panx"]
    return small_views() | {"scores": table(scores, schema.SCORES), "cells": table(cells, schema.CELLS)}


def all_scores() -> list[dict[str, Any]]:
    """The whole study, and rows beside it that must not enter a table."""
    wrong = {("none", 1): {"en": 0.01, "de": 0.01, "sw": 0.01}}
    return [
        *score_rows("xnli", XNLI),
        *score_rows("panx", PANX),
        *score_rows("tatoeba", TATOEBA),
        *score_rows("xnli", wrong, split="validation"),
        *score_rows("xnli", wrong, metric="macro_f1", major=False),
    ]


def all_cells() -> list[dict[str, Any]]:
    """In the study's order: ``none`` is not the first arm; snli x panx failed once and is planned once."""
    cells = [
        {"model": "tiny", "arm": arm, "target": target, "seed": seed, "state": "done"}
        for target in ("xnli", "panx", "tatoeba")
        for arm in ("mnli", "none", "snli")
        for seed in (1, 2)
    ]
    for cell in cells:
        if (cell["arm"], cell["target"]) == ("snli", "panx"):
            failed = cell["seed"] == 1
            cell |= {"state": "failed", "reason": "out <of> memory"} if failed else {"state": "planned"}
        if (cell["arm"], cell["target"], cell["seed"]) == ("mnli", "panx", 2):
            cell["state"] = "planned"
    return cells


def all_phases() -> list[dict[str, Any]]:
    """Those of xnli and of its intermediate tasks."""
    phases: list[dict[str, Any]] = [
        {"phase": f"{arm}--{seed}", "roles": ["intermediate"], "trains_on": [arm], "parent": "", "seed": seed}
        for arm in ("mnli", "snli")
        for seed in (1, 2)
    ]
    phases += [
        {
            "phase": f"{arm}-xnli-{seed}",
            "roles": ["target"],
            "trains_on": ["mnli"],
            "parent": "" if arm == "none" else f"{arm}--{seed}",
            "seed": seed,
        }
        for arm, seed in XNLI
    ]
    done = {"model": "tiny", "state": "done", "planned_steps": 2000, "steps": 2000, "tokens": 640000}
    cost = {"seconds": 3700.0, "ranks": 2, "zero_stage": 1, "engine": "DeepSpeedEngine", "hardware": "a CPU"}
    more = {"precision": "fp32", "versions": '{"torch": "2.13.0"}'}
    return [row | done | cost | more for row in phases]


def small_views() -> dict[str, pa.Table]:
    """All views but ``predictions``."""
    phases = all_phases()
    curves = [
        {"phase": row["phase"], "step": step, "task": row["trains_on"][0], "language": "en", "metric": metric}
        | {"value": 1 / step}
        for row in phases
        for metric in ("loss", "accuracy")
        for step in (1, 2, 4)
    ]
    attempts = [
        {
            "phase": "mnli--1",
            "attempt": 1,
            "holder": "host:1",
            "first_step": 0,
            "last_step": 7,
            "outcome": "lost",
        },
        {"phase": "mnli--1", "attempt": 2, "holder": "host:2", "first_step": 5, "outcome": "committed"},
        {"phase": "snli--1", "attempt": 1, "holder": "quiet:3", "first_step": 0, "outcome": "committed"},
    ]
    return {
        "scores": table(all_scores(), schema.SCORES),
        "phases": table(phases, schema.PHASES),
        "cells": table(all_cells(), schema.CELLS),
        "curves": table(curves, schema.CURVES),
        "attempts": table(attempts, schema.ATTEMPTS),
        "decisions": table([], schema.DECISIONS),
    }
