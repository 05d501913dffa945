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
"""What rank 0 saw, by the ZeRO stage that the run began with."""


@pytest.fixture(scope="module")
def trained(small_world: World, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Runs]:
    """All runs, in three process groups one after the other: the last one goes on with what the second stopped."""
    at = tmp_path_factory.mktemp("stores")

    def runs(name: str, stages: tuple[int, ...] = STAGES, **how: Any) -> list[dict[str, Any]]:
        return [run_of(at / name / str(stage), stage, **how) for stage in stages]

    def group(ranks: int, **named: list[dict[str, Any]]) -> dict[str, Runs]:
        found = iter(launch(small_world, ranks, [run for runs in named.values() for run in runs]))
        return {name: {int(Path(run["store"]).name): next(found) for run in runs} for name, runs in named.items()}

    bf16: dict[str, Any] = {"stages": (1, 3), "precision": "bf16"}
    # The stage may change as well: 1 goes on as 3.
    other = [{**run, "stage": 3 if run["stage"] == 1 else run["stage"]} for run in runs("stopped", attempt=2)]
    return {
        **group(1, one=runs("one"), text=runs("text", (1,), text=True)),
        **group(
            2,
            two=runs("two"), stopped=runs("stopped", stop_at=7),
            text_stopped=runs("text-stopped", stop_at=5, text=True),
            bf16=runs("bf16", **bf16), bf16_stopped=runs("bf16-stopped", stop_at=7, **bf16),
            bf16_resumed=runs("bf16-stopped", attempt=2, **bf16),
        ),
        **group(1, resumed=other, text_resumed=runs("text-stopped", attempt=2, text=True)),
    }  # fmt: skip


def test_every_stage_and_number_of_ranks_gives_the_same_losses(trained: dict[str, Runs]) -> None:
    expected = trained["one"][1]["losses"]
    assert len(expected) == 12
    assert len(set(expected)) == 12, "a loss that stands still would prove nothing"
    for name in ("one", "two"):
        assert set(trained[name]) == set(STAGES)
        for run in trained[name].values():
            assert run["losses"] == pytest.approx(expected, abs=1e-4)


def test_the_engine_is_deepspeeds(trained: dict[str, Runs]) -> None:
    assert {run["engine"] for runs in trained.values() for run in runs.values()} == {"DeepSpeedEngine"}


def test_counts_do_not_depend_on_ranks(trained: dict[str, Runs]) -> None:
    runs = [run for name in ("one", "two") for run in trained[name].values()]
    assert {run["examples"] for run in runs} == {12 * 16}
    assert len({run["tokens"] for run in runs}) == 1


def test_best_and_last_are_both_observed(trained: dict[str, Runs]) -> None:
    for run in trained["two"].values():
        assert run["selections"]["last"]["step"] == 12
        (best,) = (found for found in run["selections"].values() if found["rule"] == "best")
        looks = {step for step, _, _, metric, _ in run["curves"] if metric != "loss"}
        assert looks == {5, 10, 12}, "every 5 steps, and at the end"
        means = {step: sum(v for s, _, _, m, v in run["curves"] if s == step and m != "loss") / 2 for step in looks}
        assert best["value"] == pytest.approx(max(means.values()))
        assert best["step"] == min(step for step in looks if means[step] == pytest.approx(best["value"]))


def test_the_model_that_stays_in_memory_is_the_checkpoint_in_every_bit(trained: dict[str, Runs]) -> None:
    assert {run["differences"] for runs in trained.values() for run in runs.values()} == {0}


def test_nothing_of_an_engine_stays_in_memory(trained: dict[str, Runs]) -> None:
    for runs in trained.values():
        for run in runs.values():
            assert run["grown"] < 10_000, "weights, moments and gradients of the model are 90 000 bytes each"


def test_a_run_stopped_on_two_ranks_goes_on_with_one(trained: dict[str, Runs]) -> None:
    whole = trained["one"][1]
    for run in trained["stopped"].values():
        assert not run["finished"]
        assert run["step"] == 8, "the stop is seen at the next step"
    for run in trained["resumed"].values():
        assert run["finished"]
        assert run["losses"] == pytest.approx(whole["losses"][8:], abs=1e-4)
        assert run["tokens"] == whole["tokens"]
        assert [value for *_, value in run["curves"]] == pytest.approx([v for *_, v in whole["curves"]], abs=1e-3)


def test_each_attempt_logs_the_curves_of_its_own_steps(trained: dict[str, Runs]) -> None:
    for name, own in (("one", range(1, 13)), ("stopped", range(1, 9)), ("resumed", range(9, 13))):
        for run in trained[name].values():
            expected = [
                [step, f"{metric}/{task}/{lang}"] for step, task, lang, metric, _ in run["curves"] if step in own
            ]
            kinds = ("loss/", "accuracy/", "tag_f1/")
            assert [point[:2] for point in run["logged"] if point[1].startswith(kinds)] == expected
            assert {step for step, tag, _ in run["logged"] if tag == "tokens_per_second"} == {*own}


def test_bf16_goes_on_exactly_on_the_same_ranks(trained: dict[str, Runs]) -> None:
    for stage, run in trained["bf16_resumed"].items():
        assert trained["bf16_stopped"][stage]["step"] == 8
        assert run["losses"] == pytest.approx(trained["bf16"][stage]["losses"][8:], abs=1e-6)


def test_masked_text_gives_the_same_losses_and_goes_on(trained: dict[str, Runs]) -> None:
    """Masks come from the step and the micro-batch, and the tied embeddings are whole at every stage."""
    expected = trained["text"][1]["losses"]
    assert len(set(expected)) == 12
    for run in trained["text_stopped"].values():
        assert run["step"] == 6
        assert run["losses"] == pytest.approx(expected[:6], abs=1e-4)
    for run in trained["text_resumed"].values():
        assert run["finished"]
        assert run["losses"] == pytest.approx(expected[6:], abs=1e-4)


def test_an_infinite_gradient_in_the_last_step_fails_the_phase_on_every_rank(
    small_world: World, tmp_path: Path
) -> None:
    """The loss is a number, and no later one would show that the weights no longer are."""
    runs = [
        run_of(tmp_path / f"{precision}-{stage}", stage, precision=precision, spoilt=True)
        for precision in ("fp32", "bf16")
        for stage in STAGES
    ]
    for run, found in zip(runs, launch(small_world, 2, runs), strict=True):
        assert found["ends"] == ["the gradient is not a number at step 1"] * 2, run
        assert not list(Path(run["store"]).rglob("*.safetensors"))
