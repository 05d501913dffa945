"""Models that begin with random weights: a size, a configuration, a tokenizer trained on text. Without torch."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from xfer.errors import ModelError
from xfer.fingerprint import digest
from xfer.models.spec import ModelSpec

MARKS = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
"""Special tokens in the order of their ids, as XLM-R has them."""

POSITIONS = 128
"""Longest input in sub-tokens, special tokens included."""


class Size(NamedTuple):
    """Dimensions of an encoder."""

    layers: int
    hidden: int
    heads: int
    intermediate: int
    scale: float = 0.02
    """Standard deviation of new weights."""


SizeName = Literal["nano", "tiny", "mini", "small", "medium", "base"]

SIZES: Mapping[SizeName, Size] = MappingProxyType(
    {
        "nano": Size(2, 64, 4, 128, 0.1),
        "tiny": Size(2, 128, 2, 512),
        "mini": Size(4, 256, 4, 1024),
        "small": Size(4, 512, 8, 2048),
        "medium": Size(8, 512, 8, 2048),
        "base": Size(12, 768, 12, 3072),
    }
)
"""The sizes of BERT's miniatures (Turc et al. 2019, arXiv 1908.08962), and one below them, which starts from larger
weights: with 0.02 so narrow a model learns slowly."""


def spec_of(name: str, size: SizeName, tokenizer: Mapping[str, Any]) -> ModelSpec:
    """The specification of an XLM-R of that size with that tokenizer, and no weights yet."""
    dimensions, vocabulary = SIZES[size], len(tokenizer["model"]["vocab"])
    config, shapes = config_of(dimensions, vocabulary), parameters_of(dimensions, vocabulary)
    return ModelSpec(
        name=name,
        revision=None,
        fingerprint=digest({"config": config, "tokenizer": tokenizer}),
        parameters=sum(shapes.values()),
        embedding_parameters=sum(n for tensor, n in shapes.items() if tensor.startswith("embeddings")),
        layers=dimensions.layers,
        hidden=dimensions.hidden,
        max_length=POSITIONS,
        pad=MARKS.index("<pad>"),
        config=config,
        tokenizer=tokenizer,
    )


def fits(spec: ModelSpec, size: SizeName, vocabulary: int) -> bool:
    """Whether ``spec`` is a model from scratch of that size and vocabulary."""
    return spec.tokenizer is not None and spec.config == config_of(SIZES[size], vocabulary)


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> Mapping[str, Any]:
    """Byte-pair encoding with exactly ``vocabulary`` sub-tokens, as the content of a ``tokenizer.json``.

    Raises ``ModelError`` when the text has not enough different pieces to fill it.
    """
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.BpeTrainer(vocab_size=vocabulary, special_tokens=list(MARKS), show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    filled = tokenizer.get_vocab_size()
    if filled != vocabulary:
        what = "has more different letters" if filled > vocabulary else "cannot fill it"
        raise ModelError(
            f"vocabulary {vocabulary} does not fit: the text {what}",
            fix=f"set it to {filled} {'or more' if filled > vocabulary else 'or less, or give more text'}",
        )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", MARKS.index("<s>")), ("</s>", MARKS.index("</s>"))],
    )
    content: dict[str, Any] = json.loads(tokenizer.to_str())
    return content


def config_of(size: Size, vocabulary: int, positions: int = POSITIONS) -> dict[str, Any]:
    """Configuration of an XLM-R encoder for inputs of so many sub-tokens, pooled by the mean."""
    return {
        "model_type": "xlm-roberta",
        "vocab_size": vocabulary,
        "hidden_size": size.hidden,
        "num_hidden_layers": size.layers,
        "num_attention_heads": size.heads,
        "intermediate_size": size.intermediate,
        "max_position_embeddings": positions + 2,
        "type_vocab_size": 1,
        "bos_token_id": 0,
        "pad_token_id": 1,
        "eos_token_id": 2,
        "hidden_dropout_prob": 0.1,
        "attention_probs_dropout_prob": 0.1,
        "initializer_range": size.scale,
        "classifier_pooling": "mean",
        "layer_norm_eps": 1e-5,
    }


def parameters_of(size: Size, vocabulary: int, positions: int = POSITIONS) -> dict[str, int]:
    """Numbers of parameters of an XLM-R encoder without pooler, by part."""
    hidden, wide = size.hidden, size.intermediate
    norm = 2 * hidden
    shapes = {
        "embeddings": (vocabulary + positions + 2 + 1) * hidden + norm,
        "attention": 4 * (hidden * hidden + hidden) + norm,
        "feed-forward": math.prod((2, hidden, wide)) + wide + hidden + norm,
    }
    return {part: n * (1 if part == "embeddings" else size.layers) for part, n in shapes.items()}
