"""KubeRay and Kueue for tests. KubeRay's definitions and its operator's program are where variables say, neither is in
this tree; Kueue's definitions are in its Go module, which Go's proxy has."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client
from kubernetes.dynamic import DynamicClient
from ruamel.yaml import YAML

from tests.cluster.bed.cluster import Cluster
from tests.cluster.bed.command import wait_for

DEFINITIONS, OPERATOR = "XFER_KUBERAY_CRDS", "XFER_KUBERAY_OPERATOR"
"""A folder with the YAML of KubeRay 1.7's definitions, and the program of its operator."""

KUEUE = "sigs.k8s.io/kueue@v0.17.0"

KIND = {"api_version": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}


def lacking(*variables: str) -> str | None:
    """Why a test that needs these cannot be run; None if it can."""
    missing = [name for name in variables if not Path(os.environ.get(name, "/nowhere")).exists()]
    return f"{' and '.join(missing)} name no part of KubeRay 1.7" if missing else None


def of_kuberay() -> list[Path]:
    """Files with KubeRay's definitions."""
    return sorted(Path(os.environ[DEFINITIONS]).glob("*.yaml"))


def of_kueue() -> list[Path]:
    """Files with those of Kueue's that concern a namespace. A skip where they cannot be had."""
    if shutil.which("go") is None:
        pytest.skip("Go is missing, by which Kueue's definitions are brought")
    command = ["go", "mod", "download", "-json", KUEUE]
    done = subprocess.run(
        command, env={**os.environ, "GOFLAGS": "-mod=mod"}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"Kueue's definitions cannot be had: {done.stdout}{done.stderr}")
    folder = Path(json.loads(done.stdout)["Dir"]) / "config" / "components" / "crd" / "bases"
    return [folder / f"kueue.x-k8s.io_{kind}.yaml" for kind in ("localqueues", "workloads")]


@contextmanager
def definitions(kube: client.ApiClient, files: list[Path]) -> Iterator[None]:
    """Kinds of objects that the cluster knows while this lasts."""
    kinds = DynamicClient(kube).resources.get(**KIND)
    names = []
    try:
        for file in files:
            body = YAML(typ="safe").load(file.read_text(encoding="utf-8"))
            names.append(body["metadata"]["name"])
            # Server-side: they are too long for what another apply would keep of them.
            kinds.server_side_apply(body=body, name=names[-1], field_manager="tests", force_conflicts=True)
        wait_for("definitions", lambda: all(_is_established(kinds.get(name=name)) for name in names), 60)
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
