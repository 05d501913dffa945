"""A recipe's arithmetic and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from xfer.phase.recipe import Recipe

STEPS = [
    ({"steps": 7}, 1000, 7),
    ({"epochs": 1}, 96, 3),  # whole batches
    ({"epochs": 1}, 97, 4),  # the last batch is smaller
    ({"epochs": 3}, 97, 12),  # an epoch counts rows: four batches each
    ({"epochs": 0.5}, 320, 5),
    ({"epochs": 0.01}, 320, 1),  # never none
    ({"epochs": 2}, 1, 2),
    ({"epochs": 2, "batch_size": 8}, 97, 26),
]


@pytest.mark.parametrize(("fields", "rows", "steps"), STEPS)
def test_steps_follow_from_rows_and_batch_size(fields: dict[str, Any], rows: int, steps: int) -> None:
    assert Recipe(**fields).total_steps(rows) == steps


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "neither steps nor epochs": ({}, "exactly one of steps and epochs"),
    "both": ({"steps": 1, "epochs": 1}, "exactly one of steps and epochs"),
    "no steps": ({"steps": 0}, "greater than or equal to 1"),
    "no epochs": ({"epochs": 0}, "greater than 0"),
    "an endless epoch": ({"epochs": float("inf")}, "finite"),
    "no learning rate": ({"steps": 1, "learning_rate": 0}, "greater than 0"),
    "a learning rate that is no number": ({"steps": 1, "learning_rate": float("nan")}, "greater than 0|finite"),
    "an endless learning rate": ({"steps": 1, "learning_rate": float("inf")}, "finite"),
    "endless decay": ({"steps": 1, "weight_decay": float("inf")}, "finite"),
    "endless clipping": ({"steps": 1, "clip": float("inf")}, "finite"),
    "warm-up to the end": ({"steps": 1, "warmup": 1}, "less than 1"),
    "too large a micro-batch": ({"steps": 1, "batch_size": 4}, "micro_batch_size 8 is larger than batch_size 4"),
    "a short length": ({"steps": 1, "max_length": 4}, "greater than or equal to 8"),
    "half precision": ({"steps": 1, "precision": "fp16"}, "'fp32' or 'bf16'"),
    "no masks": ({"steps": 1, "mlm_probability": 0}, "greater than 0"),
    "nothing but masks": ({"steps": 1, "mlm_probability": 1}, "less than 1"),
    "no patience at all": ({"steps": 1, "patience": 0}, "greater than or equal to 1"),
    "an unknown field": ({"steps": 1, "rate": 1}, "not permitted"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_recipe_that_cannot_be_trained_is_refused(name: str) -> None:
    fields, what = BAD[name]
    with pytest.raises(ValidationError, match=what):
        Recipe(**fields)


def test_every_field_of_a_recipe_is_part_of_its_identity() -> None:
    assert Recipe(steps=1).identity() == {
        "steps": 1, "epochs": None, "batch_size": 32, "micro_batch_size": 8, "learning_rate": 2e-5, "warmup": 0.1,
        "weight_decay": 0.0, "clip": 1.0, "max_length": 128, "dropout": None, "mlm_probability": 0.15, "patience": None,
        "precision": "bf16",
    }  # fmt: skip
