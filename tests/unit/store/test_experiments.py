"""What the store keeps of an experiment: how it began, its answers in their order, and what it chose."""

from __future__ import annotations

from pathlib import Path

import pytest

from xfer.store import experiments
from xfer.store.experiments import Answer, Ledger
from xfer.store.store import Store

ONE, TWO, THREE = ({"learning_rate": rate} for rate in (1e-3, 1e-4, 1e-5))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "store"))


def test_answers_are_kept_in_the_order_in_which_they_came(store: Store) -> None:
    ledger = Ledger(store, "e1")
    came = [Answer(TWO, 1, 0.5, "t"), Answer(ONE, 1, 0.0, "t"), Answer(TWO, 0, 0.75, "t")]
    for answer in came:
        ledger.add(answer)
    assert list(experiments.answers(store, "e1")) == came
    again = Ledger(store, "e1")
    assert [again.place(answer.about) for answer in came] == [0, 1, 2]
    assert [again.score(answer.about) for answer in came] == [0.5, 0.0, 0.75]
    assert again.place(Answer(THREE, 0, 1.0, "t").about) is None
    assert again.place(Answer(TWO, 2, 1.0, "t").about) is None
    assert list(experiments.answers(store, "e2")) == []


def test_the_first_answer_to_a_question_stands(store: Store) -> None:
    ledger = Ledger(store, "e1")
    ledger.add(Answer(ONE, 0, 0.5, "t"))
    ledger.add(Answer(ONE, 0, 0.75, "t"))
    assert ledger.score(Answer(ONE, 0, 0.0, "t").about) == 0.5
    assert len(list(experiments.answers(store, "e1"))) == 1


def test_two_drivers_see_one_order(store: Store) -> None:
    """Each learns of the other's answers before it stores its own."""
    mine, theirs = Ledger(store, "e1"), Ledger(store, "e1")
    mine.add(Answer(ONE, 0, 0.5, "t"))
    theirs.add(Answer(TWO, 0, 0.25, "t"))
    theirs.add(Answer(THREE, 0, 0.75, "t"))
    mine.add(Answer(THREE, 0, 0.0, "t"))
    places = [Answer(values, 0, 0.0, "t").about for values in (ONE, TWO, THREE)]
    assert [mine.place(about) for about in places] == [theirs.place(about) for about in places] == [0, 1, 2]
    assert mine.score(places[2]) == 0.75, "the other was first"


def test_an_answer_that_cannot_be_read_is_asked_for_again_and_moves_no_other(store: Store) -> None:
    ledger = Ledger(store, "e1")
    for values in (ONE, TWO, THREE):
        ledger.add(Answer(values, 0, 0.5, "t"))
    store.put(store.names("experiments/e1/answers")[1], b"{")
    again = Ledger(store, "e1")
    assert [again.place(Answer(values, 0, 0.0, "t").about) for values in (ONE, TWO, THREE)] == [0, None, 2]
    again.add(Answer(TWO, 0, 0.25, "t"))
    assert again.place(Answer(TWO, 0, 0.0, "t").about) == 3


def test_a_search_goes_on_as_it_began(store: Store) -> None:
    assert experiments.begun(store, "e1") is None
    assert experiments.begin(store, "e1", {"at_once": 4}) == {"at_once": 4}
    assert experiments.begin(store, "e1", {"at_once": 2}) == {"at_once": 4}
    assert experiments.begun(store, "e1") == {"at_once": 4}


def test_a_decision_is_taken_once(store: Store) -> None:
    assert experiments.read(store, "e1") is None
    first = {"values": {"learning_rate": 1e-4}, "trials": []}
    assert experiments.decide(store, "e1", first) == first
    assert experiments.decide(store, "e1", {"values": {"learning_rate": 1.0}, "trials": []}) == first
    assert experiments.read(store, "e1") == first


def test_answers_are_no_decision_and_a_decision_is_no_answer(store: Store) -> None:
    Ledger(store, "e1").add(Answer(ONE, 0, 0.5, "t"))
    assert experiments.read(store, "e1") is None
    experiments.decide(store, "e1", {"values": {}, "trials": []})
    assert list(experiments.answers(store, "e1")) == [Answer(ONE, 0, 0.5, "t")]
