"""``explore``: a search over arms, mixtures, volumes and recipe values at once, and arms that are what it found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from xfer.phase.selection import Selection
from xfer.study.arms import AnyArm, Arm, Ingredient, Sample, Trainer
from xfer.study.fields import Fields
from xfer.study.space import Dimension, Space, shares
from xfer.study.tuning import Asha, AtOnce, as_scheduler

MIX = "mix"
"""What the mixture is called among the arms that are tried."""

NAME = "explored-{}"
"""What the arms of the grid are called that are what was found, from 1: the best."""

LOGARITHMIC = ("learning_rate", "weight_decay", "steps", "epochs")
"""Recipe values that are drawn evenly on a logarithmic scale; the others are drawn evenly."""

Tunable = Literal["learning_rate", "steps", "epochs", "warmup", "weight_decay", "dropout"]


class Between(Fields):
    """Numbers of a range, or some that are listed."""

    values: tuple[float, ...] = ()
    low: float | None = None
    high: float | None = None

    @model_validator(mode="after")
    def _list_or_range(self) -> Self:
        if self.values:
            if self.low is not None or self.high is not None or len(set(self.values)) < max(2, len(self.values)):
                raise ValueError("give at least two different values, or {low, high}")
        elif self.low is None or self.high is None:
            raise ValueError("give a list of values, or {low, high}")
        elif self.low >= self.high:
            raise ValueError(f"low {self.low:g} is not below high {self.high:g}")
        return self

    @property
    def ends(self) -> tuple[float, ...]:
        """All that must be possible for the whole to be possible."""
        return self.values or (self.low or 0.0, self.high or 0.0)

    def dimension(self, name: str, log: bool, whole: bool, only: tuple[str, ...] | None) -> Dimension:
        """As one of a sampler's, for the arms of ``only`` (None: for all)."""
        condition = None if only is None else ("arm", only)
        if self.values:
            return Dimension(name, choices=self.values, only=condition)
        assert self.low is not None and self.high is not None
        return Dimension(name, low=self.low, high=self.high, log=log and self.low > 0, whole=whole, only=condition)


class Rows(Between):
    """Rows of a task's training data."""

    values: tuple[Annotated[int, Field(ge=1)], ...] = ()
    low: int | None = Field(default=None, ge=1)
    high: int | None = Field(default=None, ge=1)


def _as_between(value: Any) -> Any:
    return {"values": value} if isinstance(value, list) else value


Values = Mapping[Tunable, Annotated[Between, BeforeValidator(_as_between)]]


class RecipeSpace(Fields):
    """Recipe values, by the role of the phases that they are for."""

    intermediate: Values = Field(default_factory=dict)
    target: Values = Field(default_factory=dict)


class ExploreSpace(Fields):
    """What is tried: each of these is one or several values of a trial."""

    arms: tuple[str, ...] = ()
    """Arms of the study."""
    mix: Mapping[str, Literal["uniform"]] = Field(default_factory=dict)
    """Intermediate tasks of a mixture, and what their weights are drawn from; it is one more arm."""
    examples: Mapping[str, Annotated[Rows, BeforeValidator(_as_between)]] = Field(default_factory=dict)
    """By intermediate task: so many rows of it."""
    recipe: RecipeSpace = RecipeSpace()

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.arms and not self.mix:
            raise ValueError("give arms, or tasks of a mix, or both")
        if len(self.mix) == 1:
            raise ValueError("a mix has two tasks or more")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The arms that are tried."""
        return (*self.arms, *((MIX,) if self.mix else ()))


class Explore(Fields):
    """A search over what comes before the targets; the best that it finds become arms of the grid."""

    space: ExploreSpace
    algorithm: Literal["optuna"] = "optuna"
    """Each trial goes by what the ones before have come to (TPE, Bergstra et al. 2011)."""
    trials: int = Field(ge=2)
    scheduler: Annotated[Asha, BeforeValidator(as_scheduler)] | None = None
    """``asha``: what falls behind is given up early; every trial runs to its end when not given."""
    at_once: AtOnce = 1
    confirm: int = Field(default=1, ge=1)
    """The best so many become arms ``explored-1`` ... of the grid, with the study's own seeds."""
    models: tuple[str, ...] | None = Field(default=None, min_length=1)
    """Models that the trials use; all when not given."""
    targets: tuple[str, ...] | None = Field(default=None, min_length=1)
    """Targets whose mean decides; all that are trained when not given."""
    seeds: tuple[Annotated[int, Field(ge=0)], ...] = Field(min_length=1)
    """Seeds of the trials; none of them may be a seed of the study."""
    on: str = Field(default="validation/en", pattern=r"^[a-z]+/[a-z-]+$")

    @property
    def found(self) -> tuple[str, ...]:
        """Names of the arms that are what it finds."""
        return tuple(NAME.format(i + 1) for i in range(self.confirm))

    def dimensions(self, arms: Sequence[Arm]) -> Space:
        """What a sampler draws from; ``arms`` are the study's."""
        space, named = self.space, {arm.name: arm for arm in arms}
        trained = {name: named[name].trains_on for name in space.arms} | ({MIX: tuple(space.mix)} if space.mix else {})
        found = [Dimension("arm", choices=space.names)]
        found += [Dimension(f"mix.{task}", only=("arm", (MIX,))) for task in space.mix]
        for task, rows in space.examples.items():
            with_it = tuple(name for name, tasks in trained.items() if task in tasks)
            found.append(rows.dimension(f"examples.{task}", True, True, with_it))
        training = tuple(name for name, tasks in trained.items() if tasks)
        for role, values, only in (
            ("intermediate", space.recipe.intermediate, training),
            ("target", space.recipe.target, None),
        ):
            for field, between in values.items():
                log, whole = field in LOGARITHMIC, field == "steps"
                found.append(between.dimension(f"{role}.{field}", log, whole, only))
        return tuple(found)

    def likes(self) -> tuple[dict[str, Any], ...]:
        """Values of trials that stand for all: one for each arm, with the recipe as the study has it."""
        equal = shares([1.0] * len(self.space.mix))
        found = []
        for name in self.space.names:
            mix = dict(zip(self.space.mix, equal, strict=True)) if name == MIX else {}
            found.append({"arm": name, **{f"mix.{task}": share for task, share in mix.items()}})
        return tuple(found)


