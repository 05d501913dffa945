"""A pod that passes *restricted* and runs this very Python; and what it says, and what is run in it."""

from __future__ import annotations

import sys
from typing import Any

from kubernetes import client
from kubernetes.client.exceptions import ApiException
from kubernetes.stream import stream

from tests.cluster.bed import volumes
from tests.cluster.bed.cluster import Cluster
from tests.cluster.bed.command import wait_for
from tests.cluster.bed.images import UID
from tests.cluster.bed.layout import BedError

ENDED = ("Succeeded", "Failed")


def python_pod(cluster: Cluster, name: str, *arguments: str, subdomain: str | None = None) -> dict[str, Any]:
    """A pod in which ``python ARGUMENTS`` runs once; with a subdomain it has the name NAME.SUBDOMAIN."""
    restricted = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    container = {
        "name": "main",
        "image": cluster.image,
        "imagePullPolicy": "IfNotPresent",
        "command": [sys.executable, *arguments],
        "env": [{"name": "HOME", "value": "/tmp"}],
        "securityContext": restricted,
        "volumeMounts": volumes.pod_mounts(),
    }
    spec = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 1,
        "hostname": name,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": UID,
            "runAsGroup": UID,
            "fsGroup": UID,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": volumes.pod_volumes(),
    }
    if subdomain is not None:
        spec["subdomain"] = subdomain
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name}}, "spec": spec}


def phase(kube: client.ApiClient, namespace: str, name: str) -> str:
    status = client.CoreV1Api(kube).read_namespaced_pod(name, namespace).status
    return str(status.phase) if status else ""


def wait_until(kube: client.ApiClient, namespace: str, name: str, *phases: str, seconds: float = 60.0) -> str:
    """Wait for one of some phases; which one it is.

    Raises:
        BedError: it took longer; with the pod's events.
    """

    def look() -> str | None:
        now = phase(kube, namespace, name)
        return now if now in phases else None

    try:
        return str(wait_for(f"pod {name} {' or '.join(phases)}", look, seconds))
    except BedError as error:
        raise BedError(f"{error}\n{events(kube, namespace, name)}") from error


def logs(kube: client.ApiClient, namespace: str, name: str) -> str:
    return str(client.CoreV1Api(kube).read_namespaced_pod_log(name, namespace))


def events(kube: client.ApiClient, namespace: str, name: str) -> str:
    """What the cluster says about an object, a line per event."""
    found = client.CoreV1Api(kube).list_namespaced_event(namespace, field_selector=f"involvedObject.name={name}")
    return "\n".join(f"{event.reason}: {event.message}" for event in found.items)


def execute(cluster: Cluster, namespace: str, name: str, *command: str, seconds: float = 60.0) -> str:
    """Run a command in a pod; what it wrote."""
    with cluster.client() as kube:  # a client of its own: streaming changes how a client sends
        core = client.CoreV1Api(kube)
        answer = stream(
            core.connect_get_namespaced_pod_exec,
            name,
            namespace,
            command=list(command),
            stdout=True,
            stderr=True,
            stdin=False,
            tty=False,
            _preload_content=False,  # else the connection stays open
        )
        try:
            answer.run_forever(timeout=seconds)
            return str(answer.read_all())
        finally:
            answer.close()
            answer.sock.shutdown()  # closing does nothing once the other side has closed


def exists(kube: client.ApiClient, namespace: str, name: str) -> bool:
    try:
        phase(kube, namespace, name)
    except ApiException as error:
        if error.status == 404:
            return False
        raise
    return True
