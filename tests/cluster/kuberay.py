"""KubeRay for tests: its definitions and its operator's program, from where variables say; neither is in this tree."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kubernetes import client
from kubernetes.dynamic import DynamicClient
from ruamel.yaml import YAML

from tests.cluster.bed.cluster import Cluster
from tests.cluster.bed.command import wait_for

DEFINITIONS, OPERATOR = "XFER_KUBERAY_CRDS", "XFER_KUBERAY_OPERATOR"
"""A folder with the YAML of KubeRay 1.7's definitions, and the program of its operator."""

KIND = {"api_version": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}


def lacking(*variables: str) -> str | None:
    """Why a test that needs these cannot be run; None if it can."""
    missing = [name for name in variables if not Path(os.environ.get(name, "/nowhere")).exists()]
    return f"{' and '.join(missing)} name no part of KubeRay 1.7" if missing else None


@contextmanager
def definitions(kube: client.ApiClient) -> Iterator[None]:
    """KubeRay's kinds of objects, while this lasts."""
    files = sorted(Path(os.environ[DEFINITIONS]).glob("*.yaml"))
    kinds = DynamicClient(kube).resources.get(**KIND)
    names = []
    try:
        for file in files:
            body = YAML(typ="safe").load(file.read_text(encoding="utf-8"))
            names.append(body["metadata"]["name"])
            # Server-side: they are too long for what another apply would keep of them.
            kinds.server_side_apply(body=body, name=names[-1], field_manager="tests", force_conflicts=True)
        wait_for("KubeRay's definitions", lambda: all(_is_established(kinds.get(name=name)) for name in names), 60)
        yield
    finally:
        for name in names:
            kinds.delete(name=name)


@contextmanager
def operator(bed: Cluster, folder: Path) -> Iterator[Path]:
    """The operator, beside the cluster, as its administrator, while this lasts; its log."""
    log = folder / "operator.log"
    command = [
        os.environ[OPERATOR], f"--kubeconfig={bed.kubeconfig}", "-use-kubernetes-proxy",
        "-enable-leader-election=false", "-metrics-addr=127.0.0.1:0", "-health-probe-bind-address=127.0.0.1:0",
    ]  # fmt: skip
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command, env={**os.environ, "NO_PROXY": "*"}, stdout=stream, stderr=subprocess.STDOUT
        )
    try:
        time.sleep(1)
        assert process.poll() is None, log.read_text()
        yield log
    finally:
        process.terminate()
        process.wait(20)


def _is_established(found: Any) -> bool:
    conditions = found.to_dict().get("status", {}).get("conditions", [])
    return any(c["type"] == "Established" and c["status"] == "True" for c in conditions)
