"""One rank of a process group that trains phases with real DeepSpeed; started by ``test_training``.

python -m tests.integration.rank WORLD_JSON RUNS_JSON
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
import torch.distributed

from xfer.evaluation.prepared import Preparation
from xfer.models import spec
from xfer.models.base import Base
from xfer.phase.data_set import DataSet
from xfer.phase.phase import Phase
from xfer.phase.recipe import Recipe
from xfer.phase.resources import Resources
from xfer.phase.selection import Rule, Selection
from xfer.phase.versions import TRAINING
from xfer.store import snapshots
from xfer.store.store import Store
from xfer.tasks.data import DataRoots
from xfer.tasks.registry import SHIPPED
from xfer.training.loop import train


def data_set(roots: DataRoots, name: str, split: str) -> DataSet:
    task = SHIPPED.get(name)
    rows = roots.rows(task, "en", split).num_rows
    return DataSet(name, "en", split, roots.fingerprint(task, "en", split), task.declaration_key, rows)


def main(folder: Path, runs: list[dict[str, object]]) -> None:
    torch.distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    torch.set_num_threads(1)
    roots = DataRoots((folder / "data",))
    model = folder / "models" / "tiny"
    preparation = Preparation(roots, SHIPPED, Base(spec.read("tiny", model, None), model))
    world, rank = torch.distributed.get_world_size(), torch.distributed.get_rank()
    for run in runs:
        sets = tuple(data_set(roots, name, "train") for name in ("snli", "udpos"))
        recipe = Recipe(
            steps=12, batch_size=16, micro_batch_size=4, learning_rate=1e-3, dropout=0.1, max_length=32,
            weight_decay=0.01, precision=str(run["precision"]),
        )  # fmt: skip
        phase = Phase(sets, (0.5, 0.5), Selection(model="tiny"), "encoder", recipe, 11, None, TRAINING)
        best = Rule("best", tuple(data_set(roots, name, "validation").part(20) for name in ("snli", "udpos")), 5)
        losses: list[float] = []

        def on_step(step: int, metrics: object, run: dict[str, object] = run, losses: list[float] = losses) -> bool:
            losses.append(metrics["loss"])  # type: ignore[index]
            return step == run["stop_at"]

        resources = Resources(ranks=world, zero_stage=int(str(run["stage"])), snapshot_every=5)
        store, attempt = Store(str(run["store"])), int(str(run["attempt"]))
        resume = snapshots.newest(store, phase.key, [Rule().key, best.key])
        trained = train(phase, (Rule(), best), preparation, model, resources, store, attempt, resume, on_step)
        if rank == 0:
            found = {
                "engine": trained.engine,
                "finished": trained.finished,
                "losses": losses,
                "step": trained.progress.step,
                "curves": trained.progress.curves,
                "tokens": trained.progress.tokens,
                "examples": sum(trained.progress.examples_of),
                "selections": trained.selections,
            }
            print("RESULT " + json.dumps(found), flush=True)  # noqa: T201
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]))
