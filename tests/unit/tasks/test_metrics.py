"""What holds of every metric: its chance, what it refuses, how it counts."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from xfer.errors import DataError
from xfer.tasks.metrics import (
    ACCURACY,
    MINING_F1,
    MLQA_EM,
    MLQA_EM_F1,
    MLQA_F1,
    SQUAD_EM,
    SQUAD_EM_F1,
    SQUAD_F1,
    TAG_F1,
    TAG_F1_0012,
    TOKEN_ACCURACY,
    Labels,
    Metric,
)

TAGGING = (TOKEN_ACCURACY, TAG_F1, TAG_F1_0012)
ANSWERS = (SQUAD_EM, SQUAD_F1, SQUAD_EM_F1, MLQA_EM, MLQA_F1, MLQA_EM_F1)


def test_chance_is_the_best_constant_answer() -> None:
    assert ACCURACY.chance([["a"], ["b"], ["a"], ["c"]]) == 0.5
    assert TOKEN_ACCURACY.chance([["X", "Y", "Y"], ["Y"]]) == 0.75
    assert ACCURACY.chance([[str(row)] for row in range(40)]) == pytest.approx(1 / 40)
    assert ACCURACY.chance([]) is None


@pytest.mark.parametrize("metric", [TAG_F1, TAG_F1_0012, MINING_F1], ids=lambda metric: metric.name)
def test_chance_is_empty_where_no_constant_answer_is_best(metric: Metric) -> None:
    assert metric.chance([["B-PER"], ["B-ORG"]]) is None


@pytest.mark.parametrize("metric", ANSWERS, ids=lambda metric: metric.name)
def test_chance_of_questions_is_what_never_answering_gets(metric: Metric) -> None:
    gold: Labels = [["Rome", "the Rome"], [], ["1"], []]
    assert metric.chance(gold) == metric.compute(gold, [[""]] * 4, "en") == 0.5
    assert metric.chance([["Rome"]]) is None and metric.chance([]) is None


@pytest.mark.parametrize("metric", [ACCURACY, *TAGGING], ids=lambda metric: metric.name)
def test_predictions_of_another_length_are_refused(metric: Metric) -> None:
    """Though both sides have four words together: pairing them off would give a number that means nothing."""
    gold, prediction = [["O", "B-PER"], ["O", "O"]], [["O", "B-PER", "O"], ["O"]]
    with pytest.raises(DataError, match=re.escape("example 0 has 2 labels and 3 predicted ones")):
        metric.compute(gold, prediction, "en")


@pytest.mark.parametrize("metric", ANSWERS, ids=lambda metric: metric.name)
@pytest.mark.parametrize("answers", [[], ["a", "b"]], ids=["none", "two"])
def test_a_question_takes_one_answer(metric: Metric, answers: list[str]) -> None:
    with pytest.raises(DataError, match=f"example 1 has {len(answers)} answers"):
        metric.compute([["a"], ["b"]], [["a"], answers], "en")


@pytest.mark.parametrize("metric", [*TAGGING, *ANSWERS, ACCURACY, MINING_F1], ids=lambda metric: metric.name)
def test_an_example_without_any_prediction_is_refused(metric: Metric) -> None:
    with pytest.raises(ValueError, match="shorter"):
        metric.compute([["a"], ["b"]], [["a"]], "en")


def test_mlqa_refuses_a_language_that_it_has_no_rules_for() -> None:
    with pytest.raises(DataError, match="no rules for answers in 'fr', only for ar, de, en, es, hi, vi, zh"):
        MLQA_F1.compute([["Rome"]], [["Rome"]], "fr")


def test_a_metric_counts_by_its_name_and_version() -> None:
    assert TAG_F1.identity() == ["tag_f1", TAG_F1.version]
    names: Sequence[str] = [metric.name for metric in (*TAGGING, *ANSWERS, ACCURACY, MINING_F1)]
    assert len(set(names)) == len(names)
