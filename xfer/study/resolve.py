"""Make a lock, and hold one against the data: runs where the data and models are, without torch."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from xfer.errors import DataError, LockError, ModelError
from xfer.models import scratch, spec
from xfer.models.base import Base
from xfer.study.lock import RELOCK, Lock, LockedSplit, components, declarations
from xfer.study.needs import needs
from xfer.study.planner import plan
from xfer.study.schema import ModelRef, Study
from xfer.tasks.batches import padded_length
from xfer.tasks.data import DataRoots
from xfer.tasks.task import Task
from xfer.tasks.text import TextEncoder

SAMPLE = 2000
"""Rows whose lengths are measured, spread evenly over the split; counts are scaled up."""

LONGEST = 4096
"""Lengths are measured up to here; a recipe cuts them at its own length."""


@dataclass(frozen=True)
class Roots:
    """Folders that stand in for the Hub."""

    data: tuple[Path, ...] = ()
    models: tuple[Path, ...] = ()

    @classmethod
    def from_environment(cls) -> Roots:
        """``XFER_DATA`` and ``XFER_MODELS``: folders, separated as in ``PATH``."""
        return cls(_folders("XFER_DATA"), _folders("XFER_MODELS"))

    def data_roots(self, study: Study, revisions: Mapping[str, str]) -> DataRoots:
        return DataRoots(self.data, dict(revisions), study.world)

    def model_folder(self, name: str, revision: str | None, beside: Path) -> tuple[Path, str | None]:
        """A model's folder and its commit. Raises ``ModelError`` when it is nowhere."""
        folder = spec.find(name, self.models, beside)
        if folder is not None:
            return folder, None
        return _from_hub(name, revision, self.models)


def resolve(study: Study, roots: Roots) -> Lock:
    """The lock of a study. Raises ``DataError`` or ``ModelError`` for what is missing or malformed."""
    wanted = list(dict.fromkeys(needs(study)))
    tasks = [study.registry.get(name) for name in dict.fromkeys(name for name, _, _, _ in wanted)]
    revisions = _commits(tasks, roots)
    data = roots.data_roots(study, revisions)
    bases = {}
    for i, ref in enumerate(study.models):
        try:
            bases[ref.id] = _base(ref, study, roots, data)
            _check_mask(bases[ref.id], tasks)
        except ModelError as error:
            place = study.where("models", i) + (f" ({error.where})" if error.where else "")
            raise ModelError(error.what, place, error.fix) from error
    splits: dict[str, LockedSplit] = {}
    for name, language, split, required in wanted:
        task = study.registry.get(name)
        if required or data.exists(task, language, split):
            splits[f"{name}/{language}/{split}"] = _split(task, language, split, data, bases)
    _check_languages(study, splits, data)
    return Lock(
        components=components(tasks),
        tasks=declarations(tasks),
        revisions=revisions,
        asked=tuple(sorted({f"{name}/{language}/{split}" for name, language, split, _ in wanted})),
        splits=splits,
        models={name: base.spec for name, base in bases.items()},
    )


def lock_of(study: Study, roots: Roots) -> Lock:
    """The lock of a study, held against its plan. Raises ``UserError`` where it cannot be made or planned with."""
    made = resolve(study, roots)
    plan(study, made, {})
    return made


def check_data(study: Study, lock: Lock, roots: Roots, lock_path: Path) -> None:
    """Raise ``LockError`` when the data or models are no longer what the lock says."""
    data, registry = roots.data_roots(study, lock.revisions), study.registry
    if lock.is_published:
        raise LockError("it holds sizes as published, to plan with", str(lock_path), RELOCK)
    for place, locked in lock.splits.items():
        name, language, split = place.split("/")
        if data.fingerprint(registry.get(name), language, split) != locked.data:
            where = data.locate(registry.get(name), language, split)
            raise LockError(f"{where} is no longer what the lock was made from", str(lock_path), RELOCK)
    for ref in study.models:
        locked_model = lock.model(ref.id)
        if (locked_model.tokenizer is None) != (ref.scratch is None):
            raise LockError(f"model {ref.id} is no longer what the lock was made from", str(lock_path), RELOCK)
        if ref.scratch:
            continue  # its text has been checked, and the rest of it is the study's and this version's
        folder, commit = roots.model_folder(ref.id, locked_model.revision, study.path.parent)
        if spec.read(ref.id, folder, commit).fingerprint != locked_model.fingerprint:
            raise LockError(f"{folder} is no longer what the lock was made from", str(lock_path), RELOCK)


