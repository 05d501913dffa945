"""What everything in a study file is built from."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict

Role = Literal["pretrain", "intermediate", "target"]
"""What a phase is for."""


class Fields(BaseModel):
    """Base of everything in a study file."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def as_list(value: Any) -> Any:
    return value if isinstance(value, (list, tuple)) else [value]


Words = Annotated[tuple[str, ...], BeforeValidator(as_list)]
"""One or several."""
