"""Training XLM-R large's shape on a GPU: tokens a second against Hugging Face's Trainer, and what the card could do.

python -m benchmarks.gpu

Random weights, bf16; pairs as long as MNLI's, and long ones such as SQuAD's windows. The Trainer takes SDPA, the fused
optimizer and batches of rows of like length. Model FLOPs are 6 N a token, N without embeddings, plus 12 x layers x
hidden x length for attention (Kaplan et al. 2020, arXiv 2001.08361), padding left out; the card's rate is that of a
large bf16 matrix product in the same run. Both sides are timed from their first step to their last.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import torch
from transformers import XLMRobertaConfig, XLMRobertaModel

from benchmarks import sentences
from benchmarks.short_sentences import Counting, sentences_of
from benchmarks.table import show
from tests.world import NLI, STRING, labels, put
from xfer.models import spec

STUDY = """\
study: gpu
storage: {folder}/runs
seeds: [1]
models: [xlmr]
arms: [none]
targets: [xnli]
recipe: {{default: {{steps: {steps}, batch_size: {batch}, micro_batch_size: {batch}, learning_rate: 1e-5,
                   max_length: {longest}, precision: bf16}}}}
evaluate: [{{tasks: all, languages: [en], splits: [test]}}]
resources: {{default: {{ranks: 1, per_rank: {{gpu: {gpus}, cpu: 2}}, zero_stage: 1, snapshot_every: 100000}}}}
"""

SHAPES = {"large": (24, 1024, 16, 250_002, 514), "tiny": (2, 64, 2, 10_000, 514)}
"""Layers, hidden size, heads, vocabulary, positions."""

LENGTHS = {"short pairs, as MNLI's": (1, 192, 250), "long pairs, as SQuAD's windows": (5, 32, 384)}
"""Premises that make one, rows of a batch, and sub-tokens of a pair at most."""


def long_pairs(rows: int, seed: int, premises: int) -> pa.Table:
    """Pairs with so many premises in one."""
    found = sentences.pairs(rows * premises, seed).to_pylist()
    groups = [found[first : first + premises] for first in range(0, len(found), premises)]
    return pa.Table.from_pylist(
        [{**group[-1], "premise": " ".join(row["premise"] for row in group)} for group in groups]
    )


def build(folder: Path, size: str, rows: int, premises: int) -> None:
    """Data in the Hub's layout, and a model with random weights."""
    features: dict[str, object] = {"premise": STRING, "hypothesis": STRING, "label": labels(NLI)}
    for split, seed in (("train", 1), ("validation_matched", 2)):
        put(folder / "data", "nyu-mll/glue", "mnli", split, long_pairs(rows, seed, premises), features)
    put(folder / "data", "facebook/xnli", "en", "test", long_pairs(64, 3, premises), features)
    layers, hidden, heads, vocabulary, positions = SHAPES[size]
    sentences.model(folder / "models" / "xlmr")  # for its tokenizer
    config = XLMRobertaConfig(
        vocab_size=vocabulary, hidden_size=hidden, num_hidden_layers=layers, num_attention_heads=heads,
        intermediate_size=4 * hidden, max_position_embeddings=positions, type_vocab_size=1,
    )  # fmt: skip
    XLMRobertaModel(config, add_pooling_layer=False).save_pretrained(folder / "models" / "xlmr")


def ours(folder: Path, steps: int, batch: int, longest: int) -> tuple[float, float]:
    """Sub-tokens and seconds of the one phase of a study."""
    import xfer

    study = folder / "study.yaml"
    gpus = int(torch.cuda.is_available())
    study.write_text(STUDY.format(folder=folder, steps=steps, batch=batch, longest=longest, gpus=gpus))
    os.environ |= {"XFER_DATA": str(folder / "data"), "XFER_MODELS": str(folder / "models")}
    program = str(Path(sys.executable).with_name("xfer"))
    subprocess.run([program, "run", str(study)], check=True, stdout=subprocess.DEVNULL)
    (phase,) = xfer.open(str(study)).phases().to_pylist()
    return phase["tokens"], phase["seconds"]


