"""Scores from stored predictions, each evaluation by itself and each once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from xfer.errors import DataError
from xfer.evaluation.score import score, scores_key, stored
from xfer.results.parts import to_parquet
from xfer.results.schema import PREDICTIONS, SCORED
from xfer.store import parts
from xfer.store.store import Store
from xfer.tasks.formats.classification import Classification
from xfer.tasks.metrics import ACCURACY, MLQA_F1, TAG_F1, TOKEN_ACCURACY, Metric
from xfer.tasks.registry import SHIPPED

Answers = list[tuple[list[str], list[str]]]


def predictions(task: str, evaluations: Mapping[str, tuple[str, Answers]], **fields: Any) -> pa.Table:
    """A part: by evaluation its language and pairs of gold and prediction; examples share a cluster in twos."""
    rows = [
        {
            "evaluation": evaluation, "task": task, "language": language, "split": "test", "example": i,
            "cluster": i // 2, "gold": gold, "prediction": prediction, "truncated": 7 * (i % 2), **fields,
        }
        for evaluation, (language, answers) in evaluations.items()
        for i, (gold, prediction) in enumerate(answers)
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=PREDICTIONS)


EN: Answers = [(["neutral"], ["neutral"]), (["neutral"], ["entailment"]), (["entailment"], ["entailment"])]
DE: Answers = [(["neutral"], ["entailment"]), (["entailment"], ["neutral"])]


def test_each_evaluation_of_a_part_is_scored_by_itself() -> None:
    table = score(SHIPPED.get("xnli"), predictions("xnli", {"e1": ("en", EN), "e2": ("de", DE)}))
    assert table.schema == SCORED
    english, german = table.to_pylist()
    assert english == {
        "evaluation": "e1", "task": "xnli", "language": "en", "split": "test", "layer": None, "metric": "accuracy",
        "metric_version": ACCURACY.version, "value": pytest.approx(2 / 3), "n": 3, "clusters": 2,
        "chance": pytest.approx(2 / 3), "truncated": 1,
    }  # fmt: skip
    assert (german["language"], german["value"], german["chance"], german["n"]) == ("de", 0.0, 0.5, 2)


def test_all_of_a_formats_metrics_are_computed_and_the_layer_is_kept() -> None:
    answers: Answers = [(["NOUN"] * 4, ["NOUN", "VERB", "NOUN", "NOUN"])]
    table = score(SHIPPED.get("udpos"), predictions("udpos", {"e": ("de", answers)}, layer=5))
    assert {row["metric"]: (row["value"], row["chance"], row["layer"]) for row in table.to_pylist()} == {
        "token_accuracy": (0.75, 1.0, 5), "tag_f1": (0.0, None, 5), "tag_f1_0012": (0.0, None, 5),
    }  # fmt: skip


class Asked(Classification):
    """Whose metric goes by the language."""

    metrics = (MLQA_F1,)


def test_a_metric_is_told_the_language_of_each_evaluation() -> None:
    task = replace(SHIPPED.get("xnli"), name="asked", format=Asked(), metric="mlqa_f1")
    answers: Answers = [(["der Rhein"], ["Rhein"])]
    table = score(task, predictions("asked", {"e1": ("en", answers), "e2": ("de", answers)}))
    assert dict(zip(table["language"].to_pylist(), table["value"].to_pylist(), strict=True)) == {
        "en": pytest.approx(2 / 3), "de": 1.0,
    }  # fmt: skip


def test_predictions_that_a_metric_cannot_take_are_named() -> None:
    wrong: Answers = [(["NOUN"], ["NOUN"]), (["NOUN", "X"], ["NOUN"])]
    with pytest.raises(DataError) as raised:
        score(SHIPPED.get("udpos"), predictions("udpos", {"e": ("fi", wrong)}))
    assert str(raised.value) == (
        "token_accuracy of udpos, test/fi: example 1 has 2 labels and 1 predicted ones\n"
        "  -> each label needs one prediction, in the same order"
    )


def test_scores_are_keyed_by_their_part_and_the_metrics_versions() -> None:
    newer = Metric("tag_f1", TAG_F1.version + 1, TAG_F1.compute, TAG_F1.chance)
    keys = [
        scores_key("n1", (TOKEN_ACCURACY, TAG_F1)), scores_key("n2", (TOKEN_ACCURACY, TAG_F1)),
        scores_key("n1", (TOKEN_ACCURACY, newer)), scores_key("n1", (TOKEN_ACCURACY,)),
    ]  # fmt: skip
    assert len(set(keys)) == 4 and keys[0] == scores_key("n1", (TOKEN_ACCURACY, TAG_F1))


def keep(store: Store, name: str, task: str, table: pa.Table, key: str = "") -> None:
    evaluations = table["evaluation"].unique().to_pylist()
    store.put(parts.part_path("g", name), to_parquet(table))
    parts.commit(store, "g", name, evaluations, task)
    key = key or scores_key(name, SHIPPED.get(task).format.metrics)
    store.put(parts.scores_path("g", name, key), to_parquet(score(SHIPPED.get(task), table)))


def test_stored_scores_hold_each_evaluation_once_though_two_parts_have_it(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "store"))
    assert stored(store, "g", SHIPPED).num_rows == 0
    keep(store, "n1", "xnli", predictions("xnli", {"e1": ("en", EN), "e2": ("de", DE)}))
    keep(store, "n2", "xnli", predictions("xnli", {"e2": ("de", DE), "e3": ("sw", DE)}))
    keep(store, "n3", "udpos", predictions("udpos", {"e4": ("en", [(["X"], ["X"])])}))
    table = stored(store, "g", SHIPPED)
    assert table.schema == SCORED
    assert sorted((row["evaluation"], row["metric"]) for row in table.to_pylist()) == [
        ("e1", "accuracy"), ("e2", "accuracy"), ("e3", "accuracy"),
        ("e4", "tag_f1"), ("e4", "tag_f1_0012"), ("e4", "token_accuracy"),
    ]  # fmt: skip


def test_scores_of_another_version_of_the_metrics_are_not_read(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "store"))
    keep(store, "n1", "xnli", predictions("xnli", {"e1": ("en", EN)}), key="of-an-older-one")
    assert stored(store, "g", SHIPPED).num_rows == 0
