"""In which order a study is walked, and what is done in the lane that has just trained."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.execution.walking import Lane, plan_of, walk
from xfer.execution.jobs import Evaluate, Train
from xfer.store.store import Store


@pytest.fixture
def lane(tmp_path: Path) -> Lane:
    return Lane(Store(str(tmp_path / "runs")))


def test_a_checkpoint_is_evaluated_where_it_was_trained_before_anything_else_is(tmp_path: Path, lane: Lane) -> None:
    jobs: list[Train | Evaluate] = []
    lane.before = jobs.append
    assert walk(tmp_path, lane.store, lane, seeds="[11, 12, 13]")[0] == 0
    for i, job in enumerate(jobs):
        if isinstance(job, Evaluate) and job.subject:
            latest = next(before for before in reversed(jobs[:i]) if isinstance(before, Train))
            assert latest.phase.key in job.subject
    assert any(isinstance(job, Evaluate) and job.subject for job in jobs)


def test_a_failed_phase_fails_what_begins_with_it_and_nothing_else(tmp_path: Path, lane: Lane) -> None:
    plan = plan_of(tmp_path)
    (parent,) = {held.phase.start.phase for held in plan.phases.values()} - {""}
    lane.fails = {parent}
    unfinished, events = walk(tmp_path, lane.store, lane)
    assert unfinished == 2, "XNLI and Tatoeba after snli"
    assert [event["phase"] for event in events if event["event"] == "failed"] == [parent]
    assert len(lane.trained) == 2
    lane.fails = ()
    assert walk(tmp_path, lane.store, lane)[0] == 0, "the same command tries again"
    assert lane.trained[0] == parent
