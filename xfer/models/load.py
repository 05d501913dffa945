"""Load and save models as folders that ``from_pretrained`` reads: safetensors, config, tokenizer."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModel
from transformers.utils import logging

from xfer.errors import ModelError
from xfer.models.encoder import EncoderWithHeads
from xfer.models.heads import new_head
from xfer.models.spec import HeadSpec

logging.set_verbosity_error()  # type: ignore[no-untyped-call]
logging.disable_progress_bar()  # type: ignore[no-untyped-call]

HEADS_FILE = "heads.safetensors"
HEADS_CONFIG = "heads.json"
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")


def load_encoder(folder: Path, dropout: float | None) -> Any:
    """The encoder in ``folder`` in fp32, without a pooler, whatever number format the file has."""
    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
        for name, rate in config.to_dict().items() if dropout is not None else ():
            if "dropout" in name and isinstance(rate, (int, float)):
                setattr(config, name, dropout)
        encoder = AutoModel.from_pretrained(
            folder, config=config, dtype=torch.float32, use_safetensors=True, local_files_only=True
        )
    except (OSError, ValueError, RuntimeError) as error:
        raise ModelError(f"cannot load the encoder: {error}", str(folder)) from error
    if getattr(encoder, "pooler", None) is not None:
        encoder.pooler = None  # no head here uses it, and without a gradient it would stop ZeRO
    return encoder


def with_new_heads(folder: Path, heads: Sequence[HeadSpec], dropout: float | None, seed: int) -> EncoderWithHeads:
    """The encoder of ``folder`` with new heads, each from ``seed`` and its name."""
    encoder = load_encoder(folder, dropout)
    config = encoder.config
    rate = dropout if dropout is not None else float(getattr(config, "hidden_dropout_prob", 0.0) or 0.0)
    scale = float(getattr(config, "initializer_range", 0.02))
    new = {head.name: new_head(head, config.hidden_size, rate, scale, seed) for head in heads}
    return EncoderWithHeads(encoder, new)


def load_trained(folder: Path) -> EncoderWithHeads:
    """A checkpoint that ``save`` wrote, or a pretrained model without heads."""
    encoder = load_encoder(folder, None)
    heads: dict[str, torch.nn.Module] = {}
    if (folder / HEADS_CONFIG).exists():
        described: Mapping[str, Mapping[str, object]] = json.loads((folder / HEADS_CONFIG).read_text())
        for name, head in described.items():
            spec = HeadSpec(name, str(head["output"]), int(str(head["size"])))
            heads[name] = new_head(spec, encoder.config.hidden_size, 0.0, 0.0, 0)
    model = EncoderWithHeads(encoder, heads)
    if heads:
        model.heads.load_state_dict(load_file(folder / HEADS_FILE))
    return model


def save(
    folder: Path,
    model: EncoderWithHeads,
    weights: Mapping[str, torch.Tensor],
    heads: Sequence[HeadSpec],
    base: Path,
) -> None:
    """Write a checkpoint: the encoder for ``from_pretrained``, heads beside it, the tokenizer's files.

    Configuration and tokenizer are those of the pretrained model in ``base``: a recipe's dropout ends with its phase.
    ``weights`` are full fp32 tensors by the name that ``model.named_parameters()`` gives them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    parts = {"encoder.": {}, "heads.": {}}  # type: dict[str, dict[str, torch.Tensor]]
    for name, tensor in weights.items():
        prefix = next(prefix for prefix in parts if name.startswith(prefix))
        parts[prefix][name.removeprefix(prefix)] = tensor.contiguous()
    config = AutoConfig.from_pretrained(base, trust_remote_code=False, local_files_only=True)
    config.dtype = "float32"
    config.architectures = [type(model.encoder).__name__]
    config.save_pretrained(folder)
    save_file(parts["encoder."], folder / "model.safetensors", metadata={"format": "pt"})
    save_file(parts["heads."], folder / HEADS_FILE, metadata={"format": "pt"})
    described = {head.name: {"output": head.output, "size": head.size, "labels": head.labels} for head in heads}
    (folder / HEADS_CONFIG).write_text(json.dumps(described, indent=1, sort_keys=True))
    for name in TOKENIZER_FILES:
        if (base / name).exists():
            shutil.copyfile(base / name, folder / name)
