"""Decisions: how each trial ended. And the desk that trials wait at. Without Ray."""

from __future__ import annotations

import asyncio

from xfer.search.decisions import _told
from xfer.search.desk import Asked, Desk, Reply
from xfer.search.trials import Score, Told

VALUES = [{"learning_rate": rate} for rate in (1e-3, 1e-4, 1e-5, 1e-6)]


def told(scores: dict[tuple[int, int], Score]) -> list[tuple[str, list[float], Score]]:
    found = _told(Told(list(VALUES), {Asked(*question): score for question, score in scores.items()}))
    assert [trial["values"] for trial in found] == VALUES
    return [(trial["state"], trial["rungs"], trial["value"]) for trial in found]


def test_each_trial_is_told_by_how_it_ended() -> None:
    scores: dict[tuple[int, int], Score] = {
        (0, 1): 0.5, (0, 2): 0.625, (0, 0): 0.75,
        (1, 1): 0.25,
        (2, 1): 0.5, (2, 2): None,
    }  # fmt: skip
    assert told(scores) == [
        ("finished", [0.5, 0.625], 0.75),
        ("pruned", [0.25], None),
        ("failed", [0.5], None),
        ("failed", [], None),  # never asked about
    ]


def test_a_trial_that_fails_at_its_end_has_failed() -> None:
    found = told({(0, 1): 0.5, (0, 0): None, (1, 0): 0.0})
    assert [state for state, _, _ in found] == ["failed", "finished", "failed", "failed"]
    assert found[1][2] == 0.0, "a score of nothing is a score"


def test_rungs_stand_in_the_order_of_training_whatever_was_answered_first() -> None:
    assert told({(0, 0): 0.9, (0, 2): 0.2, (0, 1): 0.1})[0][1] == [0.1, 0.2]


def test_who_asks_waits_for_the_answer_and_who_answers_for_questions() -> None:
    first, second = Asked(0, 1), Asked(1, 0)

    async def work() -> list[Reply]:
        desk = Desk()
        asked = [asyncio.ensure_future(desk.ask(question)) for question in (first, second)]
        assert [await desk.next(), await desk.next()] == [first, second]
        await desk.answer(second, 0.5)
        assert await asked[1] == Reply(0.5, over=False) and not asked[0].done()
        await desk.answer(first, None)
        return [await reply for reply in asked]

    assert asyncio.run(work()) == [Reply(None, over=False), Reply(0.5, over=False)]


def test_when_the_desk_closes_everybody_goes_home() -> None:
    async def work() -> None:
        desk = Desk()
        asked, listening = asyncio.ensure_future(desk.ask(Asked(0, 0))), asyncio.ensure_future(desk.next())
        assert await listening == Asked(0, 0)
        await desk.close()
        assert await asked == await desk.ask(Asked(1, 0)) == Reply(None, over=True)
        assert await desk.next() is None

    asyncio.run(work())
