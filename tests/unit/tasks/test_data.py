"""Rows of a task: labels by name, and whatever is wrong with the files said with its place."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pytest

from tests.world import NLI, STRING, UPOS, World, labels, many, put
from xfer.errors import DataError
from xfer.tasks.data import DataRoots
from xfer.tasks.hub import HubSplit
from xfer.tasks.registry import SHIPPED
from xfer.tasks.source import Hub

NUMBER: dict[str, object] = {"dtype": "int64", "_type": "Value"}


@pytest.fixture(autouse=True)
def cache_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")


def nli(root: Path, values: Sequence[object], feature: dict[str, object], task: str = "mnli") -> DataRoots:
    """Training data of an NLI task with these labels."""
    source = SHIPPED.get(task).source
    assert isinstance(source, Hub)
    texts = {"premise": [f"p{i // 3}" for i in range(len(values))], "hypothesis": [f"h{i}" for i in range(len(values))]}
    table = pa.table({**texts, "label": values})
    put(root, source.hub_id, source.config, "train", table, {"premise": STRING, "hypothesis": STRING, "label": feature})
    return DataRoots((root,))


def tagged(root: Path, tokens: object, tags: object, names: Sequence[str] = UPOS) -> DataRoots:
    table = pa.table({"tokens": tokens, "pos_tags": tags})
    put(
        root,
        "google/xtreme",
        "udpos.English",
        "train",
        table,
        {"tokens": many(STRING), "pos_tags": many(labels(names))},
    )
    return DataRoots((root,))


def labels_of(roots: DataRoots, task: str = "mnli", language: str = "en") -> list[str]:
    found: list[str] = roots.rows(SHIPPED.get(task), language, "train")["label"].to_pylist()
    return found


def test_rows_have_the_formats_fields_a_number_and_a_cluster(tmp_path: Path) -> None:
    rows = nli(tmp_path, [0, 1, 2, 0], labels(NLI)).rows(SHIPPED.get("mnli"), "en", "train")
    assert rows.to_pydict() == {
        "example": [0, 1, 2, 3],
        "cluster": [0, 0, 0, 1],
        "first": ["p0", "p0", "p0", "p1"],
        "second": ["h0", "h1", "h2", "h3"],
        "label": ["entailment", "neutral", "contradiction", "entailment"],
    }


def test_labels_are_mapped_by_name_whatever_order_the_source_has_them_in(tmp_path: Path) -> None:
    for names in (NLI, NLI[::-1], ("neutral", "entailment", "contradiction"), ("spare", *NLI)):
        roots = nli(tmp_path / "-".join(names), [names.index(name) for name in NLI], labels(names))
        assert labels_of(roots) == list(NLI)


def test_tags_are_mapped_by_name_as_well(tmp_path: Path) -> None:
    names = UPOS[::-1]
    roots = tagged(
        tmp_path, [["a", "b"], ["c"]], [[names.index("NOUN"), names.index("X")], [names.index("ADJ")]], names
    )
    assert roots.rows(SHIPPED.get("udpos"), "en", "train")["tags"].to_pylist() == [["NOUN", "X"], ["ADJ"]]


def test_labels_may_be_strings_and_the_sources_names_are_translated(tmp_path: Path) -> None:
    assert labels_of(nli(tmp_path / "a", ["neutral", "entailment"], STRING)) == ["neutral", "entailment"]
    table = pa.table({"sentence1": ["a", "b"], "sentence2": ["c", "d"], "label": [1, 0]})
    features: dict[str, object] = {"sentence1": STRING, "sentence2": STRING, "label": labels(("0", "1"))}
    put(tmp_path / "b", "google-research-datasets/paws-x", "en", "train", table, features)
    assert labels_of(DataRoots((tmp_path / "b",)), "pawsx") == ["paraphrase", "different"]


def test_a_task_of_single_texts_has_one_field_of_text(tmp_path: Path) -> None:
    table = pa.table({"sentence": ["fine", "bad"], "label": [1, 0], "idx": [0, 1]})
    features: dict[str, object] = {"sentence": STRING, "label": labels(("negative", "positive")), "idx": NUMBER}
    put(tmp_path, "nyu-mll/glue", "sst2", "train", table, features)
    rows = DataRoots((tmp_path,)).rows(SHIPPED.get("sst2"), "en", "train")
    assert rows.column_names == ["example", "cluster", "first", "label"]
    assert rows["label"].to_pylist() == ["positive", "negative"]


@pytest.mark.parametrize(
    ("values", "feature", "label"),
    [
        ([0, 1, 7, 2, 7], labels(NLI), "7"),
        ([0, 1, -1, 2], labels(NLI), "-1"),
        ([0, 1, 3, 2], labels((*NLI, "other")), "other"),
        (["neutral", "neutral", "maybe"], STRING, "maybe"),
    ],
    ids=["beyond-the-names", "unlabelled", "a-name-that-is-not-ours", "a-string"],
)
def test_a_label_outside_the_set_is_named_with_its_row(
    tmp_path: Path, values: list[object], feature: dict[str, object], label: str
) -> None:
    with pytest.raises(DataError, match=f"row 2: label '{label}' in column 'label'.*mnli") as error:
        labels_of(nli(tmp_path, values, feature))
    assert str(tmp_path) in str(error.value) and "entailment, neutral, contradiction" in str(error.value)


@pytest.mark.parametrize("bad", [17, -1])
def test_a_tag_outside_the_set_is_named_with_its_sentence(tmp_path: Path, bad: int) -> None:
    roots = tagged(tmp_path, [["a", "b"], ["c"], ["d", "e", "f"]], [[0, 1], [2], [3, 4, bad]])
    with pytest.raises(DataError, match=f"row 2: label '{bad}' in column 'pos_tags'"):
        roots.rows(SHIPPED.get("udpos"), "en", "train")


def test_numbers_without_names_are_refused_because_their_order_is_unknown(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="'label' holds numbers without names"):
        labels_of(nli(tmp_path, [0, 1, 2], NUMBER))


def test_rows_without_a_gold_label_are_left_out_where_the_task_says_so_and_numbers_stay(tmp_path: Path) -> None:
    roots = nli(tmp_path, [2, -1, 0, -1, 1], labels(NLI), "snli")
    rows = roots.rows(SHIPPED.get("snli"), "en", "train")
    assert rows["label"].to_pylist() == ["contradiction", "entailment", "neutral"]
    assert rows["example"].to_pylist() == [0, 2, 4] and rows["cluster"].to_pylist() == [0, 0, 1]


def test_a_column_of_the_source_has_every_row_of_it(tmp_path: Path) -> None:
    roots, snli = nli(tmp_path, [0, -1, 2], labels(NLI), "snli"), SHIPPED.get("snli")
    assert len(roots.rows(snli, "en", "train")) == 2
    assert roots.column(snli, "en", "train", "hypothesis").to_pylist() == ["h0", "h1", "h2"]
    with pytest.raises(DataError, match="column 'id' is missing\n  -> it has premise, hypothesis, label"):
        roots.column(snli, "en", "train", "id")


def test_a_split_of_which_no_row_is_left_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"stanfordnlp/snli \(plain_text, train\): the split has no rows"):
        labels_of(nli(tmp_path, [-1, -1], labels(NLI), "snli"), "snli")


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nyu-mll/glue \(mnli, train\)"):
        labels_of(nli(tmp_path, pa.array([], pa.int64()), labels(NLI)))


def test_empty_values_are_refused_with_their_column(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="column 'label' has 1 empty value"):
        labels_of(nli(tmp_path, [0, None, 1], labels(NLI)))


@pytest.mark.parametrize("column", ["tokens", "pos_tags"])
def test_empty_values_within_a_sentence_are_refused_with_their_column(tmp_path: Path, column: str) -> None:
    whole: dict[str, list[list[object]]] = {"tokens": [["a"], ["b", "c"]], "pos_tags": [[0], [1, 2]]}
    whole[column][1][1] = None
    kinds = {"tokens": pa.list_(pa.string()), "pos_tags": pa.list_(pa.int64())}
    columns = [pa.array(whole[name], kinds[name]) for name in ("tokens", "pos_tags")]
    with pytest.raises(DataError, match=f"'{column}'"):
        tagged(tmp_path, *columns).rows(SHIPPED.get("udpos"), "en", "train")


def test_a_missing_column_is_named_with_those_that_are_there(tmp_path: Path) -> None:
    put(tmp_path, "nyu-mll/glue", "mnli", "train", pa.table({"premise": ["a"]}), {"premise": STRING})
    with pytest.raises(DataError, match=r"column '(hypothesis|label)' is missing") as error:
        labels_of(DataRoots((tmp_path,)))
    assert "it has premise" in str(error.value)


@pytest.mark.parametrize("keep", [0, 5, 200, -20])
def test_a_file_that_is_cut_is_a_data_error_that_names_the_data_set(tmp_path: Path, keep: int) -> None:
    roots = nli(tmp_path, [0, 1, 2] * 50, labels(NLI))
    file = tmp_path / "nyu-mll/glue/mnli/train.parquet"
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(DataError, match=r"nyu-mll/glue \(mnli, train\): cannot read"):
        labels_of(roots)


def test_sentences_and_tags_of_different_lengths_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="row 1: 2 tokens and 1 tags"):
        tagged(tmp_path, [["a"], ["b", "c"]], [[0], [1]]).rows(SHIPPED.get("udpos"), "en", "train")


def test_clusters_are_equal_across_parallel_languages(tmp_path: Path) -> None:
    for code, premises in (("en", ["x", "y", "x", "z", "y"]), ("de", ["zz", "bb", "zz", "aa", "bb"])):
        table = pa.table({"premise": premises, "hypothesis": list("abcde"), "label": [0, 1, 2, 0, 1]})
        features: dict[str, object] = {"premise": STRING, "hypothesis": STRING, "label": labels(NLI)}
        put(tmp_path, "facebook/xnli", code, "test", table, features)
    roots, task = DataRoots((tmp_path,)), SHIPPED.get("xnli")
    assert [roots.rows(task, code, "test")["cluster"].to_pylist() for code in ("en", "de")] == [[0, 1, 0, 2, 1]] * 2


def test_the_fingerprint_follows_the_content_and_nothing_else(tmp_path: Path) -> None:
    task = SHIPPED.get("mnli")
    one = nli(tmp_path / "a", [0, 1, 2], labels(NLI)).fingerprint(task, "en", "train")
    assert nli(tmp_path / "b", [0, 1, 2], labels(NLI)).fingerprint(task, "en", "train") == one
    assert nli(tmp_path / "c", [0, 2, 1], labels(NLI)).fingerprint(task, "en", "train") != one
    os.utime(tmp_path / "a/nyu-mll/glue/mnli/train.parquet", (1, 1))
    assert DataRoots((tmp_path / "a",)).fingerprint(task, "en", "train") == one


def test_rows_are_those_of_the_fingerprint_even_if_a_changed_file_has_its_old_date(tmp_path: Path) -> None:
    def dated(values: list[int]) -> DataRoots:
        roots = nli(tmp_path, values, labels(NLI))
        os.utime(tmp_path / "nyu-mll/glue/mnli/train.parquet", (1, 1))
        return roots

    assert labels_of(dated([0, 1])) == ["entailment", "neutral"]
    assert labels_of(dated([1, 0])) == ["neutral", "entailment"]


def test_a_hub_commit_is_the_fingerprint_and_a_folder_has_none(tmp_path: Path) -> None:
    roots, task = DataRoots((), {"nyu-mll/glue": "c0ffee"}), SHIPPED.get("mnli")
    assert roots.fingerprint(task, "en", "validation") == "c0ffee:mnli:validation_matched"
    (tmp_path / "nyu-mll/glue").mkdir(parents=True)
    where = DataRoots((tmp_path,), roots.revisions).locate(task, "en", "train")
    assert isinstance(where, HubSplit)
    assert (where.path, where.revision) == (str(tmp_path / "nyu-mll/glue"), None)


def test_the_first_root_that_has_the_data_set_wins(tmp_path: Path) -> None:
    nli(tmp_path / "b", [1], labels(NLI))
    nli(tmp_path / "c", [2], labels(NLI))
    (tmp_path / "a").mkdir()
    assert labels_of(DataRoots((tmp_path / "a", tmp_path / "b", tmp_path / "c"))) == ["neutral"]


def test_what_a_task_or_its_data_lack_is_said(small_world: World) -> None:
    roots, xnli = DataRoots((small_world.data,)), SHIPPED.get("xnli")
    with pytest.raises(DataError, match="task xnli has no split 'train'"):
        roots.rows(xnli, "en", "train")
    with pytest.raises(DataError, match="task xnli has no language 'xx'"):
        roots.rows(xnli, "xx", "test")
    with pytest.raises(DataError, match=r"no such configuration and split.*") as error:
        roots.rows(xnli, "sw", "test")
    assert "xnli (sw, test)" in str(error.value) and str(small_world.data) in str(error.value)
    assert (roots.exists(xnli, "de", "test"), roots.exists(xnli, "sw", "test")) == (True, False)
