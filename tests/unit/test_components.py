"""Components that shape numbers give what they gave, or carry another version.

``tests/golden/components.json`` holds for each component a version and its output on fixed inputs. When a change
is meant: raise the component's version, then run this file with ``XFER_UPDATE_GOLDEN=1`` and commit the result.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.unit.component_outputs import ELSEWHERE, TORCH, exercises
from xfer.study.lock import components
from xfer.tasks.registry import SHIPPED

GOLDEN = Path(__file__).parent.parent / "golden" / "components.json"
UPDATE = os.environ.get("XFER_UPDATE_GOLDEN") == "1"
REGENERATE = "then run: XFER_UPDATE_GOLDEN=1 pytest tests/unit/test_components.py"
NOW = components(SHIPPED.get(name) for name in SHIPPED.names())
COVERED = sorted(NOW.keys() - ELSEWHERE)


def golden() -> dict[str, dict[str, Any]]:
    return json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}


def summary(output: object) -> dict[str, object]:
    """A digest of everything exact in ``output``, and its real numbers in order."""
    reals: list[float] = []

    def exact(value: object) -> object:
        if isinstance(value, float):
            reals.append(value)
            return "real"
        if isinstance(value, dict):
            return {name: exact(item) for name, item in value.items()}
        return [exact(item) for item in value] if isinstance(value, list | tuple) else value

    text = json.dumps(exact(output), sort_keys=True)
    return {"digest": hashlib.sha256(text.encode()).hexdigest(), "reals": [round(real, 7) for real in reals]}


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return bool(one["digest"] == other["digest"] and one["reals"] == pytest.approx(other["reals"], abs=2e-5))


@pytest.mark.parametrize("name", COVERED)
def test_a_component_gives_what_its_version_gave(name: str) -> None:
    if name in TORCH and importlib.util.find_spec("torch") is None:
        pytest.skip("needs torch")
    known = exercises()
    assert name in known, f"{name} shapes numbers but nothing holds it: add it to tests/unit/component_outputs.py"
    version, held = NOW[name], golden().get(name)
    found = summary(known[name]())
    if held is not None and held["version"] == version:
        assert same(found, held), (
            f"{name} gives other numbers than before but is still version {version}: raise its version "
            f"(or undo the change), {REGENERATE}"
        )
        return
    if UPDATE:
        entries = golden() | {name: {"version": version, **found}}
        GOLDEN.write_text(json.dumps(dict(sorted(entries.items())), indent=1) + "\n")
        return
    before = "nothing" if held is None else f"version {held['version']}"
    raise AssertionError(f"{GOLDEN.name} holds {before} of {name}, which is version {version}; {REGENERATE}")


def test_the_golden_file_holds_no_component_that_is_gone() -> None:
    gone = sorted(golden().keys() - set(COVERED))
    assert gone == [], f"take {', '.join(gone)} out of {GOLDEN}"
    assert NOW.keys() >= ELSEWHERE
