"""A study in real pods: the same scores as here, whatever happens to the pods, and nothing left but its tables."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from tests.cluster import outcomes, sites
from tests.cluster.bed.cluster import Cluster
from tests.cluster.bed.command import wait_for
from tests.cluster.bed.layout import BedError
from tests.cluster.charting import here
from tests.cluster.sites import Site
from tests.integration import studies

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1500)]


@pytest.fixture
def site(bed: Cluster, kube: client.ApiClient, namespace: str, tmp_path: Path) -> Site:
    values = here(bed, RAY_START_ULIMIT_OPEN_FILES="20000")
    values["profiles"]["default"] |= {"pod": {"cpu": 1, "memory": "3Gi", "gpu": 0}, "sharedMemory": "1Gi"}
    return sites.install(bed, kube, namespace, tmp_path, values)


def when(site: Site, done: Callable[[dict[str, int]], bool], strike: Callable[[str], None], index: int) -> None:
    """Strike at the pod of an index once the run has come so far."""
    try:
        wait_for("progress", lambda: done(site.progress("nano")), 200)
    except BedError as error:
        raise BedError(f"{error}\n{site.story('nano')}") from error
    name = wait_for(f"pod of index {index}", lambda: site.pod("nano", index), 120)
    strike(str(name))


def test_a_study_survives_its_pods_and_comes_to_the_same_scores(site: Site, tmp_path: Path) -> None:
    study = site.study(steps=300)
    submitted = site.xfer("run", str(study), "--on", "bed", "--detach")
    assert submitted.returncode == 0, submitted.stdout + submitted.stderr
    watching = site.started("watch", "nano", "--on", "bed")
    when(site, lambda told: told["steps_done"] > 15, site.delete_pod, 1)
    when(site, lambda told: told["phases_done"] >= 2, site.evict_pod, 0)
    watching.kill()  # the laptop goes away
    watching.communicate()

    ended = site.xfer("watch", "nano", "--on", "bed", timeout=900)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "nano is done" in ended.stdout
    status = site.xfer("status", "--on", "bed").stdout
    assert "done" in status and "nano" in status

    outcomes.as_on_this_machine(site, study, studies.write(tmp_path / "alone", steps=300, text=studies.GENERATED))
    pods: Any = client.CoreV1Api(site.kube).list_namespaced_pod(site.namespace, field_selector="status.phase=Running")
    assert [pod.metadata.name for pod in pods.items if pod.metadata.deletion_timestamp is None] == []
    assert outcomes.each_phase_was_made_once(study, strikes=2)


def test_a_stopped_run_goes_on_and_its_name_is_its_own(site: Site) -> None:
    study = site.study(steps=400, text=studies.SELDOM)
    assert site.xfer("run", str(study), "--on", "bed", "--detach").returncode == 0
    again = site.xfer("run", str(study), "--on", "bed", "--detach")
    assert again.returncode == 2
    assert "a run called 'nano' is" in again.stderr and "xfer stop nano" in again.stderr
    wait_for("steps", lambda: site.progress("nano")["steps_done"] > 20, 300)
    assert site.xfer("stop", "nano", "--on", "bed").returncode == 0
    wait_for("end of the pods", lambda: site.pod("nano", 0) is None, 90)
    assert "stopped" in site.xfer("status", "nano", "--on", "bed").stdout
    began = time.monotonic()
    assert site.xfer("run", str(study), "--on", "bed", "--detach").returncode == 0
    assert time.monotonic() - began < 60
    wait_for("steps", lambda: site.progress("nano")["steps_done"] > 20, 300)
    logs = site.xfer("logs", "nano", "--on", "bed").stdout
    phase = next(json.loads(line) for line in logs.splitlines() if '"event": "phase"' in line)
    assert phase["first_step"] >= 20, "it goes on where it stopped: from the snapshot that was left then"
    site.xfer("stop", "nano", "--on", "bed")
