"""Evaluation: sentences a second against Hugging Face's ``Trainer.predict``, at its defaults and with larger batches.

python -m benchmarks.evaluation [--rows N]
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import sentences
from benchmarks.table import show

TRAINERS = {"Trainer.predict, defaults": 8, "Trainer.predict, batches of 64": 64}
"""Rows in a batch."""

LONGEST, WARM = 256, 200
"""Sub-tokens of an input at most, and rows of a first pass that is not measured."""


def checkpoint(folder: Path) -> None:
    """The pretrained model with a new classifier of three classes, as a phase would leave it."""
    from xfer.models import load, spec
    from xfer.models.base import Base
    from xfer.models.spec import HeadSpec

    start = folder / "models" / "xlmr-4m"
    base, heads = Base(spec.read("xlmr-4m", start, None), start), [HeadSpec("mnli", "sequence", 3)]
    made = load.with_new_heads(base, None, heads, None, seed=1)
    load.save(folder / "checkpoint", made, dict(made.named_parameters()), heads, base)


def theirs(folder: Path) -> Any:
    """The same as the library's own model."""
    from safetensors.torch import load_file
    from transformers import AutoModelForSequenceClassification

    made = AutoModelForSequenceClassification.from_pretrained(str(folder / "checkpoint"), num_labels=3)
    head = load_file(folder / "checkpoint" / "heads.safetensors")
    names = {name: name.removeprefix("mnli.").replace("out.", "out_proj.") for name in head}
    made.classifier.load_state_dict({names[name]: tensor for name, tensor in head.items()})
    return made


def trainer(folder: Path, rows: int, name: str) -> dict[str, Any]:
    """Predict with Hugging Face's Trainer. Data are tokenised before the clock starts."""
    from datasets import disable_progress_bars, load_dataset
    from transformers import (
        AutoTokenizer,
        DataCollatorWithPadding,
        Trainer,
        TrainingArguments,
    )

    disable_progress_bars()
    tokenizer = AutoTokenizer.from_pretrained(str(folder / "models" / "xlmr-4m"))
    data: Any = load_dataset(
        str(folder / "data" / "nyu-mll" / "glue"), "mnli", split="train", cache_dir=str(folder / "cache")
    )
    data = data.select(range(rows)).map(
        lambda row: tokenizer(row["premise"], row["hypothesis"], truncation=True, max_length=LONGEST), batched=True
    )
    arguments = TrainingArguments(
        output_dir=str(folder / "hf"), use_cpu=True, report_to="none", disable_tqdm=True,
        per_device_eval_batch_size=TRAINERS[name],
    )  # fmt: skip
    predictor = Trainer(
        model=theirs(folder),
        args=arguments, data_collator=DataCollatorWithPadding(tokenizer), processing_class=tokenizer,
    )  # fmt: skip
    predictor.predict(data.select(range(WARM)))
    began = time.monotonic()
    found: Any = predictor.predict(data).predictions
    return {"seconds": time.monotonic() - began, "logits": found.tolist()}


def ours(folder: Path, rows: int, ranks: int) -> dict[str, Any]:
    """Predict as a lane's workers do: ``ranks`` processes that share the machine's cores."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    threads = str(max(1, len(os.sched_getaffinity(0)) // ranks))
    group = {
        "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": str(ranks), "OMP_NUM_THREADS": threads,
    }  # fmt: skip
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "benchmarks.evaluation",
        "--rows",
        str(rows),
        "--rank",
        str(folder),
    ]
    processes = [
        subprocess.Popen(command, env={**os.environ, **group, "RANK": str(rank)}, stdout=subprocess.PIPE, text=True)
        for rank in range(ranks)
    ]
    said = [process.communicate()[0] for process in processes]
    assert all(process.returncode == 0 for process in processes)
    return dict(json.loads(said[0].splitlines()[-1]))


def rank(folder: Path, rows: int) -> None:
    """One of the processes."""
    import torch.distributed

    from xfer.evaluation.predict import outputs
    from xfer.evaluation.prepared import Preparation
    from xfer.execution import memory
    from xfer.models import load, spec
    from xfer.models.base import Base
    from xfer.phase.data_set import DataSet
    from xfer.tasks.batches import Encoded
    from xfer.tasks.data import DataRoots
    from xfer.tasks.registry import SHIPPED

    memory.keep_blocks()
    torch.distributed.init_process_group("gloo")
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    start = folder / "models" / "xlmr-4m"
    preparation = Preparation(DataRoots((folder / "data",)), SHIPPED, Base(spec.read("xlmr-4m", start, None), start))
    encoded = preparation.of(DataSet("mnli", "en", "train", "", "", rows), LONGEST).encoded
    found, classifier = None, load.load_trained(folder / "checkpoint")
    for part in (encoded.table.slice(0, WARM), encoded.table.slice(0, rows)):
        torch.distributed.barrier()
        began = time.monotonic()
        found = outputs(classifier, Encoded(part), "mnli", None, preparation.base.spec.pad, "fp32")
        seconds = time.monotonic() - began
    if found is not None and found.logits is not None:
        print(json.dumps({"seconds": seconds, "logits": found.logits.tolist()}))
    torch.distributed.destroy_process_group()


def apart(folder: Path, rows: int, name: str) -> dict[str, Any]:
    """Run one of Trainer's sides in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.evaluation", "--rows", str(rows), "--trainer", name, str(folder)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=4000)
    parser.add_argument("--trainer", nargs=2)
    parser.add_argument("--rank", type=Path)
    given = parser.parse_args()
    if given.trainer:
        print(json.dumps(trainer(Path(given.trainer[1]), given.rows, given.trainer[0])))
        return
    if given.rank:
        rank(given.rank, given.rows)
        return
    with tempfile.TemporaryDirectory(prefix="xfer-bench-") as name:
        folder = Path(name)
        sentences.build(folder, max(given.rows, WARM))
        checkpoint(folder)
        sides = {side: apart(folder, given.rows, side) for side in TRAINERS}
        sides |= {f"xfer, {ranks} rank{'s' if ranks > 1 else ''}": ours(folder, given.rows, ranks) for ranks in (1, 2)}
    first, batched, *_ = sides.values()
    rows = []
    for side, found in sides.items():
        apart_by = np.abs(np.array(found["logits"]) - np.array(first["logits"])).max()
        answers = [np.array(logits).argmax(1) for logits in (found["logits"], first["logits"])]
        rows.append(
            {
                "side": side, "sentences/s": given.rows / found["seconds"],
                "of defaults": first["seconds"] / found["seconds"],
                "of larger batches": batched["seconds"] / found["seconds"],
                "logits differ by": float(apart_by), "other answers": int((answers[0] != answers[1]).sum()),
            }
        )  # fmt: skip
    show("evaluation", f"{given.rows} pairs as long as MNLI's, xlmr-4m, fp32", rows)


if __name__ == "__main__":
    main()
