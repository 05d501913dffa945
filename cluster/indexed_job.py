"""A study as one Indexed Job: index 0 is Ray's head and the driver, the others join it. Pure: manifests only.

It needs no operator and no right beyond the namespace; a queue admits it as one gang; and its deletion takes
everything with it, since all the rest is owned by it.
"""

from __future__ import annotations

from typing import Any

from cluster import pods
from cluster.belongings import belongings, environment, keys
from cluster.bundle import Bundle
from cluster.manifest import RUN, Manifest, at_rest, labels, metadata, newest_begun
from cluster.profile import Profile
from cluster.runs import State, why_failed

API_VERSION, KIND = "batch/v1", "Job"

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
        **environment(bundle),
    }
    command = ["python", "-P", "-u", "-m", "jobs.pod", f"{pods.STUDY}/{bundle.file}"]
    template = pods.pod(
        profile, command, env, labels(RUN, name),
        config_map=name, files=keys(bundle), secret=name, subdomain=name, ports=pods.METRICS, before_end=pods.FAREWELL,
    )  # fmt: skip
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
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": metadata(name, profile.queue),
        "spec": spec,
    }


def owned(bundle: Bundle, profile: Profile, token: str) -> list[Manifest]:
    """What the Job's pods need beside them: also names for each of them."""
    name = bundle.study
    service = {
        "clusterIP": "None",
        "publishNotReadyAddresses": True,
        "selector": labels(RUN, name),
        "ports": [{"name": "ray", "port": RAY_PORT}],
    }
    names = {"apiVersion": "v1", "kind": "Service", "metadata": metadata(name), "spec": service}
    return [*belongings(bundle, profile, {"RAY_AUTH_TOKEN": token}), names]


def state(job: Manifest, progress: dict[str, Any]) -> tuple[State, str]:
    """How a Job is, and what there is to say about that."""
    conditions = {c["type"]: c for c in job.get("status", {}).get("conditions", []) if c["status"] == "True"}
    if "Complete" in conditions or "SuccessCriteriaMet" in conditions:
        return "done", ""
    failed = conditions.get("Failed") or conditions.get("FailureTarget")
    if failed:
        return "failed", why_failed(progress, failed["message"])
    if (resting := at_rest(job)) is not None:
        return resting
    return ("running", "") if progress and job.get("status", {}).get("ready") else ("waiting", "")


def driver(found: list[Manifest]) -> Manifest | None:
    """The newest pod of index 0 that has begun to run."""
    return newest_begun([pod for pod in found if pod["metadata"]["labels"].get(INDEX) == "0"])
