"""The loop on an accelerator: one rank over NCCL. Skipped, and counted, where there is none."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.integration.ranks import launch, run_of
from tests.world import World

pytestmark = pytest.mark.gpu


@pytest.fixture(scope="module", autouse=True)
def _a_gpu() -> None:
    try:
        found = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:
        found = ""
    if "GPU" not in found:
        pytest.skip("there is no NVIDIA GPU on this machine")


@pytest.mark.parametrize(
    ("precision", "stages", "tolerance"),
    [("fp32", (0, 1, 2, 3), 1e-4), ("bf16", (1, 2, 3), 5e-3)],
)
def test_stages_agree(
    precision: str, stages: tuple[int, ...], tolerance: float, small_world: World, tmp_path: Path
) -> None:
    runs = launch(small_world, 1, [run_of(tmp_path / str(s), s, precision=precision) for s in stages], gpu=True)
    assert len(set(runs[0]["losses"])) == 12
    for run in runs:
        assert run["engine"] == "DeepSpeedEngine"
        assert run["losses"] == pytest.approx(runs[0]["losses"], abs=tolerance)


def test_an_interrupted_run_goes_on_with_the_same_losses(small_world: World, tmp_path: Path) -> None:
    for precision in ("fp32", "bf16"):
        (whole,) = launch(small_world, 1, [run_of(tmp_path / f"whole-{precision}", 1, precision=precision)], gpu=True)
        first = run_of(tmp_path / precision, 1, stop_at=7, precision=precision)
        then = run_of(tmp_path / precision, 1, precision=precision, attempt=2)
        _, second = launch(small_world, 1, [first, then], gpu=True)
        assert second["losses"] == pytest.approx(whole["losses"][8:], abs=1e-4)
