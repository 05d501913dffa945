"""Folders of this machine as volumes: Python's environment and the source tree to read, a folder to write.

A local volume serves one claim, so every namespace gets volumes of its own. What is to be read stands behind a
read-only bind mount *and* a read-only claim: without the latter a pod's ``fsGroup`` makes the kubelet change the
group of every file that it finds; with the former it cannot, and nor can a deletion that has gone astray.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kubernetes import client

from tests.cluster.bed import mounts
from tests.cluster.bed.command import wait_for
from tests.cluster.bed.layout import NODE, Bed, BedError
from tests.cluster.bed.objects import create, manifest

LABEL = "xfer-bed/namespace"
STORAGE = "storage"
STORAGE_PATH = Path("/storage")
"""Where :func:`pod_mounts` puts the writable volume."""


@dataclass(frozen=True)
class HostFolder:
    """A folder of this machine that pods see at the same path; its claim has its name."""

    name: str
    path: Path


def environment() -> list[HostFolder]:
    """What a pod needs to run this very Python: ``usr``, ``source``, and those of ``venv`` and ``python`` elsewhere.

    A folder inside of another comes with that one.
    """
    source = Path(__file__).parents[3]
    named = {"usr": Path("/usr"), "source": source, "venv": Path(sys.prefix), "python": Path(sys.base_prefix)}
    found: list[HostFolder] = []
    for name, path in named.items():
        if not any(path == other.path or other.path in path.parents for other in found):
            found.append(HostFolder(name, path))
    return found


def show(bed: Bed) -> None:
    """Mount what is to be read where volumes are made from."""
    for folder in environment():
        if folder.path == bed.folder or folder.path in bed.folder.parents or bed.folder in folder.path.parents:
            raise BedError(f"the bed's folder {bed.folder} and {folder.path} lie in each other; give another one")
        mounts.bind_read_only(folder.path, bed.host / folder.name)


def offer(bed: Bed, kube: client.ApiClient, namespace: str, storage: str | None = STORAGE) -> None:
    """Make volumes and claims in a namespace: one per folder, and one to write named ``storage`` unless it is None.

    Returns when they are bound: a pod that comes earlier is called unschedulable first.
    """
    for folder in environment():
        create(kube, _volume(namespace, folder.name, bed.host / folder.name, "ReadOnlyMany"))
        create(kube, _claim(namespace, folder.name, "ReadOnlyMany"), namespace)
    if storage is not None:
        offer_storage(bed, kube, namespace, storage)
        create(kube, _claim(namespace, storage, "ReadWriteMany"), namespace)
    wait_for(f"bound claims in {namespace}", lambda: _bound(kube, namespace), 30)


def offer_storage(bed: Bed, kube: client.ApiClient, namespace: str, claim: str) -> Path:
    """Make a writable volume for a claim that someone else makes, without a class of its own; its folder here."""
    folder = bed.storage / namespace / claim
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o777)  # whatever a pod's user is
    create(kube, _volume(namespace, claim, folder, "ReadWriteMany"))
    return folder


def withdraw(kube: client.ApiClient, namespace: str) -> None:
    """Delete a namespace's volumes; to be called when its claims are gone."""
    client.CoreV1Api(kube).delete_collection_persistent_volume(label_selector=f"{LABEL}={namespace}")


def pod_volumes(storage: str | None = STORAGE) -> list[dict[str, Any]]:
    """``volumes`` of a pod with a read-only root that runs Python."""
    claims: list[dict[str, Any]] = [
        {"name": folder.name, "persistentVolumeClaim": {"claimName": folder.name, "readOnly": True}}
        for folder in environment()
    ]
    if storage is not None:
        claims.append({"name": STORAGE, "persistentVolumeClaim": {"claimName": storage}})
    return [*claims, {"name": "tmp", "emptyDir": {}}, {"name": "shm", "emptyDir": {"medium": "Memory"}}]


def pod_mounts(storage: str | None = STORAGE) -> list[dict[str, Any]]:
    """``volumeMounts`` that go with :func:`pod_volumes`."""
    read: list[dict[str, Any]] = [
        {"name": folder.name, "mountPath": str(folder.path), "readOnly": True} for folder in environment()
    ]
    if storage is not None:
        read.append({"name": STORAGE, "mountPath": str(STORAGE_PATH)})
    return [*read, {"name": "tmp", "mountPath": "/tmp"}, {"name": "shm", "mountPath": "/dev/shm"}]


def _bound(kube: client.ApiClient, namespace: str) -> bool:
    claims = client.CoreV1Api(kube).list_namespaced_persistent_volume_claim(namespace).items
    return all(claim.status is not None and claim.status.phase == "Bound" for claim in claims)


def _volume(namespace: str, claim: str, path: Path, mode: str) -> dict[str, Any]:
    here = {"key": "kubernetes.io/hostname", "operator": "In", "values": [NODE]}
    spec = {
        "accessModes": [mode],
        "capacity": {"storage": "100Gi"},
        "claimRef": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": namespace, "name": claim},
        "local": {"path": str(path)},
        "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}},
        "persistentVolumeReclaimPolicy": "Retain",
        "storageClassName": "",
    }
    return manifest("PersistentVolume", f"{namespace}-{claim}", labels={LABEL: namespace}, spec=spec)


def _claim(namespace: str, name: str, mode: str) -> dict[str, Any]:
    spec = {
        "accessModes": [mode],
        "resources": {"requests": {"storage": "1Gi"}},
        "storageClassName": "",
        "volumeName": f"{namespace}-{name}",
    }
    return manifest("PersistentVolumeClaim", name, spec=spec)
