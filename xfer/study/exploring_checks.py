"""What ``explore`` can get wrong beyond its fields' own types."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError

from xfer.phase.recipe import Recipe
from xfer.study.exploring import MIX, Explore
from xfer.study.schema import Study
from xfer.study.source import Loc
from xfer.tasks.registry import suggestion

Found = Iterator[tuple[Loc, str, str]]


def check(study: Study) -> Found:
    """Every problem: where it stands, what is wrong, and what to do."""
    explore = study.explore
    if explore is None:
        return
    yield from _check_arms(study, explore)
    yield from _check_targets(study, explore)
    yield from _check_examples(study, explore)
    yield from _check_recipe(explore)
    for i, seed in enumerate(explore.seeds):
        if seed in study.seeds:
            fix = "give explore seeds of its own: what it finds is confirmed with those of the study"
            yield ("explore", "seeds", i), f"seed {seed} is also a seed of the study", fix
    if explore.confirm > explore.trials:
        what = f"explore.confirm: {explore.confirm} of {explore.trials} trials cannot be the best"
        yield ("explore", "confirm"), what, "confirm fewer than are tried"


def _check_arms(study: Study, explore: Explore) -> Found:
    names = tuple(arm.name for arm in study.arms)
    for i, name in enumerate(explore.space.arms):
        if name not in names:
            yield ("explore", "space", "arms", i), f"unknown arm '{name}'", suggestion(name, names)
    for i, arm in enumerate(study.arms):
        if arm.name in (*explore.found, *((MIX,) if MIX in explore.space.names else ())):
            yield ("arms", i), f"'{arm.name}' is what explore calls an arm of its own", "give this one another name"
    space = explore.space
    values = (space.examples, space.recipe.intermediate, space.recipe.target)
    if len(space.arms) == 1 and not space.mix and not any(values):
        yield ("explore", "space"), "there is nothing to choose", "give more arms, a mix, examples or recipe values"


def _check_targets(study: Study, explore: Explore) -> Found:
    models, trained = tuple(model.id for model in study.models), 0
    for i, name in enumerate(explore.models or ()):
        if name not in models:
            yield ("explore", "models", i), f"unknown model '{name}'", suggestion(name, models)
    for i, target in enumerate(explore.targets or study.target_names):
        known = target in study.target_names
        if not known:
            yield ("explore", "targets", i), f"unknown target '{target}'", suggestion(target, study.target_names)
        elif (task := study.target(target).task) in study.registry.names():
            trains = bool(study.registry.get(task).trains_on)
            trained += trains
            if explore.targets and not trains:
                yield ("explore", "targets", i), f"for target '{target}' nothing is trained", "leave it out"
    if not trained and explore.targets is None:
        yield ("explore",), "no target is trained, so there is no score to go by", "add a target that is"


def _check_examples(study: Study, explore: Explore) -> Found:
    arms = [arm for arm in study.arms if arm.name in explore.space.arms]
    trained = tuple(dict.fromkeys([*explore.space.mix, *(task for arm in arms for task in arm.trains_on)]))
    for task in explore.space.examples:
        if task not in trained:
            what = f"nothing that explore tries trains on '{task}'"
            yield ("explore", "space", "examples", task), what, suggestion(task, trained) if trained else "leave it out"
    if explore.space.recipe.intermediate and not trained:
        what = "nothing that explore tries has an intermediate phase"
        yield ("explore", "space", "recipe", "intermediate"), what, "leave it out, or give arms that train or a mix"


def _check_recipe(explore: Explore) -> Found:
    """Whether the values are ones that a recipe can have."""
    recipe = explore.space.recipe
    for role, values in (("intermediate", recipe.intermediate), ("target", recipe.target)):
        place: Loc = ("explore", "space", "recipe", role)
        if "steps" in values and "epochs" in values:
            yield (*place, "epochs"), "a phase has steps or epochs, not both", "leave one of them out"
        for field, between in values.items():
            for value in between.ends:
                try:
                    if field == "steps" and value != round(value):
                        raise ValueError("steps are whole numbers")
                    Recipe.model_validate({**({} if field == "epochs" else {"steps": 1}), field: value})
                except ValidationError as error:
                    message = str(error.errors()[0]["msg"])
                    what = f"{'.'.join(map(str, place))}.{field}: {message[:1].lower()}{message[1:]}, not {value:g}"
                    yield (*place, field), what, "see the recipe's fields"
                    break
                except ValueError as error:
                    yield (*place, field), f"{'.'.join(map(str, place))}.{field}: {error}", "round them"
                    break
