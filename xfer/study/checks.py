"""What a study file can get wrong beyond its fields' own types: names, seeds, choices, recipes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pydantic import ValidationError

from xfer.errors import UserError
from xfer.study import exploring_checks
from xfer.study.schema import Study, Target
from xfer.study.source import Loc, dotted
from xfer.study.tuning import Tune
from xfer.tasks.registry import Registry, suggestion

Found = Iterator[tuple[Loc, str, str]]


def check(study: Study) -> Found:
    """Every problem: where it stands, what is wrong, and what to do."""
    yield from _check_tasks(study)
    yield from _check_names(study)
    yield from _check_tune(study)
    yield from exploring_checks.check(study)
    yield from _check_choices(study)
    yield from _check_evaluate(study)
    yield from _check_evaluated(study)
    yield from _check_overrides(study)
    yield from _check_training(study)


def _check_tasks(study: Study) -> Found:
    named: list[tuple[Loc, str]] = [
        (("arms", i, *arm.where(j)), task) for i, arm in enumerate(study.arms) for j, task in enumerate(arm.trains_on)
    ]
    named += [(("targets", i, "task"), target.task) for i, target in enumerate(study.targets)]
    named += [(("explore", "space", "mix", task), task) for task in (study.explore.space.mix if study.explore else ())]
    named += [(("models", i, "scratch", "text"), m.scratch.text) for i, m in enumerate(study.models) if m.scratch]
    for loc, name in named:
        try:
            task = study.registry.get(name)
        except UserError as error:
            yield loc, error.what, error.fix
            continue
        if loc[0] != "targets" and (not task.format.trainable or "train" not in task.splits):
            fix = f"use {task.trains_on}" if task.trains_on else "use a task with training data"
            yield loc, f"task '{name}' has no training data of its own", fix
        elif loc[0] == "models" and "text" not in task.columns:
            yield loc, f"task '{name}' is no plain text", "name a task of masked text, such as world_text"
        elif loc[0] == "targets" and not task.metric:
            yield loc, f"task '{name}' has no score", "it can be trained on, not be a target"
        elif loc[0] == "targets" and not task.trains_on and study.targets[int(loc[1])].examples:
            yield (*loc[:2], "examples"), f"for target '{name}' nothing is trained", "leave examples out"
    for i, arm in enumerate(study.arms):
        for j, ingredient in enumerate(arm.ingredients):
            known = ingredient.task in study.registry.names()
            if known and ingredient.shuffled and not study.registry.get(ingredient.task).format.gold:
                yield ("arms", i, *arm.where(j)), f"task '{ingredient.task}' has no labels to shuffle", "leave it out"


def _check_names(study: Study) -> Found:
    lists: list[tuple[Loc, list[str]]] = [
        (("arms",), [arm.name for arm in study.arms]),
        (("targets",), list(study.target_names)),
        (("seeds",), [str(seed) for seed in study.seeds]),
        (("models",), [model.id for model in study.models]),
        (("tune", "seeds"), [str(seed) for seed in study.tune.seeds] if study.tune else []),
        (("explore", "seeds"), [str(seed) for seed in study.explore.seeds] if study.explore else []),
        (("explore", "space", "arms"), list(study.explore.space.arms) if study.explore else []),
        *(
            (("arms", i, *arm.where(0)[:-1]), list(arm.trains_on))
            for i, arm in enumerate(study.arms)
            if len(arm.trains_on) > 1
        ),
    ]
    for loc, names in lists:
        for name, count in Counter(names).items():
            if count > 1:
                first = names.index(name)
                at = first if len(loc) == 1 else names.index(name, first + 1)
                yield (*loc, at), f"{dotted(loc)}: '{name}' stands there {count} times", "name it once"
    if all(arm.trains_on for arm in study.arms):
        yield ("arms",), "there is no arm 'none'", "add it: every other arm is compared with it"
    for i, arm in enumerate(study.arms):
        if arm.trains_on and arm.name == "none":
            yield ("arms", i), "'none' is the arm without an intermediate task", "give this one another name"


def _check_tune(study: Study) -> Found:
    tune = study.tune
    if tune is None:
        return
    yield from _check_drawn(tune)
    arms = tuple(arm.name for arm in study.arms)
    for i, name in enumerate(tune.arms):
        if name not in arms:
            yield ("tune", "arms", i), f"unknown arm '{name}'", suggestion(name, arms)
    for i, target in enumerate(tune.targets or ()):
        if target not in study.target_names:
            yield ("tune", "targets", i), f"unknown target '{target}'", suggestion(target, study.target_names)
        elif (task := study.target(target).task) in study.registry.names() and not study.registry.get(task).trains_on:
            yield ("tune", "targets", i), f"for target '{target}' nothing is trained", "leave it out"
    for i, seed in enumerate(tune.seeds):
        if seed in study.seeds:
            fix = "give tune seeds of its own: choosing and measuring on one seed flatters the choice"
            yield ("tune", "seeds", i), f"seed {seed} is also a seed of the study", fix


def _check_drawn(tune: Tune) -> Found:
    """Whether it is said how values are drawn from a range, and only there."""
    rates = tune.learning_rate
    if rates.values:
        for field in sorted({"algorithm", "trials"} & tune.model_fields_set):
            fix = "leave it out, or give learning_rate a range: {low, high}"
            yield ("tune", field), f"tune.{field}: a list of learning rates is tried as it stands", fix
    elif rates.trials is not None and tune.trials is not None:
        yield ("tune", "trials"), "tune.trials: learning_rate says how many trials, too", "say it once"
    elif not tune.drawn:
        what = "tune.learning_rate: give a list of values, or {low, high, trials}"
        yield ("tune", "learning_rate"), what, "or trials beside it: how many values are drawn"


def _check_choices(study: Study) -> Found:
    for loc, on in (
        (("select", "on"), study.select.on),
        (("tune", "on"), study.tune.on if study.tune else None),
        (("explore", "on"), study.explore.on if study.explore else None),
    ):
        if on is not None and not on.startswith("validation/"):
            yield (
                loc,
                f"{dotted(loc)}: '{on}' is no validation data",
                "choose on validation/en: the test is for reporting",
            )


def _check_evaluate(study: Study) -> Found:
    for i, entry in enumerate(study.evaluate):
        for j, name in enumerate(() if entry.tasks == "all" else entry.tasks):
            if name not in study.target_names:
                yield ("evaluate", i, "tasks", j), f"'{name}' is no target", suggestion(name, study.target_names)
        if entry.languages != "all":
            tasks = [target.task for target in study.targets_of(entry)]
            known = {c for n in tasks if n in study.registry.names() for c in study.registry.get(n).languages}
            for j, code in enumerate(entry.languages):
                if code not in known:
                    fix = f"known are: {', '.join(sorted(known))}"
                    yield ("evaluate", i, "languages", j), f"no task here has the language '{code}'", fix


def _check_evaluated(study: Study) -> Found:
    named = {name for entry in study.evaluate if entry.tasks != "all" for name in entry.tasks}
    if not named <= {*study.target_names}:
        return  # told already
    for i, target in enumerate(study.targets):
        if not any(target in study.targets_of(entry) for entry in study.evaluate):
            yield ("targets", i), f"target '{target.name}' is in no entry of evaluate", "add it, or leave it out here"


def _check_overrides(study: Study) -> Found:
    """An override for what does not exist is a slip of the pen."""
    names = (*study.registry.names(), *study.target_names)
    known = {"task": names, "model": tuple(model.id for model in study.models)}
    for book, overrides in (("recipe", study.recipe.override), ("resources", study.resources.override)):
        for i, override in enumerate(overrides):
            for field, names in known.items():
                for j, name in enumerate(getattr(override.where, field) or ()):
                    if name not in names:
                        loc = (book, "override", i, "where", field, j)
                        yield loc, f"unknown {field} '{name}'", suggestion(name, names)


def _check_training(study: Study) -> Found:
    roles = [("intermediate", tuple(part.task for part in stage)) for arm in study.arms for stage in arm.stages]
    roles += [("target", known_as(t, study.registry)) for t in study.targets if t.task in study.registry.names()]
    roles += [("intermediate", tuple(study.explore.space.mix))] if study.explore and study.explore.space.mix else []
    known = study.registry.names()
    for model in study.models:
        pretrain = [("pretrain", (model.scratch.text,))] if model.scratch else []
        for role, tasks in pretrain + roles:
            try:
                recipe = study.recipe.of(role, tasks, model.id)
                resources = study.resources.of(role, tasks, model.id)
            except ValidationError as error:
                message = str(error.errors()[0]["msg"]).removeprefix("Value error, ")
                name = tasks[0] if role == "target" else "+".join(tasks)
                yield ("recipe",), f"for {role} {name}: {message}", "see recipe.default and recipe.override"
                return
            if recipe.patience and not any(study.registry.get(task).metric for task in tasks if task in known):
                fix = "set patience in an override for other phases: masked text has no score to wait for"
                yield ("recipe",), f"for {role} {'+'.join(tasks)}: patience cannot end it", fix
                return
            if recipe.precision == "bf16" and resources.zero_stage == 0:
                fix = "use zero_stage 1: DeepSpeed's bf16 wrapper of stage 0 drifts"
                yield ("resources",), "zero_stage 0 cannot train in bf16", fix
                return


def known_as(target: Target, registry: Registry) -> tuple[str, ...]:
    """The names by which an override can mean a target: its own, its task's, and that of what it trains on."""
    trains_on = registry.get(target.task).trains_on
    return tuple(dict.fromkeys([target.name, target.task, *([trains_on] if trains_on else [])]))
