"""Models from scratch: sizes, a tokenizer that is the same everywhere, weights from a seed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import pytest

from xfer.errors import ModelError
from xfer.models import scratch
from xfer.models.base import Base
from xfer.models.scratch import MARKS, SIZES, SizeName, train_tokenizer
from xfer.models.spec import HeadSpec

TEXTS = [f"{a}{b}ka {b}lo{a} . mi{a}" for a in "abcdefg" for b in "oiuea" for _ in range(3)]


def tokenizer(vocabulary: int = 80) -> Mapping[str, Any]:
    return train_tokenizer(TEXTS, vocabulary)


def base(size: SizeName = "nano", vocabulary: int = 80) -> Base:
    return Base(scratch.spec_of("fresh", size, tokenizer(vocabulary)), None)


def test_every_size_has_a_name() -> None:
    assert set(SIZES) == set(get_args(SizeName))
    assert all(size.hidden % size.heads == 0 for size in SIZES.values())
    hidden = [(size.layers * size.hidden, size.intermediate) for size in SIZES.values()]
    assert hidden == sorted(hidden), "from small to large"


@pytest.mark.parametrize("size", SIZES)
def test_parameters_are_counted_as_transformers_builds_them(size: SizeName) -> None:
    torch = pytest.importorskip("torch", reason="counts are held against a real model")
    from transformers import AutoConfig, AutoModel

    spec = scratch.spec_of("fresh", size, tokenizer())
    with torch.device("meta"):
        config = AutoConfig.for_model(**spec.config)
        model = AutoModel.from_config(config, add_pooling_layer=False)  # type: ignore[no-untyped-call]
    assert spec.parameters == sum(parameter.numel() for parameter in model.parameters())
    assert spec.embedding_parameters == sum(parameter.numel() for parameter in model.embeddings.parameters())
    assert (spec.layers, spec.hidden, spec.vocabulary) == (
        model.config.num_hidden_layers, model.config.hidden_size, model.config.vocab_size,
    )  # fmt: skip
    assert spec.pad == model.config.pad_token_id == model.embeddings.word_embeddings.padding_idx


def test_a_specification_is_known_by_its_configuration_and_its_tokenizer() -> None:
    specs = [
        scratch.spec_of("a", "nano", tokenizer(80)), scratch.spec_of("b", "nano", tokenizer(80)),
        scratch.spec_of("a", "tiny", tokenizer(80)), scratch.spec_of("a", "nano", tokenizer(79)),
    ]  # fmt: skip
    prints = [spec.fingerprint for spec in specs]
    assert prints[0] == prints[1] and len(set(prints)) == 3
    assert [scratch.fits(spec, "nano", 80) for spec in specs] == [True, True, False, False]


@pytest.mark.parametrize("vocabulary", [40, 64, 100])
def test_a_tokenizer_has_exactly_the_vocabulary_that_was_asked_for_and_xlm_rs_marks(vocabulary: int) -> None:
    content = tokenizer(vocabulary)
    ids = content["model"]["vocab"]
    assert sorted(ids.values()) == list(range(vocabulary))
    assert [ids[mark] for mark in MARKS] == [0, 1, 2, 3, 4]


def test_a_tokenizer_reads_what_it_was_trained_on_without_unknown_pieces() -> None:
    found = base().tokenizer
    unknown = found.token_to_id("<unk>")
    for text in TEXTS:
        ids = found.encode(text).ids
        assert unknown not in ids
        assert found.decode(ids) == text
    assert unknown in found.encode("Ψ").ids


@pytest.mark.parametrize(("vocabulary", "what"), [(16, "has more different letters"), (100_000, "cannot fill it")])
def test_a_vocabulary_that_does_not_fit_the_text_is_refused_with_the_size_that_would(
    vocabulary: int, what: str
) -> None:
    with pytest.raises(ModelError, match=what) as error:
        tokenizer(vocabulary)
    assert f"vocabulary {vocabulary} does not fit" in error.value.what
    (size,) = (int(word) for word in error.value.fix.split() if word.isdigit())
    assert len(tokenizer(size)["model"]["vocab"]) == size, "the size that is named can be had"


TRAIN = """
import hashlib, json, sys
from tests.unit.models.test_scratch_models import tokenizer
content = json.dumps(tokenizer(100), ensure_ascii=True)
print(hashlib.sha256(content.encode()).hexdigest(), list({"alpha", "beta", "gamma", "delta", "epsilon"}))
"""


def test_a_tokenizer_is_the_same_in_processes_with_other_hash_seeds_and_threads() -> None:
    lines = [
        subprocess.run(
            [sys.executable, "-c", TRAIN], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3],
            env={**os.environ, "PYTHONHASHSEED": seed, "RAYON_NUM_THREADS": threads},
        ).stdout.split(maxsplit=1)
        for seed, threads in (("1", "4"), ("2", "1"))
    ]  # fmt: skip
    assert lines[0][1] != lines[1][1], "the two processes should disagree about the order of a set"
    assert lines[0][0] == lines[1][0]
    assert all(tokenizer(100) == tokenizer(100) for _ in range(5))


def weights(seed: int) -> dict[str, Any]:
    from xfer.models.load import new_encoder

    return {name: parameter.detach() for name, parameter in new_encoder(base(), 0.1, seed).named_parameters()}


def test_initial_weights_follow_from_the_seed_alone() -> None:
    torch = pytest.importorskip("torch", reason="an encoder needs torch")
    first = weights(11)
    torch.manual_seed(99)
    torch.rand(10)
    again, other = weights(11), weights(12)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not any(torch.equal(first[name], other[name]) for name in first if first[name].ndim > 1)


def test_initial_matrices_are_normal_biases_zero_norms_one_and_padding_nothing() -> None:
    pytest.importorskip("torch", reason="an encoder needs torch")
    found, spread = weights(11), base().spec.config["initializer_range"]
    assert sum(values.numel() for values in found.values()) == base().spec.parameters, "no pooler"
    for name, values in found.items():
        if name.endswith("bias"):
            assert not values.any()
        elif "LayerNorm" in name:
            assert values.eq(1).all()
        elif values.numel() > 4000:
            assert float(values.mean()) == pytest.approx(0, abs=0.1 * spread)
            assert float(values.std()) == pytest.approx(spread, rel=0.1)
    words = found["embeddings.word_embeddings.weight"]
    assert not words[1].any() and words[0].any() and words[2].any()


def test_a_checkpoint_of_a_model_from_scratch_is_read_by_transformers(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="an encoder needs torch")
    from transformers import AutoModel, AutoTokenizer

    from xfer.models import load

    start, heads = base(), [HeadSpec("world_text", "vocabulary", 80), HeadSpec("mood", "sequence", 2, ("a", "b"))]
    model = load.with_new_heads(start, None, heads, 0.3, seed=1)
    load.save(tmp_path, model, dict(model.named_parameters()), heads, start)
    theirs = AutoModel.from_pretrained(tmp_path, use_safetensors=True, add_pooling_layer=False)
    ours = dict(model.encoder.named_parameters())
    assert all(torch.equal(parameter, ours[name]) for name, parameter in theirs.named_parameters())
    assert theirs.config.hidden_dropout_prob == 0.1, "a recipe's dropout ends with its phase"
    tokens = AutoTokenizer.from_pretrained(tmp_path)
    assert tokens(TEXTS[0])["input_ids"] == start.tokenizer.encode(TEXTS[0]).ids
    assert (tokens.pad_token_id, tokens.mask_token_id, tokens.unk_token_id) == (1, 4, 3)
    again = load.load_trained(tmp_path)
    assert set(again.heads) == {"world_text", "mood"}
    assert json.loads((tmp_path / "config.json").read_text())["vocab_size"] == 80
