"""Spaces: what a drawn value is rounded to, what is inside, and what weights of a mixture come to."""

from __future__ import annotations

import itertools
import random

import pytest

from xfer.study.exploring import normal
from xfer.study.space import Dimension, holds, shares

RATE = Dimension("learning_rate", low=1.23e-5, high=9.87e-4, log=True)
ROWS = Dimension("examples.nli", low=250, high=4000, log=True, whole=True)
ARM = Dimension("arm", choices=("none", "nli"))


@pytest.mark.parametrize(
    ("dimension", "drawn", "kept"),
    [
        (RATE, 1.26789e-4, 1.3e-4),
        (RATE, 1.2301e-5, 1.23e-5),
        (RATE, 9.869e-4, 9.87e-4),
        (ROWS, 1234, 1200),
        (ROWS, 3999, 4000),
        (ROWS, 251, 250),
        (ARM, "nli", "nli"),
        (Dimension("steps", choices=(8, 64)), 64, 64),
    ],
)
def test_a_drawn_value_keeps_few_digits_and_stays_within_bounds(
    dimension: Dimension, drawn: object, kept: object
) -> None:
    assert dimension.rounded(drawn) == kept
    assert type(dimension.rounded(drawn)) is type(kept)
    assert kept in dimension


def test_what_is_inside_has_the_values_that_it_should_and_no_others() -> None:
    space = (ARM, RATE, Dimension("examples.nli", low=250, high=4000, whole=True, only=("arm", ("nli",))))
    assert holds(space, {"arm": "none", "learning_rate": 1e-4})
    assert holds(space, {"arm": "nli", "learning_rate": 1e-4, "examples.nli": 250})
    for values in (
        {"arm": "nli", "learning_rate": 1e-4},
        {"arm": "none", "learning_rate": 1e-4, "examples.nli": 250},
        {"arm": "nli", "learning_rate": 1e-4, "examples.nli": 249},
        {"arm": "tagging", "learning_rate": 1e-4},
        {"arm": "none", "learning_rate": "fast"},
        {"arm": "none", "learning_rate": float("nan")},
        {},
    ):
        assert not holds(space, values), values


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ([1.0, 1.0], (0.5, 0.5)),
        ([1.0, 1.0, 1.0], (0.34, 0.33, 0.33)),
        ([0.0, 0.3], (0.0, 1.0)),
        ([0.0, 0.0, 0.0, 0.0], (0.25, 0.25, 0.25, 0.25)),
        ([0.004, 0.996], (0.0, 1.0)),
        ([2.0, 1.0], (0.67, 0.33)),
    ],
)
def test_weights_come_to_shares_in_hundredths(weights: list[float], expected: tuple[float, ...]) -> None:
    assert shares(weights) == expected


def test_shares_sum_to_one_and_are_no_further_than_one_hundredth_from_what_they_are() -> None:
    rng = random.Random(0)
    for _, tasks in itertools.product(range(200), (2, 3, 9)):
        weights = [rng.random() for _ in range(tasks)]
        found = shares(weights)
        assert round(sum(found), 9) == 1
        assert all(abs(share - weight / sum(weights)) < 0.01 for share, weight in zip(found, weights, strict=True))
        assert shares(found) == found, "shares stay what they are"


def test_one_mixture_has_one_name() -> None:
    one = normal({"arm": "mix", "mix.a": 0.2, "mix.b": 0.6, "target.learning_rate": 1e-3})
    assert one == normal({"arm": "mix", "mix.a": 0.3, "mix.b": 0.9, "target.learning_rate": 1e-3})
    assert one == {"arm": "mix", "mix.a": 0.25, "mix.b": 0.75, "target.learning_rate": 1e-3}
    assert normal({"arm": "none"}) == {"arm": "none"}
