"""The catalog: every task is whole, and its source can be spelled."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from xfer.errors import UserError
from xfer.tasks import registry, suites
from xfer.tasks.task import SPLITS, Task

NAMES = registry.names()


def test_the_catalogs_files_are_the_tasks() -> None:
    assert {"mnli", "snli", "xnli", "pawsx", "udpos", "panx", "tatoeba", "semtags"} <= set(NAMES)
    assert list(NAMES) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_task_is_whole(name: str) -> None:
    task = registry.get(name)
    assert task.name == name and task.major in task.format.metrics
    assert set(task.columns) == set(task.format.fields)
    assert len(set(task.labels)) == len(task.labels) == task.format.size(task)
    assert set(task.label_names.values()) <= set(task.labels)
    assert set(task.splits) <= set(SPLITS)
    assert len(set(task.languages)) == len(task.languages) > 0
    assert task.licence and task.citation
    assert set(task.near) | set(task.contains) <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_what_a_task_trains_on_can_be_trained_in_english_and_has_the_same_head(name: str) -> None:
    task = registry.get(name)
    assert (task.trains_on is None) == (not task.format.trainable)
    if task.trains_on is None:
        return
    trained = registry.get(task.trains_on)
    assert trained.trains_on == trained.name
    assert "train" in trained.splits and "en" in trained.languages
    assert (trained.labels, trained.format.output) == (task.labels, task.format.output)
    split, _, language = trained.selects_on.partition("/")
    assert split in trained.splits and split != "test" and language in trained.languages


@pytest.mark.parametrize("name", NAMES)
def test_every_language_has_a_configuration_of_its_own(name: str) -> None:
    task = registry.get(name)
    configurations = [task.source.config_of(language) for language in task.languages]
    assert len(set(configurations)) == len(configurations)
    assert not any("{" in configuration for configuration in configurations)


def test_the_sources_own_codes_are_used_where_they_differ() -> None:
    assert registry.get("tatoeba").source.config_of("zh") == "cmn-eng"
    assert registry.get("udpos").source.config_of("de") == "udpos.German"
    assert registry.get("panx").source.config_of("de") == "de"


def test_the_benchmarks_have_as_many_languages_as_xtreme_lists() -> None:
    counts = [len(s) for s in (suites.XNLI, suites.PAWSX, suites.UDPOS, suites.PANX, suites.TATOEBA)]
    assert counts == [15, 7, 33, 40, 36]
    assert "en" not in suites.TATOEBA and all("en" in s for s in (suites.XNLI, suites.PAWSX, suites.UDPOS, suites.PANX))


@pytest.mark.parametrize(("wrong", "near"), [("xnil", "xnli"), ("upos", "udpos"), ("paws-x", "pawsx"), ("mnl", "mnli")])
def test_an_unknown_name_suggests_the_nearest(wrong: str, near: str) -> None:
    with pytest.raises(UserError, match=f"unknown task '{wrong}'") as error:
        registry.get(wrong)
    assert "did you mean" in error.value.fix and near in error.value.fix


def test_a_name_like_no_other_lists_them_all() -> None:
    with pytest.raises(UserError) as error:
        registry.get("qqqqqqqq")
    assert all(name in error.value.fix for name in NAMES)


CHANGES: dict[str, Any] = {
    "columns": {"first": "a"},
    "labels": ("neutral", "entailment", "contradiction"),
    "label_names": {"0": "neutral"},
    "splits": {"train": "other"},
    "drop_unlabelled": True,
    "cluster": None,
    "depth": 0.5,
    "source": registry.get("snli").source,
    "format": registry.get("udpos").format,
}


@pytest.mark.parametrize("field", CHANGES)
def test_a_declaration_changes_with_whatever_shapes_numbers(field: str) -> None:
    task = registry.get("mnli")
    assert dataclasses.replace(task, **{field: CHANGES[field]}).declaration_key != task.declaration_key


def test_a_declaration_does_not_change_with_what_is_only_told() -> None:
    task: Task = registry.get("mnli")
    told = dataclasses.replace(task, licence="other", citation="other", suites=(), near=(), languages=("en", "de"))
    assert told.declaration_key == task.declaration_key
