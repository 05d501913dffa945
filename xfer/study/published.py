"""A lock of sizes as published, for a plan where neither data nor models can be reached. Nothing runs with it."""

from __future__ import annotations

from xfer.errors import DataError, ModelError
from xfer.models import published
from xfer.models.published import MARK
from xfer.study.lock import Lock, LockedSplit, components, declarations
from xfer.study.needs import needs
from xfer.study.planner import plan
from xfer.study.resolve import LONGEST
from xfer.study.schema import Study
from xfer.tasks.task import Task


def lock_as_published(study: Study) -> Lock:
    """Rows of training data as the tasks state them; every input is counted at the longest that a recipe allows.

    Raises ``DataError`` or ``ModelError`` for what has no published size, with its place in the study.
    """
    names = [ref.id for ref in study.models]
    models = {}
    for i, name in enumerate(names):
        try:
            models[name] = published.spec_of(name)
        except ModelError as error:
            raise ModelError(error.what, study.where("models", i), error.fix) from error
    wanted = list(dict.fromkeys((name, language, split) for name, language, split, _ in needs(study)))
    tasks = [study.registry.get(name) for name in dict.fromkeys(name for name, _, _ in wanted)]
    made = Lock(
        components=components(tasks),
        tasks=declarations(tasks),
        revisions={},
        asked=tuple(sorted({"/".join(place) for place in wanted})),
        splits={"/".join(place): _split(study.registry.get(place[0]), place[2], names) for place in wanted},
        models=models,
    )
    plan(study, made, {})
    return made


def _split(task: Task, split: str, models: list[str]) -> LockedSplit:
    """Evaluation data cost a plan nothing, so their rows are left at none."""
    if split == "train" and task.train_size is None:
        raise DataError(
            f"how many rows task {task.name} trains on is not known", fix="make the lock where its data are"
        )
    rows = (task.train_size or 0) if split == "train" else 0
    return LockedSplit(data=MARK, rows=rows, lengths={name: {LONGEST: rows} for name in models})
