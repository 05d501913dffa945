"""How an arm's data relate to a target's."""

from __future__ import annotations

import pytest

from xfer.study.relation import relation
from xfer.tasks import registry


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
    assert relation(arm, registry.get(target)) == expected


def test_near_holds_in_both_directions() -> None:
    """A task that is declared near another makes the other near it."""
    for name in registry.names():
        for other in registry.get(name).near:
            assert relation((other,), registry.get(name)) in ("near", "same-task")
            if "train" in registry.get(name).splits:
                assert relation((name,), registry.get(other)) in ("near", "same-task")
