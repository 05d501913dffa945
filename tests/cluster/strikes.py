"""Strikes at the pods of a run, and what its drivers tell meanwhile: how far it has come, and since when again."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from kubernetes import client

from cluster.manifest import INSTANCE
from tests.cluster.bed.command import wait_for
from tests.cluster.bed.layout import BedError
from tests.cluster.sites import INDEX, Site
from xfer.events import Event, parse

KINDS = (("delete", 0), ("evict", 0), ("delete", 1), ("evict", 1))
"""What is done, and the index of the pod that it is done to."""

RECOVERY = 240
"""Seconds after which a run whose pods are there counts as one that does not come back."""

BACKOFF = (10, 600)
"""Seconds that the Job controller waits before it replaces a pod: for the first of an index that is lost, and at
most. Every further one takes twice as long, whether it was deleted or evicted."""


@dataclass(frozen=True)
class Strike:
    """One strike that is to come."""

    how: str
    index: int
    gap: int
    """Steps of new work before it."""
    pause: float
    """Seconds after those."""


@dataclass(frozen=True)
class Struck:
    """One that has come."""

    strike: Strike
    steps: int
    """That were done then."""
    doing: str
    replaced: float
    """Seconds until there was another pod."""
    seconds: float
    """Seconds until a step was done that had never been done before."""


def plan(rng: random.Random, times: int, gaps: tuple[int, int]) -> list[Strike]:
    """Every kind so many times, in any order, at any moment."""
    kinds = list(KINDS * times)
    rng.shuffle(kinds)
    return [Strike(how, index, rng.randint(*gaps), rng.uniform(0, 3)) for how, index in kinds]


@dataclass
class Diary:
    """What the drivers of a run have told, pod after pod."""

    site: Site
    run: str
    doing: str = ""
    _steps: dict[str, int] = field(default_factory=dict)

    def steps(self) -> int:
        """Optimizer steps that have been done, each counted once however often it was done again."""
        for event in self._events():
            if event["event"] == "phase":
                self.doing = f"{'+'.join(event['roles'])} on {event['trains_on']}"
            if event["event"] in ("step", "trained"):
                phase, step = event["phase"], event["step" if event["event"] == "step" else "steps"]
                self._steps[phase] = max(self._steps.get(phase, 0), step)
        return sum(self._steps.values())

    def _events(self) -> Iterator[Event]:
        """Of the drivers' pods that are there: one that was deleted has been read before."""
        core: Any = client.CoreV1Api(self.site.kube)
        labels = f"{INSTANCE}={self.run},{INDEX}=0"
        for pod in core.list_namespaced_pod(self.site.namespace, label_selector=labels).items:
            try:
                log = core.read_namespaced_pod_log(pod.metadata.name, self.site.namespace)
            except client.ApiException as error:
                if error.status not in (400, 404):  # it has not begun, or is gone since
                    raise
                continue
            yield from filter(None, map(parse, log.splitlines()))


def strike(site: Site, diary: Diary, coming: Strike, earlier: Sequence[Struck]) -> Struck:
    """Wait for its moment, strike, and wait until the run does what it had not done before."""
    before = diary.steps()
    _wait(site, diary, f"{coming.gap} steps", lambda: diary.steps() >= before + coming.gap)
    time.sleep(coming.pause)
    name = wait_for(f"pod of index {coming.index}", lambda: site.pod(diary.run, coming.index), 120)
    done, began = diary.steps(), time.monotonic()
    {"delete": site.delete_pod, "evict": site.evict_pod}[coming.how](str(name))
    doing = diary.doing
    # What it still does until it hears of the strike is no recovery.
    _wait(site, diary, f"end of {name}", lambda: _ended(site, str(name)))
    done = max(done, diary.steps())
    lost = sum(one.strike.index == coming.index for one in earlier)
    _wait(
        site, diary, f"pod in place of {name}", lambda: site.pod(diary.run, coming.index) not in (None, name),
        RECOVERY + min(BACKOFF[0] * 2**lost, BACKOFF[1]),
    )  # fmt: skip
    replaced = time.monotonic() - began
    _wait(site, diary, f"progress after {coming}", lambda: diary.steps() > done)
    return Struck(coming, done, doing, replaced, time.monotonic() - began)


def table(all_struck: Sequence[Struck]) -> str:
    """For people."""
    rows = [
        f"{i:2d}  {s.strike.how:6s}  {('head', 'worker')[s.strike.index]:6s}  {s.steps:6d}  {s.replaced:8.1f}  "
        f"{s.seconds:8.1f}  {s.doing}"
        for i, s in enumerate(all_struck, 1)
    ]
    return "\n".join([" #  strike  pod      steps  replaced  progress  while", *rows])


def _ended(site: Site, name: str) -> bool:
    core: Any = client.CoreV1Api(site.kube)
    try:
        phase = core.read_namespaced_pod(name, site.namespace).status.phase
    except client.ApiException as error:
        return bool(error.status == 404)
    return phase in ("Succeeded", "Failed")


def _wait(site: Site, diary: Diary, what: str, look: Callable[[], bool], seconds: float = RECOVERY) -> None:
    try:
        wait_for(what, look, seconds, every=0.5)
    except BedError as error:
        raise BedError(f"{error}\n{site.story(diary.run)}") from error
