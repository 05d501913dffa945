"""The paper's grid, with sleep in place of training: steps executed for each step planned, by one driver and by two.

python -m benchmarks.grid

Eleven starts (no intermediate task, nine of them, all mixed), nine targets of which six are trained (two share the
training of another, and retrieval needs none), three seeds: 30 intermediate phases and 198 target phases, after one
of pretraining.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.table import show
from tests.integration import sharing
from xfer.store.attempts import LEASE

STEPS, EVERY, STEP = 30, 10, 0.005
"""Steps of a phase, steps between its snapshots, and seconds of a step."""

INTERMEDIATE = ("anli", "mnli", "qqp", "squad2", "squad", "hellaswag", "ccg", "cosmosqa", "csqa")

TARGETS = {
    "xnli": "mnli", "pawsx": "pawsx", "udpos": "udpos", "panx": "panx", "xquad": "squad", "mlqa": "squad",
    "tydiqa": "tydiqa",
}  # fmt: skip
"""Target and what it trains on; BUCC and Tatoeba train on nothing."""

TASK = '''\
"""A task of the paper by name, with generated data."""

from xfer.tasks.formats.classification import Classification
from xfer.tasks.task import Generated, Task

TASK = Task(
    "the_{name}", format=Classification(), source=Generated("nli"),
    columns={{"first": "premise", "second": "hypothesis", "label": "label"}},
    labels=("entailment", "neutral", "contradiction"), trains_on="the_{trains_on}", metric="accuracy",
    licence="generated",
)
'''

STUDY = """\
study: grid
storage: {folder}/runs
own_tasks: tasks
world: {{seed: 3, rows: {{text: 600, nli: 320, tagging: 192, paraphrase: 192, validation: 60, test: 60}}}}
seeds: [1, 2, 3]
models: [{{id: nano, scratch: {{size: nano, text: world_text, vocabulary: 200, seed: 5}}}}]
arms: [none, {arms}, {{name: all9, mix: [{arms}]}}]
targets: [{targets}, world_retrieval]
recipe: {{default: {{steps: {steps}, batch_size: 16, micro_batch_size: 8, learning_rate: 1e-3, max_length: 32,
                   precision: fp32}}}}
resources: {{default: {{ranks: 1, zero_stage: 1, snapshot_every: {every}}}}}
"""


def grid(folder: Path) -> Path:
    """The study and its lock in a folder."""
    (folder / "tasks").mkdir(parents=True)
    for name, trains_on in {**{name: name for name in INTERMEDIATE}, **TARGETS}.items():
        (folder / "tasks" / f"the_{name}.py").write_text(TASK.format(name=name, trains_on=trains_on))
    study = folder / "study.yaml"
    arms, targets = (", ".join(f"the_{name}" for name in names) for names in (INTERMEDIATE, TARGETS))
    study.write_text(STUDY.format(folder=folder, arms=arms, targets=targets, steps=STEPS, every=EVERY))
    subprocess.run([str(Path(sys.executable).with_name("xfer")), "lock", str(study)], check=True)
    return study


def main() -> None:
    rows: list[dict[str, str | float]] = []
    for side, drivers, disturb in (
        ("one driver", 1, None),
        ("two drivers at once", 2, None),
        ("two, one of them killed", 2, sharing.kill),
        (f"two, one of them asleep for {LEASE + 30:.0f} s", 2, sharing.pause(LEASE + 30)),
    ):
        with tempfile.TemporaryDirectory(prefix="xfer-bench-") as folder:
            found = sharing.run(grid(Path(folder) / "grid"), drivers, LEASE, STEP, disturb)
        rows.append(
            {
                "side": side, "planned": found.planned, "executed": found.executed,
                "executed / planned": found.executed / found.planned,
                "most repeated in a phase": found.repeated, "late commits refused": found.refused,
                "seconds": found.seconds,
            }
        )  # fmt: skip
    show("grid", f"the paper's grid, a step is a sleep of {STEP * 1000:.0f} ms, a snapshot every {EVERY} steps", rows)


if __name__ == "__main__":
    main()
