"""Attempts: who may work on a phase, and who may take it over."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from tests.unit.store.attempting import open_attempt
from xfer.errors import StoreError
from xfer.store import attempts
from xfer.store.attempts import Attempt, Holder, attempt_path, latest
from xfer.store.store import Store, as_json

PHASE = "0123456789ab"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "store"))


def never(seconds: float) -> bool:
    raise AssertionError("there was somebody to wait for")


def give_up(seconds: float) -> bool:
    return True


def held_elsewhere(store: Store, number: int = 1) -> str:
    """An attempt whose holder lives on another machine, as far as we can tell."""
    path = attempt_path(PHASE, number)
    store.create(f"{path}/holder.json", as_json(asdict(replace(Holder.me(), boot="another boot"))))
    return path


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"


def committed(store: Store) -> Callable[[], bool]:
    return lambda: store.size(f"phases/{PHASE}/record.json") is not None


def opened(store: Store) -> Attempt:
    attempt = open_attempt(store, PHASE, never, committed(store))
    assert attempt is not None
    return attempt


def test_attempts_are_numbered_from_one_and_the_last_ones_outcome_lets_the_next_begin(store: Store) -> None:
    assert latest(store, PHASE) == 0
    for number, outcome in enumerate(("lost", "failed", "stopped"), 1):
        attempt = opened(store)
        assert attempt.number == number == latest(store, PHASE)
        attempt.end(outcome, "because")
        assert store.get_json(f"{attempt.path}/outcome.json") == {
            "outcome": outcome, "last_step": 0, "reason": "because",
        }  # fmt: skip


def test_numbers_are_compared_as_numbers(store: Store) -> None:
    for number in range(1, 12):
        held_elsewhere(store, number)
    assert latest(store, PHASE) == 11


def test_an_attempt_that_its_holder_works_on_is_waited_for(store: Store) -> None:
    opened(store)
    waits: list[float] = []

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        return len(waits) == 3

    assert open_attempt(store, PHASE, wait, committed(store)) is None
    assert waits == [attempts.BEAT / 2] * 3 and latest(store, PHASE) == 1


def test_what_is_done_is_not_opened_and_what_is_not_done_is_opened_again(store: Store) -> None:
    opened(store).end("committed")
    store.create(f"phases/{PHASE}/record.json", b"{}")
    assert open_attempt(store, PHASE, never, committed(store)) is None
    again = open_attempt(store, PHASE, never, lambda: False)
    assert again is not None and again.number == 2


def test_two_who_want_more_of_a_committed_phase_wait_for_each_other(store: Store) -> None:
    opened(store).end("committed")
    store.create(f"phases/{PHASE}/record.json", b"{}")
    first = open_attempt(store, PHASE, never, lambda: False)
    assert first is not None
    assert open_attempt(store, PHASE, give_up, lambda: False) is None
    assert not first.superseded()


def test_a_phase_committed_while_we_wait_is_not_opened(store: Store) -> None:
    held_elsewhere(store)

    def commit(seconds: float) -> bool:
        store.create(f"phases/{PHASE}/record.json", b"{}")
        return False

    assert open_attempt(store, PHASE, commit, committed(store)) is None
    assert latest(store, PHASE) == 1


def test_a_holder_beats_and_tells_its_step(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "BEAT", 0.005)
    attempt = opened(store)
    attempt.start(40)
    assert store.get_json(f"{attempt.path}/start.json") == {"first_step": 40}
    attempt.reached(47)
    attempt.reached(46)

    def beat() -> tuple[int, int]:
        found = store.get_json(f"{attempt.path}/heartbeat.json") or {}
        return found["counter"], found["step"]

    until(lambda: beat()[0] >= 2 and beat()[1] == 47)
    attempt.end("committed")
    last = beat()
    assert (store.get_json(f"{attempt.path}/outcome.json") or {})["last_step"] == 47
    assert attempt._thread is not None and not attempt._thread.is_alive()
    assert beat() == last


class Flaky(Store):
    """Storage that takes the first heartbeat, and refuses the next writes of one."""

    refusals = 1.0
    refused = 0
    first = as_json({"counter": 0, "step": 0})

    def put(self, path: str, content: bytes | Path) -> None:
        if path.endswith("heartbeat.json") and self.refused < self.refusals and content != self.first:
            self.refused += 1
            raise StoreError("storage does not work", path)
        super().put(path, content)


def test_a_holder_whose_beats_do_not_get_through_knows_that_others_may_go_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "BEAT", 0.005)
    monkeypatch.setattr(attempts, "LEASE", 1.0)
    silent = Flaky(store.url)
    silent.refusals = math.inf
    heard, unheard = Attempt(store, PHASE, 1), Attempt(silent, "ba9876543210", 1)
    begun = time.monotonic()
    for attempt in (heard, unheard):
        attempt.start(0)
    try:
        assert not unheard.may_be_taken_over()
        until(unheard.may_be_taken_over)
        assert time.monotonic() - begun > 1.0
        assert not heard.may_be_taken_over()
    finally:
        for attempt in (heard, unheard):
            attempt.end("stopped")


def test_a_heartbeat_that_cannot_be_written_once_does_not_end_the_beating(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "BEAT", 0.005)
    flaky = Flaky(store.url)
    attempt = opened(flaky)
    attempt.start(0)
    try:
        until(lambda: flaky.refused == 1)
        assert attempt._thread is not None
        attempt._thread.join(0.1)
        assert attempt._thread.is_alive(), "others would take this attempt over although it works on"
    finally:
        attempt.end("stopped")


def test_a_heartbeat_must_stand_still_for_the_lease_on_the_watchers_clock(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = 0.1
    monkeypatch.setattr(attempts, "LEASE", lease)
    path = held_elsewhere(store)
    waited, last_beat = 0, 0.0

    def wait(seconds: float) -> bool:
        """The holder beats for the first three looks, with more than the lease between them; then it stands still."""
        nonlocal waited, last_beat
        waited += 1
        begun = time.monotonic()
        until(lambda: time.monotonic() > begun + lease * (1.2 if waited <= 3 else 0.02))
        if waited <= 3:
            last_beat = time.monotonic()
            store.put(f"{path}/heartbeat.json", as_json({"counter": waited, "step": 0}))
        return False

    attempt = open_attempt(store, PHASE, wait, committed(store))
    assert attempt is not None and attempt.number == 2
    assert waited > 3 and time.monotonic() - last_beat > lease


def test_before_the_lease_is_over_a_holder_elsewhere_keeps_its_attempt(store: Store) -> None:
    path = held_elsewhere(store)
    store.put(f"{path}/heartbeat.json", as_json({"counter": 3, "step": 0, "time": "1970-01-01"}))
    assert open_attempt(store, PHASE, give_up, committed(store)) is None
    assert latest(store, PHASE) == 1


HOLDER = """
import sys
from xfer.store.attempts import Claim
from xfer.store.store import Store
attempt = Claim(Store(sys.argv[1]), sys.argv[2]).open(lambda: False)
print(attempt.number, flush=True)
sys.stdin.readline()
"""


def test_a_holder_that_died_on_this_machine_is_followed_at_once(store: Store) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, store.url, PHASE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None and holder.stdin is not None
    try:
        assert holder.stdout.readline() == "1\n"
        assert open_attempt(store, PHASE, give_up, committed(store)) is None, "while it lives it is waited for"
        holder.send_signal(signal.SIGKILL)
        os.waitid(os.P_PID, holder.pid, os.WEXITED | os.WNOWAIT)
        assert opened(store).number == 2, "dead, though its parent has not buried it yet"
    finally:
        holder.kill()
        holder.communicate()
    buried = store.get_json(f"{attempt_path(PHASE, 1)}/holder.json") or {}
    assert buried["pid"] == holder.pid and Holder(**buried).gone()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_a_holder_is_gone_only_if_this_machine_can_know_it() -> None:
    me = Holder.me()
    assert not me.gone()
    assert replace(me, started="1").gone(), "another process has its number now"
    assert not replace(me, started="1", boot="another boot").gone()
    assert not replace(me, started="1", host="another-host").gone()
    assert not replace(me, started="1", boot="").gone(), "without a boot id nothing is known"


def test_an_attempt_is_superseded_by_a_later_one_only(store: Store) -> None:
    first = opened(store)
    assert not first.superseded()
    first.end("lost")
    second = opened(store)
    assert first.superseded() and not second.superseded()
