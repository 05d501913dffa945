"""Make a lock, and hold one against the data: runs where the data and models are, without torch."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from xfer.errors import DataError, LockError, ModelError
from xfer.models import spec
from xfer.study.lock import RELOCK, Lock, LockedSplit, components, declarations
from xfer.study.needs import needs
from xfer.study.schema import ModelRef, Study
from xfer.tasks import registry
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

    def data_roots(self, lock: Lock | None = None) -> DataRoots:
        return DataRoots(self.data, dict(lock.revisions) if lock else {})

    def model_folder(self, model: ModelRef, base: Path, revision: str | None) -> tuple[Path, str | None]:
        """A model's folder and its commit. Raises ``ModelError`` when it is nowhere."""
        folder = spec.find(model.id, self.models, base)
        if folder is not None:
            return folder, None
        return _from_hub(model.id, revision or model.revision, self.models)


def resolve(study: Study, roots: Roots) -> Lock:
    """The lock of a study. Raises ``DataError`` or ``ModelError`` for what is missing or malformed."""
    folders = {}
    models = {}
    for i, ref in enumerate(study.models):
        try:
            folder, commit = roots.model_folder(ref, study.path.parent, None)
            models[ref.id] = spec.read(ref.id, folder, commit)
        except ModelError as error:
            place = study.where("models", i) + (f" ({error.where})" if error.where else "")
            raise ModelError(error.what, place, error.fix) from error
        folders[ref.id] = folder
    wanted = list(dict.fromkeys(needs(study)))
    data = replace(roots.data_roots(), revisions=_commits({task for task, _, _, _ in wanted}, roots))
    splits: dict[str, LockedSplit] = {}
    for name, language, split, required in wanted:
        task = registry.get(name)
        if required or data.exists(task, language, split):
            splits[f"{name}/{language}/{split}"] = _split(task, language, split, data, folders)
    _check_languages(study, splits, data)
    return Lock(
        components=components({name for name, _, _, _ in wanted}),
        tasks=declarations({name for name, _, _, _ in wanted}),
        revisions=data.revisions,
        asked=tuple(sorted({f"{name}/{language}/{split}" for name, language, split, _ in wanted})),
        splits=splits,
        models=models,
    )


def check_data(study: Study, lock: Lock, roots: Roots, lock_path: Path) -> None:
    """Raise ``LockError`` when the data or models are no longer what the lock says."""
    data = roots.data_roots(lock)
    for place, locked in lock.splits.items():
        name, language, split = place.split("/")
        if data.fingerprint(registry.get(name), language, split) != locked.data:
            where = data.locate(registry.get(name), language, split)
            raise LockError(f"{where} is no longer what the lock was made from", str(lock_path), RELOCK)
    for ref in study.models:
        locked_model = lock.model(ref.id)
        folder, commit = roots.model_folder(ref, study.path.parent, locked_model.revision)
        if spec.read(ref.id, folder, commit).fingerprint != locked_model.fingerprint:
            raise LockError(f"{folder} is no longer what the lock was made from", str(lock_path), RELOCK)


def _split(task: Task, language: str, split: str, data: DataRoots, models: dict[str, Path]) -> LockedSplit:
    rows = data.rows(task, language, split)
    lengths = {name: _lengths(task, rows, folder / "tokenizer.json") for name, folder in models.items()}
    return LockedSplit(data=data.fingerprint(task, language, split), rows=rows.num_rows, lengths=lengths)


def _lengths(task: Task, rows: pa.Table, tokenizer: Path) -> dict[int, int]:
    sample = rows.take(np.unique(np.linspace(0, rows.num_rows - 1, SAMPLE).astype(int)))
    encoded = task.format.encode(task, sample, TextEncoder(tokenizer, LONGEST))
    lengths = np.asarray(encoded["input_ids"].combine_chunks().value_lengths())
    counts = Counter(padded_length(int(length)) for length in lengths)
    return {length: round(n * rows.num_rows / sample.num_rows) for length, n in sorted(counts.items())}


def _check_languages(study: Study, splits: dict[str, LockedSplit], data: DataRoots) -> None:
    """A language that the study names must be there; a target must have something to evaluate."""
    for i, entry in enumerate(study.evaluate):
        tasks = study.tasks_of(entry)
        held = {
            code
            for name in (tasks if entry.languages != "all" else ())
            for code in registry.get(name).languages
            for split in entry.splits
            if split in registry.get(name).splits and data.exists(registry.get(name), code, split)
        }
        for j, code in enumerate(() if entry.languages == "all" else entry.languages):
            if code not in held:
                where = study.where("evaluate", i, "languages", j)
                raise DataError(f"the data hold no '{code}'", where, f"they hold {', '.join(sorted(held))}")
        for name in tasks:
            if not any(place.startswith(f"{name}/") and place.split("/")[2] in entry.splits for place in splits):
                raise DataError(
                    f"no data to evaluate target '{name}' on",
                    study.where("evaluate", i),
                    f"give a copy of {registry.get(name).source.hub_id} with XFER_DATA or --data",
                )


def _commits(tasks: set[str], roots: Roots) -> dict[str, str]:
    """The Hub's current commits of the data sets that no root holds."""
    ids = {registry.get(name).source.hub_id for name in tasks}
    wanted = sorted(hub_id for hub_id in ids if not any((root / hub_id).is_dir() for root in roots.data))
    if not wanted:
        return {}
    from huggingface_hub import HfApi

    commits = {}
    for hub_id in wanted:
        try:
            commits[hub_id] = str(HfApi().dataset_info(hub_id, timeout=20).sha)
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
