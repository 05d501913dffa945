"""``xfer overlap`` on slices of real data whose overlaps are known: it finds them, quickly and in little memory."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests import world
from tests.unit.cluster.test_cli import ENVIRONMENT
from tests.unit.study.made import text
from xfer.evaluation.overlap import NOTABLE, Group, overlaps
from xfer.evaluation.texts import Place, Texts

pytestmark = pytest.mark.integration

SETS = (
    "local/multilingual-text", "facebook/xnli", "google-research-datasets/paws-x", "google-research-datasets/tydiqa",
    "unimelb-nlp/wikiann", "google/xtreme", "mteb/tatoeba-bitext-mining", "nyu-mll/glue", "nala-cub/americas_nli",
)  # fmt: skip
STUDY = text(
    models="[{id: tiny, pretrained_on: [multilingual_text]}]", arms="[none, mnli]", select="{rule: best}",
    targets="[xnli, pawsx, udpos, panx, tatoeba, americas_nli]", storage="{0}/runs",
)  # fmt: skip

KNOWN = {
    ("pawsx", "en", "sentence1"): 190, ("pawsx", "zh", "sentence1"): 83, ("pawsx", "fr", "sentence1"): 43,
    ("panx", "ar", "tokens"): 115, ("panx", "es", "tokens"): 109, ("panx", "de", "tokens"): 84,
}  # fmt: skip
"""Test rows that stand letter by letter in the multilingual text of their language, as the slices' notes have them."""


@pytest.fixture(scope="module")
def hub() -> Path:
    """The data root that holds the slices."""
    roots = [Path(folder) for folder in os.environ.get("XFER_DATA", "").split(os.pathsep) if folder]
    found = next((root for root in roots if all((root / name).is_dir() for name in SETS)), None)
    if found is None:
        pytest.skip(f"no folder of XFER_DATA holds {', '.join(SETS)}")
    return found


@pytest.fixture(scope="module")
def spent() -> dict[str, float]:
    return {}


@pytest.fixture(scope="module")
def rows(hub: Path, tmp_path_factory: pytest.TempPathFactory, spent: dict[str, float]) -> list[dict[str, Any]]:
    """What the verb finds."""
    folder = tmp_path_factory.mktemp("slices")
    world.model(folder / "models" / "tiny", seed=0)
    path = folder / "study.yaml"
    path.write_text(STUDY.replace("{0}", str(folder)))
    xfer("lock", path, "--data", hub, "--models", folder / "models")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    printed = xfer("overlap", path, "--data", hub, "--format", "json")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent["seconds"] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    spent["bytes"] = 1024 * after.ru_maxrss
    return [json.loads(line) for line in printed.splitlines()]


def xfer(*words: str | Path) -> str:
    """What the console script prints."""
    command = [Path(sys.executable).with_name("xfer"), *words]
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=True).stdout


def of(rows: Sequence[dict[str, Any]], **fields: str) -> list[dict[str, Any]]:
    return [row for row in rows if all(row[name] == value for name, value in fields.items())]


@pytest.mark.parametrize(("task", "language", "field"), KNOWN)
def test_known_overlaps_with_pretraining_text_are_found(
    rows: list[dict[str, Any]], task: str, language: str, field: str
) -> None:
    own = {"against_task": "multilingual_text", "against_language": language, "kind": "exact"}
    (found,) = of(rows, task=task, language=language, split="test", field=field, **own)
    assert found["verbatim"] == pytest.approx(KNOWN[task, language, field], rel=0.05)
    assert found["verbatim"] <= found["examples"] == len(found["rows"]) < found["of"]


def test_nearly_all_premises_of_xnlis_validation_data_are_found(rows: list[dict[str, Any]]) -> None:
    found = of(rows, task="xnli", split="validation", field="premise", kind="exact", against_task="multilingual_text")
    assert len({row["language"] for row in found}) == len(found) == 9
    assert min(row["share"] for row in found) > 0.95
    chance = [row for row in rows if (row["task"], row["split"]) == ("xnli", "test")]
    assert all(row["share"] < NOTABLE for row in chance)


def test_what_is_clean_by_construction_is_clean(rows: list[dict[str, Any]]) -> None:
    """No sentence of PAWS-X's English training data stands in its English test; but one in other punctuation does, and
    paraphrases of some do: the notes know of none, for they compare letter by letter."""
    found = of(rows, task="pawsx", language="en", against_task="pawsx", against_split="train")
    assert sum(row["verbatim"] or 0 for row in found) == 0
    assert all(row["examples"] <= 1 for row in found if row["kind"] == "exact")
    assert all(0 < row["share"] < 0.05 for row in found if row["kind"] == "near")


def test_most_of_what_is_tainted_in_other_languages_is_so_through_english(rows: list[dict[str, Any]]) -> None:
    text = {"against_task": "multilingual_text", "task": "pawsx", "split": "test", "field": "sentence1"}
    for language in ("de", "es", "fr"):
        own = of(rows, language=language, **text)
        direct = {number for row in own if row["kind"] in ("exact", "near") for number in row["rows"]}
        (through,) = (row for row in own if row["kind"] == "translation")
        assert not direct & {*through["rows"]}
        assert len(through["rows"]) > len(direct)
        assert through["against_language"] == ""


def test_what_is_translated_from_an_overlapping_task_is_declared(rows: list[dict[str, Any]]) -> None:
    found = of(rows, task="americas_nli")
    assert {(row["split"], row["kind"], row["against_task"]) for row in found} == {
        ("validation", "declared", "multilingual_text")
    }
    assert {row["examples"] for row in found} == {None}


def test_questions_of_tydiqa_share_no_context_between_train_and_validation(hub: Path) -> None:
    def read(place: Place) -> Texts:
        (file,) = (hub / "google-research-datasets/tydiqa/secondary_task").glob(f"{place.split}*.parquet")
        contexts = pq.read_table(file)["context"].to_pylist()
        return Texts({"context": [(text,) for text in contexts]}, np.arange(len(contexts), dtype=np.int32))

    train, validation = (Place("tydiqa", "en", split) for split in ("train", "validation"))
    assert overlaps([Group((train,), (validation,))], read).num_rows == 0
    assert overlaps([Group((train,), (train, validation)), Group((validation,), (validation,))], read).num_rows == 0


def test_it_is_quick_and_needs_little_memory(rows: list[dict[str, Any]], spent: dict[str, float]) -> None:
    """Below two minutes of processor time, which busy cores do not stretch, and 2 GB."""
    assert rows
    assert spent["seconds"] < 120
    assert spent["bytes"] < 2e9
