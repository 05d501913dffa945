"""Training on short sentences: tokens a second against Hugging Face's Trainer, at its defaults and at its best.

python -m benchmarks.short_sentences [--steps N]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from itertools import chain
from pathlib import Path
from typing import Any

from benchmarks import sentences
from benchmarks.table import show

STUDY = """\
study: short-sentences
storage: {runs}
seeds: [1]
models: [xlmr-4m]
arms: [none]
targets: [xnli]
recipe:
  default: {{steps: {steps}, batch_size: 32, micro_batch_size: {micro}, learning_rate: 3e-4, warmup: 0.1,
            weight_decay: 0.0, max_length: 256, precision: {precision}}}
evaluate: [{{tasks: all, languages: [en], splits: [test]}}]
resources: {{default: {{ranks: {ranks}, per_rank: {{cpu: {threads}}}, zero_stage: {stage}, snapshot_every: 100000}}}}
"""

DEFAULTS, BEST = "Trainer, defaults", "Trainer, best"
"""Its defaults compute in fp32; its best takes the precision that is measured, puts rows of like length together, and
pads to a multiple of 16."""

ROWS = 20_000
"""Pairs to train on: enough that both sides sort by length within windows of their own choice, as on all of MNLI."""

ROUNDS = ((DEFAULTS, BEST, "xfer, 1 rank", "xfer, 2 ranks"), ("xfer, 2 ranks", "xfer, 1 rank", BEST))
"""Who trains after whom. A machine that others share is faster at one time than at another, so the sides that are close
to each other train twice, and back again; the slowest is far from all, and takes longer than a round of the others."""


def ours(folder: Path, steps: int, ranks: int, precision: str) -> dict[str, Any]:
    """Run a study as a user does; figures of its one phase."""
    import xfer

    micro = 32 // ranks
    study, runs = folder / "study.yaml", Path(tempfile.mkdtemp(dir=folder))
    threads = max(1, len(os.sched_getaffinity(0)) // ranks)
    stage = 0 if ranks == 1 and precision == "fp32" else 1  # one rank has nobody to share with; bf16 needs its masters
    study.write_text(
        STUDY.format(
            runs=runs, steps=steps, micro=micro, ranks=ranks, threads=threads, precision=precision, stage=stage
        )
    )
    environment = {**os.environ, "XFER_DATA": str(folder / "data"), "XFER_MODELS": str(folder / "models")}
    program = str(Path(sys.executable).with_name("xfer"))
    subprocess.run([program, "run", str(study)], env=environment, check=True, stdout=subprocess.DEVNULL)
    os.environ |= environment
    (phase,) = xfer.open(str(study)).phases().to_pylist()
    out = runs / "model"
    exporting = [program, "export", "model", phase["phase"], str(out), "--storage", str(runs)]
    subprocess.run(exporting, env=environment, check=True, stdout=subprocess.DEVNULL)
    return {"tokens": phase["tokens"], "seconds": phase["seconds"], "model": str(out)}


def trainer(folder: Path, steps: int, name: str, precision: str) -> dict[str, Any]:
    """Train with Hugging Face's Trainer; figures of it. Data are tokenised before the clock starts."""
    from datasets import disable_progress_bars
    from transformers import (
        AutoModelForSequenceClassification,
        AutoTokenizer,
        DataCollatorWithPadding,
        Trainer,
        TrainingArguments,
        set_seed,
    )

    set_seed(1)
    disable_progress_bars()
    start = str(folder / "models" / "xlmr-4m")
    tokenizer = AutoTokenizer.from_pretrained(start)
    rows = sentences_of(folder, "train")
    rows = rows.map(
        lambda row: tokenizer(row["premise"], row["hypothesis"], truncation=True, max_length=256), batched=True
    )
    multiple = 16 if name == BEST else None
    best: dict[str, Any] = {"train_sampling_strategy": "group_by_length", "bf16": precision == "bf16"}
    arguments = TrainingArguments(
        output_dir=str(folder / "hf"), max_steps=steps, per_device_train_batch_size=32, learning_rate=3e-4,
        warmup_steps=steps // 10, use_cpu=True, report_to="none",
        save_strategy="no", logging_strategy="no", disable_tqdm=True, **(best if name == BEST else {}),
    )  # fmt: skip
    counted = Counting(DataCollatorWithPadding(tokenizer, pad_to_multiple_of=multiple))
    model = AutoModelForSequenceClassification.from_pretrained(start, num_labels=3)
    training = Trainer(
        model=model, args=arguments, train_dataset=rows, data_collator=counted, processing_class=tokenizer
    )
    began = time.monotonic()
    training.train()
    seconds = time.monotonic() - began
    out = folder / f"{name}-{precision}"
    model.save_pretrained(out)
    return {"tokens": counted.tokens, "seconds": seconds, "model": str(out)}


