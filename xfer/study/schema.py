"""Study: the user's YAML file, validated. Unknown fields are refused by name; every problem is told at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, create_model

from xfer.phase.recipe import Recipe
from xfer.phase.resources import PerRank, Resources
from xfer.study.arms import Arm, spelled_out
from xfer.study.source import Source


class Fields(BaseModel):
    """Base of everything in a study file."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def _as_list(value: Any) -> Any:
    return value if isinstance(value, (list, tuple)) else [value]


def _as_model(value: Any) -> Any:
    return {"id": value} if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], BeforeValidator(_as_list)]


class ModelRef(Fields):
    """A pretrained model: a Hub id, a folder below a model root, or a path."""

    id: str
    revision: str | None = None
    """Commit on the Hub."""


class Where(Fields):
    """Which phases an override is for; every field that is given must match."""

    role: Annotated[tuple[Literal["intermediate", "target"], ...], BeforeValidator(_as_list)] | None = None
    task: Words | None = None
    """The target's name, or a task that the phase trains on."""
    model: Words | None = None

    def matches(self, role: str, tasks: tuple[str, ...], model: str) -> bool:
        return (
            (self.role is None or role in self.role)
            and (self.task is None or not set(self.task).isdisjoint(tasks))
            and (self.model is None or model in self.model)
        )


def _optional(model: type[BaseModel]) -> dict[str, Any]:
    """The fields of a model with their constraints, all of them optional."""
    kinds: dict[str, Any] = {
        name: Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
        for name, field in model.model_fields.items()
    }
    return {name: (kind | None, None) for name, kind in kinds.items()}


class _Override(Fields):
    where: Where


if TYPE_CHECKING:  # made from the recipe's and the resources' own fields, so that those stand in one place

    class RecipePatch(Fields): ...

    class RecipeOverride(_Override): ...

    class ResourcesPatch(Fields): ...

    class ResourcesOverride(_Override): ...
else:
    RecipePatch = create_model("RecipePatch", __base__=Fields, **_optional(Recipe))
    RecipeOverride = create_model("RecipeOverride", __base__=_Override, **_optional(Recipe))
    ResourcesPatch = create_model("ResourcesPatch", __base__=Fields, **_optional(Resources))
    ResourcesOverride = create_model("ResourcesOverride", __base__=_Override, **_optional(Resources))


class Recipes(Fields):
    """How phases are trained: a default, and overrides of which the later match wins."""

    default: RecipePatch
    override: tuple[RecipeOverride, ...] = ()

    def of(self, role: str, tasks: tuple[str, ...], model: str) -> Recipe:
        """The recipe of a phase. Raises pydantic's ``ValidationError`` when the whole does not fit together."""
        merged = _given(self.default)
        for override in self.override:
            if override.where.matches(role, tasks, model):
                patch = _given(override)
                if patch.keys() & {"steps", "epochs"}:
                    merged = {name: value for name, value in merged.items() if name not in ("steps", "epochs")}
                merged |= patch
        return Recipe.model_validate(merged)


class ResourcesBook(Fields):
    """What phases run on: a default, and overrides of which the later match wins."""

    default: ResourcesPatch = Field(default_factory=lambda: ResourcesPatch())
    override: tuple[ResourcesOverride, ...] = ()

    def of(self, role: str, tasks: tuple[str, ...], model: str) -> Resources:
        merged = _given(self.default)
        for override in self.override:
            if override.where.matches(role, tasks, model):
                merged |= _given(override)
        return Resources.model_validate(merged)


class Select(Fields):
    """How a checkpoint of each phase is chosen."""

    rule: Literal["last", "best"] = "last"
    on: str | None = Field(default=None, pattern=r"^[a-z]+/[a-z-]+$")
    """Split and language, such as validation/en; each task's own choice when not given."""
    every: int = Field(default=100, ge=1)
    """Optimizer steps between two looks; the end is always looked at."""
    sample: int = Field(default=500, ge=0)
    """Rows drawn at random for a look; 0 takes all."""


class Tune(Fields):
    """Which learning rate targets are trained with: a grid search on English validation data."""

    learning_rate: tuple[Annotated[float, Field(gt=0)], ...] = Field(min_length=2)
    per: tuple[Literal["model", "target"], ...] = ("model", "target")
    """What gets a choice of its own."""
    arms: tuple[str, ...] = Field(default=("none",), min_length=1)
    """Arms that the trials go through."""
    targets: tuple[str, ...] | None = Field(default=None, min_length=1)
    """Targets that are tuned; all that are trained when not given."""
    seeds: tuple[Annotated[int, Field(ge=0)], ...] = Field(min_length=1)
    """Seeds of the trials; none of them may be a seed of the study."""
    on: str = Field(default="validation/en", pattern=r"^[a-z]+/[a-z-]+$")


class Evaluate(Fields):
    """What is predicted and scored."""

    tasks: Literal["all"] | tuple[str, ...] = "all"
    languages: Literal["all"] | tuple[str, ...] = "all"
    """``all`` takes every language that the data hold."""
    splits: tuple[Literal["validation", "test"], ...] = ("validation", "test")


class Study(Fields):
    """One study file."""

    study: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    """Its name."""
    storage: str = "./runs"
    """A folder (from where the command is run) or a bucket's URL."""
    seeds: tuple[Annotated[int, Field(ge=0)], ...] = Field(min_length=1)
    models: tuple[Annotated[ModelRef, BeforeValidator(_as_model)], ...] = Field(min_length=1)
    arms: tuple[Annotated[Arm, BeforeValidator(spelled_out)], ...] = Field(min_length=1)
    carry: Literal["encoder"] = "encoder"
    """What a target takes over from the intermediate phase; heads are new."""
    targets: tuple[str, ...] = Field(min_length=1)
    recipe: Recipes
    select: Select = Select()
    tune: Tune | None = None
    evaluate: tuple[Evaluate, ...] = (Evaluate(),)
    resources: ResourcesBook = ResourcesBook()

    _source: Source = PrivateAttr()

    @property
    def path(self) -> Path:
        return self._source.path

    def tasks_of(self, entry: Evaluate) -> tuple[str, ...]:
        """The targets that an entry of ``evaluate`` is about."""
        return self.targets if entry.tasks == "all" else entry.tasks

    def where(self, *loc: int | str) -> str:
        """``file:line:column`` of a field, for messages."""
        return self._source.where(*loc)


def _given(patch: BaseModel) -> dict[str, Any]:
    given = {name: getattr(patch, name) for name in patch.model_fields_set if name != "where"}
    return {n: v.model_dump() if isinstance(v, PerRank) else v for n, v in given.items() if v is not None}
