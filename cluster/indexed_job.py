"""A study as one Indexed Job: index 0 is Ray's head and the driver, the others join it. Pure: manifests only.

It needs no operator and no right beyond the namespace; a queue admits it as one gang; and its deletion takes
everything with it, since all the rest is owned by it.
"""

from __future__ import annotations

from cluster import pods
from cluster.bundle import Bundle
from cluster.inputs import variables
from cluster.manifest import RUN, Manifest, labels
from cluster.profile import Profile

RETRIES = 20
"""Pods of one index that may be lost, by deletion or by death, before the study counts as failed."""

RAY_PORT = 6379

INDEX = "batch.kubernetes.io/job-completion-index"
"""Label of a Job's pod."""


def job(bundle: Bundle, profile: Profile) -> Manifest:
    """The Job, suspended: what it needs is made after it, and owned by it."""
    name = bundle.study
    count = profile.pods(bundle.plan.shapes())
    env = {
        "XFER_STORAGE": profile.storage,
        "XFER_RUN": name,
        "XFER_HEAD": f"{name}-0.{name}:{RAY_PORT}",
        "XFER_POD_CPU": str(profile.pod.cpu),
        "XFER_POD_GPU": str(profile.pod.gpu),
        "RAY_AUTH_MODE": "token",
        # A worker that has lost its head looks for the next one soon, not after a minute.
        "RAY_gcs_rpc_server_reconnect_timeout_s": "10",
        **variables(bundle.inputs),
    }
    command = ["python", "-P", "-u", "-m", "jobs.pod", f"{pods.STUDY}/{bundle.file}"]
    template = pods.pod(
        profile, command, env, labels(RUN, name), config_map=name, files=_keys(bundle), secret=name, subdomain=name
    )
    spec = {
        "suspend": True,
        "completionMode": "Indexed",
        "completions": count,
        "parallelism": count,
        "backoffLimitPerIndex": RETRIES,
        "podReplacementPolicy": "Failed",
        "successPolicy": {"rules": [{"succeededIndexes": "0"}]},
        "podFailurePolicy": {
            "rules": [
                {
                    # The driver has come to its end: a cell failed, or the user's mistake. Again would be the same.
                    "action": "FailJob",
                    "onExitCodes": {"containerName": pods.CONTAINER, "operator": "In", "values": [1, 2]},
                },
                {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]},
            ]
        },
        "template": template,
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "labels": labels(RUN, name)},
        "spec": spec,
    }


def owned(bundle: Bundle, token: str, owner: Manifest | None) -> list[Manifest]:
    """What the Job's pods need: the study's files, the token of its Ray, and names for its pods."""
    name = bundle.study
    metadata: Manifest = {"name": name, "labels": labels(RUN, name)}
    if owner is not None:
        reference = {"apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": owner["metadata"]["uid"]}
        metadata["ownerReferences"] = [reference]
    contents = {key: bundle.files[path] for key, path in _keys(bundle).items()}
    ports = [{"name": "ray", "port": RAY_PORT}]
    service = {
        "clusterIP": "None", "publishNotReadyAddresses": True, "selector": labels(RUN, name), "ports": ports,
    }  # fmt: skip
    return [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": contents},
        {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"RAY_AUTH_TOKEN": token}},
        {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": service},
    ]


def _keys(bundle: Bundle) -> dict[str, str]:
    """Keys of a ConfigMap have no slashes: key, and path from where the study is."""
    return {path.replace("/", "__"): path for path in bundle.files}
