"""``suite/NAME`` stands for all tasks of a suite: as targets, and as a mixture that says what it lacks."""

from __future__ import annotations

from pathlib import Path

import pytest

from xfer.errors import StudyError
from xfer.study import reading
from xfer.study.schema import Study
from xfer.tasks.registry import SHIPPED

STUDY = """\
study: all-of-them
seeds: [1]
models: [tiny]
arms:
  - none
  - {arm}
targets: [{targets}]
recipe: {{default: {{steps: 2}}}}
"""


def read(folder: Path, arm: str = "mnli", targets: str = "xnli") -> Study:
    path = folder / "s.yaml"
    path.write_text(STUDY.format(arm=arm, targets=targets))
    return reading.read(path)


def test_targets_of_a_suite_are_its_tasks() -> None:
    assert {"xnli", "pawsx", "udpos", "panx", "xquad", "mlqa", "tydiqa", "tatoeba"} <= set(SHIPPED.suite("xtreme"))
    assert SHIPPED.suite("none of these") == ()


def test_a_suite_stands_beside_other_targets_and_errors_keep_their_place(tmp_path: Path) -> None:
    found = read(tmp_path, targets="sst2, suite/xtreme, {task: snli, name: more}")
    assert found.target_names == ("sst2", *SHIPPED.suite("xtreme"), "more")
    with pytest.raises(StudyError, match=r"s\.yaml:7:32: unknown task 'snlu'"):
        read(tmp_path, targets="sst2, suite/xtreme, {task: snlu}")


def test_a_suite_that_is_none_is_told_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"s\.yaml:7:17: there is no suite/xtrem; known are suite/inter"):
        read(tmp_path, targets="xnli, suite/xtrem")
    with pytest.raises(StudyError, match=r"s\.yaml:6.*there is no suite/mine"):
        read(tmp_path, "{mix: suite/mine}")


def test_a_suite_among_the_arms_is_an_arm_for_each_of_its_tasks(tmp_path: Path) -> None:
    found = read(tmp_path, "suite/intermediate\n  - {name: ccg-1k, task: ccg, examples: 1000}")
    assert [arm.name for arm in found.arms] == ["none", *SHIPPED.suite("intermediate"), "ccg-1k"]


def test_a_mixture_of_a_suite_is_called_after_it_and_says_what_it_lacks(tmp_path: Path) -> None:
    whole = SHIPPED.suite("intermediate")
    arm = read(tmp_path, "{mix: suite/intermediate}").arms[1]
    assert (arm.name, arm.trains_on) == ("intermediate", whole)
    arm = read(tmp_path, "{mix: suite/intermediate, without: [mnli, qqp], sample: {cap: 10}}").arms[1]
    assert arm.name == "intermediate-less-mnli-less-qqp" and arm.drawn.cap == 10
    assert arm.trains_on == tuple(task for task in whole if task not in ("mnli", "qqp"))
    assert read(tmp_path, "{name: all9, mix: suite/intermediate}").arms[1].name == "all9"


def test_what_a_suite_does_not_have_cannot_be_left_out(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"s\.yaml:6.*without names what is not in the suite, which has .*mnli"):
        read(tmp_path, "{mix: suite/intermediate, without: [panx]}")
    with pytest.raises(StudyError, match="without names what is not in the suite"):
        read(tmp_path, "{mix: suite/intermediate, without: [[mnli]]}")
    with pytest.raises(StudyError, match="unknown field 'without'"):
        read(tmp_path, "{name: two, mix: [mnli, snli], without: [snli]}")
