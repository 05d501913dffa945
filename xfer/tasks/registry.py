"""The catalog's folder is the registry: ``catalog/NAME.py`` defines ``TASK`` with that name."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from functools import cache

from xfer.errors import UserError
from xfer.tasks import catalog
from xfer.tasks.task import Task


def names() -> tuple[str, ...]:
    """Sorted names of all tasks, without importing them."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(catalog.__path__)))


@cache
def get(name: str) -> Task:
    """The task of that name. Raises ``UserError`` with the nearest names when there is none."""
    if name not in names():
        raise UserError(f"unknown task '{name}'", fix=suggestion(name, names()))
    task = importlib.import_module(f"{catalog.__name__}.{name}").TASK
    assert isinstance(task, Task)
    assert task.name == name, f"catalog/{name}.py defines a task called {task.name}"
    return task


def suggestion(name: str, known: tuple[str, ...]) -> str:
    """What to write instead of a name that is not known."""
    near = difflib.get_close_matches(name, known, n=2, cutoff=0.5)
    return f"did you mean {' or '.join(near)}?" if near else f"known are: {', '.join(known)}"
