"""What a model is, read without torch: configuration, tokenizer, parameter count, fingerprint.

A model is a Hub id or a folder with ``config.json``, ``tokenizer.json`` and safetensors. Nothing else is
opened: no pickled weights, no code that comes with a model.
"""

from __future__ import annotations

import hashlib
import json
import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xfer.errors import ModelError
from xfer.fingerprint import file_digest

ENCODERS = frozenset(
    [
        "albert",
        "bert",
        "camembert",
        "deberta",
        "deberta-v2",
        "distilbert",
        "electra",
        "ernie",
        "modernbert",
        "mpnet",
        "rembert",
        "roberta",
        "xlm-roberta",
        "xlm-roberta-xl",
    ]
)
"""``model_type`` of the encoders that take sub-token ids and an attention mask."""

LEARNED_OFFSET = frozenset(["camembert", "mpnet", "roberta", "xlm-roberta", "xlm-roberta-xl"])
"""Encoders whose position table starts behind the padding index, so two positions are not usable."""


@dataclass(frozen=True)
class HeadSpec:
    """A head, as far as torch needs to know it."""

    name: str
    output: str
    """``sequence``, ``choice``, ``token``, ``span`` or ``vocabulary``."""
    size: int
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class ModelSpec:
    """An encoder, pretrained or from scratch, as a lock keeps it."""

    name: str
    """As the study names it."""
    revision: str | None
    """Commit on the Hub, None for a folder."""
    fingerprint: str
    """sha256 over configuration, tokenizer and weights (none from scratch)."""
    parameters: int
    embedding_parameters: int
    layers: int
    hidden: int
    max_length: int
    """Longest input in sub-tokens."""
    pad: int
    config: Mapping[str, Any]
    tokenizer: Mapping[str, Any] | None = None
    """Of a model from scratch: the content of its ``tokenizer.json``, trained when the lock was made."""

    @property
    def vocabulary(self) -> int:
        """Sub-tokens that it has embeddings for."""
        return int(self.config["vocab_size"])


def find(name: str, roots: Sequence[Path], base: Path) -> Path | None:
    """The folder of a model: below a model root, or a path from ``base``; None: ask the Hub."""
    return next((folder for folder in (*(root / name for root in roots), base / name) if folder.is_dir()), None)


def read(name: str, folder: Path, revision: str | None) -> ModelSpec:
    """Read a model's folder. Raises ``ModelError`` when it is no encoder or lacks a file."""
    config = _json(folder / "config.json")
    kind = str(config.get("model_type"))
    if kind not in ENCODERS:
        raise ModelError(
            f"model_type '{kind}' is not an encoder this system trains",
            str(folder),
            f"known are {', '.join(sorted(ENCODERS))}",
        )
    if not (folder / "tokenizer.json").is_file():
        raise ModelError("there is no tokenizer.json", str(folder), "save the model with a fast tokenizer")
    shapes = _shapes(folder)
    embeddings = sum(math.prod(shape) for tensor, shape in shapes.items() if "embeddings." in tensor)
    positions = int(config.get("max_position_embeddings", 512)) - (2 if kind in LEARNED_OFFSET else 0)
    return ModelSpec(
        name=name,
        revision=revision,
        fingerprint=_fingerprint(folder),
        parameters=sum(math.prod(shape) for shape in shapes.values()),
        embedding_parameters=embeddings,
        layers=int(config.get("num_hidden_layers", config.get("n_layers", 0))),
        hidden=int(config.get("hidden_size", config.get("dim", 0))),
        max_length=positions,
        pad=int(config.get("pad_token_id") or 0),
        config=config,
    )


def weights(folder: Path) -> list[Path]:
    """The safetensors files of a model. Raises ``ModelError`` when there are none."""
    files = sorted(folder.glob("model*.safetensors"))
    if not files:
        raise ModelError(
            "there are no safetensors weights",
            str(folder),
            "convert the model to safetensors, or pick a revision that has them",
        )
    return files


def _shapes(folder: Path) -> dict[str, Sequence[int]]:
    """Tensor shapes from the headers: 8 bytes of length, then JSON (the safetensors format)."""
    shapes: dict[str, Sequence[int]] = {}
    for file in weights(folder):
        try:
            with file.open("rb") as stream:
                (length,) = struct.unpack("<Q", stream.read(8))
                tensors = {name: t for name, t in json.loads(stream.read(length)).items() if name != "__metadata__"}
            shapes.update({name: tensor["shape"] for name, tensor in tensors.items()})
            expected = 8 + length + max((tensor["data_offsets"][1] for tensor in tensors.values()), default=0)
        except (
            OSError,
            ValueError,
            LookupError,
            TypeError,
            AttributeError,
            struct.error,
            MemoryError,
            OverflowError,
        ) as error:
            raise ModelError("not a safetensors file", str(file), "download or convert the model again") from error
        if file.stat().st_size != expected:
            raise ModelError("the file is not whole", str(file), "download or convert the model again")
    return shapes


def _fingerprint(folder: Path) -> str:
    digest = hashlib.sha256()
    for file in (folder / "config.json", folder / "tokenizer.json", *weights(folder)):
        digest.update(file_digest(file).encode())
    return digest.hexdigest()


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ModelError(f"cannot read it: {error}", str(path), "the model needs a config.json") from error
    if not isinstance(content, dict):
        raise ModelError("this is no JSON object", str(path), "the model needs a config.json")
    return content
