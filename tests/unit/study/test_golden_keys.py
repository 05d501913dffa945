"""Keys of small studies under fixed locks, as they have always been.

``tests/golden/small.lock.json`` was made once from the world of the tests, ``generated.lock.json`` from the study
itself; nothing but a study and its lock is read here. ``XFER_UPDATE_GOLDEN=1`` writes the keys anew.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from xfer.study import reading
from xfer.study.lock import Lock
from xfer.study.planner import plan

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "tests" / "golden"
KEYS = GOLDEN / "keys.json"

WHY = (
    "Keys may change only together with the version of the component that shapes the numbers (xfer/phase/versions.py,"
    " a format's, a metric's or a task's declaration): then what is stored is not taken for what it is not. If that"
    " is so here, run the tests with XFER_UPDATE_GOLDEN=1 and commit tests/golden/keys.json; if not, this change"
    " would train everything anew in every store."
)


STUDIES = ("small", "generated")


def keys(name: str) -> dict[str, dict[str, str]]:
    """Keys of phases, evaluations and experiments, each with a description."""
    lock = Lock.model_validate_json((GOLDEN / f"{name}.lock.json").read_bytes())
    found = plan(reading.read(GOLDEN / f"{name}.yaml"), lock, {})
    phases = {key: f"{'+'.join(sorted(p.roles))} {p.phase.name}" for key, p in found.phases.items()}
    return {
        "phases": {
            key: f"{called}, rate {found.phases[key].phase.recipe.learning_rate}, seed {found.phases[key].phase.seed}"
            for key, called in phases.items()
        },
        "evaluations": {
            key: f"{e.data.task}/{e.data.language}/{e.data.split} after {phases.get(e.subject.phase, 'nothing')}"
            for key, e in found.evaluations.items()
        },
        "experiments": {
            experiment.key: f"{experiment.model} x {experiment.target}" for experiment in found.experiments
        },
    }


def every_key() -> dict[str, dict[str, dict[str, str]]]:
    return {name: keys(name) for name in STUDIES}


@pytest.mark.parametrize("name", STUDIES)
@pytest.mark.parametrize("kind", ["phases", "evaluations", "experiments"])
def test_keys_are_what_they_were(name: str, kind: str) -> None:
    if os.environ.get("XFER_UPDATE_GOLDEN"):
        KEYS.write_text(json.dumps(every_key(), indent=1) + "\n")
    assert keys(name)[kind] == json.loads(KEYS.read_text())[name][kind], WHY


@pytest.mark.parametrize("seed", ["0", "4711"])
def test_keys_are_the_same_in_another_process(seed: str) -> None:
    code = "import json; from tests.unit.study.test_golden_keys import every_key; print(json.dumps(every_key()))"
    environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": "Asia/Kathmandu", "LC_ALL": "C"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == every_key()
