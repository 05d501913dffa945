"""What of its tasks a study may read: what a lock must have looked for."""

from __future__ import annotations

from collections.abc import Iterator

from xfer.errors import LockError
from xfer.study.lock import RELOCK, Lock
from xfer.study.schema import Study

Address = tuple[str, str, str]
"""Task, language, split."""


def needs(study: Study) -> Iterator[tuple[str, str, str, bool]]:
    """Task, language, split of all that a study may read, and whether it cannot do without."""
    for name, language, split in (*trained(study), *chosen_by(study)):
        yield name, language, split, True
    for name, language, split in (*pretrained(study), *evaluated(study)):
        yield name, language, split, False


def trained(study: Study) -> Iterator[Address]:
    """What its phases train on."""
    tasks = study.registry
    names = {task for arm in study.arms for task in arm.trains_on}
    names |= set(study.explore.space.mix) if study.explore else set()
    names |= {trains_on for target in study.targets if (trains_on := tasks.get(target.task).trains_on)}
    for name in (*sorted(names), *sorted({ref.scratch.text for ref in study.models if ref.scratch})):
        yield name, tasks.get(name).trains_in, "train"


def chosen_by(study: Study) -> Iterator[Address]:
    """What checkpoints, recipe values and arms are chosen by."""
    tasks = study.registry
    for name, *_ in trained(study):
        if tasks.get(name).metric and (study.select.rule == "best" or _waits(study)):
            yield name, *split_of(study.select.on or tasks.get(name).selects_on)
    for search in (study.tune, study.explore):
        if search is not None:
            for name in _judged(study, search.targets):
                yield name, *split_of(search.on)


def pretrained(study: Study, model: str | None = None) -> Iterator[Address]:
    """What ready-made models, or this one, were pretrained on before they came here, as far as the study says it."""
    for ref in study.models:
        for name in ref.pretrained_on if model in (None, ref.id) else ():
            yield from ((name, language, "train") for language in study.registry.get(name).languages)


def evaluated(study: Study) -> Iterator[Address]:
    """What its targets are evaluated on, as far as the data hold it."""
    for entry in study.evaluate:
        for target in study.targets_of(entry):
            task = study.registry.get(target.task)
            for language in task.languages:
                if entry.languages == "all" or language in entry.languages:
                    yield from ((task.name, language, split) for split in entry.splits if split in task.splits)


def split_of(on: str) -> tuple[str, str]:
    """``validation/en`` as language and split, in the order of a data set's address."""
    split, _, language = on.partition("/")
    return language, split


def check_asked(study: Study, lock: Lock) -> None:
    """Raise ``LockError`` when the study has come to ask for more than the lock was made for."""
    asked = set(lock.asked)
    for task, language, split, _ in needs(study):
        if f"{task}/{language}/{split}" not in asked:
            raise LockError(f"{task}/{language}/{split} is not in the lock", str(study.path), RELOCK)


def _waits(study: Study) -> bool:
    """Whether patience may end some phase early."""
    recipe = study.recipe
    return any(getattr(patch, "patience", None) for patch in (recipe.default, *recipe.override))


def _judged(study: Study, targets: tuple[str, ...] | None) -> Iterator[str]:
    """Tasks that the targets of a search train on."""
    for name in targets or study.target_names:
        if trains_on := study.registry.get(study.target(name).task).trains_on:
            yield trains_on
