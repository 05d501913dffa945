"""Study: the user's YAML file, validated. Unknown fields are refused by name; every problem is told at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PrivateAttr, model_validator

from xfer.models.scratch import SizeName
from xfer.study.arms import NAME, Arm, spelled_out
from xfer.study.budget import Budget
from xfer.study.exploring import Explore
from xfer.study.fields import Fields
from xfer.study.recipes import Recipes, ResourcesBook
from xfer.study.source import Source
from xfer.study.tuning import Tune
from xfer.synthetic.world import World
from xfer.tasks.registry import Registry


def _as_model(value: Any) -> Any:
    return {"id": value} if isinstance(value, str) else value


def _as_target(value: Any) -> Any:
    return {"task": value} if isinstance(value, str) else value


class Scratch(Fields):
    """A model that begins with random weights and is pretrained by the study itself."""

    size: SizeName
    """Its dimensions."""
    text: str
    """The task of masked text that its tokenizer and itself are trained on."""
    vocabulary: int = Field(ge=16)
    """Sub-tokens of its tokenizer, special ones included."""
    seed: int = Field(ge=0)
    """Of its pretraining, whatever the seeds of the study."""


class ModelRef(Fields):
    """A pretrained model (a Hub id, a folder below a model root, or a path), or one from scratch."""

    id: str
    revision: str | None = None
    """Commit on the Hub."""
    scratch: Scratch | None = None
    """How it is made; None: it is there."""
    pretrained_on: tuple[str, ...] = ()
    """Tasks of masked text that hold what a model that is there was pretrained on, in every language of theirs. They
    are read to look for overlaps alone; no key depends on them."""


class Target(Fields):
    """A task to be reached."""

    task: str
    name: str = Field(default="", pattern=NAME)
    """How tables call it; the task's name when not given."""
    examples: int | None = Field(default=None, ge=1)
    """Fine-tune on so many rows, drawn at random, the same for every seed; all when not given."""

    @model_validator(mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        return {"name": value["task"], **value} if isinstance(value, Mapping) and "task" in value else value


class Select(Fields):
    """How a checkpoint of each phase is chosen."""

    rule: Literal["last", "best"] = "last"
    on: str | None = Field(default=None, pattern=r"^[a-z]+/[a-z-]+$")
    """Split and language, such as validation/en; each task's own choice when not given."""
    every: int = Field(default=100, ge=1)
    """Optimizer steps between two looks; the end is always looked at."""
    sample: int = Field(default=500, ge=0)
    """Rows drawn at random for a look; 0 takes all."""


class Evaluate(Fields):
    """What is predicted and scored."""

    tasks: Literal["all"] | tuple[str, ...] = "all"
    """Names of targets."""
    languages: Literal["all"] | tuple[str, ...] = "all"
    """``all`` takes every language that the data hold."""
    splits: tuple[Literal["validation", "test"], ...] = Field(default=("validation", "test"), min_length=1)
    layers: Literal["all"] | tuple[Annotated[int, Field(ge=0)], ...] = ()
    """Where hidden states are compared: these layers, too, beside the one at the task's own depth, which alone is
    reported. 0 is the embeddings."""


class Keep(Fields):
    """What stays on disk of what was trained. Records and predictions always do."""

    weights: Literal["all", "intermediate", "none"] = "all"
    """Checkpoints that stay once the study has done with them: of all phases, of pretraining and intermediate ones, or
    none. What comes to be needed again is trained again."""

    def stays(self, roles: Collection[str]) -> bool:
        """Whether the checkpoints of a phase with these roles stay."""
        between = not {"pretrain", "intermediate"}.isdisjoint(roles)
        return self.weights == "all" or (self.weights == "intermediate" and between)


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
    targets: tuple[Annotated[Target, BeforeValidator(_as_target)], ...] = Field(min_length=1)
    own_tasks: Path | None = None
    """A folder of Python files that define tasks, from where the study is."""
    world: World = World()
    """The generated world that tasks called ``world_...`` read."""
    recipe: Recipes
    select: Select = Select()
    tune: Tune | None = None
    explore: Explore | None = None
    evaluate: tuple[Evaluate, ...] = (Evaluate(),)
    resources: ResourcesBook = ResourcesBook()
    keep: Keep = Keep()
    budget: Budget | None = None

    _source: Source = PrivateAttr()

    @property
    def path(self) -> Path:
        return self._source.path

    @cached_property
    def registry(self) -> Registry:
        """The tasks that it can name."""
        return Registry(self.path.parent.resolve() / self.own_tasks if self.own_tasks else None, self.world)

    @property
    def target_names(self) -> tuple[str, ...]:
        return tuple(target.name for target in self.targets)

    def target(self, name: str) -> Target:
        return next(target for target in self.targets if target.name == name)

    def targets_of(self, entry: Evaluate) -> tuple[Target, ...]:
        """The targets that an entry of ``evaluate`` is about."""
        return tuple(target for target in self.targets if entry.tasks == "all" or target.name in entry.tasks)

    def where(self, *loc: int | str) -> str:
        """``file:line:column`` of a field, for messages."""
        return self._source.where(*loc)
