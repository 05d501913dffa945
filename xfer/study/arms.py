"""Arms: what a model goes through before the target task. One class a form; nobody else asks which it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from xfer.phase.selection import Selection
from xfer.study.source import Loc

LATER = (
    "then",
    "checkpoint",
    "more_steps",
    "mlm",
    "translated",
    "languages",
    "examples",
    "budget",
    "labels",
    "sample",
)
"""Forms and fields of arms that a later version knows."""


class Trainer(Protocol):
    """What a plan offers to an arm: an intermediate phase of some tasks, and the checkpoint it leaves."""

    def intermediate(self, tasks: tuple[str, ...], start: Selection, seed: int) -> Selection: ...


class _Arm(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    """How tables call it."""
    group: str = ""
    """Arms of one group can be compared together."""

    @property
    def trains_on(self) -> tuple[str, ...]:
        """Tasks whose English training data the arm uses."""
        return ()

    def where(self, task: int) -> Loc:
        """Where in a spelled-out arm the n-th task stands."""
        return ()

    def expand(self, trainer: Trainer, start: Selection, seed: int) -> Selection:
        """Plan the arm's phases from ``start``; the checkpoint that targets begin from."""
        return trainer.intermediate(self.trains_on, start, seed) if self.trains_on else start


class NoArm(_Arm):
    """No intermediate task: what every other arm is compared with."""

    name: str = "none"


class TaskArm(_Arm):
    """One intermediate task."""

    task: str

    @property
    def trains_on(self) -> tuple[str, ...]:
        return (self.task,)

    def where(self, task: int) -> Loc:
        return ("task",)


class MixArm(_Arm):
    """Several intermediate tasks with equal weights, a head each; a global batch is one task."""

    mix: tuple[str, ...] = Field(min_length=2)

    @property
    def trains_on(self) -> tuple[str, ...]:
        return self.mix

    def where(self, task: int) -> Loc:
        return ("mix", task)


def _form(value: Any) -> Literal["none", "task", "mix"] | None:
    if not isinstance(value, Mapping):
        return None
    if "task" in value:
        return "task"
    if "mix" in value:
        return "mix"
    return "none" if value.get("name") == "none" else None


Arm = Annotated[
    Annotated[NoArm, Tag("none")] | Annotated[TaskArm, Tag("task")] | Annotated[MixArm, Tag("mix")],
    Discriminator(
        _form,
        custom_error_type="arm_form",
        custom_error_message="not an arm; known forms are: none, a task's name, {name, task}, {name, mix: [tasks]}",
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
