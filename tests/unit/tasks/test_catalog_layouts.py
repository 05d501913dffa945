"""Every task of the catalog on data laid out as on the Hub: what its rows become, and what is said of a bad one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.tasks import perfect, toy
from tests.unit.tasks.layouts import choices, pairs, sentences, spans
from tests.unit.tasks.layouts.case import Case
from xfer.errors import DataError
from xfer.tasks.data import DataRoots
from xfer.tasks.hub import CONVERTED
from xfer.tasks.registry import SHIPPED
from xfer.tasks.source import Concatenation, Hub
from xfer.tasks.text import TextEncoder

CASES = {case.task: case for case in (*choices.CASES, *spans.CASES, *pairs.CASES, *sentences.CASES)}
FROM_HUB = {name for name in SHIPPED.names() if isinstance(SHIPPED.get(name).source, Hub)}
JOINED = {"anli_plus": ("anli", "mnli", "snli")}


@pytest.fixture(autouse=True)
def cache_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")


def source(name: str) -> Hub:
    found = SHIPPED.get(name).source
    assert isinstance(found, Hub)
    return found


def assert_rows(case: Case, root: Path) -> None:
    rows = DataRoots((root,)).rows(SHIPPED.get(case.task), case.language, case.split).to_pydict()
    numbers = rows.pop("example")
    assert rows == case.expected
    assert numbers == sorted({*numbers}) and len(numbers) == len(case.expected["cluster"])


def test_every_task_of_the_hub_is_tried() -> None:
    """Generated tables and files in forms of their own have tests of theirs."""
    assert {*CASES} == FROM_HUB
    assert {*JOINED} == {name for name in SHIPPED.names() if isinstance(SHIPPED.get(name).source, Concatenation)}


@pytest.mark.parametrize("name", CASES)
def test_rows_as_the_hub_has_them_become_the_fields_of_their_format(tmp_path: Path, name: str) -> None:
    CASES[name].write(tmp_path)
    assert_rows(CASES[name], tmp_path)


@pytest.mark.parametrize("name", CASES)
def test_a_malformed_row_is_named_with_its_number_and_its_data_set(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    case.write(tmp_path, wrong=case.wrong)
    with pytest.raises(DataError, match=case.message) as error:
        DataRoots((tmp_path,)).rows(SHIPPED.get(name), case.language, case.split)
    assert "row 1" in error.value.what and f"{case.hub_id} ({case.config}" in error.value.where
    assert error.value.fix


@pytest.mark.parametrize("name", [name for name in CASES if SHIPPED.get(name).metric])
def test_what_a_row_asks_is_encoded_and_a_right_answer_is_its_gold(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    case.write(tmp_path)
    roots = DataRoots((tmp_path,))
    task = roots.resolved(SHIPPED.get(name))
    rows = roots.rows(task, case.language, case.split)
    encoded = task.format.encode(task, rows, TextEncoder(toy.tokenizer(), 64))
    predicted = task.format.decode(task, rows, encoded, perfect.outputs(task, encoded))
    gold, found = predicted["gold"].to_pylist(), predicted["prediction"].to_pylist()
    if name != "panx":  # the other metric of tags counts names, of which a sentence may have none
        assert task.major.compute(gold, found, case.language) == 1


@pytest.mark.parametrize(("name", "copy"), [(name, copy) for name in CASES for copy in source(name).copies])
def test_a_copy_elsewhere_serves_where_a_root_holds_its_configuration(
    tmp_path: Path, name: str, copy: tuple[str, str]
) -> None:
    case, (hub_id, config) = CASES[name], copy
    CASES["sst2"].write(tmp_path / "other", hub_id, "something-else")
    assert source(name).on_hub(DataRoots((tmp_path / "other",))) == {case.hub_id: source(name).branch}
    case.write(tmp_path / "copy", hub_id, config.replace("{code}", case.language))
    if source(name).config != "{code}":
        CASES["sst2"].write(tmp_path / "copy", case.hub_id, "something-else")
    assert source(name).on_hub(DataRoots((tmp_path / "copy",))) == {}
    assert_rows(case, tmp_path / "copy")


@pytest.mark.parametrize("name", [name for name in CASES if source(name).branch == CONVERTED])
def test_a_branch_that_the_hub_converted_is_read_by_its_folders(tmp_path: Path, name: str) -> None:
    """CONFIGURATION/SPLIT/NUMBER.parquet and no README, several configurations beside each other."""
    case = CASES[name]
    case.write(tmp_path)
    case.write(tmp_path, config="other")
    folder = tmp_path / case.hub_id
    (folder / "README.md").unlink()
    for file in list(folder.rglob("*.parquet")):
        (file.parent / file.stem).mkdir()
        file.rename(file.parent / file.stem / "0000.parquet")
    assert_rows(case, tmp_path)


def test_a_concatenation_has_its_parts_rows_in_order_and_their_clusters_apart(tmp_path: Path) -> None:
    roots, task = DataRoots((tmp_path,)), SHIPPED.get("anli_plus")
    for name in JOINED["anli_plus"]:
        case = CASES[name]
        train = SHIPPED.get(name).splits["train"]
        pairs.nli(name, "en", "train", case.hub_id, case.config, train, rows=(0, 2, 1)).write(tmp_path)
    rows = roots.rows(task, "en", "train").to_pydict()
    assert rows["example"] == list(range(9)) and rows["cluster"] == [0, 0, 1, 2, 2, 3, 4, 4, 5]
    assert rows["label"] == ["entailment", "contradiction", "neutral"] * 3 and rows["second"] == ["h0", "h1", "h2"] * 3
    before = roots.fingerprint(task, "en", "train")
    CASES["snli"].write(tmp_path)
    assert roots.fingerprint(task, "en", "train") != before
    assert roots.rows(task, "en", "train")["label"].to_pylist()[6:] == ["contradiction", "neutral"]
    CASES["snli"].write(tmp_path, wrong=CASES["snli"].wrong)
    with pytest.raises(DataError, match=r"snli \(plain_text, train\): row 1: label '3'"):
        roots.rows(task, "en", "train")


def test_a_label_that_training_data_lack_is_never_predicted(tmp_path: Path) -> None:
    """Where the labels are those of the training data, as relations of words to their heads are."""
    case = CASES["deprel"]
    case.write(tmp_path)
    Case(**{**vars(case), "source_split": "validation"}).write(tmp_path, wrong={"deprel": ["vocative"]})
    roots, declared = DataRoots((tmp_path,)), SHIPPED.get("deprel")
    task = roots.resolved(declared)
    assert task.labels == ("det", "root")
    rows = roots.rows(declared, "en", "validation")
    encoded = task.format.encode(task, rows, TextEncoder(toy.tokenizer(), 64))
    predicted = task.format.decode(task, rows, encoded, perfect.outputs(task, encoded))
    assert predicted["gold"].to_pylist() == [["det", "root"], ["vocative"]]
    assert predicted["prediction"].to_pylist() == [["det", "root"], ["det"]]
