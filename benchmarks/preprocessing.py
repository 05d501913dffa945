"""Preprocessing as many rows as MNLI has, beside ``datasets.map`` around the bare tokenizer.

python -m benchmarks.preprocessing [--rows N]

Ours is all that a worker does before the first step when nothing is kept on the machine: read the files, name their
content, normalise the rows, tokenise them, and write both tables to the machine's cache. The library's is ``map``
alone, batched and in two processes, from a data set that it has read already to its own cache. The sub-tokens of both
are the same. The tokenizer is XLM-R's kind (Unigram, 10,000 sub-tokens) where ``XFER_MODELS`` has xlmr-4m, otherwise
one of whole words, which leaves more of the time to what is around it. Memory is the peak beyond what imports take,
the library's two processes included.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

from benchmarks import sentences
from benchmarks.table import show
from tests.world import put

ROWS, LONGEST, PROCESSES = 392_702, 256, 2
"""MNLI's training data; sub-tokens of an input at most; processes of the library's ``map``."""

ROUNDS = 2
"""Each side runs so often, in turn; the quicker run counts, and the larger memory."""

MODEL = "xlmr-4m"


def ours(folder: Path, model: Path, rows: int) -> dict[str, float]:
    """Have the data set ready, as a worker does."""
    import datasets

    from xfer.evaluation.cache import TableCache
    from xfer.evaluation.prepared import Preparation
    from xfer.io import cache_folder
    from xfer.models import spec
    from xfer.models.base import Base
    from xfer.phase.data_set import DataSet
    from xfer.tasks.data import DataRoots
    from xfer.tasks.registry import SHIPPED

    assert datasets.config.HF_DATASETS_CACHE, "imported before the clock starts, as on the other side"
    base, task, roots = Base(spec.read(MODEL, model, None), model), SHIPPED.get("mnli"), DataRoots((folder / "data",))
    data = DataSet("mnli", "en", "train", roots.fingerprint(task, "en", "train"), task.declaration_key, rows)
    cache = TableCache(cache_folder())
    before, began = peak(), time.monotonic()
    found = Preparation(roots, SHIPPED, base, cache).of(data, LONGEST)
    seconds = time.monotonic() - began
    memory = peak() - before
    assert len(list(cache.folder.glob("*.arrow"))) == 2, "rows and sub-tokens are both kept"
    return {"seconds": seconds, "memory": memory, **said(found.encoded.table["input_ids"])}


def library(folder: Path, model: Path, rows: int) -> dict[str, float]:
    """Tokenise with ``datasets``."""
    from datasets import disable_progress_bars, load_dataset
    from transformers import AutoTokenizer

    disable_progress_bars()
    tokenizer = AutoTokenizer.from_pretrained(str(model))
    before, began = peak(), time.monotonic()
    data: Any = load_dataset(str(folder / "data" / "nyu-mll" / "glue"), "mnli", split="train")
    assert len(data) == rows
    read = time.monotonic()
    data = data.map(
        lambda row: tokenizer(row["premise"], row["hypothesis"], truncation=True, max_length=LONGEST),
        batched=True, num_proc=PROCESSES,
    )  # fmt: skip
    seconds = time.monotonic() - read
    of_a_child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e3
    memory = peak() - before + PROCESSES * max(0.0, of_a_child - before)
    return {"seconds": seconds, "read": read - began, "memory": memory, **said(data.data.table["input_ids"])}


SIDES: dict[str, Callable[[Path, Path, int], dict[str, float]]] = {"ours": ours, "library": library}


def peak() -> float:
    """The most memory that this process has had, in MB, pages of mapped files among it."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) / 1e3


def said(ids: pa.ChunkedArray) -> dict[str, float]:
    """How many sub-tokens there are, and a checksum of them."""
    checksum = 0
    for chunk in ids.chunks:
        checksum = zlib.crc32(chunk.flatten().to_numpy(), checksum)
    return {"sub-tokens": sum(len(chunk.flatten()) for chunk in ids.chunks), "checksum": checksum}


def apart(folder: Path, model: Path, rows: int, side: str) -> dict[str, float]:
    """Run a side in a process of its own, with nothing in any cache."""
    with tempfile.TemporaryDirectory(dir=folder) as cache:
        command = [sys.executable, "-m", "benchmarks.preprocessing", "--rows", str(rows)]
        command += ["--side", side, str(folder), str(model)]
        environment = {**os.environ, "HF_DATASETS_CACHE": cache, "XFER_CACHE": cache, "HF_HUB_OFFLINE": "1"}
        done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def vocabulary(tokenizer: Path) -> list[str]:
    """Words that are one sub-token of a Unigram tokenizer each."""
    pieces = [piece for piece, _ in json.loads(tokenizer.read_text())["model"]["vocab"]]
    return [piece[1:] for piece in pieces if piece[0] == "▁" and piece[1:].isalpha()]


def build(folder: Path, rows: int) -> tuple[Path, str]:
    """Data below ``data`` whose pairs are as long as MNLI's; the tokenizer's folder, and what kind it is."""
    known = Path(os.environ.get("XFER_MODELS", "")) / MODEL
    has_it = (known / "tokenizer.json").is_file()
    if has_it:
        words = vocabulary(known / "tokenizer.json")
        made = sentences.pairs(rows, 1, lambda number: words[number % len(words)])
    else:
        sentences.model(folder / MODEL)
        made = sentences.pairs(rows, 1)
    put(folder / "data", "nyu-mll/glue", "mnli", "train", made, sentences.FEATURES)
    return (known, f"{MODEL}'s Unigram") if has_it else (folder / MODEL, "whole words")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--side", nargs=3)
    given = parser.parse_args()
    if given.side:
        side, folder, model = given.side
        print(json.dumps(SIDES[side](Path(folder), Path(model), given.rows)))
        return
    with tempfile.TemporaryDirectory(prefix="xfer-bench-") as name:
        model, kind = build(Path(name), given.rows)
        runs = [{side: apart(Path(name), model, given.rows, side) for side in SIDES} for _ in range(ROUNDS)]
    found = {side: min((run[side] for run in runs), key=lambda run: run["seconds"]) for side in SIDES}
    memory = {side: max(run[side]["memory"] for run in runs) for side in SIDES}
    theirs, mine = found["library"], found["ours"]
    assert mine["checksum"] == theirs["checksum"], "the same sub-tokens"
    told = {
        f"datasets: map, batched, num_proc={PROCESSES}": (theirs["seconds"], memory["library"]),
        "datasets: load_dataset and map": (theirs["read"] + theirs["seconds"], memory["library"]),
        "xfer: files to the cache's tables": (mine["seconds"], memory["ours"]),
    }
    rows: list[dict[str, str | float]] = [
        {
            "what": what,
            "seconds": took,
            "of map": took / theirs["seconds"],
            "rows/s": given.rows / took,
            "peak MB": size,
        }
        for what, (took, size) in told.items()
    ]
    length = mine["sub-tokens"] / given.rows
    show("preprocessing", f"{given.rows:,} pairs of {length:.1f} sub-tokens, tokenizer: {kind}", rows)


if __name__ == "__main__":
    main()
