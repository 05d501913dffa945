"""The bed brought up and taken down. There is one way down, whatever state the bed is in: that of a crash."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

from kubernetes import client
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from tests.cluster.bed import (
    certificates,
    cgroups,
    control_plane,
    dns,
    images,
    kernel,
    leftovers,
    locks,
    mounts,
    network,
    node,
    processes,
    programs,
    volumes,
)
from tests.cluster.bed.cluster import Cluster
from tests.cluster.bed.command import wait_for
from tests.cluster.bed.layout import FOLDER, MARKER, NODE, Bed, BedError


def up(folder: Path | None = None) -> Bed:
    """Bring the bed up, unless it is; what is half up is taken down first.

    Raises:
        BedError: this machine cannot have a bed, another one is up, or a program ended; with the end of its log.
    """
    if reason := programs.lacking():
        raise BedError(reason)
    programs.build()
    with locks.changing():
        present = marked()
        bed = Bed((folder or (present.folder if present else FOLDER)).absolute())
        if present is not None and ready(present):
            _same(present, bed)
            return bed
        if present is not None:
            _take_down(present)
        _claim(bed)
        _start(bed)
    return bed


def down() -> Bed | None:
    """Take down the bed that this machine has; which one it was.

    Raises:
        BedError: something of it cannot be removed. Its folder is then still there, and the same call tries again.
    """
    with locks.changing():
        bed = marked()
        if bed is not None:
            _take_down(bed)
    return bed


def marked() -> Bed | None:
    """The bed that this machine has, up or half up."""
    try:
        return Bed(Path(_read_marker()["folder"]))
    except FileNotFoundError:
        return None


def ready(bed: Bed) -> bool:
    """Whether all programs run and the node takes pods."""
    names = {*node.NAMES, "coredns", *control_plane.NAMES}
    return names <= set(processes.running(bed)) and _node_ready(bed)


def _read_marker() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(MARKER.read_text(encoding="utf-8"))
    return content


def _environment() -> dict[str, str]:
    return {folder.name: str(folder.path) for folder in volumes.environment()}


def _same(present: Bed, wanted: Bed) -> None:
    """Raise when the bed that is there is another than the one that is wanted."""
    if present != wanted:
        raise BedError(f"there is a bed already, in {present.folder}; take it down first")
    if (theirs := _read_marker()["environment"]) != _environment():
        raise BedError(f"the bed that is up shows pods another source tree or Python: {theirs}; take it down first")


def _take_down(bed: Bed) -> None:
    for name in (*node.NAMES, "coredns", *control_plane.NAMES):
        processes.stop(bed, name)
    cgroups.kill_pods()
    processes.end(processes.offspring(bed), signal.SIGKILL, 5.0)
    cgroups.kill_pods()
    mounts.unmount_below(bed.folder)
    network.down()
    cgroups.remove_pods()
    machine = _read_marker()
    leftovers.remove_new_files(machine["before"])
    kernel.put_back(machine["settings"])
    mounts.delete(bed.folder)
    MARKER.unlink()


def _claim(bed: Bed) -> None:
    """Write down what the machine is like, and take a folder that is empty: all in it may be deleted one day."""
    if bed.folder.exists() and any(bed.folder.iterdir()):
        raise BedError(f"{bed.folder} is not empty and not a bed's; give another folder, or empty it")
    if mounts.below(bed.folder):
        raise BedError(f"{bed.folder} cannot be a bed's: something is mounted there")
    if found := cgroups.pods():
        raise BedError(f"another kubelet has pods on this machine: {found[0]}")
    machine = {
        "folder": str(bed.folder),
        "environment": _environment(),
        "settings": kernel.settings(),
        "before": leftovers.look(),
    }
    partial = MARKER.with_suffix(".partial")
    partial.write_text(json.dumps(machine), encoding="utf-8")
    partial.rename(MARKER)
    bed.folder.mkdir(parents=True, exist_ok=True)


def _start(bed: Bed) -> None:
    certificates.make(bed)
    network.up(bed)
    volumes.show(bed)
    control_plane.up(bed)
    node.up(bed)
    node.containerd_ready(bed)
    images.load(bed)
    with Cluster(bed.kubeconfig, bed).client() as kube:
        wait_for("access rules of the control plane", lambda: _has_rules(kube), 30)
        dns.up(bed, kube)
    wait_for("ready node", lambda: _node_ready(bed), 60)


def _has_rules(kube: client.ApiClient) -> bool:
    """Whether the API server has made its own roles and the namespace in which pods are tried out."""
    try:
        client.CoreV1Api(kube).read_namespaced_service_account("default", "default")
    except ApiException:
        return False
    return True


def _node_ready(bed: Bed) -> bool:
    for name in processes.started(bed):
        processes.insist(bed, name)
    try:
        with Cluster(bed.kubeconfig, bed).client() as kube:
            status = client.CoreV1Api(kube).read_node(NODE).status
    except (ApiException, HTTPError):
        return False
    conditions = (status.conditions if status else None) or []
    return any(condition.type == "Ready" and condition.status == "True" for condition in conditions)
