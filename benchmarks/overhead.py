"""What a phase costs beyond its steps: in a warm lane, in a cold one, and as a stock ``TorchTrainer.fit()`` each.

python -m benchmarks.overhead [--phases N]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import sentences
from benchmarks.table import show
from xfer.events import Event, parse

STEPS, RANKS = 20, 2

STUDY = """\
study: overhead
storage: {folder}/runs
seeds: [{seeds}]
models: [xlmr-4m]
arms: [none]
targets: [xnli]
recipe: {{default: {{steps: {steps}, batch_size: 32, micro_batch_size: 16, learning_rate: 5e-4, precision: fp32}}}}
evaluate: [{{tasks: all, languages: [en], splits: [test]}}]
resources: {{default: {{ranks: {ranks}, per_rank: {{cpu: 1}}, zero_stage: {stage}, snapshot_every: 100000}}}}
"""


def lanes(folder: Path, phases: int, stage: int) -> list[float]:
    """Seconds of each phase of a study beyond its steps, from when it is wanted to its record; the first is cold."""
    study = folder / f"zero-{stage}" / "study.yaml"
    study.parent.mkdir()
    seeds = ", ".join(map(str, range(phases)))
    study.write_text(STUDY.format(folder=study.parent, seeds=seeds, steps=STEPS, ranks=RANKS, stage=stage))
    environment = {**os.environ, "XFER_DATA": str(folder / "data"), "XFER_MODELS": str(folder / "models")}
    command = [sys.executable, "-P", "-u", "-m", "jobs.run_study", str(study)]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as job:
        assert job.stdout is not None
        events = [event for event in map(parse, job.stdout) if event is not None]
    assert job.returncode == 0, events[-1]
    return [
        ended["time"] - begun["time"] - ended["seconds"]
        for begun, ended in zip(_of(events, "phase"), _of(events, "trained"), strict=True)
    ]


def _of(events: list[Event], kind: str) -> list[Event]:
    return [event for event in events if event["event"] == kind]


def stock(folder: Path, phases: int) -> list[float]:
    """The same for phases that are a ``fit()`` each, with a plain loop of the same steps on the same model."""
    import ray
    from ray.train import RunConfig, ScalingConfig
    from ray.train.torch import TorchTrainer

    ray.init(address="local", num_cpus=RANKS, log_to_driver=False, include_dashboard=True)
    found = []
    for i in range(phases):
        told = folder / f"stock-{i}"
        began = time.monotonic()
        TorchTrainer(
            _loop,
            train_loop_config={"model": str(folder / "models" / "xlmr-4m"), "told": str(told)},
            scaling_config=ScalingConfig(num_workers=RANKS, resources_per_worker={"CPU": 1}),
            run_config=RunConfig(name=f"stock-{i}", storage_path=str(folder / "ray")),
        ).fit()
        found.append(time.monotonic() - began - float(told.read_text()))
    ray.shutdown()
    return found


def _loop(config: dict[str, Any]) -> None:
    import ray.train
    import torch
    from ray.train.torch import prepare_model
    from transformers import AutoModelForSequenceClassification

    torch.set_num_threads(1)
    model = AutoModelForSequenceClassification.from_pretrained(config["model"], num_labels=3)
    model = prepare_model(model)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-4)
    ids = torch.randint(5, 9_000, (16, 64))
    began = time.monotonic()
    for _ in range(STEPS):
        model(input_ids=ids, labels=torch.zeros(16, dtype=torch.long)).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    if ray.train.get_context().get_world_rank() == 0:
        Path(config["told"]).write_text(str(time.monotonic() - began))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--phases", type=int, default=20)
    given = parser.parse_args()
    rows: list[dict[str, str | float]] = []
    with tempfile.TemporaryDirectory(prefix="xfer-bench-") as name:
        folder = Path(name)
        sentences.build(folder)
        for stage in (1, 2):
            first, *warm = lanes(folder, given.phases, stage)
            rows.append(row(f"warm lane, ZeRO {stage}", warm))
            rows.append(row(f"cold lane, ZeRO {stage}", [first]))
        rows.append(row("TorchTrainer.fit(), DDP", stock(folder, max(3, given.phases // 5))))
    for entry in rows:
        entry["of fit()"] = float(entry["median s"]) / float(rows[-1]["median s"])
    about = f"seconds of a phase of {STEPS} steps beyond its steps, {RANKS} ranks, xlmr-4m"
    show("overhead", about, rows)


def row(side: str, seconds: list[float]) -> dict[str, str | float]:
    """One line of the table."""
    return {"side": side, "phases": len(seconds), "median s": median(seconds), "most s": max(seconds)}


if __name__ == "__main__":
    main()
