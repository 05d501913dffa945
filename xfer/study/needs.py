"""What of its tasks a study may read: what a lock must have looked for."""

from __future__ import annotations

from collections.abc import Iterator

from xfer.errors import LockError
from xfer.study.lock import RELOCK, Lock
from xfer.study.schema import Study


def needs(study: Study) -> Iterator[tuple[str, str, str, bool]]:
    """Task, language, split of all that a study may read, and whether it cannot do without."""
    tasks = study.registry
    trained = {task for arm in study.arms for task in arm.trains_on}
    trained |= set(study.explore.space.mix) if study.explore else set()
    trained |= {trains_on for target in study.targets if (trains_on := tasks.get(target.task).trains_on)}
    for name in sorted(trained):
        yield name, tasks.get(name).trains_in, "train", True
        if tasks.get(name).metric and (study.select.rule == "best" or _waits(study)):
            yield name, *split_of(study.select.on or tasks.get(name).selects_on), True
    for text in sorted({ref.scratch.text for ref in study.models if ref.scratch}):
        yield text, tasks.get(text).trains_in, "train", True
    for search in (study.tune, study.explore):
        if search is not None:
            for name in _judged(study, search.targets):
                yield name, *split_of(search.on), True
    for entry in study.evaluate:
        for target in study.targets_of(entry):
            task = tasks.get(target.task)
            for language in task.languages:
                if entry.languages == "all" or language in entry.languages:
                    for split in entry.splits:
                        if split in task.splits:
                            yield task.name, language, split, False


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
