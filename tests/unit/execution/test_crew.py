"""Tasks that belong together: all of them are waited for, and the first error stops the others."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from xfer.errors import PhaseFailed, Stopped, StoreError, UserError
from xfer.execution.crew import Crew


def nothing() -> None:
    """No look, and nobody to turn away."""


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.001)


async def stops(stop: threading.Event) -> None:
    """What every task does at its next step."""
    await until(stop.is_set)
    raise Stopped("stopped")


def test_tasks_that_tasks_have_started_are_waited_for_too() -> None:
    done: list[int] = []

    async def more(crew: Crew, left: int) -> None:
        await asyncio.sleep(0)
        done.append(left)
        if left:
            crew.start(more(crew, left - 1))

    async def play() -> None:
        crew = Crew(threading.Event(), nothing, nothing)
        crew.start(more(crew, 3))
        await crew.finish()

    asyncio.run(play())
    assert done == [3, 2, 1, 0]


@pytest.mark.parametrize("error", [StoreError("the disk is full"), RuntimeError("a bug"), PhaseFailed("no number")])
def test_the_first_error_stops_the_others_and_is_raised(error: Exception) -> None:
    stop, turned_away = threading.Event(), []

    async def fail() -> None:
        raise error

    async def play() -> None:
        crew = Crew(stop, nothing, lambda: turned_away.append(1))
        others = [crew.start(stops(stop)) for _ in range(3)]
        crew.start(fail())
        with pytest.raises(type(error)):
            await crew.finish()
        assert all(task.done() for task in others)

    asyncio.run(play())
    assert stop.is_set() and turned_away


def test_who_is_told_to_stop_says_so() -> None:
    stop = threading.Event()

    async def play() -> None:
        crew = Crew(stop, nothing, nothing)
        crew.start(stops(stop))
        asyncio.get_running_loop().call_later(0.01, stop.set)
        await crew.finish()

    with pytest.raises(Stopped):
        asyncio.run(play())


def test_a_look_may_end_the_study() -> None:
    stop = threading.Event()

    def look() -> None:
        raise UserError("the budget is used up")

    async def play() -> None:
        crew = Crew(stop, look, nothing)
        crew.start(stops(stop))
        await crew.finish()

    with pytest.raises(UserError, match="budget"):
        asyncio.run(play())