class Explored(AnyArm):
    """An arm that a search has found, or tries."""

    parts: tuple[tuple[Ingredient, ...], ...]
    """Its stages."""
    sample: Sample
    between: Mapping[str, Any]
    """Recipe values of its intermediate phases."""
    after: Mapping[str, Any]
    """Recipe values of the target phases that follow."""
    is_decided: bool = True

    @property
    def stages(self) -> tuple[tuple[Ingredient, ...], ...]:
        return self.parts

    @property
    def drawn(self) -> Sample:
        return self.sample

    @property
    def values(self) -> Mapping[str, Any]:
        return self.after

    @property
    def decided(self) -> bool:
        return self.is_decided

    def expand(self, trainer: Trainer, start: Selection, seed: int) -> Selection:
        for stage in self.parts:
            start = trainer.intermediate(stage, self.sample, start, seed, self.between, self.is_decided)
        return start


def at_end(space: Space, like: Mapping[str, Any], end: Callable[[Iterable[Any]], Any]) -> dict[str, Any]:
    """A trial like this one, with the largest (or smallest, as ``end`` is ``max`` or ``min``) of all that is tried."""
    ends = {d.name: end(d.choices or (d.low, d.high)) for d in space if d.name not in like and d.applies(like)}
    return {**like, **ends}


def normal(values: Mapping[str, Any]) -> dict[str, Any]:
    """Drawn values with the weights of a mixture as shares that sum to 1, so that one mixture has one name."""
    mix = {name: weight for name, weight in values.items() if name.startswith("mix.")}
    return {**values, **dict(zip(mix, shares(list(mix.values())), strict=True))} if mix else dict(values)


def explored(name: str, values: Mapping[str, Any], arms: Sequence[Arm], decided: bool = True) -> Explored:
    """The arm that a trial's values stand for; ``arms`` are the study's."""
    told: dict[str, dict[str, Any]] = {"mix": {}, "examples": {}, "intermediate": {}, "target": {}}
    for path, value in values.items():
        group, _, rest = path.partition(".")
        if rest:
            told[group][rest] = value
    rows = {task: int(number) for task, number in told["examples"].items()}
    weights = {task: share for task, share in told["mix"].items() if share > 0}
    if values["arm"] == MIX:
        parts: tuple[tuple[Ingredient, ...], ...] = (tuple(Ingredient(task, rows.get(task)) for task in weights),)
        sample = Sample(weights=weights)
    else:
        arm = next(arm for arm in arms if arm.name == values["arm"])
        parts = tuple(
            tuple(part._replace(examples=rows.get(part.task, part.examples)) for part in stage) for stage in arm.stages
        )
        sample = arm.drawn
    return Explored(
        name=name, group="explored", parts=parts, sample=sample, between=_patch(told["intermediate"]),
        after=_patch(told["target"]), is_decided=decided,
    )  # fmt: skip


def _patch(values: Mapping[str, Any]) -> dict[str, Any]:
    """Recipe values; how long a phase is stands there in one way only."""
    found = dict(values)
    for field, other in (("steps", "epochs"), ("epochs", "steps")):
        if field in values:
            found |= {field: int(values[field]) if field == "steps" else values[field], other: None}
    return found
