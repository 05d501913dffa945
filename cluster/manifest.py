"""Kubernetes objects as their YAML says them, and the labels that tell ours from others."""

from __future__ import annotations

from typing import Any

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


def is_run(job: Manifest) -> bool:
    """Whether this is a study's, and not somebody else's that is called like one."""
    metadata = job["metadata"]
    told = metadata.get("labels", {})
    return bool(told.get(NAME) == RUN and told.get(INSTANCE) == metadata["name"])


def is_stopped(job: Manifest) -> bool:
    """Whether a run rests because somebody wanted it so, not because a queue has yet to admit it."""
    metadata = job["metadata"]
    told = STOPPED in metadata.get("annotations", {})
    return told or bool(job["spec"].get("suspend") and QUEUE not in metadata.get("labels", {}))
