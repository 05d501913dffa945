"""The catalog's folder is the registry: ``catalog/NAME.py`` defines ``TASK`` with that name.

A study may have a folder of its own, laid out the same; and its generated world decides which languages the
generated tasks have.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import pkgutil
import sys
import traceback
from dataclasses import dataclass, field
from pathlib import Path

from xfer.errors import UserError
from xfer.synthetic.world import World
from xfer.tasks import catalog
from xfer.tasks.task import Task


@dataclass(frozen=True)
class Registry:
    """The tasks that a study can name."""

    own: Path | None = None
    """A folder of the study's own tasks."""
    world: World = field(default_factory=World)
    _found: dict[str, Task] = field(default_factory=dict, compare=False, repr=False)

    def names(self) -> tuple[str, ...]:
        """Sorted names of all tasks, without importing them."""
        return tuple(sorted({*_modules(), *(path.stem for path in self._files())}))

    def get(self, name: str) -> Task:
        """The task of that name. Raises ``UserError`` with the nearest names when there is none."""
        if name not in self._found:
            if name not in self.names():
                raise UserError(f"unknown task '{name}'", fix=suggestion(name, self.names()))
            self._found[name] = self._load(name).within(self.world)
        return self._found[name]

    def suite(self, name: str) -> tuple[str, ...]:
        """Names of a suite's tasks, sorted; none if there is no such suite."""
        return tuple(task for task in self.names() if name in self.get(task).suites)

    def check_own(self) -> None:
        """Load all of the study's own tasks. Raises ``UserError`` with file and line for one with a mistake."""
        for path in self._files():
            self._check_format(self.get(path.stem), path)
            self._check_training(self.get(path.stem), path)

    def _check_training(self, task: Task, path: Path) -> None:
        """A head is trained by another task: it must answer the same question, label by label."""
        if task.trains_on is None:
            return
        if task.trains_on not in self.names():
            raise UserError(f"it trains on '{task.trains_on}'", str(path), suggestion(task.trains_on, self.names()))
        trained = self.get(task.trains_on)
        if "train" not in trained.splits or not trained.format.trainable:
            raise UserError(f"it trains on '{trained.name}', which has no training data", str(path), "name another")
        if (trained.format.name, trained.labels) != (task.format.name, task.labels):
            what = f"it trains on '{trained.name}', which has another format or other labels in another order"
            raise UserError(what, str(path), f"give it the labels {', '.join(trained.labels)} in this order")

    def _check_format(self, task: Task, path: Path) -> None:
        """Versions are kept by a format's name, so a format of the study's own needs one of its own."""
        known = {SHIPPED.get(name).format.name: type(SHIPPED.get(name).format) for name in SHIPPED.names()}
        if known.get(task.format.name, type(task.format)) is not type(task.format):
            raise UserError(f"a format '{task.format.name}' comes with the system", str(path), "give this one its own")

    def _files(self) -> tuple[Path, ...]:
        files = sorted(self.own.glob("*.py")) if self.own else ()
        return tuple(path for path in files if not path.name.startswith("_"))

    def _load(self, name: str) -> Task:
        path = next((path for path in self._files() if path.stem == name), None)
        if path is not None:
            return _own(path)
        task = importlib.import_module(f"{catalog.__name__}.{name}").TASK
        assert isinstance(task, Task)
        assert task.name == name, f"catalog/{name}.py defines a task called {task.name}"
        return task


SHIPPED = Registry()
"""The tasks that come with the system."""

SUITE = "suite/"
"""Begins what stands for all tasks of a suite."""


def of_suite(name: object) -> tuple[str, ...]:
    """The shipped tasks that ``suite/NAME`` stands for; none for anything else. Raises ``ValueError`` for no suite."""
    if not isinstance(name, str) or not name.startswith(SUITE):
        return ()
    found = SHIPPED.suite(name.removeprefix(SUITE))
    if not found:
        known = sorted({suite for task in SHIPPED.names() for suite in SHIPPED.get(task).suites})
        raise ValueError(f"there is no {name}; known are {', '.join(SUITE + suite for suite in known)}")
    return found


def suggestion(name: str, known: tuple[str, ...]) -> str:
    """What to write instead of a name that is not known."""
    near = difflib.get_close_matches(name, known, n=2, cutoff=0.5)
    return f"did you mean {' or '.join(near)}?" if near else f"known are: {', '.join(known)}"


def _modules() -> tuple[str, ...]:
    return tuple(module.name for module in pkgutil.iter_modules(catalog.__path__))


def _own(path: Path) -> Task:
    """Run a study's own task file: it is the user's code, and its mistakes are told with their line."""
    if path.stem in _modules():
        raise UserError(f"a task '{path.stem}' comes with the system", str(path), "give this file another name")
    spec = importlib.util.spec_from_file_location(f"xfer_own_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise UserError(f"not Python: {error.msg}", f"{path}:{error.lineno or 1}", "mend the line") from error
    except (Exception, SystemExit) as error:  # whatever the user's file does
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
        where = f"{path}:{frames[-1].lineno if frames else 1}"
        raise UserError(f"{type(error).__name__}: {error}", where, "mend the line") from error
    finally:
        del sys.modules[spec.name]  # its classes travel to workers by value
    task = getattr(module, "TASK", None)
    if not isinstance(task, Task):
        raise UserError("it defines no TASK", f"{path}:1", 'write TASK = Task("' + path.stem + '", ...)')
    if task.name != path.stem:
        line = next((i for i, text in enumerate(path.read_text().splitlines(), 1) if task.name in text), 1)
        raise UserError(f"it defines a task called '{task.name}'", f"{path}:{line}", f"call it '{path.stem}'")
    return task
