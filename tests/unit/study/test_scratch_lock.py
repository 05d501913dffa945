"""Locks of models from scratch: their tokenizer is trained on the study's text and stored."""

from __future__ import annotations

from pathlib import Path

import pytest
from tokenizers import Tokenizer

from tests import world
from tests.unit.study.made import SCRATCH, study
from xfer.errors import LockError, ModelError, UserError
from xfer.models.base import Base
from xfer.models.scratch import MARKS
from xfer.study import lock as locks
from xfer.study import resolve
from xfer.study.lock import Lock
from xfer.study.planner import plan
from xfer.study.resolve import Roots
from xfer.study.schema import Study

WORLD = "{rows: {text: 300, nli: 60, tagging: 40, paraphrase: 40, validation: 20, test: 30}}"
FIELDS = {
    "models": f"[{SCRATCH}]", "world": WORLD,
    "arms": "[none, world_nli]", "targets": "[world_tagging, world_retrieval]",
}  # fmt: skip


def small(folder: Path, **fields: str) -> Study:
    folder.mkdir(exist_ok=True)
    return study(folder, **{**FIELDS, **fields})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Lock:
    return resolve.resolve(small(tmp_path_factory.mktemp("scratch")), Roots())


def test_a_study_of_a_generated_world_and_a_model_from_scratch_needs_no_files(made: Lock, tmp_path: Path) -> None:
    assert made.revisions == {}
    assert made.splits["world_text/mul/train"].rows == 300
    assert made.splits["world_nli/en/train"].rows == 60
    assert made.splits["world_retrieval/qaa/test"].rows == 30
    assert sum(made.splits["world_text/mul/train"].lengths["fresh"].values()) == 300
    assert plan(small(tmp_path), made, {}).cells


def test_the_tokenizer_in_the_lock_has_the_vocabulary_that_was_asked_for(made: Lock) -> None:
    spec = made.models["fresh"]
    tokenizer = Base(spec, None).tokenizer
    assert tokenizer.get_vocab_size() == spec.vocabulary == 64
    assert spec.tokenizer is not None and spec.revision is None


def test_the_same_study_gives_the_same_lock(made: Lock, tmp_path: Path) -> None:
    assert resolve.resolve(small(tmp_path), Roots()) == made


def test_a_lock_with_a_tokenizer_is_read_as_it_was_written(made: Lock, tmp_path: Path) -> None:
    path = tmp_path / "study.lock.json"
    found = small(tmp_path)
    locks.write(path, made)
    assert locks.read(path, found.registry) == made
    resolve.check_data(found, made, Roots(), path)


@pytest.mark.parametrize("change", ["seed: 2", "rows: {text: 301}", "languages: {en: {}, qaa: {cognates: 0.5}}"])
def test_another_world_does_not_fit_the_lock(made: Lock, tmp_path: Path, change: str) -> None:
    found = small(tmp_path, world=f"{{{change}}}")
    with pytest.raises(LockError) as error:
        resolve.check_data(found, made, Roots(), tmp_path / "study.lock.json")
    assert "no longer what the lock was made from" in error.value.what
    assert "xfer lock" in error.value.fix


def test_other_text_gives_another_model(made: Lock, tmp_path: Path) -> None:
    other = resolve.resolve(small(tmp_path, world=WORLD.replace("{rows", "{seed: 2, rows")), Roots())
    assert other.models["fresh"].fingerprint != made.models["fresh"].fingerprint
    assert other.models["fresh"].parameters == made.models["fresh"].parameters


@pytest.mark.parametrize(("vocabulary", "what"), [(50_000, "cannot fill it"), (16, "more different letters")])
def test_a_vocabulary_that_the_text_cannot_fill_or_fit_in_is_told_with_the_studys_line(
    tmp_path: Path, vocabulary: int, what: str
) -> None:
    found = small(tmp_path, models=f"[{SCRATCH.replace('64', str(vocabulary))}]")
    with pytest.raises(ModelError, match=what) as error:
        resolve.resolve(found, Roots())
    assert error.value.where == f"{tmp_path / 'study.yaml'}:4:10"
    assert f"vocabulary {vocabulary} does not fit" in error.value.what
    assert "set it to" in error.value.fix


def test_a_pretrained_model_in_place_of_one_from_scratch_does_not_fit_the_lock(made: Lock, tmp_path: Path) -> None:
    found = small(tmp_path, models="[fresh]")
    with pytest.raises(LockError, match="fresh"):
        resolve.check_data(found, made, Roots(), tmp_path / "study.lock.json")
    with pytest.raises(LockError, match="another model 'fresh'"):
        plan(found, made, {})


def test_the_tokenizer_marks_texts_and_pairs_as_xlm_r_does(made: Lock) -> None:
    tokenizer: Tokenizer = Base(made.models["fresh"], None).tokenizer
    start, end = MARKS.index("<s>"), MARKS.index("</s>")
    single, pair = tokenizer.encode("ba"), tokenizer.encode("ba", "bo")
    assert (single.ids[0], single.ids[-1]) == (start, end)
    assert pair.ids.count(end) == 3 and pair.ids.count(start) == 1
    assert tokenizer.decode(tokenizer.encode("ba bo").ids) == "ba bo"


def test_text_is_nothing_for_a_model_that_cannot_mask(tmp_path: Path) -> None:
    folder = world.model(tmp_path / "models" / "tiny", seed=0)
    fields = {"models": "[tiny]", "arms": "[none, world_text]"}
    roots = Roots((), (folder.parent,))
    assert plan(small(tmp_path, **fields), resolve.resolve(small(tmp_path, **fields), roots), {}).cells
    (folder / "tokenizer.json").write_text((folder / "tokenizer.json").read_text().replace("<mask>", "<hidden>"))
    assert resolve.resolve(small(tmp_path, models="[tiny]"), roots).models["tiny"], "it can be used for all else"
    with pytest.raises(UserError, match="mask") as error:
        resolve.resolve(small(tmp_path, **fields), roots)
    assert str(tmp_path / "study.yaml") in str(error.value) and "tiny" in str(error.value)


NEEDS: dict[str, dict[str, str]] = {
    "best by English validation": {"select": "{rule: best}", "arms": "[none, world_text]"},
    "patience": {
        "recipe": "{default: {steps: 8, max_length: 32}, override: [{where: {role: target}, patience: 2}]}",
        "evaluate": "[{splits: [test]}]",
    },
    "a choice": {"tune": "{learning_rate: [1e-3, 1e-4], seeds: [1]}", "evaluate": "[{splits: [test]}]"},
}  # fmt: skip


@pytest.mark.parametrize("name", NEEDS)
def test_a_lock_holds_what_its_own_plan_needs(tmp_path: Path, name: str) -> None:
    found = small(tmp_path, **NEEDS[name])
    assert plan(found, resolve.resolve(found, Roots()), {}).cells
