"""Models that differ in nothing but the seed of their pretraining: what is said of one is shown of all together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from xfer.study.schema import ModelRef, Scratch, Study


@dataclass(frozen=True)
class Pool:
    """Two or more models of one kind."""

    name: str
    models: tuple[str, ...]
    """As the study names them."""


def pools(study: Study) -> tuple[Pool, ...]:
    """The pools of a study: models from scratch that differ in their seed alone, recipes included."""
    kinds: dict[object, dict[int, ModelRef]] = {}
    for ref in study.models:
        if ref.scratch is not None:
            by_seed = kinds.setdefault((kind(ref.scratch), _recipes(ref, study)), {})
            by_seed.setdefault(ref.scratch.seed, ref)
    found = [tuple(by_seed.values()) for by_seed in kinds.values() if len(by_seed) > 1]
    return tuple(_pool(refs, [other[0] for other in found if other != refs]) for refs in found)


def kind(made: Scratch) -> object:
    """Equal for models from scratch that differ in their seed alone."""
    return tuple(made.model_dump(exclude={"seed"}).items())


def _recipes(ref: ModelRef, study: Study) -> object:
    """Recipes are chosen by name: models that the same overrides name are trained alike."""
    return tuple(i for i, patch in enumerate(study.recipe.override) if ref.id in (patch.where.model or ()))


def _pool(refs: tuple[ModelRef, ...], others: Iterable[ModelRef]) -> Pool:
    sizes = [ref.scratch.size for ref in (refs[0], *others) if ref.scratch]
    models = tuple(ref.id for ref in refs)
    called = sizes[0] if sizes.count(sizes[0]) == 1 else ", ".join(models)
    return Pool(f"{called}, {len(models)} pretraining seeds", models)
