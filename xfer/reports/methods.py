"""What was done, as one would write it into a paper: sentences from the study, its plan and its tables."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from xfer.reports.methods_data import arms, targets
from xfer.reports.methods_models import generated, models
from xfer.reports.methods_search import searches
from xfer.reports.methods_sources import data_sets, tasks_of, works
from xfer.reports.methods_training import checkpoints, training
from xfer.reports.prose import Paragraph, listed, number_of
from xfer.reports.uses import uses
from xfer.study.opening import Opened
from xfer.study.schema import Study
from xfer.tasks.task import Task


def methods(opened: Opened, views: Mapping[str, pa.Table]) -> tuple[Paragraph, ...]:
    """The methods of a study; ``views`` as in ``xfer.results.schema``. It claims nothing about results."""
    study, plan, lock = opened.study, opened.plan, opened.lock
    found, tasks = uses(plan), tasks_of(study)
    phases = [row for row in views["phases"].to_pylist() if row["state"] == "done"]
    stages = sorted({row["zero_stage"] for row in phases if row["zero_stage"] is not None})
    pruned = views["decisions"]["state"].to_pylist().count("pruned")
    return (
        _design(study),
        models(study, lock),
        *generated(study.world, tasks),
        arms(study, found),
        targets(study, plan, found, plan.models),
        training(study, plan, found),
        checkpoints(study, found),
        *searches(study, plan, pruned),
        _statistics(study, tasks),
        _machines(phases),
        data_sets(tasks, lock),
        works(study, plan, found, tasks, stages),
    )


def markdown(title: str, paragraphs: Iterable[Paragraph]) -> str:
    """The methods as Markdown: the words of the page."""
    lines = [f"# {_plain(title)}"]
    for paragraph in paragraphs:
        lines += ["", f"## {_plain(paragraph.title)}"]
        lines += ["", _plain(paragraph.text)] if paragraph.text else []
        lines += ["", *(f"- {_plain(item)}" for item in paragraph.items)] if paragraph.items else []
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    """Text without meaning in Markdown, and with commas between thousands, as they are written in manuscripts."""
    escaped = re.sub(r"[\\`*\[\]<>#|]|(?<!\w)_|_(?!\w)", r"\\\g<0>", text)
    return escaped.replace("\u202f", ",")


def _design(study: Study) -> Paragraph:
    crossed = ((study.models, "model"), (study.arms, "arm"), (study.targets, "target"), (study.seeds, "seed"))
    counts = listed([number_of(len(several), noun) for several, noun in crossed])
    text = (
        f"The study crosses {counts}. A model goes through "
        "what an arm asks for, is then fine-tuned on the target’s training data, and is evaluated in the target’s "
        "languages. A training run that several places of this grid share is made once."
    )
    return Paragraph("Design", text)


def _statistics(study: Study, tasks: Sequence[Task]) -> Paragraph:
    masks = ", masks" if any(task.format.output == "vocabulary" for task in tasks) else ""
    text = (
        f"{'Seed' if len(study.seeds) == 1 else 'Seeds'} {listed(study.seeds)}: a seed decides the first weights of "
        f"new heads, the order of the data{masks} and dropout; it does not decide which rows a random draw of the "
        "training data holds. A score is the mean over languages, then over seeds. A difference from arm none is taken "
        "for each seed over the languages that both have, and then averaged; ± is the standard deviation over seeds "
        "(n − 1)."
    )
    if len(study.models) > 1 and any(ref.scratch for ref in study.models):
        text += (
            " Where models that differ in their pretraining seed alone are shown together, mean and deviation are over "
            "all pairs of model and seed; pairs of one model are not independent of each other."
        )
    return Paragraph("Seeds and means", text)


def _machines(phases: Sequence[Mapping[str, Any]]) -> Paragraph:
    """On what phases ran, as their records have it."""
    groups: dict[str, int] = {}
    for row in phases:
        stage = "" if row["zero_stage"] is None else f" with DeepSpeed ZeRO stage {row['zero_stage']}"
        where = (
            f"{number_of(row['ranks'] or 1, 'worker')}{stage} on {row['hardware'] or 'hardware that is not on record'}"
        )
        versions = ", ".join(f"{name} {version}" for name, version in json.loads(row["versions"] or "{}").items())
        whole = f"{where} ({versions or 'versions are not on record'})"
        groups[whole] = 1 + groups.get(whole, 0)
    if not groups:
        return Paragraph("Software and hardware", "No phase has been trained yet.")
    if len(groups) == 1:
        return Paragraph("Software and hardware", f"Every phase was trained by {next(iter(groups))}.")
    items = tuple(f"{number_of(n, 'phase')}: {where}." for where, n in groups.items())
    return Paragraph("Software and hardware", "Phases were trained by", items)
