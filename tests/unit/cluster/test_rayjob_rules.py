"""What KubeRay would not run is refused before anything is submitted, and only what the API server would take."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cluster.kuberay.job_rules import refuse
from cluster.manifest import Manifest
from cluster.place import PlaceError
from tests.unit.cluster.ray_job import cluster, fixed, good, job, merged, pod, queued, workers
from tests.unit.cluster.unfit_ray_jobs import CHANGES


@pytest.mark.parametrize("base", [good, fixed, queued])
def test_what_kuberay_runs_is_not_refused(base: Callable[[], Manifest]) -> None:
    refuse(base(), "the profile")


@pytest.mark.parametrize(("base", "change", "words"), CHANGES)
def test_what_kuberay_would_not_run_is_refused(base: Callable[[], Manifest], change: Manifest, words: str) -> None:
    with pytest.raises(PlaceError) as refused:
        refuse(merged(base(), change), "the profile")
    assert words in str(refused.value)
    assert str(refused.value).startswith("the profile: KubeRay would take this RayJob and not run it:\n")


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(PlaceError) as refused:
        refuse(merged(merged(good(), job(backoffLimit=-1)), cluster(suspend=True, networkPolicy={})), "the profile")
    assert [line.partition(": ")[0] for line in str(refused.value).splitlines()[1::2]] == [
        "spec.backoffLimit",
        "spec.rayClusterSpec.suspend",
        "spec.rayClusterSpec.networkPolicy",
    ]


@pytest.mark.parametrize(
    "change",
    [
        job(backoffLimit="many", entrypoint=3, deletionStrategy=[], submitterConfig="a"),
        cluster(workerGroupSpecs="none", headGroupSpec=[]),
        cluster(workerGroupSpecs=["a"], rayVersion=2.6),
        workers(replicas="two", labels=["a"], **pod(containers={0: "a"})),
    ],
)
def test_a_value_of_another_type_is_no_traceback(change: Manifest) -> None:
    """The API server refuses it; what it leaves to say here is one message, as ever."""
    with pytest.raises(PlaceError):
        refuse(merged(good(), change), "the profile")
