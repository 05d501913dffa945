"""``xfer lock``: write down what a study's names stand for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cluster.cli import runs
from cluster.cli.arguments import Data, Models, StudyPath, set_roots

if TYPE_CHECKING:
    from xfer.study.lock import Lock
    from xfer.study.schema import Study


def lock(
    study: StudyPath, data: Data = None, models: Models = None, on: runs.On = None,
    published: Annotated[
        bool, typer.Option("--published", help="With sizes as published, where nothing can be reached: only to plan.")
    ] = False,
) -> None:  # fmt: skip
    """Resolve data and models to their content, and write STUDY.lock.json beside the study."""
    from xfer.study import lock as locks
    from xfer.study import reading

    set_roots(data, models)
    found = reading.read(study)
    path = locks.path_of(study)
    made = _published(found) if published else _there(study, on) if on else _here(found)
    locks.write(path, made)
    print(f"{path}: {len(made.models)} models, {len(made.tasks)} tasks, {len(made.splits)} splits")
    if published:
        print("  sizes are those published; nothing was read, and nothing runs with this lock")
    else:
        _print_absent(found, made)


def _here(study: Study) -> Lock:
    from xfer.study import resolve

    return resolve.lock_of(study, resolve.Roots.from_environment())


def _published(study: Study) -> Lock:
    from xfer.study.published import lock_as_published

    return lock_as_published(study)


def _there(study: Path, on: str) -> Lock:
    from pydantic import ValidationError

    from xfer.errors import LockError
    from xfer.study.lock import Lock

    try:
        return Lock.model_validate_json(runs.remote(on, study.parent).lock(study))
    except ValidationError as error:
        what = "what was made there is no lock of this version"
        raise LockError(what, f"place {on}", "install the same version there") from error


def _print_absent(study: Study, made: Lock) -> None:
    """Name the languages that the data lack of what the study wants to evaluate."""
    everything = {t.task for e in study.evaluate if e.languages == "all" for t in study.targets_of(e)}
    for name in sorted(everything):
        held = {place.split("/")[1] for place in made.splits if place.startswith(f"{name}/")}
        absent = [code for code in study.registry.get(name).languages if code not in held]
        if absent:
            print(f"  {name}: the data hold {len(held)} languages, not {' '.join(absent)}")
