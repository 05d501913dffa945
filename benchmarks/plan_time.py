"""Seconds to plan studies of 300, 3,000 and 30,000 phases with an empty store.

python -m benchmarks.plan_time

``seconds`` is for reading study and lock and planning; ``xfer plan`` for the whole command, which starts Python, looks
at the store, adds the cost up and prints every phase. ``growth`` is how much longer a phase takes than at the size
before: 1 is linear.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.table import show

SIZES = (300, 3_000, 30_000)

STUDY = """\
study: many
storage: {folder}/runs
world: {{seed: 3, rows: {{text: 100, nli: 60, tagging: 60, paraphrase: 60, validation: 20, test: 20}}}}
seeds: [{seeds}]
models: [{{id: nano, scratch: {{size: nano, text: world_text, vocabulary: 200, seed: 5}}}}]
arms: [none, world_nli, {{name: shuffled, task: world_nli, labels: shuffled}}]
targets: [world_paraphrase, world_tagging]
recipe:
  default: {{steps: 20, batch_size: 16, micro_batch_size: 8, learning_rate: 1e-3, max_length: 32, precision: fp32}}
"""

PER_SEED = 8
"""Phases that a seed adds: an intermediate one for each of two arms, and for each of three arms two targets'."""

XFER = str(Path(sys.executable).with_name("xfer"))


def main() -> None:
    from xfer.study.opening import open_study

    rows: list[dict[str, str | float]] = []
    before = None
    for wanted in SIZES:
        with tempfile.TemporaryDirectory(prefix="xfer-bench-") as folder:
            study = Path(folder) / "study.yaml"
            study.write_text(STUDY.format(folder=folder, seeds=", ".join(map(str, range(wanted // PER_SEED)))))
            subprocess.run([XFER, "lock", str(study)], check=True)
            if before is None:
                open_study(study)  # imports
            began = time.monotonic()
            plan = open_study(study).plan
            seconds = time.monotonic() - began
            began = time.monotonic()
            subprocess.run([XFER, "plan", str(study)], check=True, stdout=subprocess.DEVNULL)
            command = time.monotonic() - began
        each = seconds / len(plan.phases)
        rows.append(
            {
                "phases": len(plan.phases),
                "cells": len(plan.cells),
                "evaluations": len(plan.evaluations),
                "seconds": seconds,
                "ms a phase": 1000 * each,
                "growth": "" if before is None else f"{each / before:.2f}",
                "xfer plan, s": command,
            }
        )
        before = each
    show("plan_time", "opening a study and planning it", rows)


if __name__ == "__main__":
    main()
