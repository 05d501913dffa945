"""A small world for tests: data sets in the Hub's layout and a tiny encoder, made in a second, by seed.

The tasks are learnable: a premise and a hypothesis agree when they share a colour, a word's tag follows from its
first letter, and a translation keeps its English sentence's numbers. Nothing outside the test's folder is read.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from xfer.tasks.registry import SHIPPED

COLOURS = ("red", "blue", "green", "white")
THINGS = ("apple", "boat", "cat", "dog", "egg", "fish", "goat", "hat")
VERBS = ("sees", "takes", "wants", "holds")
NLI = ("entailment", "neutral", "contradiction")
UPOS = SHIPPED.get("udpos").labels
GERMAN = {word: word + "en" for word in (*COLOURS, *THINGS, *VERBS, "the", ".")}


@dataclass(frozen=True)
class World:
    """Where a test finds things."""

    folder: Path

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def models(self) -> Path:
        return self.folder / "models"

    def environment(self) -> dict[str, str]:
        return {"XFER_DATA": str(self.data), "XFER_MODELS": str(self.models)}


def build(folder: Path, seed: int = 0) -> World:
    """Data for mnli, snli, xnli, pawsx, udpos and tatoeba in English and German, and the model ``tiny``."""
    world = World(folder)
    rng = random.Random(seed)
    for hub_id, config, split, rows in (
        ("nyu-mll/glue", "mnli", "train", 160),
        ("nyu-mll/glue", "mnli", "validation_matched", 40),
        ("stanfordnlp/snli", "plain_text", "train", 160),
        ("stanfordnlp/snli", "plain_text", "validation", 40),
        *(("facebook/xnli", code, split, 30) for code in ("en", "de") for split in ("validation", "test")),
    ):
        put(world.data, hub_id, config, split, *nli(rng, rows, german=config == "de"))
    for code in ("en", "de"):
        for split, rows in (("train", 120), ("validation", 40), ("test", 40)):
            if split != "train" or code == "en":
                paws = paraphrases(rng, rows, german=code == "de")
                put(world.data, "google-research-datasets/paws-x", code, split, *paws)
                name = {"en": "udpos.English", "de": "udpos.German"}[code]
                put(world.data, "google/xtreme", name, split, *tags(rng, rows, german=code == "de"))
    put(world.data, "mteb/tatoeba-bitext-mining", "deu-eng", "test", *translations(rng, 40))
    model(world.models / "tiny", seed)
    return world


def put(root: Path, hub_id: str, config: str, split: str, table: pa.Table, features: dict[str, object]) -> Path:
    """Write one split as Parquet with the Hub's features, and name it in the data set's README."""
    folder = root / hub_id
    path = folder / config / f"{split}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    meta = {"huggingface": json.dumps({"info": {"features": features}})}
    pq.write_table(table.replace_schema_metadata(meta), path)
    found: dict[str, list[str]] = {}
    for file in sorted(folder.rglob("*.parquet")):
        found.setdefault(file.parent.name, []).append(file.stem)
    lines = ["---", "configs:"]
    for name, splits in found.items():
        lines += [f"- config_name: {name}", "  data_files:"]
        lines += [f"  - split: {s}\n    path: {name}/{s}.parquet" for s in splits]
    (folder / "README.md").write_text("\n".join([*lines, "---", f"# {hub_id}", ""]))
    return path


def sentence(rng: random.Random, colour: str | None = None) -> list[str]:
    colour = colour or rng.choice(COLOURS)
    return ["the", colour, rng.choice(THINGS), rng.choice(VERBS), "the", rng.choice(THINGS), "."]


def text(words: Sequence[str], german: bool) -> str:
    return " ".join(GERMAN[word] if german else word for word in words)


def nli(rng: random.Random, rows: int, german: bool = False) -> tuple[pa.Table, dict[str, object]]:
    """The hypothesis names the premise's colour (0), none at all (1), or another colour (2)."""
    columns: dict[str, list[object]] = {"premise": [], "hypothesis": [], "label": []}
    for _ in range(rows):
        label, premise = rng.randrange(3), sentence(rng)
        hypothesis = sentence(rng, premise[1])
        if label == 1:
            del hypothesis[1]
        elif label == 2:
            hypothesis[1] = rng.choice([colour for colour in COLOURS if colour != premise[1]])
        columns["premise"].append(text(premise, german))
        columns["hypothesis"].append(text(hypothesis, german))
        columns["label"].append(label)
    return pa.table(columns), {"premise": STRING, "hypothesis": STRING, "label": labels(NLI)}


def paraphrases(rng: random.Random, rows: int, german: bool) -> tuple[pa.Table, dict[str, object]]:
    """The two sentences have the same colour (1) or not (0)."""
    table, _ = nli(rng, 3 * rows, german)
    keep = [row for row in table.to_pylist() if row["label"] != 1][:rows]
    columns = {
        "id": list(range(len(keep))),
        "sentence1": [row["premise"] for row in keep],
        "sentence2": [row["hypothesis"] for row in keep],
        "label": [int(row["label"] == 0) for row in keep],
    }
    number = {"dtype": "int64", "_type": "Value"}
    features = {"id": number, "sentence1": STRING, "sentence2": STRING, "label": labels(("0", "1"))}
    return pa.table(columns), features


