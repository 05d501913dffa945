"""How an arm's data relate to a target's."""

from __future__ import annotations

import pytest

from xfer.study.relation import relation
from xfer.tasks.registry import SHIPPED


@pytest.mark.parametrize(
    ("arm", "target", "expected"),
    [
        ((), "xnli", "none"),
        ((), "tatoeba", "none"),
        (("mnli",), "xnli", "same-task"),  # what it trains on
        (("mnli",), "mnli", "same-task"),
        (("udpos",), "udpos", "same-task"),
        (("snli",), "xnli", "near"),
        (("snli",), "mnli", "near"),
        (("mnli",), "snli", "near"),
        (("mnli",), "udpos", "transfer"),
        (("semtags",), "udpos", "transfer"),
        (("mnli",), "tatoeba", "transfer"),
        (("panx",), "pawsx", "transfer"),
        (("mnli", "snli"), "xnli", "same-task"),  # the closest part of a mix counts
        (("udpos", "snli"), "xnli", "near"),
        (("udpos", "semtags"), "xnli", "transfer"),
    ],
)
def test_the_relation_of_an_arm_to_a_target(arm: tuple[str, ...], target: str, expected: str) -> None:
    assert relation(arm, SHIPPED.get(target), SHIPPED) == expected


def test_near_holds_in_both_directions() -> None:
    """A task that is declared near another makes the other near it."""
    for name in SHIPPED.names():
        for other in SHIPPED.get(name).near:
            assert relation((other,), SHIPPED.get(name), SHIPPED) in ("near", "same-task")
            if "train" in SHIPPED.get(name).splits:
                assert relation((name,), SHIPPED.get(other), SHIPPED) in ("near", "same-task")
