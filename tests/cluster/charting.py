"""What tests of the chart share: helm, values for the cluster at hand, and values with every optional part."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.cluster.bed import programs, volumes
from tests.cluster.bed.cluster import Cluster
from tests.unit.chart.wrong_values import Values

CHART = Path(__file__).parents[2] / "helm" / "xfer"
TEMPLATE = ("template", "xfer", str(CHART), "--kube-version", "1.36.0")
"""Renders without a cluster. A helm that is built without its Makefile would take Kubernetes to be 1.20."""

GPU_TAINT: Values = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
SPOT_TAINT: Values = {"key": "spot", "operator": "Equal", "value": "true", "effect": "NoSchedule"}

EVERYTHING: Values = {
    "storage": {"claim": {"create": False}, "object": {"url": "s3://bucket/prefix", "secret": "keys"}},
    "image": {"pullSecrets": ["pull"]},
    "serviceAccount": {"study": {"annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/xfer"}}},
    "access": {
        "subjects": [
            {"kind": "User", "name": "ada@example.org"},
            {"kind": "Group", "name": "nlp"},
            {"kind": "ServiceAccount", "name": "bot", "namespace": "ci"},
            {"kind": "ServiceAccount", "name": "here"},
        ],
        "serviceAccount": {"create": True, "annotations": {"for": "machines"}},
    },
    "quota": {"requests.nvidia.com/gpu": 1000000, "requests.memory": "2Ti"},
    "pools": {
        "gpu": {"nodeSelector": {"gpu": "any", "rack": "7"}, "tolerations": [GPU_TAINT]},
        "regular": {"nodeSelector": {"pool": "regular"}},
        "spot": {"tolerations": [SPOT_TAINT, GPU_TAINT]},
    },
    "kueue": {"clusterQueue": "gpus"},
    "monitoring": {"podMonitor": {"create": True, "interval": "30s", "labels": {"release": "prometheus"}}},
    "networkPolicy": {
        "create": True,
        "operatorNamespace": "ray-system",
        "monitoringNamespace": "monitoring",
        "apiServer": {"cidrs": ["10.0.0.5/32"], "port": 6443},
        "egress": [{"cidr": "203.0.113.7/32", "ports": [443, 9000]}],
    },
    "profiles": {
        "default": {
            "pool": "gpu",
            "nodeSelector": {"gpu": "h200"},
            "tolerations": [{"key": "night", "operator": "Exists"}, GPU_TAINT],
            "runtime": "kuberay",
            "spreadOver": "topology.kubernetes.io/zone",
            "head": {"pool": "regular", "cpu": 4},
            "autoscale": {"maxPods": 1000000},
            "rayJob": {"preRunningDeadlineSeconds": 1000000, "rayClusterSpec": {"headServiceAnnotations": {"c": "d"}}},
            "claims": [{"claim": "data", "path": "/data", "readOnly": True}],
            "env": {"XFER_DATA": "/data", "NUMBER": "010"},
            "envFromSecrets": ["hub"],
            "runAsUser": 1000660000,
        },
        "cpu": {
            "pod": {"gpu": 0}, "nodeSelector": {"disk": "fast"}, "tolerations": [], "image": "other:1", "pool": "",
            "queue": "nights", "head": {"pool": "spot", "memory": "16Gi", "nodeSelector": {"disk": "fast"}},
            "autoscale": {"idleSeconds": 0}, "rayJob": {"rayClusterSpec": {"headServiceAnnotations": {"e": "f"}}},
        },
    },
}  # fmt: skip
"""Every optional part at once."""


@dataclass(frozen=True)
class Helm:
    """Helm with folders of its own, as the cluster's administrator, in one namespace."""

    program: str
    kubeconfig: Path
    folder: Path
    namespace: str = "default"

    def attempt(self, *words: str, values: Values | None = None) -> subprocess.CompletedProcess[str]:
        file = self.folder / "values.json"
        file.write_text(json.dumps(values or {}), encoding="utf-8")
        own = {f"HELM_{kind}_HOME": str(self.folder / kind) for kind in ("CACHE", "CONFIG", "DATA")}
        given = [] if values is None else ["--values", str(file)]
        return subprocess.run(
            [self.program, *words, "--kubeconfig", str(self.kubeconfig), "--namespace", self.namespace, *given],
            env={**os.environ, **own, "NO_PROXY": "*"},
            capture_output=True,
            text=True,
            check=False,
        )

    def __call__(self, *words: str, values: Values | None = None) -> str:
        done = self.attempt(*words, values=values)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def objects(self, values: Values) -> list[dict[str, Any]]:
        """What the chart renders, its test among it."""
        rendered = YAML(typ="safe").load_all(self(*TEMPLATE, values=values))
        return [found for found in rendered if found]


def helm_program() -> str:
    """Helm as the bed has built it, or the machine's own; a skip where there is none."""
    built = programs.go_program("helm")
    found = str(built) if built.exists() else shutil.which("helm")
    if found is None:
        pytest.skip("helm is missing: it is not on the PATH, and the bed has not built it")
    return found


def rendering_helm(folder: Path) -> Helm:
    """Helm where there is no cluster, and none is needed."""
    return Helm(helm_program(), folder / "no-kubeconfig", folder)


def here(cluster: Cluster, keep: bool = False, **env: str) -> Values:
    """Values with which the chart's pods run in this cluster; in the bed with this Python from volumes."""
    repository, _, tag = cluster.image.rpartition(":")
    claim: Values = {"size": "1Gi", "keep": keep, "accessMode": "ReadWriteOnce"}
    profile: Values = {"pod": {"cpu": 1, "memory": "1Gi", "gpu": 0}, "env": env}
    if cluster.bed is not None:
        claim |= {"storageClass": "", "accessMode": "ReadWriteMany"}
        environment = volumes.environment()
        profile["claims"] = [{"claim": f.name, "path": str(f.path), "readOnly": True} for f in environment]
        profile["env"] = {"PATH": f"{sys.prefix}/bin:/usr/bin:/bin", **env}
    return {
        "image": {"repository": repository, "tag": tag},
        "storage": {"claim": claim},
        "profiles": {"default": profile},
    }
