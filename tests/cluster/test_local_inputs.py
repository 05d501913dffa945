"""Data and models of the user's machine reach the pods, and a lock can be made where the data are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

import xfer
from tests.cluster import sites
from tests.cluster.bed.cluster import Cluster
from tests.cluster.charting import here
from tests.cluster.sites import Site
from tests.integration import studies
from tests.world import STUDY, World
from xfer.study import lock as locks

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]


@pytest.fixture
def site(bed: Cluster, kube: client.ApiClient, namespace: str, tmp_path: Path) -> Site:
    values = here(bed, RAY_START_ULIMIT_OPEN_FILES="20000")
    values["profiles"]["default"] |= {"pod": {"cpu": 2, "memory": "6Gi", "gpu": 0}, "sharedMemory": "1Gi"}
    return sites.install(bed, kube, namespace, tmp_path, values)


def test_a_study_of_local_data_runs_in_pods_that_have_none(
    site: Site, small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in small_world.environment().items():
        monkeypatch.setenv(name, value)
    study = site.study(steps=8, text=STUDY)
    done = site.xfer("run", str(study), "--on", "bed", timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr + site.story("small")
    assert site.xfer("fetch", str(study), "--on", "bed").returncode == 0
    assert xfer.open(str(study)).scores().num_rows > 0
    again = site.xfer("run", str(study), "--on", "bed", timeout=600)
    assert again.returncode == 0 and "trained in" not in again.stdout, "what is in the storage is not done again"


def test_a_lock_is_made_there_as_it_is_here(site: Site, tmp_path: Path) -> None:
    study = site.study()
    path = locks.path_of(study)
    made_here = path.read_bytes()
    path.unlink()
    done = site.xfer("lock", str(study), "--on", "bed")
    assert done.returncode == 0, done.stderr
    assert path.read_bytes() == made_here
    pods: Any = client.CoreV1Api(site.kube).list_namespaced_pod(site.namespace)
    assert [pod.metadata.name for pod in pods.items if pod.metadata.deletion_timestamp is None] == []


def test_a_lock_that_cannot_be_made_there_says_why(site: Site, tmp_path: Path) -> None:
    study = studies.write(tmp_path / "elsewhere", text=STUDY)
    (tmp_path / "elsewhere" / "places.yaml").write_text((site.folder / "places.yaml").read_text())
    done = site.xfer("lock", str(study), "--on", "bed")
    assert done.returncode == 2, done.stdout + done.stderr
    assert "is in no data root" in done.stderr or "is in no model root" in done.stderr
    assert "Traceback" not in done.stderr
