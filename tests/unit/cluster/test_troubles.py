"""What keeps a run from going on, in a user's words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from cluster import troubles
from cluster.runs import Run, why_failed
from xfer.events import Progress


def pod(**status: Any) -> dict[str, Any]:
    return {"metadata": {"name": "small-1"}, "status": status}


def container(**state: Any) -> dict[str, Any]:
    return {"containerStatuses": [{"state": state}]}


def test_each_trouble_is_told_once_with_its_pod() -> None:
    unscheduled = {"type": "PodScheduled", "status": "False", "message": "0/1 nodes have nvidia.com/gpu"}
    found = troubles.of(
        [
            pod(conditions=[unscheduled]),
            pod(**container(waiting={"reason": "ErrImagePull", "message": "not found"})),
            pod(**container(terminated={"reason": "OOMKilled"})),
            pod(**container(running={})),
        ],
        [{"reason": "FailedCreate", "message": "exceeded quota"}] * 2,
    )
    assert found == (
        "small-1 finds no node: 0/1 nodes have nvidia.com/gpu",
        "small-1: the image cannot be pulled: not found",
        "small-1 ran out of memory: give its pods more, or take smaller micro-batches",
        "no pod can be made: exceeded quota",
    )


def test_a_pod_that_outlasts_its_end_is_on_a_dead_node() -> None:
    dead = {"metadata": {"name": "small-1", "deletionTimestamp": "2026-01-01T10:00:00Z"}, "spec": {"nodeName": "n7"}}
    (told,) = troubles.of([dead], [])
    assert "kubectl taint node n7 node.kubernetes.io/out-of-service=nodeshutdown:NoExecute" in told
    ending = {"metadata": {"name": "small-1", "deletionTimestamp": datetime.now(UTC).isoformat()}}
    assert troubles.of([ending], []) == ()


def test_what_is_over_is_not_told() -> None:
    refused = {"reason": "FailedCreate", "message": "exceeded quota", "lastTimestamp": "2026-01-01T10:00:00Z"}
    running = {"metadata": {"name": "small-0", "creationTimestamp": "2026-01-01T10:00:01Z"}, "status": {}}
    earlier = {"metadata": {"name": "small-0", "creationTimestamp": "2026-01-01T09:59:59Z"}, "status": {}}
    assert troubles.of([running], [refused]) == ()
    assert troubles.of([earlier], [refused]) == ("no pod can be made: exceeded quota",)
    assert troubles.of([], [refused], since="2026-01-01T10:00:02Z") == (), "before the Job was taken up again"


def test_progress_adds_events_up() -> None:
    progress = Progress()
    for event in (
        {"time": 100.0, "event": "study", "study": "small", "phases": 3, "cached": 1, "steps": 20},
        {"time": 100.0, "event": "lane", "lane": 1, "ranks": 2, "gpus": 0},
        {"time": 100.0, "event": "lane_ready", "lane": 1, "ranks": 2},
        {"time": 100.0, "event": "lane_ready", "lane": 2, "ranks": 2},
        {"time": 100.0, "event": "lane", "lane": 3, "ranks": 64, "gpus": 0},
        {
            "time": 102.0,
            "event": "phase",
            "phase": "a",
            "roles": ["target"],
            "trains_on": "x",
            "steps": 10,
            "first_step": 4,
        },
        {"time": 104.0, "event": "step", "phase": "a", "step": 6},
        {"time": 104.0, "event": "interrupted", "phase": "a", "why": "a worker died"},
        {"time": 104.0, "event": "lane_end", "lane": 1},
        {
            "time": 105.0,
            "event": "phase",
            "phase": "a",
            "roles": ["target"],
            "trains_on": "x",
            "steps": 10,
            "first_step": 5,
        },
        {"time": 110.0, "event": "trained", "phase": "a", "steps": 8},
    ):
        progress.add(event)
    told = progress.summary()
    assert (told["phases_done"], told["steps_done"], told["rate"]) == (2, 10, 1.0)
    assert told["device_seconds"] == 4 * 4 + 2 * 6
    assert told["problem"] == "a worker died"
    row = Run("small", "running", told).row()
    assert row == ("small", "running", "2/3", "10/20", "1.0/s", "00:00:10", "0.01", "target on x")
    assert Run("small", "running", {**told, "steps": 8}).row()[5] == "", "a search has done more than was announced"


def test_a_run_that_lost_its_pods_is_not_explained_by_what_went_wrong_before() -> None:
    said = "Pod failed 20 times"
    assert why_failed({"problem": "a worker died", "code": None}, said) == said
    assert why_failed({"problem": "the disk is full", "code": 2}, said) == "the disk is full"
    assert why_failed({"problem": "a worker died", "code": 1, "unfinished": 3}, said) == "3 cells are not done"
