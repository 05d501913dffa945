"""Work that breaks off is taken up again, and not for ever; how far an attempt came is known to the step."""

from __future__ import annotations

import asyncio
import io
import json
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.unit.study.made import planned
from xfer.errors import PhaseFailed, Stopped, StoreError, XferError
from xfer.events import Events
from xfer.execution.ensure import TRIES, Ensurer
from xfer.execution.jobs import Result, Site
from xfer.phase.resources import Resources
from xfer.store.store import Store
from xfer.study.resolve import Roots
from xfer.tasks.data import DataRoots
from xfer.tasks.registry import SHIPPED


class Lane:
    """Ends every job with the same result; the reports of its steps get lost."""

    def __init__(self, result: Result) -> None:
        self.result, self.jobs, self.stop = result, 0, threading.Event()

    @asynccontextmanager
    async def lane(self, resources: Resources, urgency: float) -> AsyncIterator[Lane]:
        yield self

    async def run(self, job: Any, on_step: Any, should_stop: Any) -> Result:
        self.jobs += 1
        if self.result.state == "stopped":
            self.stop.set()
        return self.result


def train(folder: Path, result: Result) -> tuple[int, XferError, list[dict[str, Any]]]:
    """The jobs that a phase took whose lane always ends like this, what was raised, and how each attempt ended."""
    plan, store, lane = planned(folder), Store(str(folder / "store")), Lane(result)
    phase = next(iter(plan.phases))
    site = Site(store, Roots(), DataRoots(), SHIPPED, folder)
    ensurer = Ensurer(site, plan.models, Events(io.StringIO()), lane.stop, lane)
    with pytest.raises(XferError) as raised:
        asyncio.run(ensurer.phase(plan.phases, phase))
    attempts = sorted((folder / "store" / "phases" / phase / "attempts").iterdir())
    return lane.jobs, raised.value, [json.loads((path / "outcome.json").read_text()) for path in attempts]


def test_what_breaks_off_again_and_again_without_a_step_has_failed(tmp_path: Path) -> None:
    jobs, error, ended = train(tmp_path, Result("lost", "RuntimeError on rank 1: out of memory", "the traceback"))
    assert isinstance(error, PhaseFailed)
    assert jobs == 1 + TRIES
    assert [attempt["outcome"] for attempt in ended] == ["lost"] * TRIES + ["failed"]
    assert ended[-1]["reason"] == (
        f"lost {1 + TRIES} times at step 0; the last time: RuntimeError on rank 1: out of memory"
    )
    assert ended[-1]["detail"] == "the traceback"


@pytest.mark.parametrize("error", [None, StoreError("the disk is full")])
def test_what_failed_on_purpose_is_not_tried_again(tmp_path: Path, error: XferError | None) -> None:
    jobs, raised, ended = train(tmp_path, Result("failed", "the loss is not a number", error=error))
    assert jobs == 1
    assert raised is error or isinstance(raised, PhaseFailed)
    assert [attempt["outcome"] for attempt in ended] == ["failed"]


def test_a_stopped_attempt_came_as_far_as_its_workers_say(tmp_path: Path) -> None:
    """The last steps before the end are not all reported on the way."""
    _, error, ended = train(tmp_path, Result("stopped", values={"step": 5}))
    assert isinstance(error, Stopped)
    assert [(attempt["outcome"], attempt["last_step"]) for attempt in ended] == [("stopped", 5)]
