"""Mixtures: which training set each step draws from, and how often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from xfer.tasks.mixture import shares, turns


def furthest(weights: Sequence[float], steps: int) -> float:
    """The largest distance, after any number of steps, of any set's count from its share of the steps."""
    members = np.array([member for member, _ in turns(tuple(weights), steps)])
    counts = np.cumsum(members[:, None] == np.arange(len(weights)), axis=0)
    return float(np.abs(counts - np.outer(np.arange(1, steps + 1), weights)).max())


@pytest.mark.parametrize("members", [2, 3, 5, 9, 20])
def test_after_any_number_of_steps_each_set_has_had_its_share_give_or_take_less_than_one(members: int) -> None:
    random = np.random.default_rng(members)
    worst = 0.0
    for spread in (0.1, 0.5, 1, 5, 100):  # from one set that takes nearly all to nearly equal ones
        for weights in random.dirichlet([spread] * members, 20):
            worst = max(worst, furthest(shares([1] * members, weights=weights.tolist()), 600))
    bound = 1 - 1 / (2 * members - 2)  # Tijdeman's theorem
    assert worst <= bound + 1e-6
    assert worst > 0.45, "no order stays nearer than half a batch"


def test_long_phases_keep_their_shares_though_weights_are_rounded() -> None:
    thirds = shares([1, 1, 1])
    assert furthest(thirds, 40_000) < 1
    assert furthest(shares([1] * 3, weights=[1, 1e-3, 1e3]), 40_000) < 1


@pytest.mark.parametrize("members", [1, 2, 3, 5])
def test_equal_weights_are_rounds_in_which_each_set_has_one_turn(members: int) -> None:
    drawn = [member for member, _ in turns(shares([7] * members), 20 * members)]
    for start in range(0, len(drawn), members):
        assert sorted(drawn[start : start + members]) == list(range(members))


def test_a_set_of_weight_zero_is_never_drawn() -> None:
    for weights in ((0.0, 1.0), (0.25, 0.0, 0.75), (0.0, 0.0, 0.5, 0.5)):
        drawn = Counter(member for member, _ in turns(weights, 400))
        assert {member: count / 400 for member, count in drawn.items()} == {
            member: weight for member, weight in enumerate(weights) if weight
        }


def test_small_weights_are_spread_evenly_and_not_saved_up() -> None:
    at = [step for step, (member, _) in enumerate(turns((0.9, 0.1), 200)) if member == 1]
    assert len(at) == 20
    assert {later - earlier for earlier, later in pairwise(at)} == {10}


def test_each_set_counts_its_own_turns() -> None:
    seen: Counter[int] = Counter()
    for member, turn in turns((0.5, 0.3, 0.2), 300):
        assert turn == seen[member]
        seen[member] += 1
    assert seen == {0: 150, 1: 90, 2: 60}


def test_more_steps_go_on_as_fewer_did() -> None:
    weights = shares([3, 1, 4, 1, 5], temperature=2)
    assert turns(weights, 500)[:123] == turns(weights, 123)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, [1 / 3, 1 / 3, 1 / 3]),
        ({"cap": 300}, [100 / 700, 300 / 700, 300 / 700]),
        ({"cap": 10}, [1 / 3, 1 / 3, 1 / 3]),
        ({"cap": 10**9}, [100 / 3000, 400 / 3000, 2500 / 3000]),
        ({"temperature": 1.0}, [100 / 3000, 400 / 3000, 2500 / 3000]),
        ({"temperature": 2.0}, [10 / 80, 20 / 80, 50 / 80]),
        ({"weights": [2, 0, 6]}, [0.25, 0, 0.75]),
    ],
)
def test_shares_follow_from_rows_a_cap_a_temperature_or_weights(
    given: dict[str, object], expected: list[float]
) -> None:
    found = shares([100, 400, 2500], **given)  # type: ignore[arg-type]
    assert found == pytest.approx(expected, abs=1e-9)
    assert sum(found) == pytest.approx(1)


def test_a_high_temperature_comes_near_equal_shares() -> None:
    assert shares([10, 1_000_000], temperature=1000) == pytest.approx((0.5, 0.5), abs=0.01)


@pytest.mark.parametrize("temperature", [0.01, 1e-3])
def test_a_low_temperature_leaves_the_largest_alone(temperature: float) -> None:
    assert shares([10, 400_000], temperature=temperature) == (0.0, 1.0)
