"""Arms: what a model goes through before the target task. One class a form; nobody else asks which it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple, Protocol, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from xfer.phase.selection import Selection
from xfer.study.source import Loc
from xfer.tasks.mixture import shares

LATER = ("checkpoint", "more_steps", "mlm", "translated", "languages", "budget")
"""Forms and fields of arms that a later version knows."""

NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
"""What an arm or a target may be called."""


class Ingredient(NamedTuple):
    """Training data that an arm uses."""

    task: str
    examples: int | None = None
    """So many rows of it; None: all."""
    shuffled: bool = False
    """With its labels dealt out at random."""


class Trainer(Protocol):
    """What a plan offers to an arm: an intermediate phase of some data, and the checkpoint it leaves."""

    def intermediate(
        self, ingredients: tuple[Ingredient, ...], sample: Sample, start: Selection, seed: int,
        values: Mapping[str, Any] | None = None, decided: bool = True,
    ) -> Selection: ...  # fmt: skip


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Sample(_Part):
    """How often a mixture draws from each of its tasks; equally often when nothing is given."""

    cap: int | None = Field(default=None, ge=1)
    """In proportion to their rows, none counted as more than this."""
    temperature: float | None = Field(default=None, gt=0)
    """In proportion to this root of their rows: 1 is proportional, the larger the more equal."""
    weights: Mapping[str, Annotated[float, Field(ge=0)]] | None = None
    """In proportion to these, by task."""

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if sum(value is not None for value in (self.cap, self.temperature, self.weights)) > 1:
            raise ValueError("give one of cap, temperature and weights")
        if self.weights is not None and not any(self.weights.values()):
            raise ValueError("all weights are zero; at least one task must be drawn from")
        return self

    def shares(self, tasks: tuple[str, ...], rows: tuple[int, ...]) -> tuple[float, ...]:
        """Share of the steps that each task gets; they sum to 1."""
        weights = [self.weights.get(task, 0.0) for task in tasks] if self.weights is not None else None
        return shares(rows, self.cap, self.temperature, weights)


class AnyArm(_Part):
    name: str = Field(pattern=NAME)
    """How tables call it."""
    group: str = ""
    """Arms of one group can be compared together."""

    @property
    def stages(self) -> tuple[tuple[Ingredient, ...], ...]:
        """What each of its intermediate phases trains on, first to last."""
        return ()

    @property
    def ingredients(self) -> tuple[Ingredient, ...]:
        """Whose English training data the arm uses, in the order in which ``where`` counts."""
        return tuple(ingredient for stage in self.stages for ingredient in stage)

    @property
    def trains_on(self) -> tuple[str, ...]:
        """The tasks among its ingredients."""
        return tuple(ingredient.task for ingredient in self.ingredients)

    @property
    def drawn(self) -> Sample:
        """How the ingredients of a stage are mixed."""
        return Sample()

    @property
    def values(self) -> Mapping[str, Any]:
        """Recipe values of the target phases that follow it."""
        return {}

    @property
    def decided(self) -> bool:
        """False while a search has still to find what it is."""
        return True

    def where(self, task: int) -> Loc:
        """Where in a spelled-out arm the n-th task stands."""
        return ()

    def expand(self, trainer: Trainer, start: Selection, seed: int) -> Selection:
        """Plan the arm's phases from ``start``; the checkpoint that targets begin from."""
        for stage in self.stages:
            start = trainer.intermediate(stage, self.drawn, start, seed)
        return start


class NoArm(AnyArm):
    """No intermediate task: what every other arm is compared with."""

    name: str = "none"


class TaskArm(AnyArm):
    """One intermediate task."""

    task: str
    examples: int | None = Field(default=None, ge=1)
    """So many rows of it, drawn at random, the same for every seed; all when not given."""
    labels: Literal["gold", "shuffled"] = "gold"
    """``shuffled`` is a control: the same text, and labels that say nothing about it."""

    @property
    def stages(self) -> tuple[tuple[Ingredient, ...], ...]:
        return ((Ingredient(self.task, self.examples, self.labels == "shuffled"),),)

    def where(self, task: int) -> Loc:
        return ("task",)


class MixArm(AnyArm):
    """Several intermediate tasks, a head each; a global batch is one task."""

    mix: tuple[str, ...] = Field(min_length=2)
    sample: Sample = Sample()
    """How often each of them is drawn from."""

    @property
    def stages(self) -> tuple[tuple[Ingredient, ...], ...]:
        return (tuple(Ingredient(task) for task in self.mix),)

    @property
    def drawn(self) -> Sample:
        return self.sample

    def where(self, task: int) -> Loc:
        return ("mix", task)

    @model_validator(mode="after")
    def _weights_are_of_the_mix(self) -> Self:
        names = self.sample.weights
        if names is not None and (strange := sorted({*names} - {*self.mix})):
            raise ValueError(f"sample.weights names '{strange[0]}', which is not in the mix")
        if names is not None and (unused := [task for task in self.mix if not names.get(task)]):
            raise ValueError(f"sample.weights gives '{unused[0]}' nothing; leave it out of the mix")
        return self


class ThenArm(AnyArm):
    """Several intermediate tasks one after the other: a phase each, which goes on from the one before.

    Each task stands there once: recipes and tables tell the phases of an arm apart by their tasks.
    """

    then: tuple[str, ...] = Field(min_length=2)

    @property
    def stages(self) -> tuple[tuple[Ingredient, ...], ...]:
        return tuple((Ingredient(task),) for task in self.then)

    def where(self, task: int) -> Loc:
        return ("then", task)


def _form(value: Any) -> Literal["none", "task", "mix", "then"] | None:
    if not isinstance(value, Mapping):
        return None
    if "task" in value:
        return "task"
    if "mix" in value:
        return "mix"
    if "then" in value:
        return "then"
    return "none" if value.get("name") == "none" else None


Arm = Annotated[
    Annotated[NoArm, Tag("none")]
    | Annotated[TaskArm, Tag("task")]
    | Annotated[MixArm, Tag("mix")]
    | Annotated[ThenArm, Tag("then")],
    Discriminator(
        _form,
        custom_error_type="arm_form",
        custom_error_message="not an arm; known forms are: none, a task's name, {name, task}, {name, mix: [tasks]}, "
        "{name, then: [tasks]}",
    ),
]


def spelled_out(value: Any) -> Any:
    """A short form (``none``, a task's name) as a mapping."""
    if value == "none":
        return {"name": "none"}
    if isinstance(value, str):
        return {"name": value, "task": value}
    if isinstance(value, Mapping) and "name" not in value and isinstance(value.get("task"), str):
        return {"name": value["task"], **value}
    return value
