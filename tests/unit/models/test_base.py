"""Base: a model before any phase, from a folder or from scratch, read without torch."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import world
from xfer.errors import ModelError
from xfer.models import scratch, spec
from xfer.models.base import Base

FRESH = scratch.spec_of("fresh", "nano", scratch.train_tokenizer(["ba bo bu ab ob ub", "bab bob"], 18))


def of_folder(folder: Path) -> Base:
    return Base(spec.read("tiny", folder, None), folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return world.model(tmp_path / "tiny", seed=0)


def test_the_tokenizer_is_the_folders_or_the_specifications(folder: Path) -> None:
    assert of_folder(folder).tokenizer.encode("the red cat .").tokens == ["<s>", "the", "red", "cat", ".", "</s>"]
    assert Base(FRESH, None).tokenizer.encode("bo").tokens[0] == "<s>"
    assert Base(FRESH, None).tokenizer.get_vocab_size() == 18


def test_the_mask_is_found_by_its_name_if_there_is_one(folder: Path) -> None:
    assert of_folder(folder).mask == Base(FRESH, None).mask == 4
    path = folder / "tokenizer.json"
    path.write_text(path.read_text().replace("<mask>", "[MASK]"))
    assert of_folder(folder).mask == 4
    path.write_text(path.read_text().replace("[MASK]", "[HIDDEN]"))
    assert of_folder(folder).mask is None


def test_a_file_that_is_no_tokenizer_is_a_model_error_that_names_it(folder: Path) -> None:
    (folder / "tokenizer.json").write_text('{"version": "1.0"')
    with pytest.raises(ModelError, match="not a tokenizer") as error:
        _ = of_folder(folder).tokenizer
    assert error.value.where == str(folder / "tokenizer.json")


def test_a_checkpoint_gets_the_tokenizer_files_that_there_are(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "checkpoint"
    target.mkdir()
    of_folder(folder).write_tokenizer(target)
    assert sorted(path.name for path in target.iterdir()) == ["tokenizer.json", "tokenizer_config.json"]
    assert all((target / name.name).read_bytes() == (folder / name.name).read_bytes() for name in target.iterdir())


def test_a_checkpoint_of_a_model_from_scratch_gets_its_tokenizer_and_the_names_of_its_marks(tmp_path: Path) -> None:
    Base(FRESH, None).write_tokenizer(tmp_path)
    assert json.loads((tmp_path / "tokenizer.json").read_text()) == FRESH.tokenizer
    described = json.loads((tmp_path / "tokenizer_config.json").read_text())
    assert {described[f"{name}_token"] for name in ("bos", "eos", "pad", "unk", "mask")} == set(scratch.MARKS)
