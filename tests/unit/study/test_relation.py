"""How an arm's data relate to a target's."""

from __future__ import annotations

from pathlib import Path

import pytest

from xfer.study.relation import relation
from xfer.tasks.registry import SHIPPED, Registry

ALL_NLI = """
from dataclasses import replace

from xfer.tasks.catalog.anli_plus import TASK as ANLI_PLUS
from xfer.tasks.source import Concatenation

TASK = replace(ANLI_PLUS, name="all_nli", source=Concatenation((ANLI_PLUS,)), contains=("anli_plus",))
"""


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
        (("anli_plus",), "xnli", "same-task"),  # it contains MNLI
        (("anli_plus",), "snli", "same-task"),
        (("mnli",), "anli_plus", "same-task"),
        (("anli",), "xnli", "near"),
        (("anli",), "anli", "same-task"),
        (("mnli",), "americas_nli", "same-task"),
        (("squad",), "xquad", "same-task"),
        (("squad2",), "xquad", "same-task"),  # it contains SQuAD
        (("squad2",), "mlqa", "same-task"),
        (("squad",), "squad2", "same-task"),
        (("squad",), "tydiqa", "near"),
        (("squad2",), "tydiqa", "near"),
        (("tydiqa",), "mlqa", "near"),
        (("qqp",), "pawsx", "near"),
        (("copa",), "xcopa", "same-task"),
        (("social_i_qa",), "xcopa", "transfer"),  # its usual intermediate task, other data and another question
        (("commonsense_qa",), "x_csqa", "same-task"),
        (("cosmos_qa",), "belebele", "same-task"),
        (("cosmos_qa",), "x_csqa", "transfer"),
        (("deprel",), "udpos", "near"),
        (("hellaswag", "qqp"), "pawsx", "near"),
        (("squad", "mnli", "hellaswag"), "xquad", "same-task"),
    ],
)
def test_the_relation_of_an_arm_to_a_target(arm: tuple[str, ...], target: str, expected: str) -> None:
    assert relation(arm, SHIPPED.get(target), SHIPPED) == expected


def test_what_is_contained_is_followed_to_the_end(tmp_path: Path) -> None:
    """A study's own concatenation of tasks that contain others."""
    (tmp_path / "all_nli.py").write_text(ALL_NLI)
    registry = Registry(tmp_path)
    assert registry.get("all_nli").contains == ("anli_plus",)
    for target in ("all_nli", "xnli", "snli", "anli"):
        assert relation(("all_nli",), registry.get(target), registry) == "same-task"
    assert relation(("snli",), registry.get("all_nli"), registry) == "same-task"
    assert relation(("squad",), registry.get("all_nli"), registry) == "transfer"


def test_near_holds_in_both_directions() -> None:
    """A task that is declared near another makes the other near it."""
    for name in SHIPPED.names():
        for other in SHIPPED.get(name).near:
            assert relation((other,), SHIPPED.get(name), SHIPPED) in ("near", "same-task")
            if "train" in SHIPPED.get(name).splits:
                assert relation((name,), SHIPPED.get(other), SHIPPED) in ("near", "same-task")
