"""Kubernetes objects as their YAML says them, and the labels that tell ours from others."""

from __future__ import annotations

from typing import Any

Manifest = dict[str, Any]

NAME = "app.kubernetes.io/name"
INSTANCE = "app.kubernetes.io/instance"
"""The study that an object is there for."""

RUN = "xfer-study"
ERRAND = "xfer-errand"


def labels(name: str, study: str) -> dict[str, str]:
    """What every object of ours carries; ``name`` is what it is for."""
    return {NAME: name, INSTANCE: study, "app.kubernetes.io/managed-by": "xfer"}
