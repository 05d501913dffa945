"""Fixtures: a cluster, a client of it, a namespace in it.

``XFER_TEST_KUBECONFIG`` names somebody else's cluster to take instead of the bed, ``XFER_TEST_IMAGE`` an image there;
``XFER_BED_KEEP=1`` leaves the bed up for the next session.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from kubernetes import client

from tests.cluster.bed import lifecycle, locks, programs, volumes
from tests.cluster.bed.cluster import Cluster
from tests.cluster.bed.command import wait_for
from tests.cluster.bed.layout import BASE_IMAGE, BedError
from tests.cluster.bed.objects import create, manifest

ROOT = Path(__file__).parents[2]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes a bed up and down comes before what uses one."""
    items.sort(key=lambda item: "bare_machine" not in getattr(item, "fixturenames", ()))


def ask_bed(verb: str) -> str:
    """Call the bed's command as a person does: its programs must not be children of this process."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.cluster.bed", verb], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def bare_machine() -> Iterator[None]:
    """A machine on which a bed can be brought up, none is, and nobody wants one."""
    if "XFER_TEST_KUBECONFIG" in os.environ:
        pytest.skip("a cluster is given by XFER_TEST_KUBECONFIG")
    if reason := programs.lacking():
        pytest.skip(reason)
    with closing(locks.Use()) as use:
        if not use.alone() or lifecycle.marked() is not None:
            pytest.skip("a bed is up already (`python -m tests.cluster.bed down` ends it)")
        yield


@pytest.fixture(scope="session")
def bed() -> Iterator[Cluster]:
    """The bed, or the cluster that is given; its administrator's kubeconfig. Whoever is the last takes the bed down."""
    image = os.environ.get("XFER_TEST_IMAGE", BASE_IMAGE)
    if given := os.environ.get("XFER_TEST_KUBECONFIG"):
        yield Cluster(Path(given), image=image)
        return
    if reason := programs.lacking():
        pytest.skip(reason)
    with closing(locks.Use()) as use:
        use.share()
        try:
            yield Cluster(Path(ask_bed("up")), lifecycle.marked())
        finally:
            if os.environ.get("XFER_BED_KEEP") != "1" and use.alone():
                ask_bed("down")


@pytest.fixture(scope="session")
def kube(bed: Cluster) -> Iterator[client.ApiClient]:
    """A client of the cluster, as its administrator."""
    with bed.client() as api:
        yield api


@pytest.fixture
def namespace(bed: Cluster, kube: client.ApiClient) -> Iterator[str]:
    """A namespace for one test."""
    with fresh_namespace(bed, kube) as name:
        yield name


@contextmanager
def fresh_namespace(bed: Cluster, kube: client.ApiClient) -> Iterator[str]:
    """A fresh namespace that enforces *restricted*; in the bed with claims of the volumes that a pod needs."""
    core = client.CoreV1Api(kube)
    name = f"test-{secrets.token_hex(4)}"
    create(kube, manifest("Namespace", name, labels={"pod-security.kubernetes.io/enforce": "restricted"}))
    try:
        # Until then pods are refused.
        wait_for(f"ServiceAccount default in {name}", lambda: _has_account(core, name), 30)
        if bed.bed is not None:
            volumes.offer(bed.bed, kube, name)
        yield name
    finally:
        _clear(core, kube, name)
        core.delete_namespace(name)  # takes effect after five seconds, for which nobody has to wait
        if bed.bed is not None:
            volumes.withdraw(kube, name)


def _clear(core: client.CoreV1Api, kube: client.ApiClient, namespace: str) -> None:
    """Delete what makes pods, pods, and claims. Pods get a second: most do not hear a signal, and would linger."""
    client.BatchV1Api(kube).delete_collection_namespaced_job(namespace, propagation_policy="Background")
    core.delete_collection_namespaced_pod(namespace, grace_period_seconds=1)
    core.delete_collection_namespaced_persistent_volume_claim(namespace)
    with suppress(BedError):
        wait_for("end of pods", lambda: not core.list_namespaced_pod(namespace).items, 20)
        wait_for("end of claims", lambda: not _claims(core, namespace), 20)


def _claims(core: client.CoreV1Api, namespace: str) -> int:
    return len(core.list_namespaced_persistent_volume_claim(namespace).items)


def _has_account(core: client.CoreV1Api, namespace: str) -> bool:
    found = core.list_namespaced_service_account(namespace, field_selector="metadata.name=default")
    return bool(found.items)
