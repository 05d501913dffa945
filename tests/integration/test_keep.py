"""A study that keeps no weights: the same tables, nothing trained twice for them, and only what a new target needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import xfer
from tests.integration import studies
from tests.world import World
from xfer.study import lock as locks
from xfer.study import reading, resolve, state
from xfer.study.opening import open_study

pytestmark = pytest.mark.integration

TEXT = """\
study: kept
storage: {storage}
world: {{seed: 3, rows: {{text: 200, nli: 96, tagging: 96, paraphrase: 96, validation: 30, test: 30}}}}
seeds: [1]
models: [{{id: nano, scratch: {{size: nano, text: world_text, vocabulary: 120, seed: 5}}}}]
arms: [none, world_nli]
targets: [{{name: few, task: world_tagging, examples: 48}}, world_retrieval]
recipe: {{default: {{steps: {steps}, batch_size: 16, learning_rate: 1e-3, max_length: 32, precision: fp32}}}}
resources: {{default: {{snapshot_every: {every}}}}}
"""
"""Pretraining, an intermediate phase, two targets' phases, and a target that nothing is trained for."""


def run(world: World, study: Path) -> str:
    done = studies.xfer_cli(world, "run", str(study))
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def weights(study: Path) -> set[str]:
    """Phases that have weights on disk, be they checkpoints or snapshots."""
    phases = study.parent / "runs" / "phases"
    return {path.relative_to(phases).parts[0] for path in phases.rglob("*.safetensors")}


def states(study: Path) -> dict[str, str]:
    """How each phase of a study is."""
    opened = open_study(study)
    found = {key: state.of_phase(opened.store, held) for key, held in opened.plan.phases.items()}
    again = state.again(opened.store, opened.plan, state.needs(opened.plan, ""), found)
    return {
        key: "again" if key in again else "without" if s.weightless else "whole" if s.complete else "new"
        for key, s in found.items()
    }


@pytest.fixture(scope="module")
def kept(small_world: World, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The study run twice, each time in a storage of its own: it keeps all weights, or none."""
    folders = {name: tmp_path_factory.mktemp(name) for name in ("all", "none")}
    made = {n: studies.write(f, 8, f"keep: {{weights: {n}}}\n", TEXT) for n, f in folders.items()}
    for study in made.values():
        run(small_world, study)
    return made


def rows(study: Path, role: str) -> set[str]:
    return {row["phase"] for row in xfer.open(str(study)).phases().to_pylist() if role in row["roles"]}


def test_the_tables_are_the_same_and_no_weights_are_left(kept: dict[str, Path]) -> None:
    tables: dict[str, Any] = {name: studies.tables(study) for name, study in kept.items()}
    assert studies.differences(tables["none"], tables["all"]) == []
    assert [cell["state"] for cell in tables["none"]["cells"]] == ["done"] * 4
    assert weights(kept["none"]) == set() and set(states(kept["none"]).values()) == {"without"}
    assert weights(kept["all"]) == set(states(kept["all"])) and len(weights(kept["all"])) == 4


def test_the_same_command_again_trains_nothing_and_a_new_target_what_it_begins_with(
    kept: dict[str, Path], small_world: World
) -> None:
    study = kept["none"]
    said = run(small_world, study)
    assert "; 0 steps to do" in said and "lane" not in said
    before, scores = states(study), studies.tables(study)["scores"]
    (pretrain,), (intermediate,) = rows(study, "pretrain"), rows(study, "intermediate")

    study.write_text(study.read_text().replace("world_retrieval]", "world_retrieval, world_paraphrase]"))
    locks.write(locks.path_of(study), resolve.lock_of(reading.read(study), resolve.Roots()))
    after = states(study)
    assert {key for key, state in after.items() if state == "again"} == {pretrain, intermediate}
    new = {key for key, state in after.items() if state == "new"}
    assert len(new) == 2 and new.isdisjoint(before)
    assert f"{intermediate}  its weights are needed and not here" in run(small_world, study)
    attempts = xfer.open(str(study)).attempts().to_pylist()
    assert {row["phase"] for row in attempts if row["attempt"] == 2} == {pretrain, intermediate}
    assert {row["outcome"] for row in attempts} == {"committed"}
    assert weights(study) == set() and set(states(study).values()) == {"without"}
    found = studies.tables(study)
    assert [cell["state"] for cell in found["cells"]] == ["done"] * 6
    assert [row for row in found["scores"] if row["target"] != "world_paraphrase"] == scores
