"""Watching pods: a change ends a wait, and what the server has forgotten does not end the watching."""

from __future__ import annotations

import threading
import time

import pytest
from kubernetes import client
from kubernetes.watch import Watch

from cluster.changes import Changes
from cluster.kube import Namespace
from cluster.places import KubernetesPlace
from tests.cluster.bed.cluster import Cluster
from tests.cluster.bed.objects import create, manifest

pytestmark = pytest.mark.cluster

LABELS = {"app": "watched"}


@pytest.fixture
def space(bed: Cluster, namespace: str, monkeypatch: pytest.MonkeyPatch) -> Namespace:
    monkeypatch.setenv("NO_PROXY", "*")
    return Namespace(KubernetesPlace(kubeconfig=bed.kubeconfig, namespace=namespace))


def make(kube: client.ApiClient, namespace: str, name: str) -> None:
    """A pod that no node takes: enough to be a change."""
    container = {
        "name": "none", "image": "none",
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }  # fmt: skip
    restricted = {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}}
    spec = {"containers": [container], "securityContext": restricted, "nodeSelector": {"none": "such"}}
    create(kube, manifest("Pod", name, labels=LABELS, spec=spec), namespace)


def waited(changes: Changes, seconds: int) -> float:
    began = time.monotonic()
    changes.wait(seconds)
    return time.monotonic() - began


def remembers(core: client.CoreV1Api, namespace: str) -> bool:
    """Whether the server can tell all changes since its first."""
    try:
        list(Watch().stream(core.list_namespaced_pod, namespace, resource_version="1", timeout_seconds=2))
    except client.ApiException as error:
        assert error.status == 410
        return False
    return True


def test_a_change_ends_a_wait_and_none_does_not(space: Namespace, kube: client.ApiClient, namespace: str) -> None:
    changes = Changes(space, "app=watched")
    assert waited(changes, 2) >= 1.5, "nothing has changed"
    later = threading.Timer(1, make, (kube, namespace, "one"))
    later.start()
    assert waited(changes, 20) < 10
    later.join()
    assert waited(Changes(space, "app=other"), 2) >= 1.5, "others' pods are nothing to it"
    make(kube, namespace, "two")
    assert waited(changes, 20) < 10, "what came between two waits is not missed"


def test_what_the_server_has_forgotten_is_looked_at_anew(
    space: Namespace, kube: client.ApiClient, namespace: str
) -> None:
    if remembers(client.CoreV1Api(kube), namespace):
        pytest.skip("the server is young, and has forgotten nothing yet")
    changes = Changes(space, "app=watched", since="1")
    changes.wait(5)
    make(kube, namespace, "one")
    assert waited(changes, 20) < 10
