"""One rank of a process group that trains phases with real DeepSpeed; started by ``test_training``.

python -m tests.integration.rank WORLD_JSON RUNS_JSON
"""

from __future__ import annotations

import gc
import json
import math
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
import torch.distributed

from tests.tensorboard import points
from xfer.errors import PhaseFailed
from xfer.evaluation.predict import outputs
from xfer.evaluation.prepared import Preparation
from xfer.models import load, scratch, spec
from xfer.models.base import Base
from xfer.models.encoder import EncoderWithHeads
from xfer.phase.data_set import DataSet
from xfer.phase.phase import Phase
from xfer.phase.recipe import Recipe
from xfer.phase.resources import Resources
from xfer.phase.selection import Rule, Selection
from xfer.phase.versions import TRAINING
from xfer.store import snapshots
from xfer.store.store import Store
from xfer.synthetic.world import Rows, World
from xfer.tasks.data import DataRoots
from xfer.tasks.registry import SHIPPED
from xfer.training import loop
from xfer.training.loss import summed_loss
from xfer.training.saving import Kept

WORLD = World(rows=Rows(text=300, nli=1, tagging=1, paraphrase=1, validation=1, test=1))

JUDGES = (("accuracy", 1), ("tag_f1", 1))


@dataclass(frozen=True)
class Work:
    """What a run trains."""

    phase: Phase
    rules: tuple[Rule, ...]
    preparation: Preparation
    start: Path | None


def data_set(roots: DataRoots, name: str, language: str, split: str) -> DataSet:
    task = SHIPPED.get(name)
    rows = roots.rows(task, language, split).num_rows
    return DataSet(name, language, split, roots.fingerprint(task, language, split), task.declaration_key, rows)


def recipe(precision: str) -> Recipe:
    return Recipe(
        steps=12, batch_size=16, micro_batch_size=4, learning_rate=1e-3, dropout=0.1, max_length=32,
        weight_decay=0.01, precision=precision, mlm_probability=0.3,
    )  # fmt: skip


def mixture(folder: Path, precision: str) -> Work:
    """Two tasks from a pretrained model, with a checkpoint chosen on validation data."""
    roots, model, names = DataRoots((folder / "data",)), folder / "models" / "tiny", ("snli", "udpos")
    preparation = Preparation(roots, SHIPPED, Base(spec.read("tiny", model, None), model))
    sets = tuple(data_set(roots, name, "en", "train") for name in names)
    phase = Phase(sets, (0.5, 0.5), Selection(model="tiny"), "encoder", recipe(precision), 11, None, TRAINING)
    best = Rule("best", tuple(data_set(roots, name, "en", "validation").part(20) for name in names), JUDGES, 5)
    return Work(phase, (Rule(), best), preparation, model)


def masked_text(precision: str) -> Work:
    """Masked text from random weights; the head's projection is tied to the embeddings."""
    roots = DataRoots(world=WORLD)
    text = roots.rows(SHIPPED.get("world_text"), "mul", "train")["text"].to_pylist()
    made = scratch.spec_of("nano", "nano", scratch.train_tokenizer(text, 150))
    sets = (data_set(roots, "world_text", "mul", "train"),)
    phase = Phase(sets, (1.0,), Selection(model="nano"), "encoder", recipe(precision), 11, None, TRAINING)
    return Work(phase, (Rule(),), Preparation(roots, SHIPPED, Base(made, None)), None)


def differences(kept: Kept | None, store: Store, work: Work) -> int:
    """Ranks on which the model that is kept in memory is not, in every bit, the one that the store has."""
    differs = torch.tensor(0)
    torch.distributed.barrier()  # rank 0 has written the checkpoint when it is here
    if kept is not None:
        with store.folder(kept.path) as folder:
            read = load.load_trained(folder)
        held = load.from_weights(kept.weights, kept.heads, work.preparation.base)
        answers = [predictions(model, work) for model in (held, read)]
        weights = [dict(model.named_parameters()) for model in (held, read)]
        same = all(torch.equal(weights[0][name], weight) for name, weight in weights[1].items())
        differs += answers[0] != answers[1] or weights[0].keys() != weights[1].keys() or not same
        torch.distributed.all_reduce(differs)
    return int(differs) + (kept is None)


