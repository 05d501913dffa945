"""Start process groups that train phases, without Ray."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.world import World


def launch(world: World, ranks: int, runs: list[dict[str, Any]], gpu: bool = False) -> list[dict[str, Any]]:
    """Do runs one after the other in one process group; what rank 0 saw."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    group = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": str(ranks), "OMP_NUM_THREADS": "1"}
    if not gpu:
        group["CUDA_VISIBLE_DEVICES"] = ""
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.integration.rank", str(world.folder), json.dumps(runs)],
            env=os.environ | group | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(ranks)
    ]
    outputs = [process.communicate(timeout=300) for process in processes]
    assert all(process.returncode == 0 for process in processes), "\n".join(error[-3000:] for _, error in outputs)
    return [json.loads(line[7:]) for line in outputs[0][0].splitlines() if line.startswith("RESULT ")]


def run_of(
    store: Path,
    stage: int,
    stop_at: int = 0,
    precision: str = "fp32",
    attempt: int = 1,
    text: bool = False,
    spoilt: bool = False,
) -> dict[str, Any]:
    """A run for ``rank``: of the mixture, or of masked text; or one that is to fail for its gradient."""
    return {
        "stage": stage, "store": str(store), "stop_at": stop_at,
        "precision": precision, "attempt": attempt, "text": text, "spoilt": spoilt,
    }  # fmt: skip
