"""Pairs of short sentences with the lengths that MNLI has, and a model of XLM-R's kind to train on them.

What is measured depends on lengths and shapes, not on words: so words are made up, one sub-token each. The labels
can be learned, so that two trainers can be held against each other by their validation loss.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import XLMRobertaConfig, XLMRobertaModel

from tests.world import NLI, STRING, labels, put
from xfer.study.lock import Lock

LOCK = Path(__file__).parents[1] / "jobs" / "studies" / "slices.lock.json"
"""Holds how long MNLI's pairs are in sub-tokens of the model that the slices study takes."""

WORDS = 9_995

LONGEST = 250
"""Sub-tokens of a pair, at most: the model has 256 positions."""

FEATURES: dict[str, object] = {"premise": STRING, "hypothesis": STRING, "label": labels(NLI)}
"""Of a table of pairs, as the Hub has them."""

SPECIAL = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")


def lengths(rows: int, rng: np.random.Generator) -> np.ndarray:
    """Sub-tokens of each pair, drawn as MNLI's are; within a class of padded length all are as likely."""
    counts = Lock.model_validate_json(LOCK.read_bytes()).splits["mnli/en/train"].lengths["xlmr-4m"]
    tops = np.array(sorted(counts))
    bottoms = np.array([8, *tops[:-1]]) + 1
    drawn = rng.choice(len(tops), rows, p=np.array([counts[top] for top in tops]) / sum(counts.values()))
    return np.minimum(rng.integers(bottoms[drawn], tops[drawn] + 1), LONGEST)


def pairs(rows: int, seed: int, word: Callable[[int], str] = "w{}".format) -> pa.Table:
    """Premises, hypotheses and labels: a word of the hypothesis gives the label away. ``word`` names one by number."""
    rng = np.random.default_rng(seed)
    columns: dict[str, list[object]] = {"premise": [], "hypothesis": [], "label": []}
    for total in lengths(rows, rng) - 4:  # the marks around two sentences
        label = int(rng.integers(3))
        first = max(2, round(total * 0.65))
        words = [word(i) for i in rng.integers(30, WORDS, total)]
        words[-1] = word(label * 10 + int(rng.integers(10)))
        columns["premise"].append(" ".join(words[:first]))
        columns["hypothesis"].append(" ".join(words[first:]))
        columns["label"].append(label)
    return pa.table(columns)


def build(folder: Path, rows: int = 4000) -> None:
    """Data in the Hub's layout below ``data``, and the model ``xlmr-4m`` below ``models``."""
    data = folder / "data"
    put(data, "nyu-mll/glue", "mnli", "train", pairs(rows, 1), FEATURES)
    put(data, "nyu-mll/glue", "mnli", "validation_matched", pairs(1000, 2), FEATURES)
    for code in ("en", "de"):
        put(data, "facebook/xnli", code, "test", pairs(2000, 3), FEATURES)
    model(folder / "models" / "xlmr-4m")


def model(folder: Path) -> None:
    """Four million parameters in four layers of 192, with random weights."""
    vocabulary = {word: i for i, word in enumerate((*SPECIAL, *(f"w{i}" for i in range(WORDS))))}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    folder.mkdir(parents=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    marks = {
        "bos_token": "<s>",
        "eos_token": "</s>",
        "pad_token": "<pad>",
        "unk_token": "<unk>",
        "mask_token": "<mask>",
    }
    described = {"tokenizer_class": "TokenizersBackend", **marks}
    (folder / "tokenizer_config.json").write_text(json.dumps(described))
    config = XLMRobertaConfig(
        vocab_size=len(vocabulary), hidden_size=192, num_hidden_layers=4, num_attention_heads=4,
        intermediate_size=768, max_position_embeddings=258, type_vocab_size=1,
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    torch.manual_seed(1)
    XLMRobertaModel(config, add_pooling_layer=False).save_pretrained(folder)
