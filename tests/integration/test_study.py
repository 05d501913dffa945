"""A study from end to end on real Ray and real DeepSpeed: it ends, it repeats nothing, it survives."""

from __future__ import annotations

import json
import random
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest

import xfer
from tests.integration import studies
from tests.world import STUDY, World

pytestmark = pytest.mark.integration

Tables = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def finished(small_world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study, run once and undisturbed."""
    study = studies.write(tmp_path_factory.mktemp("finished"))
    done = studies.xfer_cli(small_world, "run", str(study))
    assert done.returncode == 0, done.stdout + done.stderr
    return study


@pytest.fixture(scope="module")
def undisturbed(finished: Path) -> Tables:
    return studies.tables(finished)


def same_tables(study: Path, expected: Tables) -> None:
    for name, found in studies.tables(study).items():
        assert len(found) == len(expected[name]), name
        for row, wanted in zip(found, expected[name], strict=True):
            assert row == wanted, name


def states(world: World, study: Path) -> list[str]:
    """What ``xfer plan`` says of each phase."""
    planned = studies.xfer_cli(world, "plan", str(study), "--json")
    return [phase["state"] for phase in json.loads(planned.stdout)["phases"]]


def test_every_cell_is_done_and_every_phase_was_sharded(finished: Path) -> None:
    views = xfer.open(str(finished))
    assert views.cells()["state"].to_pylist() == ["done"] * 9
    phases = views.phases().to_pylist()
    assert len(phases) == 8
    for phase in phases:
        assert (phase["state"], phase["ranks"], phase["zero_stage"]) == ("done", 2, 1)
        assert phase["engine"] == "DeepSpeedEngine"
        assert phase["steps"] == phase["planned_steps"]
        assert phase["attempts"] == 1


def test_the_model_learns_and_transfers_what_can_be_learned(finished: Path) -> None:
    scores = xfer.open(str(finished)).scores()
    tagging = scores.filter(
        (pc.field("task") == "udpos") & (pc.field("metric") == "token_accuracy") & (pc.field("language") == "en")
    )
    for row in tagging.to_pylist():
        assert row["value"] > row["chance"] + 0.2, row


def test_scores_have_one_row_for_each_evaluation_and_metric(finished: Path) -> None:
    rows = xfer.open(str(finished)).scores().to_pylist()
    places = [(r["arm"], r["target"], r["seed"], r["task"], r["language"], r["split"], r["metric"]) for r in rows]
    assert len(places) == len(set(places))
    # 3 arms x (xnli: 2 languages x 2 splits, 1 metric; udpos: 2 x 2, 3 metrics; tatoeba: 1 x 1, 1 metric)
    assert len(rows) == 3 * (4 + 12 + 1)
    (base,) = [r for r in rows if r["arm"] == "none" and r["target"] == "tatoeba"]
    assert (base["seed"], base["phase"], base["selection"]) == (None, "", "pretrained")


def test_checkpoints_load_with_from_pretrained(finished: Path) -> None:
    from transformers import AutoModel, AutoTokenizer

    checkpoint = next((finished.parent / "runs" / "phases").glob("*/attempts/1/checkpoints/*"))
    assert AutoModel.from_pretrained(checkpoint, use_safetensors=True).config.hidden_size == 32
    assert AutoTokenizer.from_pretrained(checkpoint)("the red apple .")["input_ids"][0] == 0


def test_the_same_command_again_trains_nothing(finished: Path, small_world: World, undisturbed: Tables) -> None:
    before = sorted((p, p.stat().st_mtime_ns) for p in (finished.parent / "runs").rglob("*.json"))
    began = time.monotonic()
    again = studies.xfer_cli(small_world, "run", str(finished))
    assert again.returncode == 0, again.stderr
    assert time.monotonic() - began < 20
    assert "8 in the store" in again.stdout
    assert "lane" not in again.stdout
    assert sorted((p, p.stat().st_mtime_ns) for p in (finished.parent / "runs").rglob("*.json")) == before
    assert studies.tables(finished) == undisturbed


STRIKES = (
    (studies.interrupt, 130, "stopped"),
    (studies.kill_the_driver, -signal.SIGKILL, "lost"),
    (studies.terminate, 130, "stopped"),
    (studies.kill_a_worker, 0, "lost"),
)
"""What happens to a run, how it ends, and how the attempt that was under way does. A worker's death is mended by the
run itself."""


def test_a_study_struck_again_and_again_comes_to_the_same_tables(
    small_world: World, tmp_path: Path, undisturbed: Tables
) -> None:
    study, rng = studies.write(tmp_path), random.Random(1)
    expected: list[str] = []
    for strike, code, outcome in STRIKES:
        assert studies.disturb(small_world, study, rng, strike) == code, strike
        expected.append(outcome)
        broken = [found for found in xfer.open(str(study)).attempts()["outcome"].to_pylist() if found != "committed"]
        assert sorted(broken) == sorted(expected), strike
    same_tables(study, undisturbed)
    predictions = xfer.open(str(study)).predictions().select(["evaluation", "example"]).to_pylist()
    assert len({(row["evaluation"], row["example"]) for row in predictions}) == len(predictions)
    repeated = studies.repeated_steps(study)
    assert len(repeated) == len(STRIKES)
    for outcome, steps in repeated:
        assert steps == 0 if outcome == "stopped" else steps <= studies.EVERY, repeated
    outcomes = xfer.open(str(study)).attempts()["outcome"].to_pylist()
    assert outcomes.count("committed") == 8


@pytest.fixture(scope="module")
def mended(finished: Path, small_world: World, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The finished study with a damaged checkpoint and a learning rate that cannot go well, run again; its output."""
    folder = tmp_path_factory.mktemp("mended") / "copy"
    shutil.copytree(finished.parent, folder)
    assert states(small_world, studies.write(folder)) == ["cached"] * 8
    plain = [row for row in xfer.open(str(finished)).phases().to_pylist() if row["parent"] == ""]
    (mnli,) = (row["phase"] for row in plain if row["trains_on"] == ["mnli"])
    (victim,) = (folder / "runs" / "phases" / mnli).rglob("model.safetensors")
    content = bytearray(victim.read_bytes())
    content[-1] ^= 1
    victim.write_bytes(content)
    assert sorted(states(small_world, studies.write(folder))) == ["cached"] * 7 + ["damaged"]
    rate = "    - {{where: {{role: target, task: udpos}}, learning_rate: 1e30}}\n"
    study = studies.write(folder, text=STUDY.replace("  override:\n", "  override:\n" + rate))
    ended = studies.xfer_cli(small_world, "run", str(study))
    assert ended.returncode == 1, ended.stdout + ended.stderr
    return study, ended.stdout + ended.stderr


def test_a_damaged_checkpoint_counts_as_absent_and_is_named(mended: tuple[Path, str], small_world: World) -> None:
    study, said = mended
    assert "damaged" in said
    assert "does not match its checksum" in said
    assert sorted(states(small_world, study)) == ["cached"] * 5 + ["new"] * 3


def test_a_failed_cell_is_a_row_and_the_rest_goes_on(mended: tuple[Path, str]) -> None:
    study, said = mended
    assert "Traceback" not in said
    cells = xfer.open(str(study)).cells().to_pylist()
    assert {(c["state"], c["target"]) for c in cells} == {("failed", "udpos"), ("done", "xnli"), ("done", "tatoeba")}
    assert all("not a number" in c["reason"] for c in cells if c["state"] == "failed")
