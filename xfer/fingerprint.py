"""Stable keys of what shapes numbers: sha256 over canonical JSON.

Identity is drawn by construction: an object that takes part says what it is by ``identity()``; everything
else without an obvious stable form is refused rather than guessed at.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path

KEY_LENGTH = 12
"""Hex digits of a key: 48 bits, so 100,000 keys collide with a chance below 2e-5 (birthday bound)."""


def plain(value: object) -> object:
    """Reduce ``value`` to JSON's own types. Raises ``TypeError`` for what has no stable form."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise TypeError(f"{value} has no stable form")
        return value
    if isinstance(value, Mapping):
        if not all(isinstance(name, str) for name in value):
            raise TypeError(f"mapping with names that are not strings: {value!r}")
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    identity = getattr(value, "identity", None)  # what of it shapes numbers
    if callable(identity):
        return plain(identity())
    raise TypeError(f"{type(value).__name__} has no stable form: {value!r}")


def canonical(value: object) -> str:
    """Canonical JSON: sorted names, no spaces, UTF-8 as it is."""
    return json.dumps(plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(value: object) -> str:
    """sha256 over ``canonical(value)``, in hex."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def key(value: object) -> str:
    """First 12 hex digits of ``digest(value)``."""
    return digest(value)[:KEY_LENGTH]


def seed_of(*parts: int | str) -> int:
    """A 63-bit seed from its parts, the same on every machine and in every process."""
    return int(digest(list(parts))[:16], 16) >> 1


def file_digest(path: Path) -> str:
    """sha256 of a file's bytes, in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
