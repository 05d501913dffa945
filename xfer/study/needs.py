"""What of its tasks a study may read: what a lock must have looked for."""

from __future__ import annotations

from collections.abc import Iterator

from xfer.errors import LockError
from xfer.study.lock import RELOCK, Lock
from xfer.study.schema import Study
from xfer.tasks import registry


def needs(study: Study) -> Iterator[tuple[str, str, str, bool]]:
    """Task, language, split of all that a study may read, and whether it cannot do without."""
    trained = {task for arm in study.arms for task in arm.trains_on}
    trained |= {trains_on for name in study.targets if (trains_on := registry.get(name).trains_on)}
    for name in sorted(trained):
        yield name, "en", "train", True
        if study.select.rule == "best":
            split, _, language = (study.select.on or registry.get(name).selects_on).partition("/")
            yield name, language, split, True
    if study.tune is not None:
        split, _, language = study.tune.on.partition("/")
        for target in study.tune.targets or study.targets:
            if trains_on := registry.get(target).trains_on:
                yield trains_on, language, split, True
    for entry in study.evaluate:
        for name in study.tasks_of(entry):
            task = registry.get(name)
            for language in task.languages:
                if entry.languages == "all" or language in entry.languages:
                    for split in entry.splits:
                        if split in task.splits:
                            yield name, language, split, False


def check_asked(study: Study, lock: Lock) -> None:
    """Raise ``LockError`` when the study has come to ask for more than the lock was made for."""
    asked = set(lock.asked)
    for task, language, split, _ in needs(study):
        if f"{task}/{language}/{split}" not in asked:
            raise LockError(f"{task}/{language}/{split} is not in the lock", str(study.path), RELOCK)