def tags(rng: random.Random, rows: int, german: bool) -> tuple[pa.Table, dict[str, object]]:
    kinds = {**dict.fromkeys(COLOURS, "ADJ"), **dict.fromkeys(THINGS, "NOUN"), **dict.fromkeys(VERBS, "VERB")}
    kinds |= {"the": "DET", ".": "PUNCT"}
    sentences = [sentence(rng) for _ in range(rows)]
    columns = {
        "tokens": [[GERMAN[word] if german else word for word in words] for words in sentences],
        "pos_tags": [[UPOS.index(kinds[word]) for word in words] for words in sentences],
    }
    return pa.table(columns), {"tokens": many(STRING), "pos_tags": many(labels(UPOS))}


def translations(rng: random.Random, rows: int) -> tuple[pa.Table, dict[str, object]]:
    sentences = [sentence(rng) for _ in range(rows)]
    columns = {
        "sentence1": [text(words, german=True) for words in sentences],
        "sentence2": [text(words, german=False) for words in sentences],
    }
    return pa.table(columns), {"sentence1": STRING, "sentence2": STRING}


STRING: dict[str, object] = {"dtype": "string", "_type": "Value"}


def labels(names: Sequence[str]) -> dict[str, object]:
    return {"names": list(names), "_type": "ClassLabel"}


def many(feature: dict[str, object]) -> dict[str, object]:
    return {"feature": feature, "_type": "List"}


def model(folder: Path, seed: int, hidden: int = 32, layers: int = 2) -> Path:
    """A random XLM-R of a few thousand parameters, stored in fp16 as some published models are."""
    folder.mkdir(parents=True, exist_ok=True)
    words = [*GERMAN, *GERMAN.values()]
    vocabulary = {word: i for i, word in enumerate(["<s>", "<pad>", "</s>", "<unk>", "<mask>", *sorted(set(words))])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "architectures": ["XLMRobertaModel"], "model_type": "xlm-roberta", "vocab_size": len(vocabulary),
        "hidden_size": hidden, "num_hidden_layers": layers, "num_attention_heads": 4, "intermediate_size": 2 * hidden,
        "max_position_embeddings": 66, "type_vocab_size": 1, "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2,
        "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1, "initializer_range": 0.02,
        "layer_norm_eps": 1e-5, "dtype": "float16",
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    marks = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "TokenizersBackend", **marks}))
    rng = np.random.default_rng(seed)
    tensors = {
        name: np.ones(shape, np.float16) if "LayerNorm.weight" in name
        else np.zeros(shape, np.float16) if name.endswith("bias")
        else rng.normal(0, 0.02, shape).astype(np.float16)
        for name, shape in _shapes(len(vocabulary), hidden, layers).items()
    }  # fmt: skip
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def _shapes(vocabulary: int, hidden: int, layers: int) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (vocabulary, hidden),
        "embeddings.position_embeddings.weight": (66, hidden),
        "embeddings.token_type_embeddings.weight": (1, hidden),
        "embeddings.LayerNorm.weight": (hidden,),
        "embeddings.LayerNorm.bias": (hidden,),
    }
    for layer in range(layers):
        for name, size in (
            ("attention.self.query", (hidden, hidden)),
            ("attention.self.key", (hidden, hidden)),
            ("attention.self.value", (hidden, hidden)),
            ("attention.output.dense", (hidden, hidden)),
            ("intermediate.dense", (2 * hidden, hidden)),
            ("output.dense", (hidden, 2 * hidden)),
        ):
            shapes[f"encoder.layer.{layer}.{name}.weight"] = size
            shapes[f"encoder.layer.{layer}.{name}.bias"] = (size[0],)
        for name in ("attention.output.LayerNorm", "output.LayerNorm"):
            shapes[f"encoder.layer.{layer}.{name}.weight"] = (hidden,)
            shapes[f"encoder.layer.{layer}.{name}.bias"] = (hidden,)
    return shapes


STUDY = """\
study: small
storage: {storage}
seeds: [11]
models: [tiny]
arms:
  - none
  - snli
  - {{name: mix, mix: [mnli, snli]}}
targets: [xnli, udpos, tatoeba]
recipe:
  default: {{steps: {steps}, batch_size: 16, micro_batch_size: 8, learning_rate: 1e-3, max_length: 32, precision: fp32}}
  override:
    - {{where: {{role: intermediate}}, steps: {more}}}
evaluate:
  - {{tasks: all, languages: all, splits: [validation, test]}}
resources: {{default: {{ranks: 2, per_rank: {{cpu: 1}}, zero_stage: 1, snapshot_every: {every}}}}}
"""
"""A small study of this world: nine cells, eight phases."""
