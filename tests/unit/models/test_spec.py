"""What a model is, read without torch; what is none is one clear error."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tests import world
from xfer.errors import ModelError
from xfer.models import spec
from xfer.models.spec import ModelSpec

HIDDEN, POSITIONS, WIDE, LAYERS = 32, 66, 64, 2


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model of its own for each test, to be broken."""
    return world.model(tmp_path / "org" / "tiny", seed=0)


def configure(folder: Path, changes: Mapping[str, Any]) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def read(folder: Path) -> ModelSpec:
    return spec.read("tiny", folder, "c0ffee")


def test_a_model_is_read_from_its_config_and_its_weights_header(folder: Path) -> None:
    found = read(folder)
    words = json.loads((folder / "config.json").read_text())["vocab_size"]
    embeddings = (words + POSITIONS + 1 + 2) * HIDDEN
    attention = 4 * (HIDDEN * HIDDEN + HIDDEN)
    layer = attention + (HIDDEN * WIDE + WIDE) + (WIDE * HIDDEN + HIDDEN) + 4 * HIDDEN
    assert (found.name, found.revision) == ("tiny", "c0ffee")
    assert (found.embedding_parameters, found.parameters) == (embeddings, embeddings + LAYERS * layer)
    assert (found.layers, found.hidden, found.pad) == (LAYERS, HIDDEN, 1)
    assert found.max_length == POSITIONS - 2, "positions start behind the padding index"


def test_an_encoder_with_positions_from_zero_uses_them_all(folder: Path) -> None:
    configure(folder, {"model_type": "bert", "pad_token_id": 0})
    assert (read(folder).max_length, read(folder).pad) == (POSITIONS, 0)


def test_weights_in_several_files_count_as_one_model(folder: Path) -> None:
    whole, file = read(folder), folder / "model.safetensors"
    tensors = sorted(load_file(file).items())
    save_file(dict(tensors[:7]), folder / "model-00001-of-00002.safetensors")
    save_file(dict(tensors[7:]), folder / "model-00002-of-00002.safetensors")
    file.unlink()
    assert read(folder).parameters == whole.parameters
    assert read(folder).embedding_parameters == whole.embedding_parameters


def test_the_fingerprint_follows_config_tokenizer_and_weights_alone(folder: Path, tmp_path: Path) -> None:
    same = world.model(tmp_path / "elsewhere", seed=0)
    (same / "README.md").write_text("a card")
    assert read(same).fingerprint == read(folder).fingerprint
    prints = {read(folder).fingerprint, read(world.model(tmp_path / "other", seed=1)).fingerprint}
    for name in ("config.json", "tokenizer.json"):
        changed = world.model(tmp_path / f"changed-{name}", seed=0)
        (changed / name).write_text((changed / name).read_text() + "\n")
        prints.add(read(changed).fingerprint)
    assert len(prints) == 4


def header(content: bytes) -> bytes:
    return struct.pack("<Q", len(content)) + content


@pytest.mark.parametrize(
    "content",
    [
        b"", b"abc", b"\x00" * 7, b"not a safetensors file at all",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 3\n",
        struct.pack("<Q", 2**63) + b"{}", header(b'{"a": '), header(b"\xff\xfe"), header(b"[]"), header(b'{"a": 1}'),
        header(b'{"a": {"dtype": "F16"}}'),
    ],
)  # fmt: skip
def test_weights_with_a_broken_header_are_a_model_error_that_names_the_file(folder: Path, content: bytes) -> None:
    (folder / "model.safetensors").write_bytes(content)
    with pytest.raises(ModelError, match="not a safetensors file") as error:
        read(folder)
    assert str(folder / "model.safetensors") in str(error.value)


@pytest.mark.parametrize("keep", [-1, -1000, -20000])
def test_weights_of_a_download_that_broke_off_are_a_model_error(folder: Path, keep: int) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(ModelError) as error:
        read(folder)
    assert str(file) in str(error.value)


def test_pickled_weights_are_not_opened(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="no safetensors weights") as error:
        read(folder)
    assert "convert" in error.value.fix and str(folder) in str(error.value)


def test_a_model_without_a_fast_tokenizer_is_a_model_error(folder: Path) -> None:
    (folder / "tokenizer.json").rename(folder / "sentencepiece.bpe.model")
    with pytest.raises(ModelError, match=r"no tokenizer\.json") as error:
        read(folder)
    assert "fast tokenizer" in error.value.fix


@pytest.mark.parametrize("kind", ["gpt2", "llama", "t5", None])
def test_what_is_no_encoder_is_named_with_those_that_are(folder: Path, kind: str | None) -> None:
    configure(folder, {"model_type": kind})
    with pytest.raises(ModelError, match=f"model_type '{kind}' is not an encoder") as error:
        read(folder)
    assert "xlm-roberta" in error.value.fix


@pytest.mark.parametrize("content", [None, "{", "", "[1]", '"bert"'])
def test_a_config_that_is_missing_or_no_json_object_is_a_model_error(folder: Path, content: str | None) -> None:
    path = folder / "config.json"
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(ModelError) as error:
        read(folder)
    assert str(path) in str(error.value)


def test_a_model_is_found_below_a_root_first_and_then_beside_the_study(tmp_path: Path) -> None:
    roots = [tmp_path / "a", tmp_path / "b"]
    base = tmp_path / "studies"
    for place in (roots[1], base):
        (place / "org" / "m").mkdir(parents=True)
    (base / "mine").mkdir()
    assert spec.find("org/m", roots, base) == roots[1] / "org/m"
    assert spec.find("./mine", roots, base) == base / "mine"
    assert spec.find("nobody/nothing", roots, base) is None


def test_a_scalar_tensor_counts_as_one_parameter(folder: Path) -> None:
    before = read(folder).parameters
    tensors = load_file(folder / "model.safetensors") | {"scale": np.array(1, np.float16)}
    save_file(tensors, folder / "model.safetensors")
    assert read(folder).parameters == before + 1
