"""A rule about a manifest, and how it reads what anybody may have written there.

A value of another type than its field has reads as one that is not there: the API server refuses such a value itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from cluster.manifest import Manifest
from xfer.errors import Problem

Rule = Callable[[Manifest], Iterator[Problem]]
"""Yields what is wrong; ``where`` of a problem is the path of a field, as in ``workerGroupSpecs[0].replicas``."""


def section(manifest: Manifest, *path: str) -> Manifest:
    """The map at this path; an empty one where there is none."""
    for key in path:
        found = manifest.get(key)
        manifest = found if isinstance(found, dict) else {}
    return manifest


def entries(manifest: Manifest, key: str) -> list[Manifest]:
    """The maps of a list, each at its index."""
    found = manifest.get(key)
    return [entry if isinstance(entry, dict) else {} for entry in found] if isinstance(found, list) else []


def number(manifest: Manifest, key: str, default: int) -> int:
    """A whole number; ``default`` where there is none."""
    found = manifest.get(key)
    return found if isinstance(found, int) and not isinstance(found, bool) else default


def text(manifest: Manifest, key: str) -> str:
    """A string; the empty one where there is none."""
    found = manifest.get(key)
    return found if isinstance(found, str) else ""


def shown(value: object) -> str:
    """A value as JSON spells it."""
    return json.dumps(value, default=str)
