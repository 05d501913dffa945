"""A study in a generated world, with a model from scratch: one run, looked at from all sides."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import psutil
import pytest

import xfer
from tests.integration import studies
from tests.integration.studies import GENERATED
from tests.world import World

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def finished(small_world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Killed while it pretrains, long before its end, and run again."""
    study = studies.write(tmp_path_factory.mktemp("nano"), steps=200, text=GENERATED)
    with studies.start(small_world, study) as job:
        for event in studies.events(job):
            if event["event"] == "step" and event["step"] > 2 * studies.EVERY:
                studies.kill_everything(psutil.Process(job.pid))
                break
    done = studies.xfer_cli(small_world, "run", str(study))
    assert done.returncode == 0, done.stdout + done.stderr
    return study


def phases(study: Path, role: str) -> list[dict[str, Any]]:
    return [row for row in xfer.open(str(study)).phases().to_pylist() if role in row["roles"]]


def test_one_pretraining_serves_every_arm_and_seed(finished: Path) -> None:
    (pretrain,) = phases(finished, "pretrain")
    assert (pretrain["trains_on"], pretrain["parent"], pretrain["seed"]) == (["world_text"], "", 5)
    assert {row["parent"] for row in phases(finished, "intermediate")} == {pretrain["phase"]}
    alone = [cell for cell in xfer.open(str(finished)).cells().to_pylist() if cell["target"] == "world_retrieval"]
    assert sorted((cell["arm"], cell["seed"]) for cell in alone if cell["arm"] == "none") == [("none", None)]
    assert len(alone) == 5


def test_pretraining_learns(finished: Path) -> None:
    (pretrain,) = phases(finished, "pretrain")
    curve = [row for row in xfer.open(str(finished)).curves().to_pylist() if row["phase"] == pretrain["phase"]]
    losses = [row["value"] for row in sorted(curve, key=lambda row: row["step"])]
    assert losses[-1] < 0.9 * losses[0]


def test_a_mixture_draws_as_it_was_told(finished: Path) -> None:
    for row in phases(finished, "intermediate"):
        if row["trains_on"] == ["world_nli", "world_tagging"]:
            assert row["shares"] == [0.75, 0.25]
            assert row["examples_of"] == [15 * 16, 5 * 16]
        else:
            assert row["examples_of"] == [20 * 16]


def test_patience_ends_a_phase_that_gets_no_better(finished: Path) -> None:
    few = [row for row in phases(finished, "target") if row["trains_on"] == ["world_paraphrase"]]
    assert {row["planned_steps"] for row in few} == {200}
    assert all(row["steps"] % studies.EVERY == 0 for row in few)
    assert min(row["steps"] for row in few) < 200
    steps = {row["phase"]: row["steps"] for row in few}
    for row in xfer.open(str(finished)).scores().to_pylist():
        if row["target"] == "few":
            assert row["step"] == steps[row["phase"]], "the last checkpoint is that of the step it ended at"


def test_the_killed_pretraining_went_on_from_its_snapshot(finished: Path) -> None:
    (pretrain,) = phases(finished, "pretrain")
    attempts = [a for a in xfer.open(str(finished)).attempts().to_pylist() if a["phase"] == pretrain["phase"]]
    assert [attempt["outcome"] for attempt in attempts] == ["lost", "committed"]
    assert attempts[1]["first_step"] >= 2 * studies.EVERY


@pytest.mark.parametrize("role", ["pretrain", "target"])
def test_a_model_is_exported_for_from_pretrained(finished: Path, small_world: World, tmp_path: Path, role: str) -> None:
    from transformers import AutoModel, AutoTokenizer

    key = phases(finished, role)[0]["phase"]
    words = ("export", "model", key, str(tmp_path / "out"), "--storage", str(finished.parent / "runs"))
    done = studies.xfer_cli(small_world, *words)
    assert done.returncode == 0, done.stderr
    model = AutoModel.from_pretrained(tmp_path / "out")
    assert model.config.hidden_size == 64
    inputs = AutoTokenizer.from_pretrained(tmp_path / "out")("ga", return_tensors="pt")
    assert model(**inputs).last_hidden_state.shape == (1, inputs["input_ids"].shape[1], 64)


def test_the_better_value_is_chosen_and_no_trial_is_a_result(finished: Path) -> None:
    decisions = xfer.open(str(finished)).decisions().to_pylist()
    assert [json.loads(row["values"])["learning_rate"] for row in decisions if row["chosen"]] == [0.003]
    assert len(decisions) == 2
    assert max(decisions, key=lambda row: row["value"])["chosen"]
    measured = [row for row in phases(finished, "target") if row["trains_on"] == ["world_tagging"]]
    assert {row["learning_rate"] for row in measured} == {0.003}
    assert not any(row["seed"] == 9 for row in xfer.open(str(finished)).scores().to_pylist())


def results(study: Path) -> dict[str, list[dict[str, Any]]]:
    """The tables without the curves, which show trials as well."""
    return {name: rows for name, rows in studies.tables(study).items() if name != "curves"}


def test_what_no_study_needs_any_more_can_go(finished: Path, small_world: World, tmp_path: Path) -> None:
    shutil.copytree(finished.parent, tmp_path / "copy")
    study = studies.write(tmp_path / "copy", text=GENERATED.replace("  - {{name: shuffled, task: world_nli", "#"))
    storage = str(tmp_path / "copy" / "runs")
    shown = studies.xfer_cli(small_world, "gc", storage)
    assert shown.returncode == 0
    assert "2 evaluations, 2 phases" in shown.stdout, "the study as it was run needs all but what its trials left"

    assert studies.xfer_cli(small_world, "run", str(study)).returncode == 0
    before = results(study)
    shown = studies.xfer_cli(small_world, "gc", storage, "--delete")
    assert shown.returncode == 0, shown.stderr
    assert "freed" in shown.stdout
    gone = {row["phase"] for row in phases(finished, "intermediate")} - {
        row["phase"] for row in phases(study, "intermediate")
    }
    assert gone
    assert not any((tmp_path / "copy" / "runs" / "phases" / key).exists() for key in gone)
    again = studies.xfer_cli(small_world, "run", str(study))
    assert again.returncode == 0
    assert "; 0 steps to do" in again.stdout
    assert "trial" not in again.stdout
    assert "lane" not in again.stdout
    assert results(study) == before