def predictions(model: EncoderWithHeads, work: Work) -> list[bytes] | None:
    """What a model answers to the data that it was trained on, in every bit; None on ranks other than 0."""
    data = work.phase.trains_on[0]
    found = outputs(model, work.preparation.of(data, 32).encoded, data.task, None, 1, work.phase.recipe.precision)
    if found is None:
        return None
    answers = found.choices if found.logits is None else tuple(found.logits)
    return [answer.tobytes() for answer in answers or ()]


def tensors() -> int:
    """Bytes of all tensors that this process holds."""
    gc.collect()
    storages = [found.untyped_storage() for found in gc.get_objects() if isinstance(found, torch.Tensor)]
    return sum({storage.data_ptr(): storage.nbytes() for storage in storages}.values())


def end_of_spoilt(work: Work, run: dict[str, Any]) -> dict[str, Any]:
    """How every rank ends if one has an infinite gradient of a finite loss in the last step of the phase."""
    one_step = work.phase.recipe.model_copy(update={"steps": 1})

    def spoilt(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        loss = summed_loss(logits, targets)
        if torch.distributed.get_rank() == 0:
            loss.register_hook(lambda gradient: gradient * math.inf)  # type: ignore[no-untyped-call]
        return loss

    ended = "whole"
    resources = Resources(ranks=torch.distributed.get_world_size(), zero_stage=run["stage"])
    with patch.object(loop, "summed_loss", spoilt):
        try:
            loop.train(
                replace(work.phase, recipe=one_step), (Rule(),), work.preparation, work.start,
                resources, Store(run["store"]), run["attempt"], None, lambda step, metrics: False,
            )  # fmt: skip
        except PhaseFailed as error:
            ended = error.what
    ends = [""] * resources.ranks
    torch.distributed.all_gather_object(ends, ended)
    return {"ends": ends}


def tell(found: dict[str, Any]) -> None:
    """What ``launch`` reads of a run, from rank 0."""
    if torch.distributed.get_rank() == 0:
        print("RESULT " + json.dumps(found), flush=True)  # noqa: T201


def main(folder: Path, runs: list[dict[str, Any]]) -> None:
    torch.distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    torch.set_num_threads(1)
    world, rank = torch.distributed.get_world_size(), torch.distributed.get_rank()
    for run in runs:
        work = masked_text(run["precision"]) if run["text"] else mixture(folder, run["precision"])
        if run["spoilt"]:
            tell(end_of_spoilt(work, run))
            continue
        losses: list[float] = []

        def on_step(step: int, metrics: Any, run: dict[str, Any] = run, losses: list[float] = losses) -> bool:
            losses.append(metrics["loss"])
            return bool(step == run["stop_at"])

        resources = Resources(ranks=world, zero_stage=run["stage"], snapshot_every=5)
        store = Store(run["store"])
        resume = snapshots.newest(store, work.phase.key, [rule.key for rule in work.rules])
        before = tensors()
        trained = loop.train(
            work.phase, work.rules, work.preparation, work.start, resources, store, run["attempt"], resume, on_step
        )
        differing = differences(trained.kept, store, work) if trained.finished else 0
        trained = replace(trained, kept=None)
        if rank == 0:
            found = {
                "differences": differing,
                "grown": tensors() - before,
                "logged": points(Path(run["store"]) / "tensorboard" / work.phase.key / f"attempt-{run['attempt']}"),
                "engine": trained.engine,
                "finished": trained.finished,
                "losses": losses,
                "step": trained.progress.step,
                "curves": trained.progress.curves,
                "tokens": trained.progress.tokens,
                "examples": sum(trained.progress.examples_of),
                "selections": trained.selections,
            }
            tell(found)
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]))
