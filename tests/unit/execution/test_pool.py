"""Who gets a lane, how many there are, and when they end; the lanes open at once, and nothing is done in them."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import pytest

from xfer.errors import Stopped
from xfer.events import Events
from xfer.execution import pool as pools
from xfer.execution.jobs import Result
from xfer.execution.lane import OnStep
from xfer.execution.pool import Pool
from xfer.phase.resources import PerRank, Resources
from xfer.study.budget import Hours

ONE, TWO = Resources(ranks=1), Resources(ranks=2)


class Lane:
    """Is there at once, or never comes."""

    def __init__(self, cluster: Cluster, resources: Resources, on_end: Callable[[], None]) -> None:
        self.resources, self.error = resources, cluster.error
        self._cluster, self._on_end = cluster, on_end

    async def ready(self) -> bool:
        if self.error is not None:
            asyncio.get_running_loop().call_soon(self._gone)
        return self.error is None

    async def run(self, job: object, on_step: OnStep, should_stop: Callable[[], bool]) -> Result:
        return Result("done", values={"memory": self._cluster.memory.pop(0)} if self._cluster.memory else {})

    async def end(self) -> None:
        self._gone()

    def _gone(self) -> None:
        self._cluster.taken -= self.resources.ranks * self.resources.per_rank.cpu
        self._on_end()


class Cluster:
    """So many cores, and no accelerator."""

    def __init__(self, cores: int) -> None:
        self.cores, self.taken, self.error = cores, 0, None
        self.memory: list[int] = []

    error: BaseException | None

    def start(self) -> None:
        """There is nothing to join."""

    def free(self) -> Mapping[str, float]:
        return {"CPU": self.cores - self.taken}

    def open(self, resources: Resources, on_end: Callable[[], None]) -> Lane:
        self.taken += resources.ranks * resources.per_rank.cpu
        return Lane(self, resources, on_end)

    def leave(self) -> None:
        """There is nothing to leave."""


class Scene:
    """A pool, who asks it, and what it tells."""

    def __init__(self, cores: int) -> None:
        self.cluster, self._said = Cluster(cores), io.StringIO()
        self.pool = Pool(self.cluster, Events(self._said))
        self.began: list[str] = []
        self.most = self._now = 0

    async def work(self, name: str, resources: Resources = ONE, urgency: float = 0.0, turns: int = 3) -> None:
        """Hold a lane for some turns of the event loop."""
        async with self.pool.lane(resources, urgency) as lane:
            self.began.append(name)
            self._now += 1
            self.most = max(self.most, self._now)
            await lane.run(None, lambda step, metrics: None, lambda: False)  # type: ignore[arg-type]
            for _ in range(turns):
                await asyncio.sleep(0)
            self._now -= 1

    def told(self, kind: str) -> list[dict[str, Any]]:
        events = [json.loads(line) for line in self._said.getvalue().splitlines()]
        return [event for event in events if event["event"] == kind]


def play(scene: Scene, *work: Coroutine[Any, Any, None]) -> None:
    async def all_of_it() -> None:
        await asyncio.gather(*work)
        await scene.pool.close()

    asyncio.run(all_of_it())


def test_there_are_as_many_lanes_as_there_is_room_and_work_for() -> None:
    scene = Scene(cores=3)
    play(scene, *(scene.work(str(i)) for i in range(9)))
    assert scene.most == 3 == len(scene.told("lane")) and len(scene.began) == 9
    few = Scene(cores=8)
    play(few, few.work("a"), few.work("b"))
    assert len(few.told("lane")) == 2 == len(few.told("lane_end"))


def test_the_most_urgent_work_comes_first_and_among_equals_the_first() -> None:
    scene = Scene(cores=1)
    play(scene, scene.work("a"), scene.work("b", urgency=1.0), scene.work("c", urgency=2.0), scene.work("d"))
    assert scene.began == ["c", "b", "a", "d"]


def test_a_lane_that_nobody_asks_for_makes_room_for_another_shape() -> None:
    scene = Scene(cores=2)
    play(scene, scene.work("small"), scene.work("small too"), scene.work("large", TWO), scene.work("large too", TWO))
    assert scene.began == ["small", "small too", "large", "large too"]
    assert [event["ranks"] for event in scene.told("lane")] == [1, 1, 2]


def test_what_is_more_than_there_is_is_asked_for_all_the_same() -> None:
    """A cluster may grow."""
    scene = Scene(cores=1)
    play(scene, scene.work("large", Resources(ranks=4, per_rank=PerRank(gpu=1))))
    assert [(event["ranks"], event["gpus"]) for event in scene.told("lane")] == [(4, 4)]


def test_a_lane_without_work_ends_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "IDLE", 0.01)
    scene = Scene(cores=1)

    async def until_it_ends() -> None:
        await scene.work("a")
        while not scene.told("lane_end"):
            await asyncio.sleep(0.005)
        await scene.work("b")

    play(scene, until_it_ends())
    assert len(scene.told("lane")) == 2


@pytest.mark.parametrize(
    ("memory", "lanes"),
    [([1 << 30, 3 << 30, 0], 2), ([1 << 30, (2 << 30) - 1, 1 << 30], 1), ([], 1)],
    ids=["one that has grown", "one that has grown little", "one that does not say"],
)
def test_a_lane_that_has_grown_is_replaced(memory: list[int], lanes: int) -> None:
    scene = Scene(cores=1)
    scene.cluster.memory = memory
    play(scene, *(scene.work(str(i)) for i in range(3)))
    assert len(scene.told("lane")) == lanes and len(scene.began) == 3


def test_a_lane_is_replaced_after_many_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "JOBS", 2)
    scene = Scene(cores=1)
    play(scene, *(scene.work(str(i)) for i in range(5)))
    assert len(scene.told("lane")) == 3 and len(scene.began) == 5


def test_workers_that_never_come_are_an_error_and_not_a_loop() -> None:
    scene = Scene(cores=1)
    scene.cluster.error = OSError("no such interpreter")
    with pytest.raises(RuntimeError, match="the workers do not start: no such interpreter"):
        play(scene, scene.work("a"))
    assert len(scene.told("lane")) == pools.STARTS


def test_room_that_comes_later_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "AGAIN", 0.01)
    scene = Scene(cores=1)

    async def a_node_comes() -> None:
        async with scene.pool.lane(ONE, 0.0):
            other = asyncio.ensure_future(scene.work("b"))
            await asyncio.sleep(0)
            scene.cluster.cores = 2
            await asyncio.wait_for(other, 5)

    play(scene, a_node_comes())
    assert len(scene.told("lane")) == 2


def test_only_lanes_whose_workers_have_come_use_up_hours() -> None:
    scene, come = Scene(cores=4), asyncio.Event()

    async def ready(lane: Lane) -> bool:
        await come.wait()
        return True

    async def look() -> None:
        work = asyncio.ensure_future(scene.work("a"))
        await asyncio.sleep(0.02)
        assert scene.pool.used() == Hours() and not scene.told("lane_ready")
        come.set()
        await work
        assert scene.pool.used().core > 0 and scene.told("lane_ready")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Lane, "ready", ready)
        play(scene, look())


def test_who_waits_can_be_dismissed() -> None:
    scene = Scene(cores=1)

    async def first() -> None:
        async with scene.pool.lane(ONE, 0.0):
            await asyncio.sleep(0)
            scene.pool.dismiss(Stopped("enough"))

    async def second() -> None:
        with pytest.raises(Stopped):
            await scene.work("b")

    play(scene, first(), second())
    assert scene.began == []


def test_nobody_waits_for_a_cluster_that_has_gone() -> None:
    scene = Scene(cores=1)

    def gone(resources: Resources, on_end: Callable[[], None]) -> Lane:
        raise ConnectionError("the cluster has gone")

    scene.cluster.open = gone  # type: ignore[method-assign]
    with pytest.raises(ConnectionError):
        play(scene, scene.work("a"))
