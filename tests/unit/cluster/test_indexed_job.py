"""Manifests of a study: held by a golden file, restricted, without a secret, and owned by the Job."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from cluster import bundle as bundles
from cluster import indexed_job
from cluster.belongings import owned_by
from cluster.place import PlaceError
from tests.unit.cluster.there import packed, profile
from xfer.phase.resources import PerRank, Resources

GOLDEN = Path(__file__).parents[2] / "golden" / "indexed_job.yaml"
GPUS = "{default: {ranks: 4, per_rank: {gpu: 1, cpu: 2}}}"


def test_the_manifests_are_what_they_were(tmp_path: Path) -> None:
    """After a change that is meant: run with XFER_UPDATE_GOLDEN=1, and read the difference."""
    made = packed(tmp_path, resources=GPUS)
    job = indexed_job.job(made, profile())
    job["metadata"]["uid"] = "uid-of-the-job"
    owned = owned_by(job, indexed_job.owned(made, profile(), "token"))
    del job["metadata"]["uid"]
    owned[0]["data"] = dict.fromkeys(owned[0]["data"], "...")
    if os.environ.get("XFER_UPDATE_GOLDEN"):
        with GOLDEN.open("w") as stream:
            YAML().dump_all([job, *owned], stream)
    assert [job, *owned] == list(YAML(typ="safe", pure=True).load_all(GOLDEN.read_text()))


def test_the_study_travels_whole(tmp_path: Path) -> None:
    made = packed(tmp_path)
    config_map, secret, _ = indexed_job.owned(made, profile(), "the token")
    assert config_map["data"]["study.yaml"] == (tmp_path / "study.yaml").read_text()
    assert config_map["data"]["study.lock.json"] == (tmp_path / "study.lock.json").read_text()
    assert "the token" not in str(config_map) + str(indexed_job.job(made, profile()))
    assert secret["stringData"] == {"RAY_AUTH_TOKEN": "the token"}


@pytest.mark.parametrize(
    ("pod", "shapes", "count"),
    [
        ("{cpu: 4, memory: 1Gi}", [(2, 1, 0)], 1),
        ("{cpu: 1, memory: 1Gi}", [(2, 1, 0)], 2),
        ("{cpu: 8, memory: 1Gi, gpu: 2}", [(4, 1, 1)], 2),
        ("{cpu: 8, memory: 1Gi, gpu: 8}", [(4, 4, 1)], 2),
        ("{cpu: 8, memory: 1Gi, gpu: 2}", [(1, 1, 0), (5, 1, 1)], 3),
        ("{cpu: 8, memory: 1Gi}", [], 1),
    ],
)
def test_pods_are_as_many_as_the_largest_shape_needs(pod: str, shapes: list[tuple[int, int, int]], count: int) -> None:
    wanted = tuple(Resources(ranks=ranks, per_rank=PerRank(cpu=cpu, gpu=gpu)) for ranks, cpu, gpu in shapes)
    assert profile(pod=pod).pods(wanted) == count


def test_a_rank_that_fits_into_no_pod_is_refused() -> None:
    with pytest.raises(PlaceError, match="a rank takes 2 CPUs and 1 GPUs, and a pod of this profile has 4 and 0"):
        profile(pod="{cpu: 4, memory: 1Gi}").pods((Resources(per_rank=PerRank(cpu=2, gpu=1)),))


def test_a_malformed_profile_is_told_by_field() -> None:
    with pytest.raises(PlaceError) as raised:
        profile(pod="{cpu: 0, memory: 1Gi}", colour="red")
    assert "pod.cpu" in str(raised.value) and "colour" in str(raised.value)


def test_a_study_too_large_for_a_config_map_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "LIMIT", 1000)
    with pytest.raises(PlaceError, match=r"study.lock.json most of them\), and 1,000 can travel"):
        packed(tmp_path)
