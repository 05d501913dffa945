"""Nodes with GPUs that nobody has: KWOK says that they are ready, and so are the pods on them, which run nothing.

They stand beside the bed's real node. Only pods that tolerate their taint come to them.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kubernetes import client

from tests.cluster.bed import processes, programs
from tests.cluster.bed.command import wait_for
from tests.cluster.bed.layout import NODE_ADDRESS, Bed, BedError
from tests.cluster.bed.objects import create, manifest

STAGES = Path(__file__).with_suffix(".yaml")

MARK = "kwok.x-k8s.io/node"
"""Annotation and taint of a node that KWOK pretends; its value is ``fake``."""

LABELS = {"type": "fake"}
TOLERATIONS = [{"key": MARK, "operator": "Exists", "effect": "NoSchedule"}]

PORT = 10247
"""Where KWOK stands in for the kubelets of its nodes."""

GPUS = 8
"""Of a node."""


@contextmanager
def fake_nodes(bed: Bed, kube: client.ApiClient, count: int) -> Iterator[None]:
    """Ready nodes ``fake-0`` and on, until the block ends; then they go, with all that still runs on them.

    Raises:
        BedError: KWOK ended, or they did not get ready.
    """
    with _kwok(bed) as kwok:
        try:
            for i in range(count):
                create(kube, _node(f"fake-{i}"))
            wait_for("ready fake nodes", lambda: _ready(bed, kube, kwok) == count, 60)
            yield
        finally:
            _clear(client.CoreV1Api(kube))


@contextmanager
def _kwok(bed: Bed) -> Iterator[subprocess.Popen[bytes]]:
    """KWOK, which ends with the block, or with the bed."""
    file = bed.folder / "kwok.yaml"
    file.write_text(f"{STAGES.read_text(encoding='utf-8')}---\n{json.dumps(_logs(bed))}\n", encoding="utf-8")
    command: list[str | Path] = [
        programs.program("kwok"),
        f"--kubeconfig={bed.kubeconfig}",
        f"--config={file}",
        "--manage-all-nodes=false",
        f"--manage-nodes-with-annotation-selector={MARK}=fake",
        "--node-lease-duration-seconds=40",  # without leases they are lost after as long
        f"--node-ip={NODE_ADDRESS}",
        f"--node-port={PORT}",
        f"--server-address={NODE_ADDRESS}:{PORT}",
        f"--tls-cert-file={bed.certificates / 'server.crt'}",
        f"--tls-private-key-file={bed.certificates / 'server.key'}",
    ]
    environment = {"HOME": str(bed.folder), processes.MARK: str(bed.folder)}
    with (
        processes.log(bed, "kwok").open("ab") as log,
        subprocess.Popen(command, cwd=bed.folder, env=environment, stdout=log, stderr=log) as kwok,
    ):
        try:
            yield kwok
        finally:
            kwok.terminate()


def _logs(bed: Bed) -> dict[str, Any]:
    """What every pod seems to write: one line, and no end."""
    written = bed.folder / "kwok.log"
    written.write_text("2026-01-01T00:00:00.000000000Z stdout F nothing runs here\n", encoding="utf-8")
    return {
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "ClusterLogs",
        "metadata": {"name": "logs"},
        "spec": {"logs": [{"logsFile": str(written), "follow": True}]},
    }


def _node(name: str) -> dict[str, Any]:
    size = {"cpu": "96", "memory": "1Ti", "pods": "110", "nvidia.com/gpu": str(GPUS)}
    node = manifest(
        "Node", name, labels={**LABELS, "kubernetes.io/hostname": name},
        spec={"taints": [{"key": MARK, "value": "fake", "effect": "NoSchedule"}]},
        status={"capacity": size, "allocatable": size},
    )  # fmt: skip
    node["metadata"]["annotations"] = {MARK: "fake"}
    return node


def _ready(bed: Bed, kube: client.ApiClient, kwok: subprocess.Popen[bytes]) -> int:
    if kwok.poll() is not None:
        raise BedError(f"KWOK ended:\n{processes.log(bed, 'kwok').read_text(encoding='utf-8')[-2000:]}")
    found: Any = client.CoreV1Api(kube).list_node(label_selector=_selector())
    states = [(condition.type, condition.status) for node in found.items for condition in node.status.conditions or []]
    return states.count(("Ready", "True"))


def _clear(core: client.CoreV1Api) -> None:
    found: Any = core.list_node(label_selector=_selector())
    names = {node.metadata.name for node in found.items}
    pods: Any = core.list_pod_for_all_namespaces()
    for pod in pods.items:
        if pod.spec.node_name in names:
            _delete(core, pod.metadata)
    core.delete_collection_node(label_selector=_selector())


def _delete(core: client.CoreV1Api, pod: Any) -> None:
    try:
        core.delete_namespaced_pod(pod.name, pod.namespace, grace_period_seconds=0)
    except client.ApiException as error:
        if error.status != 404:  # it may have ended since it was listed
            raise


def _selector() -> str:
    return ",".join(f"{name}={value}" for name, value in LABELS.items())
