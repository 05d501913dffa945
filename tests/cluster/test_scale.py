"""Fifty studies at once under two quotas, on 64 nodes of 8 GPUs that KWOK pretends: what they ask of the API server."""

# ruff: noqa: T201 - what was measured is for a person to read

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from tests.cluster import sites
from tests.cluster.bed.cluster import Cluster
from tests.cluster.bed.command import wait_for
from tests.cluster.bed.layout import Bed
from tests.cluster.calls import Call, calls, table
from tests.cluster.conftest import ROOT, fresh_namespace
from tests.cluster.fake_nodes import GPUS, LABELS, TOLERATIONS, fake_nodes
from tests.cluster.pretended_drivers import drivers
from tests.cluster.sites import Site
from tests.integration import studies
from xfer.events import PROGRESS

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

NODES = 64
STUDIES = 25
"""Of each of the two namespaces."""

QUOTA = NODES * GPUS // 2
"""GPUs of a namespace: enough for 16 studies of two pods."""

STUDY = studies.GENERATED.replace("ranks: 2", f"ranks: {2 * GPUS}, per_rank: {{{{gpu: 1}}}}")

VALUES: dict[str, Any] = {
    "storage": {"claim": {"create": False}, "object": {"url": "s3://nowhere/studies"}},
    "quota": {"requests.nvidia.com/gpu": QUOTA},
    "profiles": {
        "default": {
            "pod": {"cpu": 2 * GPUS, "memory": "64Gi", "gpu": GPUS},
            "tolerations": TOLERATIONS,
            "nodeSelector": LABELS,
        }
    },
}

MINUTE = 60.0
LONG = 7200.0
"""Seconds of a study that counts as long."""

WAITS, SHORT, HOURS = "waits", "runs for minutes", "runs for hours"

MOST = {
    ("xfer-user", WAITS): 8,  # two looks: four calls each, for a run without pods
    ("xfer-user", SHORT): 4,
    ("xfer-user", HOURS): 4,
    ("xfer-study", SHORT): 12,  # what a minute has of the driver's looks at its own progress
    ("xfer-study", HOURS): 2,
}
"""Calls a minute that one study may cost, by who asks (the person who watches, the driver) and by its state."""


@dataclass(frozen=True)
class Run:
    """What a Job says of a study that is not suspended."""

    namespace: str
    name: str
    uid: str
    ready: int
    whole: bool
    """Whether all of its pods are ready."""


@dataclass(frozen=True)
class Fifty:
    """Fifty studies on their way, each with somebody who watches it, and a driver if its pods are there."""

    bed: Bed
    sites: list[Site]
    runs: list[Run]
    seconds: dict[tuple[str, str], float]
    """By namespace and name: how long a study takes whose pods are there."""
    began: float
    settled: float
    """Seconds since 1970: when the first was submitted, and when all that could had their pods."""

    def state(self, run: Run) -> str:
        seconds = self.seconds.get((run.namespace, run.name))
        return WAITS if seconds is None else HOURS if seconds >= LONG else SHORT

    def calls(self, since: float, until: float) -> list[Call]:
        """Every call of a study's driver or watcher in between."""
        found = calls(self.bed.audit, {run.uid: run.name for run in self.runs})
        mine = {site.namespace for site in self.sites}
        return [call for call in found if call.namespace in mine and since <= call.time < until]


@pytest.fixture(scope="module")
def fifty(bed: Cluster, kube: client.ApiClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fifty]:
    if bed.bed is None:
        pytest.skip("what is asked of a cluster that is given cannot be counted")
    with ExitStack() as stack:
        stack.enter_context(fake_nodes(bed.bed, kube, NODES))
        found = []
        for i in range(2):
            namespace = stack.enter_context(fresh_namespace(bed, kube))
            found.append(sites.install(bed, kube, namespace, tmp_path_factory.mktemp(f"site{i}"), VALUES))
        locked = found[0].study(text=STUDY)
        began = time.time()
        heard = {site.namespace: stack.enter_context(crowd(site, copies(site, locked))) for site in found}
        there = [run for site in found for run in settled(site, heard[site.namespace])]
        at_rest = time.time()
        seconds = lengths([(run.namespace, run.name) for run in there if run.whole])
        apis = {}
        for site in found:
            account = bed.service_account("xfer-study", site.namespace, site.folder / "study.kubeconfig")
            apis[site.namespace] = client.BatchV1Api(stack.enter_context(bed.client(account)))
        stack.enter_context(drivers(seconds, apis))
        wait_for("word of every driver", lambda: sum(map(drivers_heard, found)) == len(seconds), 60)
        yield Fifty(bed.bed, found, there, seconds, began, at_rest)


def copies(site: Site, locked: Path) -> list[Path]:
    """One study under many names, each with the lock."""
    found = []
    for i in range(STUDIES):
        study = site.folder / f"s{i:02}.yaml"
        study.write_text(locked.read_text().replace("study: nano", f"study: {study.stem}"))
        study.with_suffix(".lock.json").write_bytes(locked.with_suffix(".lock.json").read_bytes())
        found.append(study)
    return found


