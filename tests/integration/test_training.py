"""The loop with real DeepSpeed in real processes: numbers do not depend on ranks, ZeRO stage or interruptions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.integration.ranks import launch, run_of
from tests.world import World

pytestmark = pytest.mark.integration

STAGES = (0, 1, 2, 3)
Runs = dict[int, dict[str, Any]]


@pytest.fixture(scope="module")
def one_rank(small_world: World, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    folder = tmp_path_factory.mktemp("one")
    return dict(zip(STAGES, launch(small_world, 1, [run_of(folder / str(s), s) for s in STAGES]), strict=True))


@pytest.fixture(scope="module")
def two_ranks(small_world: World, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    folder = tmp_path_factory.mktemp("two")
    return dict(zip(STAGES, launch(small_world, 2, [run_of(folder / str(s), s) for s in STAGES]), strict=True))


def test_every_stage_and_number_of_ranks_gives_the_same_losses(one_rank: Runs, two_ranks: Runs) -> None:
    expected = one_rank[1]["losses"]
    assert len(expected) == 12
    assert len(set(expected)) == 12, "a loss that stands still would prove nothing"
    for runs in (one_rank, two_ranks):
        for run in runs.values():
            assert run["losses"] == pytest.approx(expected, abs=1e-4)


def test_the_engine_is_deepspeeds(one_rank: Runs, two_ranks: Runs) -> None:
    assert {run["engine"] for runs in (one_rank, two_ranks) for run in runs.values()} == {"DeepSpeedEngine"}


def test_counts_do_not_depend_on_ranks(one_rank: Runs, two_ranks: Runs) -> None:
    assert one_rank[1]["examples"] == 12 * 16
    assert {run["tokens"] for runs in (one_rank, two_ranks) for run in runs.values()} == {one_rank[0]["tokens"]}


def test_best_and_last_are_both_observed(two_ranks: Runs) -> None:
    for run in two_ranks.values():
        last = run["selections"].pop("last")
        (best,) = run["selections"].values()
        assert (last["step"], best["rule"]) == (12, "best")
        looks = {step for step, _, _, metric, _ in run["curves"] if metric != "loss"}
        assert looks == {5, 10, 12}, "every 5 steps, and at the end"
        means = {step: sum(v for s, _, _, m, v in run["curves"] if s == step and m != "loss") / 2 for step in looks}
        assert best["value"] == pytest.approx(max(means.values()))
        assert best["step"] == min(step for step in looks if means[step] == pytest.approx(best["value"]))


def test_a_run_stopped_on_two_ranks_goes_on_with_one(small_world: World, tmp_path: Path, one_rank: Runs) -> None:
    stopped = launch(small_world, 2, [run_of(tmp_path / str(s), s, stop_at=7) for s in STAGES])
    assert [run["finished"] for run in stopped] == [False] * 4
    assert [run["step"] for run in stopped] == [8] * 4, "the stop is seen at the next step"
    # The stage may change as well: 1 goes on as 3.
    then = [run_of(tmp_path / str(s), 3 if s == 1 else s, attempt=2) for s in STAGES]
    for run in launch(small_world, 1, then):
        assert run["finished"]
        assert run["losses"] == pytest.approx(one_rank[1]["losses"][8:], abs=1e-4)
        assert run["tokens"] == one_rank[1]["tokens"]
        expected = [value for *_, value in one_rank[1]["curves"]]
        assert [value for *_, value in run["curves"]] == pytest.approx(expected, abs=1e-3)


def test_bf16_goes_on_exactly_on_the_same_ranks(small_world: World, tmp_path: Path) -> None:
    stages = (1, 3)
    whole = launch(small_world, 2, [run_of(tmp_path / f"whole-{s}", s, precision="bf16") for s in stages])
    first = [run_of(tmp_path / str(s), s, stop_at=7, precision="bf16") for s in stages]
    then = [run_of(tmp_path / str(s), s, precision="bf16", attempt=2) for s in stages]
    launch(small_world, 2, first)
    for run, expected in zip(launch(small_world, 2, then), whole, strict=True):
        assert run["losses"] == pytest.approx(expected["losses"][8:], abs=1e-6)


def test_masked_text_gives_the_same_losses_and_goes_on(small_world: World, tmp_path: Path) -> None:
    """Masks come from the step and the micro-batch, and the tied embeddings are whole at every stage."""
    (expected,) = launch(small_world, 1, [run_of(tmp_path / "one", 1, text=True)])
    assert len(set(expected["losses"])) == 12
    stopped = launch(small_world, 2, [run_of(tmp_path / str(s), s, stop_at=5, text=True) for s in STAGES])
    for run in stopped:
        assert run["step"] == 6
        assert run["losses"] == pytest.approx(expected["losses"][:6], abs=1e-4)
    for run in launch(small_world, 1, [run_of(tmp_path / str(s), s, attempt=2, text=True) for s in STAGES]):
        assert run["finished"]
        assert run["losses"] == pytest.approx(expected["losses"][6:], abs=1e-4)
