"""A study that loses its pods again and again, and a whole one from beginning to end: the same tables as here.

``XFER_SOAK_SEED`` gives the order and the moments of the strikes; every run prints the one it had.
"""

# ruff: noqa: T201 - a table of what happened is half of what this is for

from __future__ import annotations

import os
import random
import secrets
import time
from pathlib import Path

import pytest
from kubernetes import client

from tests.cluster import outcomes, sites, strikes
from tests.cluster.bed.cluster import Cluster
from tests.cluster.charting import here
from tests.cluster.sites import Site
from tests.integration import studies

pytestmark = [pytest.mark.cluster, pytest.mark.soak, pytest.mark.timeout(5400)]

LONG = studies.GENERATED.replace("default: {{steps: 20,", "default: {{steps: 200,")
"""Many phases, in each of which a strike can come."""
STEPS = 1000
TIMES = 3
"""Strikes of each kind."""
GAPS = (30, 130)
"""Steps of new work between two strikes: all of them come before the study is done."""


@pytest.fixture
def site(bed: Cluster, kube: client.ApiClient, namespace: str, tmp_path: Path) -> Site:
    values = here(bed, RAY_START_ULIMIT_OPEN_FILES="20000")
    values["profiles"]["default"] |= {"pod": {"cpu": 1, "memory": "3Gi", "gpu": 0}, "sharedMemory": "1Gi"}
    return sites.install(bed, kube, namespace, tmp_path, values)


def test_a_study_survives_what_befalls_its_pods(site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seed = int(os.environ.get("XFER_SOAK_SEED") or secrets.randbelow(10_000))
    rng = random.Random(seed)
    coming = strikes.plan(rng, TIMES, GAPS)
    forsaken = rng.randrange(len(coming))
    with capsys.disabled():
        print(f"\nXFER_SOAK_SEED={seed}")
    study = site.study(steps=STEPS, text=LONG)
    submitted = site.xfer("run", str(study), "--on", "bed", "--detach")
    assert submitted.returncode == 0, submitted.stderr
    watching, diary = site.started("watch", "nano", "--on", "bed"), strikes.Diary(site, "nano")
    struck = list[strikes.Struck]()
    try:
        for i, strike in enumerate(coming):
            if i == forsaken:
                assert watching.poll() is None, "watching outlives strikes"
                watching.kill()  # the laptop goes away
            struck.append(strikes.strike(site, diary, strike, struck))
    finally:
        watching.kill()
        watching.communicate()
        with capsys.disabled():
            print(strikes.table(struck))
    ended = site.xfer("watch", "nano", "--on", "bed", timeout=1200)
    assert ended.returncode == 0 and "nano is done" in ended.stdout, ended.stdout + ended.stderr + site.story("nano")

    outcomes.as_on_this_machine(site, study, studies.write(tmp_path / "alone", steps=STEPS, text=LONG))
    repeated = outcomes.each_phase_was_made_once(study, len(coming))
    with capsys.disabled():
        print(f"steps done again, and how the attempt before had ended: {repeated}")
    assert repeated, "some strike hits a phase"


def test_the_quickstart_in_two_pods(site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = sites.quickstart(site.folder)
    assert site.xfer("lock", str(study)).returncode == 0
    began = time.monotonic()
    done = site.xfer("run", str(study), "--on", "bed", timeout=1800)
    assert done.returncode == 0, done.stdout + done.stderr + site.story("quickstart")
    assert site.job("quickstart").spec.completions == 2
    with capsys.disabled():
        print(f"\nquickstart in two pods: {time.monotonic() - began:.0f} s")
    outcomes.as_on_this_machine(site, study, sites.quickstart(tmp_path / "alone"))