@contextmanager
def crowd(site: Site, found: list[Path]) -> Iterator[Path]:
    """People who submit and watch a study each, until the block ends as a laptop does; the file of what they hear."""
    heard = site.folder / "heard"
    command = [sys.executable, "-m", "tests.cluster.crowd", str(site.folder), *map(str, found)]
    environment = {**os.environ, "NO_PROXY": "*"}
    with heard.open("w") as out, subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out) as people:
        try:
            yield heard
            assert people.poll() is None, "they watch until they are taken away"
        finally:
            people.kill()


def settled(site: Site, heard: Path) -> list[Run]:
    """The namespace's runs, once all are submitted, the quota is used up, and who has no pod has heard of it."""

    def rest() -> list[Run]:
        found = runs(site)
        words = [json.loads(line) for line in heard.read_text().splitlines()]
        told = {name for name, said in words if "exceeded quota" in said}
        used = sum(run.ready for run in found) * GPUS
        return found if len(found) == STUDIES and used == QUOTA and told >= bare(found) else []

    return wait_for("use of the whole quota, and word of it", rest, 120, every=1.0)


def bare(found: list[Run]) -> set[str]:
    """Names of runs without any pod. Some that wait have one: a quota may run out between the two pods of a study."""
    return {run.name for run in found if run.ready == 0}


def runs(site: Site) -> list[Run]:
    jobs: Any = client.BatchV1Api(site.kube).list_namespaced_job(site.namespace)
    return [
        Run(
            site.namespace, job.metadata.name, job.metadata.uid,
            job.status.ready or 0, job.status.ready == job.spec.parallelism,
        )
        for job in jobs.items
        if not job.spec.suspend
    ]  # fmt: skip


def drivers_heard(site: Site) -> int:
    """How many have told of their progress."""
    jobs: Any = client.BatchV1Api(site.kube).list_namespaced_job(site.namespace)
    return sum(PROGRESS in (job.metadata.annotations or {}) for job in jobs.items)


def lengths(whole: list[tuple[str, str]]) -> dict[tuple[str, str], float]:
    """How long each study takes: from two minutes to a day."""
    return {run: 120.0 * 720.0 ** (i / (len(whole) - 1)) for i, run in enumerate(whole)}


def status(site: Site, *words: str) -> tuple[str, float]:
    """What ``xfer status`` prints, and seconds from the program's start to its end."""
    began = time.monotonic()
    done = site.xfer("status", *words, "--on", "bed")
    assert done.returncode == 0, done.stderr
    return done.stdout, time.monotonic() - began


def test_a_study_asks_the_api_server_a_few_times_a_minute(fifty: Fifty, capsys: pytest.CaptureFixture[str]) -> None:
    since = time.time()
    followed = {(call.namespace, call.study) for call in fifty.calls(fifty.began, since) if call.what == "get pods/log"}
    assert followed >= fifty.seconds.keys(), "who watches a study that runs follows its driver's log"
    time.sleep(MINUTE)
    found = fifty.calls(since, time.time())
    states = {(run.namespace, run.name): fifty.state(run) for run in fifty.runs}
    assert {(call.namespace, call.study) for call in found} <= states.keys(), "every call is about a study"
    sizes = Counter(states.values())
    groups = {(account, state): sizes[state] for account, state in MOST}
    rows = [((call.account, states[call.namespace, call.study]), call) for call in found]
    before = fifty.calls(fifty.began, fifty.settled)
    halves = sum(run.ready > 0 and not run.whole for run in fifty.runs)
    with capsys.disabled():
        print(f"\n{halves} of those that wait have some of their pods")
        print(f"{len(before) / len(states):.1f} calls a study to submit it and until all have settled")
        print(table(rows, groups, MINUTE / 60))
    each = Counter((group, call.namespace, call.study) for group, call in rows)
    assert [(one, count) for one, count in each.items() if count > MOST[one[0]]] == []
    assert {group for group, _ in rows} >= {("xfer-user", WAITS), ("xfer-study", SHORT), ("xfer-study", HOURS)}


def test_the_state_of_all_runs_of_a_namespace_is_told_in_two_seconds(
    fifty: Fifty, capsys: pytest.CaptureFixture[str]
) -> None:
    for site in fifty.sites:
        _, seconds = status(site)
        with capsys.disabled():
            print(f"\nxfer status: {seconds:.2f} s")
        assert seconds < 2
        # a node that lapses on a busy machine has no ready pods for a moment
        wait_for(f"state of every run in {site.namespace}", partial(told_right, fifty, site), 30)


def told_right(fifty: Fifty, site: Site) -> bool:
    """Whether ``xfer status`` says that what has a driver runs, and that all else waits."""
    said, _ = status(site)
    told = {line.split()[0]: line.split()[1] for line in said.splitlines()[1:]}
    return told == {
        run.name: "running" if (run.namespace, run.name) in fifty.seconds else "waiting"
        for run in fifty.runs
        if run.namespace == site.namespace
    }


def test_what_waits_for_its_quota_says_so(fifty: Fifty) -> None:
    for site in fifty.sites:
        waiting = min(bare([run for run in fifty.runs if run.namespace == site.namespace]))
        said, _ = status(site, waiting)
        assert "no pod can be made" in said and "exceeded quota" in said and "requests.nvidia.com/gpu" in said
