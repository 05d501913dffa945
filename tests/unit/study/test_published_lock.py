"""A lock of published sizes: it plans, and nothing runs with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from xfer.errors import DataError, LockError, ModelError
from xfer.study import lock as locks
from xfer.study import reading
from xfer.study.lock import Lock
from xfer.study.planner import plan
from xfer.study.published import lock_as_published
from xfer.study.resolve import Roots, check_data
from xfer.study.schema import Study

STUDY = """\
study: grid
seeds: [1, 2]
models: [{model}]
arms: [none, {arm}]
targets: [xnli, xquad, tatoeba]
recipe: {{default: {{epochs: 2, batch_size: 32, max_length: 256}}}}
"""


def study(folder: Path, model: str = "FacebookAI/xlm-roberta-large", arm: str = "hellaswag") -> Study:
    path = folder / "grid.yaml"
    path.write_text(STUDY.format(model=model, arm=arm))
    return reading.read(path)


def test_a_plan_has_the_published_rows_and_is_the_same_after_a_round_trip(tmp_path: Path) -> None:
    found = study(tmp_path)
    made = lock_as_published(found)
    assert made.is_published
    locks.write(tmp_path / "grid.lock.json", made)
    again = locks.read(tmp_path / "grid.lock.json", found.registry)
    phases = plan(found, again, {}).phases.values()
    steps = {held.phase.name: held.phase.steps for held in phases}
    assert steps["mnli"] == 2 * -(-392_702 // 32) and steps["squad"] == 2 * -(-87_599 // 32)
    assert steps["hellaswag"] == 2 * -(-39_905 // 32)


def test_the_models_dimensions_are_those_of_xlm_r(tmp_path: Path) -> None:
    """Conneau et al. 2020, table 5, and the models' pages: 278 and 560 million parameters, a pooler among them."""
    pooler = {"base": 768 * 769, "large": 1024 * 1025}
    for size, parameters in (("base", 278_043_648), ("large", 559_890_432)):
        name = f"FacebookAI/xlm-roberta-{size}"
        assert lock_as_published(study(tmp_path, name)).model(name).parameters + pooler[size] == parameters


def test_what_has_no_published_size_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"grid\.yaml:3:10: the dimensions of 'org/mine' are not known"):
        lock_as_published(study(tmp_path, "org/mine"))
    with pytest.raises(DataError, match="how many rows task semtags trains on is not known"):
        lock_as_published(study(tmp_path, arm="semtags"))


def test_nothing_runs_with_it(tmp_path: Path) -> None:
    found = study(tmp_path)
    with pytest.raises(LockError, match="sizes as published, to plan with"):
        check_data(found, lock_as_published(found), Roots(), tmp_path / "grid.lock.json")
    assert not Lock.model_validate({**lock_as_published(found).model_dump(), "splits": {}}).is_published
