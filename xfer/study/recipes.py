"""How phases are trained and on what: a default, and overrides of which the later match wins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field, create_model

from xfer.phase.recipe import Recipe
from xfer.phase.resources import PerRank, Resources
from xfer.study.fields import Fields, Role, Words, as_list


class Where(Fields):
    """Which phases an override is for; every field that is given must match."""

    role: Annotated[tuple[Role, ...], BeforeValidator(as_list)] | None = None
    task: Words | None = None
    """The target's name or task, or a task that the phase trains on."""
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


def _given(patch: BaseModel) -> dict[str, Any]:
    given = {name: getattr(patch, name) for name in patch.model_fields_set if name != "where"}
    return {n: v.model_dump() if isinstance(v, PerRank) else v for n, v in given.items() if v is not None}
