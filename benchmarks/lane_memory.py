"""Memory of a warm lane's workers over many phases, without recycling.

python -m benchmarks.lane_memory [--phases N] [--stage ZERO]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import psutil

from benchmarks import sentences
from benchmarks.table import show
from xfer.events import parse

RANKS, FROM = 2, 50
"""Phases after which growth is counted: until then caches fill."""

STUDY = """\
study: lane-memory
storage: {folder}/runs
seeds: [{seeds}]
models: [xlmr-4m]
arms: [none]
targets: [xnli]
recipe: {{default: {{steps: 2, batch_size: 16, micro_batch_size: 8, learning_rate: 5e-4, precision: fp32}}}}
evaluate: [{{tasks: all, languages: [en], splits: [test]}}]
resources: {{default: {{ranks: {ranks}, per_rank: {{cpu: 1}}, zero_stage: {stage}}}}}
"""


def memory(folder: Path, phases: int, stage: int) -> list[list[int]]:
    """PSS in bytes of each rank's process after each phase of a study."""
    sentences.build(folder, 200)
    study = folder / "study.yaml"
    seeds = ", ".join(map(str, range(phases)))
    study.write_text(STUDY.format(folder=folder, seeds=seeds, ranks=RANKS, stage=stage))
    environment = {**os.environ, "XFER_DATA": str(folder / "data"), "XFER_MODELS": str(folder / "models")}
    command = [sys.executable, "-P", "-u", "-m", "jobs.run_study", str(study)]
    found: list[list[int]] = []
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as job:
        assert job.stdout is not None
        for event in map(parse, job.stdout):
            if event is not None and event["event"] == "trained":
                tree = psutil.Process(job.pid).children(recursive=True)
                workers = [process for process in tree if "RayTrainWorker" in process.name()]
                found.append([process.memory_full_info().pss for process in workers])
    assert job.returncode == 0 and all(len(of_ranks) == RANKS for of_ranks in found)
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--phases", type=int, default=200)
    parser.add_argument("--stage", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="xfer-bench-") as folder:
        found = np.array(memory(Path(folder), given.phases, given.stage)) / 1e6
    rows: list[dict[str, str | float]] = []
    for rank in range(RANKS):
        late = found[min(FROM, given.phases // 2) :, rank]
        slope = float(np.polyfit(np.arange(len(late)), late, 1)[0])
        rows.append(
            {
                "process": f"worker {rank}", "MB after the first": float(found[0, rank]),
                f"MB after {given.phases - len(late)}": float(late[0]), f"MB after {given.phases}": float(late[-1]),
                "growth MB a phase": slope,
            }
        )  # fmt: skip
    show("lane_memory", f"PSS over {given.phases} phases of 2 steps in one lane, ZeRO {given.stage}, xlmr-4m", rows)


if __name__ == "__main__":
    main()
