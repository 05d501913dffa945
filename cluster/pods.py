"""The one pod template: what a pod of a study, or one that looks into its storage, is made of.

Everything here passes Pod Security *restricted*; the root file system is read-only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cluster.manifest import Manifest
from cluster.profile import Head, PodSize, Profile

CONTAINER = "xfer"
STUDY = "/etc/xfer/study"
"""Where the study's files are mounted."""

METRICS = {"metrics": 8080}
"""The port at which Ray tells Prometheus of a pod."""

GRACE = 60
"""Seconds that a driver which is told to end has for its last snapshot, and its ranks with it."""

FAREWELL = ("python", "-P", "-m", "jobs.farewell")
"""What a pod of workers does before it is told to end."""

SCRATCH: Manifest = {"name": "tmp", "mountPath": "/tmp"}

WRITABLE = {
    "HOME": "/tmp",
    "HF_HOME": "/tmp/huggingface",
    "TRITON_HOME": "/tmp",
    "TORCH_EXTENSIONS_DIR": "/tmp/torch_extensions",
    "MPLCONFIGDIR": "/tmp/matplotlib",
}
"""Where libraries write that would write beside themselves."""


def pod(
    profile: Profile,
    command: Sequence[str],
    env: Mapping[str, str],
    labels: Mapping[str, str],
    *,
    config_map: str = "",
    files: Mapping[str, str] | None = None,
    secret: str = "",
    subdomain: str = "",
    resources: Manifest | None = None,
    placement: Profile | Head | None = None,
    ports: Mapping[str, int] | None = None,
    before_end: Sequence[str] = (),
) -> Manifest:
    """A pod template: metadata and spec. Without a command somebody else gives it one.

    ``config_map`` with ``files`` (its keys and the paths they get) is mounted at ``STUDY``; the keys of ``secret``
    become variables; ``resources`` and ``placement`` are the profile's when not given;
    the command ``before_end`` is run in the container before it is told to end.
    """
    volumes, mounts = _volumes(profile, config_map, files or {})
    secrets = [*profile.env_from_secrets, *([secret] if secret else [])]
    container: Manifest = {
        "name": CONTAINER,
        "image": profile.image,
        "imagePullPolicy": profile.image_pull_policy,
        **({"command": list(command)} if command else {}),
        "env": [
            *({"name": name, "value": value} for name, value in {**WRITABLE, **profile.env, **env}.items()),
            {"name": "POD_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
        ],
        "envFrom": [{"secretRef": {"name": name}} for name in secrets],
        "resources": resources or resources_of(profile, profile.pod),
        "securityContext": contained(),
        "volumeMounts": mounts,
        **({"ports": [{"name": name, "containerPort": port} for name, port in ports.items()]} if ports else {}),
        **({"lifecycle": {"preStop": {"exec": {"command": list(before_end)}}}} if before_end else {}),
    }
    spec: Manifest = {
        "restartPolicy": "Never",
        "serviceAccountName": profile.service_account,
        "terminationGracePeriodSeconds": GRACE,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": profile.run_as_user,
            "runAsGroup": profile.run_as_user,
            "fsGroup": profile.run_as_user,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": volumes,
        **_placement(profile, placement or profile, labels),
        **({"subdomain": subdomain} if subdomain else {}),
    }
    return {"metadata": {"labels": dict(labels)}, "spec": spec}


def _volumes(profile: Profile, config_map: str, files: Mapping[str, str]) -> tuple[list[Manifest], list[Manifest]]:
    """Volumes of the pod, and where its container mounts them."""
    volumes: list[Manifest] = [
        {"name": "tmp", "emptyDir": {}},
        {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": profile.shared_memory}},
    ]
    for i, claim in enumerate(profile.claims):
        source = {"claimName": claim.claim, "readOnly": claim.read_only}
        volumes.append({"name": f"claim-{i}", "persistentVolumeClaim": source})
    mounts = [dict(SCRATCH), {"name": "shm", "mountPath": "/dev/shm"}, *mounts_of_claims(profile)]
    if config_map:
        items = [{"key": key, "path": path} for key, path in files.items()]
        volumes.append({"name": "study", "configMap": {"name": config_map, "items": items}})
        mounts.append({"name": "study", "mountPath": STUDY, "readOnly": True})
    return volumes, mounts


def contained() -> Manifest:
    """What a container may not do."""
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def mounts_of_claims(profile: Profile) -> list[Manifest]:
    """Where a container of such a pod sees the profile's claims."""
    return [
        {"name": f"claim-{i}", "mountPath": claim.path, "readOnly": claim.read_only}
        for i, claim in enumerate(profile.claims)
    ]


SMALL: Manifest = {
    "requests": {"cpu": "100m", "memory": "256Mi"},
    "limits": {"cpu": "1", "memory": "1Gi"},
}
"""For who only reads and writes files: finds room beside a study that fills its nodes."""


def resources_of(profile: Profile, size: PodSize | Head) -> Manifest:
    """What a container of this size asks for."""
    limits: dict[str, Any] = {"cpu": f"{size.cpu:g}", "memory": size.memory}
    if isinstance(size, Head):
        return {"requests": dict(limits), "limits": limits}
    if size.gpu:
        limits[profile.gpu_resource] = str(size.gpu)
    return {"requests": {**limits, "cpu": f"{size.cpu_request or size.cpu:g}"}, "limits": limits}


def _placement(profile: Profile, on: Profile | Head, labels: Mapping[str, str]) -> Manifest:
    """Where its image comes from and which nodes take it, as far as the profile says."""
    spread = {
        "maxSkew": 1,
        "topologyKey": profile.spread_over,
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": dict(labels)},
    }
    said = {
        "imagePullSecrets": [{"name": name} for name in profile.image_pull_secrets],
        "nodeSelector": dict(on.node_selector),
        "tolerations": [dict(one) for one in on.tolerations],
        "priorityClassName": profile.priority_class,
        "topologySpreadConstraints": [spread] if profile.spread_over else [],
    }
    return {name: value for name, value in said.items() if value}