def _base(ref: ModelRef, study: Study, roots: Roots, data: DataRoots) -> Base:
    if ref.scratch is None:
        folder, commit = roots.model_folder(ref.id, ref.revision, study.path.parent)
        return Base(spec.read(ref.id, folder, commit), folder)
    task = study.registry.get(ref.scratch.text)
    texts = data.rows(task, task.trains_in, "train")["text"].to_pylist()
    tokenizer = scratch.train_tokenizer(texts, ref.scratch.vocabulary)
    return Base(scratch.spec_of(ref.id, ref.scratch.size, tokenizer), None)


def _check_mask(base: Base, tasks: Sequence[Task]) -> None:
    masked = [task.name for task in tasks if task.format.output == "vocabulary"]
    if masked and base.mask is None:
        what = f"the tokenizer of {base.spec.name} has no mask, which {masked[0]} is trained with"
        raise ModelError(what, fix="use a model that was pretrained with masks, or leave the text out")


def _split(task: Task, language: str, split: str, data: DataRoots, bases: dict[str, Base]) -> LockedSplit:
    rows, labelled = data.rows(task, language, split), data.resolved(task)
    lengths = {name: _lengths(labelled, rows, base) for name, base in bases.items()}
    return LockedSplit(data=data.fingerprint(task, language, split), rows=rows.num_rows, lengths=lengths)


def _lengths(task: Task, rows: pa.Table, base: Base) -> dict[int, int]:
    sample = rows.take(np.unique(np.linspace(0, rows.num_rows - 1, SAMPLE).astype(int)))
    encoded = task.format.encode(task, sample, TextEncoder(base.tokenizer, LONGEST))
    lengths = np.asarray(encoded["input_ids"].combine_chunks().value_lengths())
    counts = Counter(padded_length(int(length)) for length in lengths)
    return {length: round(n * rows.num_rows / sample.num_rows) for length, n in sorted(counts.items())}


def _check_languages(study: Study, splits: dict[str, LockedSplit], data: DataRoots) -> None:
    """A language that the study names must be there; a target must have something to evaluate."""
    for i, entry in enumerate(study.evaluate):
        tasks = [study.registry.get(target.task) for target in study.targets_of(entry)]
        held = {
            code
            for task in (tasks if entry.languages != "all" else ())
            for code in task.languages
            for split in entry.splits
            if split in task.splits and data.exists(task, code, split)
        }
        for j, code in enumerate(() if entry.languages == "all" else entry.languages):
            if code not in held:
                where = study.where("evaluate", i, "languages", j)
                raise DataError(f"the data hold no '{code}'", where, f"they hold {', '.join(sorted(held))}")
        for task in tasks:
            if not any(place.startswith(f"{task.name}/") and place.split("/")[2] in entry.splits for place in splits):
                raise DataError(
                    f"no data to evaluate target '{task.name}' on",
                    study.where("evaluate", i),
                    f"give a copy of {task.source} with XFER_DATA or --data",
                )


def _commits(tasks: Sequence[Task], roots: Roots) -> dict[str, str]:
    """The Hub's current commits of the data sets that no root holds."""
    data = DataRoots(roots.data)
    wanted = {hub_id: branch for task in tasks for hub_id, branch in task.source.on_hub(data).items()}
    if not wanted:
        return {}
    from huggingface_hub import HfApi

    commits = {}
    for hub_id, branch in sorted(wanted.items()):
        try:
            commits[hub_id] = str(HfApi().dataset_info(hub_id, revision=branch, timeout=20).sha)
        except Exception as error:  # no network, no such id, no right: all end the same way
            tried = os.pathsep.join(map(str, roots.data)) or "none given"
            raise DataError(
                f"data set {hub_id} is in no data root ({tried}) and not on the Hub ({type(error).__name__})",
                fix="give a folder in the Hub's layout with XFER_DATA or --data, or check the network",
            ) from error
    return commits


def _from_hub(name: str, revision: str | None, tried: tuple[Path, ...]) -> tuple[Path, str | None]:
    from huggingface_hub import snapshot_download

    patterns = ["config.json", "tokenizer*.json", "special_tokens_map.json", "model*.safetensors*"]
    try:
        folder = Path(snapshot_download(name, revision=revision, allow_patterns=patterns, etag_timeout=20))
    except Exception as error:  # no network, no such id, no right: all end the same way
        roots = os.pathsep.join(map(str, tried)) or "none given"
        raise ModelError(
            f"model '{name}' is in no model root ({roots}) and not on the Hub ({type(error).__name__})",
            fix="give its folder with XFER_MODELS or --models, or check the name and the network",
        ) from error
    return folder, folder.name


def _folders(variable: str) -> tuple[Path, ...]:
    return tuple(Path(folder).resolve() for folder in os.environ.get(variable, "").split(os.pathsep) if folder)
