"""Ray Tune searches of trials that train nothing: several at once, the same decisions in whatever order they finish."""

from __future__ import annotations

import json
import logging
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.unit.study.made import planned
from xfer.errors import Stopped
from xfer.execution.runtime import configure_ray
from xfer.search import decisions
from xfer.search.trials import Question, Score
from xfer.store import experiments
from xfer.store.store import Store
from xfer.study.plan import Experiment

pytestmark = [pytest.mark.integration, pytest.mark.filterwarnings("ignore")]

RANGE = "{{learning_rate: {{low: {low}, high: {high}}}, algorithm: optuna, trials: {trials}, "
OPTUNA = RANGE + "seeds: [1], targets: [udpos]{more}}}"
RATES = [round(1e-5 * 1.5**i, 9) for i in range(9)]
TUNE = f"{{learning_rate: {RATES}, seeds: [1], targets: [udpos]"


@pytest.fixture(scope="module", autouse=True)
def with_ray() -> Iterator[None]:
    import ray

    configure_ray()
    ray.init(address="local", num_cpus=2, log_to_driver=False, logging_level=logging.ERROR)
    yield
    ray.shutdown()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "store"))


def experiment(folder: Path, more: str = ", scheduler: asha}") -> Experiment:
    (found,) = planned(folder, tune=TUNE + more).experiments
    return found


def score(question: Question) -> float:
    """Neither in the order of the trials nor in that of their values; later looks see a little more."""
    return RATES.index(question.values["learning_rate"]) * 4 % 9 / 10 + question.units / 100


class Answers:
    """Answers in an order of its own: the trial with the largest number first, of those that are asked about."""

    def __init__(self, at_once: int, score: Callable[[Question], Score] = score) -> None:
        self.asked: list[tuple[int, int]] = []
        self.most = 0
        self._at_once, self._score, self._here = at_once, score, set[tuple[int, int]]()
        self._changed = threading.Condition()

    def __call__(self, question: Question) -> Score:
        me = (question.trial, question.units)
        with self._changed:
            self.asked.append(me)
            self._here.add(me)
            self.most = max(self.most, len(self._here))
            self._changed.notify_all()
            # Until others have come, or there are no others to come: then in the order said.
            self._changed.wait_for(lambda: len(self._here) >= self._at_once, timeout=0.5)
            self._changed.wait_for(lambda: me == max(self._here), timeout=5)
            self._here.remove(me)
            self._changed.notify_all()
        return self._score(question)


def test_several_trials_run_at_once_and_the_best_is_chosen(tmp_path: Path, store: Store) -> None:
    found, answers = experiment(tmp_path, "}"), Answers(3)
    chosen = decisions.decide(store, found, answers, at_once=3)
    assert answers.most == 3
    assert Counter(answers.asked) == Counter((trial, 0) for trial in range(9))
    assert chosen == {"learning_rate": max(RATES, key=lambda rate: RATES.index(rate) * 4 % 9)}
    decision = experiments.read(store, found.key)
    assert decision is not None and decision["values"] == chosen
    assert [trial["state"] for trial in decision["trials"]] == ["finished"] * 9


