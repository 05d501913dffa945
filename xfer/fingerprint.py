"""Stable keys of what shapes numbers: sha256 over canonical JSON.

Identity is drawn by construction: an object that takes part says what it is by ``identity()``; everything
else without an obvious stable form is refused rather than guessed at.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

KEY_LENGTH = 12
"""Hex digits of a key: 48 bits, so 100,000 keys collide with a chance below 2e-5 (birthday bound)."""


class Identified:
    """What takes part in keys again and again and never changes: its canonical form is made once."""

    def identity(self) -> object:
        """What of it shapes numbers."""
        raise NotImplementedError

    @cached_property
    def canonical(self) -> str:
        return canonical(self.identity())


def canonical(value: object) -> str:
    """Canonical JSON: sorted names, no spaces, UTF-8 as it is. Raises ``TypeError`` for what has no stable form."""
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, Identified):
        return value.canonical
    if value is None or isinstance(value, (int, float)):
        return _scalar(value)
    if isinstance(value, (list, tuple)):
        return f"[{','.join([canonical(item) for item in value])}]"
    if isinstance(value, Mapping):
        if not all(isinstance(name, str) for name in value):
            raise TypeError(f"mapping with names that are not strings: {value!r}")
        return f"{{{','.join([f'{_quoted(name)}:{canonical(value[name])}' for name in sorted(value)])}}}"
    identity = getattr(value, "identity", None)
    if callable(identity):
        return canonical(identity())
    raise TypeError(f"{type(value).__name__} has no stable form: {value!r}")


_quoted = json.JSONEncoder(ensure_ascii=False).encode


def _scalar(value: float | None) -> str:
    """As ``json`` has it, whose general encoder takes several times as long for a number."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return int.__repr__(value)
    if not math.isfinite(value):
        raise TypeError(f"{value} has no stable form")
    return float.__repr__(value)


def plain(value: object) -> Any:
    """``value`` in JSON's own types. Raises ``TypeError`` for what has no stable form."""
    return json.loads(canonical(value))


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