def trainer(folder: Path, steps: int, batch: int, longest: int) -> tuple[float, float]:
    """The same of Hugging Face's Trainer; data are tokenised before the clock starts."""
    from transformers import (
        AutoModelForSequenceClassification,
        AutoTokenizer,
        DataCollatorWithPadding,
        Trainer,
        TrainerCallback,
        TrainingArguments,
    )

    class Clock(TrainerCallback):
        began = 0.0

        def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self.began = self.began or time.monotonic()

    start = str(folder / "models" / "xlmr")
    tokenizer = AutoTokenizer.from_pretrained(start)
    rows = sentences_of(folder, "train").map(
        lambda row: tokenizer(row["premise"], row["hypothesis"], truncation=True, max_length=longest), batched=True
    )
    arguments = TrainingArguments(
        output_dir=str(folder / "hf"), max_steps=steps, per_device_train_batch_size=batch, learning_rate=1e-5,
        bf16=True, optim="adamw_torch_fused", train_sampling_strategy="group_by_length", report_to="none",
        save_strategy="no", logging_strategy="no", disable_tqdm=True, use_cpu=not torch.cuda.is_available(),
    )  # fmt: skip
    counted, clock = Counting(DataCollatorWithPadding(tokenizer, pad_to_multiple_of=16)), Clock()
    model = AutoModelForSequenceClassification.from_pretrained(start, num_labels=3, attn_implementation="sdpa")
    Trainer(
        model=model, args=arguments, train_dataset=rows, data_collator=counted, processing_class=tokenizer,
        callbacks=[clock],
    ).train()  # fmt: skip
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return counted.tokens, time.monotonic() - clock.began


def matmul_rate(size: int) -> float:
    """FLOPs a second of a square bf16 product."""
    where = "cuda" if torch.cuda.is_available() else "cpu"
    left, right = (torch.randn(size, size, device=where, dtype=torch.bfloat16) for _ in range(2))
    for repeats in (3, 30):  # the first ones warm up
        began = time.monotonic()
        for _ in range(repeats):
            product = left @ right
        product[0, 0].item()  # waits for all of them
    return 2 * size**3 * repeats / (time.monotonic() - began)


def flops(model: Path, length: float) -> float:
    """Of training on one sub-token of an input of that length."""
    found = spec.read("xlmr", model, None)
    return 6 * (found.parameters - found.embedding_parameters) + 12 * found.layers * found.hidden * length


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", choices=list(SHAPES), default="large")
    parser.add_argument("--steps", type=int, default=60)
    given = parser.parse_args()
    if given.size == "large" and not torch.cuda.is_available():
        print("There is no GPU here: nothing is measured.")
        return
    peak = matmul_rate(8192 if given.size == "large" else 512)
    rows: list[dict[str, str | float]] = []
    for about, (premises, batch, longest) in LENGTHS.items():
        reference = 0.0
        for name, side in (("Trainer, bf16, SDPA", trainer), ("xfer", ours)):
            with tempfile.TemporaryDirectory(prefix="xfer-bench-") as folder:
                build(Path(folder), given.size, 20 * batch, premises)
                with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as apart:
                    tokens, seconds = apart.submit(side, Path(folder), given.steps, batch, longest).result()
                each = flops(Path(folder) / "models" / "xlmr", tokens / given.steps / batch)
            rate = tokens / seconds
            reference = reference or rate
            rows.append(
                {
                    "pairs": about,
                    "side": name,
                    "tokens a step": tokens / given.steps,
                    "tokens/s": rate,
                    "of Trainer": rate / reference,
                    "utilisation": rate * each / peak,
                }
            )
    card = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    show("gpu", f"XLM-R {given.size}'s shape, bf16, on {card}: {peak / 1e12:.3g} TFLOP/s in a matrix product", rows)


if __name__ == "__main__":
    main()
