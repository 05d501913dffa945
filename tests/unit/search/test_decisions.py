"""Decisions: how each trial ended, what is remembered, and which values stand. Without Ray."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.study.made import planned
from xfer.search.decisions import _told
from xfer.search.trials import Desk, Question, Score
from xfer.store import experiments
from xfer.store.store import Store
from xfer.study.plan import Experiment

TUNE = "{learning_rate: [1e-3, 1e-4, 1e-5, 1e-6], seeds: [1], targets: [udpos], scheduler: asha}"


@pytest.fixture
def experiment(tmp_path: Path) -> Experiment:
    (found,) = planned(tmp_path, tune=TUNE).experiments
    return found


def test_each_trial_is_told_by_how_it_ended(experiment: Experiment) -> None:
    scores: dict[Question, Score] = {
        Question(0, 1): 0.5, Question(0, 2): 0.625, Question(0, 0): 0.75,
        Question(1, 1): 0.25,
        Question(2, 1): 0.5, Question(2, 2): None,
    }  # fmt: skip
    told = _told(experiment, scores)
    assert [trial["values"]["learning_rate"] for trial in told] == [1e-3, 1e-4, 1e-5, 1e-6]
    assert [(trial["state"], trial["rungs"], trial["value"]) for trial in told] == [
        ("finished", [0.5, 0.625], 0.75),
        ("pruned", [0.25], None),
        ("failed", [0.5], None),
        ("failed", [], None),  # never asked about
    ]


def test_a_trial_that_fails_at_its_end_has_failed(experiment: Experiment) -> None:
    told = _told(experiment, {Question(0, 1): 0.5, Question(0, 0): None, Question(1, 0): 0.0})
    assert [trial["state"] for trial in told] == ["failed", "finished", "failed", "failed"]
    assert told[1]["value"] == 0.0, "a score of nothing is a score"


def test_rungs_stand_in_the_order_of_training_whatever_was_answered_first(experiment: Experiment) -> None:
    told = _told(experiment, {Question(0, 0): 0.9, Question(0, 2): 0.2, Question(0, 1): 0.1})
    assert told[0]["rungs"] == [0.1, 0.2]


def test_answers_are_remembered_and_the_first_one_stands(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "store"))
    assert list(experiments.answers(store, "e1")) == []
    assert experiments.remember(store, "e1", (3, 0), 0.5) == 0.5
    assert experiments.remember(store, "e1", (3, 0), 0.75) == 0.5, "another driver was first"
    experiments.remember(store, "e1", (10, 4), 0.0)
    experiments.remember(store, "e2", (1, 1), 1.0)
    assert dict(experiments.answers(store, "e1")) == {(3, 0): 0.5, (10, 4): 0.0}


def test_a_decision_is_taken_once(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "store"))
    assert experiments.read(store, "e1") is None
    first = {"values": {"learning_rate": 1e-4}, "trials": []}
    assert experiments.decide(store, "e1", first) == first
    assert experiments.decide(store, "e1", {"values": {"learning_rate": 1.0}, "trials": []}) == first
    assert experiments.read(store, "e1") == first


def test_answers_are_no_decision_and_a_decision_is_no_answer(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "store"))
    experiments.remember(store, "e1", (0, 0), 0.5)
    assert experiments.read(store, "e1") is None
    experiments.decide(store, "e1", {"values": {}, "trials": []})
    assert dict(experiments.answers(store, "e1")) == {(0, 0): 0.5}


def test_a_question_lies_on_the_desk_until_it_is_answered() -> None:
    desk = Desk()
    first, second = Question(0, 1), Question(1, 0)
    desk.ask(first)
    desk.ask(first)
    desk.ask(second)
    assert list(desk.asked()) == [first, second]
    assert desk.score(first) == (False, None)
    desk.answer(first, None)
    assert (desk.score(first), desk.score(second)) == ((True, None), (False, None))
    desk.answer(second, 0.5)
    desk.ask(second)
    assert desk.score(second) == (True, 0.5) and list(desk.asked()) == []
