"""Read a study file and say everything that is wrong with it that can be known without data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from xfer.errors import Problem, StudyError, UserError
from xfer.study.arms import LATER
from xfer.study.schema import Study
from xfer.study.source import Loc, Source
from xfer.tasks import registry


def read(path: Path) -> Study:
    """The study at ``path``. Raises ``StudyError`` with every problem, each with file, line and column."""
    source = Source.read(path)
    value = source.value()
    truths = [
        Problem(source.where(*loc), f"{_dotted(loc)}: true and false are no values here") for loc in _truths(value)
    ]
    if truths:
        raise StudyError(truths)
    try:
        study = Study.model_validate(value)
    except ValidationError as error:
        raise StudyError(_problems(error, source)) from error
    study._source = source
    problems = [Problem(study.where(*loc), what, fix) for loc, what, fix in _check(study)]
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
            what = f"{_dotted(loc)}: {what[:1].lower()}{what[1:]}"
            if isinstance(entry["input"], Mapping):
                fix = _later(entry["input"])
            elif not isinstance(entry["input"], list):
                what += f", not {entry['input']!r}"
        found[source.where(*loc), what] = Problem(source.where(*loc), what, fix)
    return list(found.values())


def _plain_loc(loc: Loc) -> Loc:
    """Where the user wrote it: without the name of the arm's form, which pydantic puts behind its number."""
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
    if loc[0] == "arms":
        later = _later({str(loc[-1]): None})
        return "an arm has name, group, and task or mix" + (f"; {later}" if later else "")
    return registry.suggestion(str(loc[-1]), tuple(model.model_fields))


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)


def _dotted(loc: Loc) -> str:
    return ".".join(map(str, loc))


Found = Iterator[tuple[Loc, str, str]]


def _check(study: Study) -> Found:
    yield from _check_tasks(study)
    yield from _check_names(study)
    yield from _check_tune(study)
    yield from _check_choices(study)
    yield from _check_evaluate(study)
    yield from _check_overrides(study)
    yield from _check_training(study)


def _check_tasks(study: Study) -> Found:
    named: list[tuple[Loc, str]] = [
        (("arms", i, *arm.where(j)), task) for i, arm in enumerate(study.arms) for j, task in enumerate(arm.trains_on)
    ]
    named += [(("targets", i), target) for i, target in enumerate(study.targets)]
    for loc, name in named:
        try:
            task = registry.get(name)
        except UserError as error:
            yield loc, error.what, error.fix
            continue
        if loc[0] == "arms" and (not task.format.trainable or "train" not in task.splits):
            fix = f"use {task.trains_on}" if task.trains_on else "use a task with training data"
            yield loc, f"task '{name}' has no training data of its own", fix


def _check_names(study: Study) -> Found:
    lists: list[tuple[Loc, list[str]]] = [
        (("arms",), [arm.name for arm in study.arms]),
        (("targets",), list(study.targets)),
        (("seeds",), [str(seed) for seed in study.seeds]),
        (("models",), [model.id for model in study.models]),
        (("tune", "seeds"), [str(seed) for seed in study.tune.seeds] if study.tune else []),
        *((("arms", i, "mix"), list(arm.trains_on)) for i, arm in enumerate(study.arms) if len(arm.trains_on) > 1),
    ]
    for loc, names in lists:
        for name, count in Counter(names).items():
            if count > 1:
                at = names.index(name) + (len(loc) > 1)
                yield (*loc, at), f"{_dotted(loc)}: '{name}' stands there {count} times", "name it once"
    if all(arm.trains_on for arm in study.arms):
        yield ("arms",), "there is no arm 'none'", "add it: every other arm is compared with it"
    for i, arm in enumerate(study.arms):
        if arm.trains_on and arm.name == "none":
            yield ("arms", i), "'none' is the arm without an intermediate task", "give this one another name"


def _check_tune(study: Study) -> Found:
    tune = study.tune
    if tune is None:
        return
    arms = tuple(arm.name for arm in study.arms)
    for i, name in enumerate(tune.arms):
        if name not in arms:
            yield ("tune", "arms", i), f"unknown arm '{name}'", registry.suggestion(name, arms)
    for i, target in enumerate(tune.targets or ()):
        if target not in study.targets:
            yield (
                ("tune", "targets", i),
                f"unknown target '{target}'",
                registry.suggestion(target, study.targets),
            )
    for i, seed in enumerate(tune.seeds):
        if seed in study.seeds:
            fix = "give tune seeds of its own: choosing and measuring on one seed flatters the choice"
            yield ("tune", "seeds", i), f"seed {seed} is also a seed of the study", fix


def _check_choices(study: Study) -> Found:
    for loc, on in ((("select", "on"), study.select.on), (("tune", "on"), study.tune.on if study.tune else None)):
        if on is not None and not on.startswith("validation/"):
            yield (
                loc,
                f"{_dotted(loc)}: '{on}' is no validation data",
                "choose on validation/en: the test is for reporting",
            )


def _check_evaluate(study: Study) -> Found:
    for i, entry in enumerate(study.evaluate):
        tasks = study.tasks_of(entry)
        for j, name in enumerate(tasks):
            if name not in study.targets:
                yield (
                    ("evaluate", i, "tasks", j),
                    f"'{name}' is no target",
                    registry.suggestion(name, study.targets),
                )
        if entry.languages != "all":
            known = {code for n in tasks if n in registry.names() for code in registry.get(n).languages}
            for j, code in enumerate(entry.languages):
                if code not in known:
                    fix = f"known are: {', '.join(sorted(known))}"
                    yield ("evaluate", i, "languages", j), f"no task here has the language '{code}'", fix


def _check_overrides(study: Study) -> Found:
    """An override for what does not exist is a slip of the pen."""
    known = {"task": registry.names(), "model": tuple(model.id for model in study.models)}
    for book, overrides in (("recipe", study.recipe.override), ("resources", study.resources.override)):
        for i, override in enumerate(overrides):
            for field, names in known.items():
                for j, name in enumerate(getattr(override.where, field) or ()):
                    if name not in names:
                        loc = (book, "override", i, "where", field, j)
                        yield loc, f"unknown {field} '{name}'", registry.suggestion(name, names)


def _check_training(study: Study) -> Found:
    roles = [("intermediate", arm.trains_on) for arm in study.arms if arm.trains_on]
    roles += [("target", known_as(target)) for target in study.targets if target in registry.names()]
    for model in study.models:
        for role, tasks in roles:
            try:
                recipe = study.recipe.of(role, tasks, model.id)
                resources = study.resources.of(role, tasks, model.id)
            except ValidationError as error:
                message = str(error.errors()[0]["msg"]).removeprefix("Value error, ")
                name = tasks[0] if role == "target" else "+".join(tasks)
                yield ("recipe",), f"for {role} {name}: {message}", "see recipe.default and recipe.override"
                return
            if recipe.precision == "bf16" and resources.zero_stage == 0:
                fix = "use zero_stage 1: DeepSpeed's bf16 wrapper of stage 0 drifts"
                yield ("resources",), "zero_stage 0 cannot train in bf16", fix
                return


def known_as(target: str) -> tuple[str, ...]:
    """The names by which an override can mean a target: its own, and that of what it trains on."""
    trains_on = registry.get(target).trains_on
    return (target,) if trains_on in (None, target) else (target, str(trains_on))
