"""Read a study file and say everything that is wrong with it that can be known without data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from xfer.errors import Problem, StudyError
from xfer.study.arms import LATER, Sample
from xfer.study.checks import check
from xfer.study.schema import Study
from xfer.study.source import Loc, Source, dotted
from xfer.tasks.registry import suggestion


def read(path: Path) -> Study:
    """The study at ``path``. Raises ``StudyError`` with every problem, each with file, line and column."""
    source = Source.read(path)
    value = source.value()
    truths = [
        Problem(source.where(*loc), f"{dotted(loc)}: true and false are no values here") for loc in _truths(value)
    ]
    if truths:
        raise StudyError(truths)
    try:
        study = Study.model_validate(value)
    except ValidationError as error:
        raise StudyError(_problems(error, source)) from error
    study._source = source
    own = study.registry.own
    if own is not None and not own.is_dir():
        raise StudyError([Problem(study.where("own_tasks"), f"own_tasks: there is no folder {own}", "mend the path")])
    study.registry.check_own()
    problems = [Problem(study.where(*loc), what, fix) for loc, what, fix in check(study)]
    if problems:
        raise StudyError(problems)
    return study


def _problems(error: ValidationError, source: Source) -> list[Problem]:
    entries = [(_plain_loc(entry["loc"]), entry) for entry in error.errors(include_url=False)]
    found = {}
    for loc, entry in entries:
        name = loc[-1] if loc else ""
        what, fix = str(entry["msg"]).removeprefix("Value error, "), ""
        if entry["type"] == "too_short" and any(other[: len(loc)] == loc and other != loc for other, _ in entries):
            continue  # only because its items are wrong
        if entry["type"] == "extra_forbidden":
            what, fix = f"unknown field '{name}'", _known(loc, source)
        elif entry["type"] == "missing":
            what, fix = f"field '{name}' is missing", "add it"
        elif loc:
            what = f"{dotted(loc)}: {what[:1].lower()}{what[1:]}"
            if isinstance(entry["input"], Mapping):
                fix = _later(entry["input"]) if loc[0] == "arms" else ""
            elif not isinstance(entry["input"], list):
                what += f", not {entry['input']!r}"
        found[source.where(*loc), what] = Problem(source.where(*loc), what, fix)
    return list(found.values())


def _plain_loc(loc: Loc) -> Loc:
    """Where the user wrote it: without the arm's form and the long form of a list, which pydantic puts in."""
    if loc[:3] == ("tune", "learning_rate", "values"):
        return (*loc[:2], *loc[3:])
    if loc[:1] == ("explore",):
        return tuple(part for part in loc if part not in ("values", "[key]"))
    return (*loc[:2], *loc[3:]) if loc[:1] == ("arms",) and len(loc) > 2 else loc


def _truths(value: object, loc: Loc = ()) -> Iterator[Loc]:
    """Places of true and false, which would pass for 1 and 0."""
    if isinstance(value, bool):
        yield loc
    inner = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for name, item in inner:
        yield from _truths(item, (*loc, name))


def _later(arm: Mapping[str, object]) -> str:
    later = [name for name in LATER if name in arm]
    return f"'{later[0]}' comes with a later version" if later else ""


def _known(loc: Loc, source: Source) -> str:
    """The fields that are known where an unknown one was found."""
    model: Any = Study
    for name in loc[:-1]:
        inner = _models(model.model_fields[name].annotation) if name in model.model_fields else ()
        model = next((m for m in inner if not isinstance(name, int)), model)
    if loc[0] == "arms" and "sample" in loc[:-1]:
        return suggestion(str(loc[-1]), tuple(Sample.model_fields))
    if loc[0] == "arms":
        later = _later({str(loc[-1]): None})
        return "an arm has name, group, and task, mix or then" + (f"; {later}" if later else "")
    return suggestion(str(loc[-1]), tuple(model.model_fields))


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)
