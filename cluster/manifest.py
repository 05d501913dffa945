"""Kubernetes objects as their YAML says them, and the labels that tell ours from others."""

from __future__ import annotations

from typing import Any

from cluster.runs import State

Manifest = dict[str, Any]

NAME = "app.kubernetes.io/name"
INSTANCE = "app.kubernetes.io/instance"
"""The study that an object is there for."""

RUN = "xfer-study"
ERRAND = "xfer-errand"

QUEUE = "kueue.x-k8s.io/queue-name"
"""Label that hands a run to a queue of Kueue's, which suspends and resumes it from then on."""

STOPPED = "xfer.dev/stopped"
"""Annotation of a run that somebody has stopped."""


def labels(name: str, study: str) -> dict[str, str]:
    """What every object of ours carries; ``name`` is what it is for."""
    return {NAME: name, INSTANCE: study, "app.kubernetes.io/managed-by": "xfer"}


def metadata(study: str, queue: str = "") -> Manifest:
    """Of what is called like a study; ``queue`` is handed it."""
    return {"name": study, "labels": {**labels(RUN, study), **({QUEUE: queue} if queue else {})}}


def newest_begun(pods: list[Manifest]) -> Manifest | None:
    """The newest of those pods that have begun to run, if only to end since."""
    begun = [pod for pod in pods if pod.get("status", {}).get("phase") in ("Running", "Succeeded", "Failed")]
    return max(begun, key=lambda pod: str(pod["metadata"]["creationTimestamp"]), default=None)


def is_run(job: Manifest) -> bool:
    """Whether this is a study's, and not somebody else's that is called like one."""
    told = job["metadata"].get("labels", {})
    return bool(told.get(NAME) == RUN and told.get(INSTANCE) == job["metadata"]["name"])


def at_rest(job: Manifest) -> tuple[State, str] | None:
    """How a run is that somebody has stopped, or that a queue has yet to admit; None for one that does not rest."""
    suspended, queue = job["spec"].get("suspend"), job["metadata"].get("labels", {}).get(QUEUE)
    if STOPPED in job["metadata"].get("annotations", {}) or (suspended and queue is None):
        return "stopped", ""
    return ("waiting", f"the queue '{queue}' has not admitted it yet") if suspended else None
