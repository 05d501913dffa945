"""When a driver's progress is worth a call to the API server."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.progress import EVERY, SELDOM, is_news
from xfer.events import Progress

PHASE = {"event": "phase", "phase": "one", "first_step": 0, "roles": ["target"], "trains_on": "nothing"}


def told(steps: int, done: int, *more: dict[str, Any]) -> dict[str, Any]:
    """The summary of a study that trains one phase and has done so many of its steps."""
    progress = Progress()
    progress.add({"time": 1.0, "event": "study", "phases": 1, "cached": 0, "steps": steps})
    progress.add({"time": 2.0, **PHASE, "steps": steps})
    progress.add({"time": 3.0 + done, "event": "step", "phase": "one", "step": done})
    for event in more:
        progress.add({"time": 4.0 + done, **event})
    return progress.summary()


def test_the_first_word_is_news_and_the_same_again_is_not() -> None:
    assert is_news(told(100, 1), {}, 0)
    assert not is_news(told(100, 1), told(100, 1), SELDOM)


@pytest.mark.parametrize(("steps", "soon"), [(100, True), (1000, False)])
def test_a_step_is_news_where_it_is_a_hundredth_of_all(steps: int, soon: bool) -> None:
    assert is_news(told(steps, 21), told(steps, 20), EVERY) is soon
    assert is_news(told(steps, 21), told(steps, 20), SELDOM), "in the end every step is told"


def test_steps_that_are_done_again_are_news() -> None:
    assert is_news(told(100, 5), told(100, 30), EVERY)


def test_with_no_steps_to_do_time_alone_is_no_news() -> None:
    later = told(0, 0, {"event": "decoded"})
    assert not is_news(later, told(0, 0), EVERY)
    assert is_news(later, told(0, 0), SELDOM)


@pytest.mark.parametrize(
    "event",
    [
        {"event": "trained", "phase": "one", "steps": 20},
        {"event": "scored", "task": "world_nli"},
        {"event": "failed", "why": "it diverged"},
        {"event": "end", "unfinished": 0},
    ],
)
def test_what_happens_is_news_at_once(event: dict[str, Any]) -> None:
    assert is_news(told(100_000, 20, event), told(100_000, 20), EVERY)