def test_what_was_answered_is_replayed_in_its_order_whatever_comes_first_now(tmp_path: Path, store: Store) -> None:
    """A search that is broken off after each answer, and asked in another order each time, ends as the whole does."""
    found = experiment(tmp_path)
    whole = Answers(3)
    decisions.decide(store, found, whole, at_once=3)
    decided = experiments.read(store, found.key)
    assert decided is not None
    assert {trial["state"] for trial in decided["trials"]} == {"finished", "pruned"}
    log = store.names(f"experiments/{found.key}/answers")

    for kept in (1, len(log) // 2, len(log)):
        copy = Store(str(tmp_path / f"after-{kept}"))
        experiments.begin(copy, found.key, experiments.begun(store, found.key) or {})
        for path in log[:kept]:
            copy.put(path, store.get(path) or b"")
        rest = Answers(1)
        decisions.decide(copy, found, rest, at_once=1)
        first = experiments.read(copy, found.key)
        assert len(rest.asked) == len(set(rest.asked)) == len(copy.names(f"experiments/{found.key}/answers")) - kept
        if kept == len(log):
            assert first == decided and not rest.asked
        copy.delete(f"experiments/{found.key}/decision.json")
        again = Answers(2)
        decisions.decide(copy, found, again, at_once=5)
        assert not again.asked and experiments.read(copy, found.key) == first, "asked nothing, decided the same"


def test_two_drivers_at_one_search_decide_the_same_and_store_each_answer_once(tmp_path: Path, store: Store) -> None:
    found, asked, chosen = experiment(tmp_path), list[tuple[int, int]](), list[object]()

    def answer(question: Question) -> float:
        asked.append((question.trial, question.units))
        time.sleep(0.2)
        return score(question)

    def drive() -> None:
        chosen.append(decisions.decide(Store(store.url), found, answer, at_once=3))

    drivers = [threading.Thread(target=drive) for _ in range(2)]
    for driver in drivers:
        driver.start()
        time.sleep(1)  # of one process; Tune cannot begin twice at once in it
    for driver in drivers:
        driver.join()
    assert len(chosen) == 2 and chosen[0] == chosen[1]
    assert len(store.names(f"experiments/{found.key}/answers")) == len(set(asked))
    store.delete(f"experiments/{found.key}/decision.json")
    again = Answers(1)
    assert decisions.decide(store, found, again) == chosen[0] and not again.asked


@pytest.mark.parametrize("error", [Stopped("stopped", ""), RuntimeError("no room left")])
def test_what_is_raised_while_answering_ends_the_search(tmp_path: Path, store: Store, error: Exception) -> None:
    found = experiment(tmp_path)
    count = iter(range(100))

    def answer(question: Question) -> float:
        if next(count) == 5:
            raise error
        return score(question)

    with pytest.raises(type(error)) as raised:
        decisions.decide(store, found, answer, at_once=3)
    assert raised.value is error
    assert experiments.read(store, found.key) is None
    held = len(store.names(f"experiments/{found.key}/answers"))
    assert held >= 1
    after = Answers(3)
    assert decisions.decide(store, found, after, at_once=3) is not None
    asked = {(trial, units) for trial, units in after.asked}
    assert len(asked) == len(after.asked) == len(store.names(f"experiments/{found.key}/answers")) - held


def test_a_failed_trial_is_tried_anew_and_the_others_are_not(tmp_path: Path, store: Store) -> None:
    found = experiment(tmp_path)
    failing = Answers(3, lambda question: None if question.trial == 1 else score(question))
    assert decisions.decide(store, found, failing, at_once=3) is not None
    decision = experiments.read(store, found.key)
    assert decision is not None and decision["trials"][1]["state"] == "failed"
    store.delete(f"experiments/{found.key}/decision.json")
    mended = Answers(3)
    assert decisions.decide(store, found, mended, at_once=3) is not None
    assert (1, 1) in mended.asked and not set(mended.asked) & (set(failing.asked) - {(1, 1)})


def test_nothing_is_decided_where_every_trial_fails(tmp_path: Path, store: Store) -> None:
    found = experiment(tmp_path)
    answers = Answers(3, lambda question: None)
    assert decisions.decide(store, found, answers, at_once=3) is None
    assert sorted(answers.asked) == [(trial, 1) for trial in range(9)]
    assert experiments.read(store, found.key) is None


def sampled(folder: Path, trials: int = 16, low: float = 1e-6, high: float = 1e-2, more: str = "") -> Experiment:
    (found,) = planned(folder, tune=OPTUNA.format(low=low, high=high, trials=trials, more=more)).experiments
    return found


def peak(question: Question) -> float:
    """Best at 1e-4."""
    return 1 - abs(math.log10(question.values["learning_rate"]) + 4) / 4


def tried(store: Store, found: Experiment) -> list[float]:
    decision = experiments.read(store, found.key)
    assert decision is not None
    return [trial["values"]["learning_rate"] for trial in decision["trials"]]


def test_optuna_looks_where_it_was_good_and_says_the_same_again(tmp_path: Path, store: Store) -> None:
    found = sampled(tmp_path, 30)
    answers = Answers(1, peak)
    assert decisions.decide(store, found, answers) is not None
    rates = tried(store, found)
    assert len(rates) == 30 and all(1e-6 <= rate <= 1e-2 for rate in rates)
    assert rates == [float(f"{rate:.2g}") for rate in rates], "few digits"
    assert len(set(rates)) == 30, "and none of them twice"
    near = [abs(math.log10(rate) + 4) < 0.5 for rate in rates]
    assert sum(near[15:]) >= 8, "a quarter would be chance"

    decided = experiments.read(store, found.key)
    store.delete(f"experiments/{found.key}/decision.json")
    again = Answers(1)
    decisions.decide(store, found, again, at_once=1)
    assert not again.asked and experiments.read(store, found.key) == decided


def test_what_optuna_gives_up_and_what_fails_is_told_as_such(tmp_path: Path, store: Store) -> None:
    found = sampled(tmp_path, 16, more=", scheduler: asha")
    answers = Answers(3, lambda question: None if question.trial == 2 else peak(question))
    decisions.decide(store, found, answers, at_once=3)
    decision = experiments.read(store, found.key)
    assert decision is not None
    assert {trial["state"] for trial in decision["trials"]} == {"finished", "pruned", "failed"}
    assert decision["trials"][2]["state"] == "failed"


def test_a_search_that_is_extended_begins_with_what_is_known(tmp_path: Path, store: Store) -> None:
    first = sampled(tmp_path, 12)
    decisions.decide(store, first, peak, at_once=2)
    known = tried(store, first)

    more = sampled(tmp_path, 16)
    assert more.key != first.key
    answers = Answers(2, peak)
    decisions.decide(store, more, answers, at_once=2)
    assert 1 <= len(answers.asked) <= 4
    assert tried(store, more)[:12] == known and len(tried(store, more)) == 16

    wider = sampled(tmp_path, 18, low=1e-5, high=1e-1)
    inside = {rate for rate in tried(store, more) if rate >= 1e-5}
    answers = Answers(2, peak)
    decisions.decide(store, wider, answers, at_once=2)
    assert inside <= set(tried(store, wider)) and len(answers.asked) <= 18 - len(inside)

    elsewhere = sampled(tmp_path, 4, more=", arms: [snli]")
    answers = Answers(2, peak)
    decisions.decide(store, elsewhere, answers, at_once=2)
    assert len(answers.asked) == 4, "those scores mean something else"


SPACE = "{{arms: [none, snli], mix: {{mnli: uniform, snli: uniform}}, examples: {{mnli: {{low: 10, high: 90}}}}}}"
EXPLORE = "{{space: " + SPACE + ", trials: {trials}, confirm: 3, seeds: [1], targets: [udpos]{more}}}"


def exploration(folder: Path, trials: int, more: str = "") -> Experiment:
    explore = EXPLORE.format(trials=trials, more=more)
    (found,) = planned(folder, arms="[none, snli]", explore=explore).experiments
    return found


def best_with_much_mnli(question: Question) -> float:
    """A mixture is better than none, and the better the more of MNLI it has."""
    return {"none": 0.25, "snli": 0.5}.get(question.values["arm"], 0.0) or 0.6 + question.values["mix.mnli"] / 4


def test_what_is_explored_is_drawn_arm_by_arm_and_the_best_become_arms(tmp_path: Path, store: Store) -> None:
    found = exploration(tmp_path, 20)
    answers = Answers(3, best_with_much_mnli)
    chosen = decisions.decide(store, found, answers, at_once=3)
    assert chosen is not None and list(chosen) == ["explored-1", "explored-2", "explored-3"]
    decision = experiments.read(store, found.key)
    assert decision is not None and len(decision["trials"]) == 20
    for trial in decision["trials"]:
        values = trial["values"]
        names = {"arm"} if values["arm"] != "mix" else {"arm", "mix.mnli", "mix.snli", "examples.mnli"}
        assert values.keys() == names
        if values["arm"] == "mix":
            assert values["mix.mnli"] + values["mix.snli"] == pytest.approx(1)
            assert 10 <= values["examples.mnli"] <= 90 and isinstance(values["examples.mnli"], int)
    scores = [next(t["value"] for t in decision["trials"] if t["values"] == values) for values in chosen.values()]
    distinct = {json.dumps(trial["values"]): trial["value"] for trial in decision["trials"]}
    assert scores == sorted(distinct.values(), reverse=True)[:3]

    again = Answers(1)
    store.delete(f"experiments/{found.key}/decision.json")
    assert decisions.decide(store, found, again, at_once=1) == chosen and not again.asked


def test_an_exploration_that_is_extended_asks_only_what_is_new(tmp_path: Path, store: Store) -> None:
    decisions.decide(store, exploration(tmp_path, 8), best_with_much_mnli, at_once=2)
    more, answers = exploration(tmp_path, 11), Answers(2, best_with_much_mnli)
    decisions.decide(store, more, answers, at_once=2)
    assert len(answers.asked) <= 11 - len(experiments.prior(experiments.begun(store, more.key) or {}))
    assert experiments.prior(experiments.begun(store, more.key) or {})
    pruning, answers = exploration(tmp_path, 14, ", scheduler: asha"), Answers(2, best_with_much_mnli)
    assert decisions.decide(store, pruning, answers, at_once=2) is not None
