"""Load and save models as folders that ``from_pretrained`` reads: safetensors, config, tokenizer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from transformers import MODEL_MAPPING, AutoConfig, AutoModel
from transformers.utils import logging

from xfer.errors import ModelError
from xfer.fingerprint import seed_of
from xfer.models.base import Base
from xfer.models.encoder import EncoderWithHeads
from xfer.models.heads import initialise, new_head
from xfer.models.spec import HeadSpec

logging.set_verbosity_error()  # type: ignore[no-untyped-call]
logging.disable_progress_bar()  # type: ignore[no-untyped-call]

HEADS_FILE = "heads.safetensors"
HEADS_CONFIG = "heads.json"


def load_encoder(folder: Path, dropout: float | None) -> Any:
    """The encoder in ``folder`` in fp32, without a pooler, whatever number format the file has."""
    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
        encoder = AutoModel.from_pretrained(
            folder, config=_with_dropout(config, dropout), dtype=torch.float32,
            use_safetensors=True, local_files_only=True,
        )  # fmt: skip
    except (OSError, ValueError, RuntimeError) as error:
        raise ModelError(f"cannot load the encoder: {error}", str(folder)) from error
    return _fitted(encoder)


def new_encoder(base: Base, dropout: float | None, seed: int) -> Any:
    """An encoder with random weights that follow from ``seed`` alone."""
    config = AutoConfig.for_model(**base.spec.config)
    encoder = AutoModel.from_config(_with_dropout(config, dropout), dtype=torch.float32)  # type: ignore[no-untyped-call]
    _fitted(encoder)
    initialise(encoder, float(config.initializer_range), seed_of("encoder", seed))
    if (padding := encoder.get_input_embeddings().padding_idx) is not None:
        with torch.no_grad():
            encoder.get_input_embeddings().weight[padding].zero_()
    return encoder


def with_new_heads(
    base: Base, start: Path | None, heads: Sequence[HeadSpec], dropout: float | None, seed: int
) -> EncoderWithHeads:
    """The encoder of the checkpoint ``start`` (None: of the base) with new heads, each from ``seed`` and its name."""
    folder = start or base.folder
    encoder = new_encoder(base, dropout, seed) if folder is None else load_encoder(folder, dropout)
    config = encoder.config
    rate = dropout if dropout is not None else float(getattr(config, "hidden_dropout_prob", 0.0) or 0.0)
    scale = float(getattr(config, "initializer_range", 0.02))
    new = {head.name: new_head(head, config.hidden_size, rate, scale, seed) for head in heads}
    return EncoderWithHeads(encoder, new)


def load_trained(folder: Path) -> EncoderWithHeads:
    """A checkpoint that ``save`` wrote, or a pretrained model without heads."""
    encoder = load_encoder(folder, None)
    heads: list[HeadSpec] = []
    if (folder / HEADS_CONFIG).exists():
        described: Mapping[str, Mapping[str, object]] = json.loads((folder / HEADS_CONFIG).read_text())
        heads = [HeadSpec(name, str(head["output"]), int(str(head["size"]))) for name, head in described.items()]
    model = _with_heads(encoder, heads)
    if heads:
        model.heads.load_state_dict(load_file(folder / HEADS_FILE))
    return model


def from_weights(weights: Mapping[str, torch.Tensor], heads: Sequence[HeadSpec], base: Base) -> EncoderWithHeads:
    """What ``load_trained`` gives of a checkpoint that ``save`` wrote with these arguments. The weights are shared."""
    config = AutoConfig.for_model(**base.spec.config)
    parts = _parts(weights)
    kind: Any = MODEL_MAPPING[type(config)]
    encoder = kind.from_pretrained(None, config=config, state_dict=parts["encoder."], dtype=torch.float32)
    model = _with_heads(_fitted(encoder), heads)
    model.heads.load_state_dict(parts["heads."], assign=True)
    return model


def save(
    folder: Path,
    model: EncoderWithHeads,
    weights: Mapping[str, torch.Tensor],
    heads: Sequence[HeadSpec],
    base: Base,
) -> None:
    """Write a checkpoint: the encoder for ``from_pretrained``, heads beside it, the tokenizer's files.

    Configuration and tokenizer are the base's: a recipe's dropout ends with its phase.
    ``weights`` are full fp32 tensors by the name that ``model.named_parameters()`` gives them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    parts = _parts(weights)
    config = AutoConfig.for_model(**base.spec.config)
    config.dtype = "float32"
    config.architectures = [type(model.encoder).__name__]
    config.save_pretrained(folder)
    save_file(parts["encoder."], folder / "model.safetensors", metadata={"format": "pt"})
    save_file(parts["heads."], folder / HEADS_FILE, metadata={"format": "pt"})
    described = {head.name: {"output": head.output, "size": head.size, "labels": head.labels} for head in heads}
    (folder / HEADS_CONFIG).write_text(json.dumps(described, indent=1, sort_keys=True))
    base.write_tokenizer(folder)


def _parts(weights: Mapping[str, torch.Tensor]) -> dict[str, dict[str, torch.Tensor]]:
    """The encoder's weights and the heads', by their own names."""
    parts: dict[str, dict[str, torch.Tensor]] = {"encoder.": {}, "heads.": {}}
    for name, tensor in weights.items():
        prefix = next(prefix for prefix in parts if name.startswith(prefix))
        parts[prefix][name.removeprefix(prefix)] = tensor.contiguous()
    return parts


def _with_heads(encoder: Any, heads: Sequence[HeadSpec]) -> EncoderWithHeads:
    return EncoderWithHeads(
        encoder, {head.name: new_head(head, encoder.config.hidden_size, 0.0, 0.0, 0) for head in heads}
    )


def _with_dropout(config: Any, dropout: float | None) -> Any:
    for name, rate in config.to_dict().items() if dropout is not None else ():
        if "dropout" in name and isinstance(rate, (int, float)):
            setattr(config, name, dropout)
    return config


def _fitted(encoder: Any) -> Any:
    """The encoder without what no head uses, and with the attention that is fastest here."""
    if getattr(encoder, "pooler", None) is not None:
        encoder.pooler = None  # without a gradient it would stop ZeRO
    if not torch.cuda.is_available():
        # PyTorch's fused kernel for CPUs takes four times as long for the backward pass of short inputs in bf16.
        encoder.set_attn_implementation("eager")
    return encoder
