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


def test_what_others_have_answered_is_heard_when_it_is_asked_for(store: Store) -> None:
    mine, theirs = Ledger(store, "e1"), Ledger(store, "e1")
    for values in (ONE, TWO):
        theirs.add(Answer(values, 0, 0.25, "t"))
    assert mine.place(Answer(TWO, 0, 0.0, "t").about) is None
    mine.catch_up()
    assert mine.place(Answer(TWO, 0, 0.0, "t").about) == 1
    mine.add(Answer(THREE, 0, 0.5, "t"))
    theirs.catch_up()
    assert theirs.place(Answer(THREE, 0, 0.0, "t").about) == 2


def test_what_was_known_before_stands_before_all_answers_and_is_not_stored_again(store: Store) -> None:
    prior = [Answer(ONE, 0, 0.25, "t"), Answer(TWO, 0, 0.5, "t")]
    ledger = Ledger(store, "e1", prior)
    ledger.add(Answer(ONE, 0, 0.75, "t"))
    ledger.add(Answer(THREE, 0, 1.0, "t"))
    assert [ledger.place(Answer(values, 0, 0.0, "t").about) for values in (ONE, TWO, THREE)] == [-2, -1, 0]
    assert ledger.score(prior[0].about) == 0.25
    assert list(experiments.answers(store, "e1")) == [Answer(THREE, 0, 1.0, "t")]


def test_the_ends_of_all_trials_are_known_to_other_experiments(store: Store) -> None:
    Ledger(store, "e1").add(Answer(ONE, 1, 0.25, "t1"))
    Ledger(store, "e1").add(Answer(ONE, 0, 0.5, "t1"))
    before = Answer(TWO, 0, 0.75, "t2")
    experiments.begin(store, "e2", {"at_once": 1, "prior": [before._asdict()]})
    assert experiments.prior(experiments.begun(store, "e2") or {}) == [before]
    assert list(experiments.ends(store)) == [Answer(ONE, 0, 0.5, "t1"), before]
    assert experiments.tried(store, "e2") == [TWO] and experiments.tried(store, "e3") == []
    Ledger(store, "e2", [before]).add(Answer(THREE, 1, 0.5, "t3"))
    Ledger(store, "e2", [before]).add(Answer(THREE, 0, 0.5, "t3"))
    assert experiments.tried(store, "e2") == [TWO, THREE]
    experiments.decide(store, "e2", {"values": TWO, "trials": [{"values": TWO}, {"values": ONE}, {"values": TWO}]})
    assert experiments.tried(store, "e2") == [TWO, ONE]


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
