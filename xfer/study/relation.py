"""How an arm's data relate to a target's: by the data they hold, not by their names."""

from __future__ import annotations

from xfer.tasks.registry import Registry
from xfer.tasks.task import Task


def relation(arm: tuple[str, ...], target: Task, registry: Registry) -> str:
    """``none``, ``same-task``, ``near`` or ``transfer``.

    Same-task: the arm's data are, or contain, what the target trains on, or the target itself. Near: a task of
    the arm asks nearly the same question of other data.
    """
    if not arm:
        return "none"
    held = _held(arm, registry)
    wanted = _held((target.name, *([target.trains_on] if target.trains_on else [])), registry)
    if held & wanted:
        return "same-task"
    near = {name for task in wanted for name in registry.get(task).near}
    near_to = {name for task in held for name in registry.get(task).near}
    return "near" if held & near or wanted & near_to else "transfer"


def _held(tasks: tuple[str, ...], registry: Registry) -> set[str]:
    """The tasks, what they contain, and what that contains in turn."""
    held: set[str] = set()
    waiting = [*tasks]
    while waiting:
        if (name := waiting.pop()) not in held:
            held.add(name)
            waiting += registry.get(name).contains
    return held