def sentences_of(folder: Path, split: str) -> Any:
    """A split as the library reads it; it keys its cache by names and dates, so each run has a cache of its own."""
    from datasets import load_dataset

    cache = str(folder / "cache")
    return load_dataset(str(folder / "data" / "nyu-mll" / "glue"), "mnli", split=split, cache_dir=cache)


class Counting:
    """A collator that counts the sub-tokens which it does not pad."""

    def __init__(self, collate: Any) -> None:
        self._collate, self.tokens = collate, 0

    def __call__(self, rows: list[dict[str, Any]]) -> Any:
        made = self._collate(rows)
        self.tokens += int(made["attention_mask"].sum())
        return made


def validation_loss(folder: Path, model: str) -> float:
    """Mean cross-entropy on the validation data, in fp32, the same way for both sides."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    found = AutoModelForSequenceClassification.from_pretrained(model, num_labels=3, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(str(folder / "models" / "xlmr-4m"))
    rows = sentences_of(folder, "validation_matched")
    names = {str(name): i for i, name in found.config.id2label.items()}
    gold = [names.get(rows.features["label"].int2str(label), label) for label in rows["label"]]
    total = 0.0
    for first in range(0, len(rows), 100):
        part = rows[first : first + 100]
        batch = tokenizer(part["premise"], part["hypothesis"], padding=True, return_tensors="pt")
        with torch.inference_mode():
            logits = found(**batch).logits
        total += float(
            torch.nn.functional.cross_entropy(logits, torch.tensor(gold[first : first + 100]), reduction="sum")
        )
    return total / len(rows)


def apart(*words: str) -> dict[str, Any]:
    """Run one side in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.short_sentences", *words], check=True, stdout=subprocess.PIPE, text=True
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--precision", default="fp32")
    parser.add_argument("--side", nargs=2)
    given = parser.parse_args()
    if given.side:
        name, folder = given.side
        at = Path(folder)
        figures = (
            ours(at, given.steps, int(name.split()[1]), given.precision)
            if name.startswith("xfer")
            else trainer(at, given.steps, name, given.precision)
        )
        figures["loss"] = validation_loss(at, figures["model"])
        print(json.dumps(figures))
        return
    with tempfile.TemporaryDirectory(prefix="xfer-bench-") as folder:
        sentences.build(Path(folder), ROWS)
        found: dict[str, list[dict[str, Any]]] = {}
        for name in chain(*ROUNDS):
            words = ("--steps", str(given.steps), "--precision", given.precision, "--side", name, folder)
            found.setdefault(name, []).append(apart(*words))
    rows = [
        {
            "side": name, "rounds": len(all_of),
            "tokens/s": sum(one["tokens"] for one in all_of) / sum(one["seconds"] for one in all_of),
            "validation loss": max(one["loss"] for one in all_of),
        }
        for name, all_of in found.items()
    ]  # fmt: skip
    for row in rows:
        row["of defaults"] = row["tokens/s"] / rows[0]["tokens/s"]
        row["of best"] = row["tokens/s"] / rows[1]["tokens/s"]
    show(
        f"short_sentences_{given.precision}",
        f"{given.steps} steps of 32 pairs as long as MNLI's, xlmr-4m, {given.precision}",
        rows,
    )


if __name__ == "__main__":
    main()
