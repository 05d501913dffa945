"""The catalog: every task is whole, and its source can be spelled."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from xfer.errors import UserError
from xfer.synthetic.world import Language, World
from xfer.tasks import suites
from xfer.tasks.data import DataRoots
from xfer.tasks.formats.classification import Classification
from xfer.tasks.hub import HubSplit
from xfer.tasks.registry import SHIPPED, Registry
from xfer.tasks.source import Folder, Generated, Hub
from xfer.tasks.task import SPLITS, Task

NAMES = SHIPPED.names()


def test_the_catalogs_files_are_the_tasks() -> None:
    assert {"mnli", "snli", "xnli", "pawsx", "udpos", "panx", "tatoeba", "semtags", "sst2"} <= set(NAMES)
    assert {"world_nli", "world_paraphrase", "world_tagging", "world_retrieval", "world_text"} <= set(NAMES)
    assert list(NAMES) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_task_is_whole(name: str) -> None:
    task = SHIPPED.get(name)
    assert task.name == name
    assert task.major in task.format.metrics if task.metric else not task.format.metrics
    assert set(task.columns) >= set(task.format.fields)
    assert len(set(task.labels)) == len(task.labels)
    assert task.format.size(task, 99) == {"vocabulary": 99, "span": 2}.get(task.format.output, len(task.labels))
    assert task.open_labels or bool(task.labels) == (task.format.output in ("sequence", "choice", "token"))
    assert set(task.label_names.values()) <= set(task.labels)
    assert set(task.splits) <= set(SPLITS)
    assert len(set(task.languages)) == len(task.languages) > 0
    assert task.licence
    assert task.citation or isinstance(task.source, Generated)
    assert set(task.near) | set(task.contains) <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_what_a_task_trains_on_can_be_trained_on_and_has_the_same_head(name: str) -> None:
    task = SHIPPED.get(name)
    assert (task.trains_on is None) == (not task.format.trainable)
    if task.trains_on is None:
        return
    trained = SHIPPED.get(task.trains_on)
    assert trained.trains_on == trained.name
    assert "train" in trained.splits and trained.trains_in in trained.languages
    assert (trained.labels, trained.format.output) == (task.labels, task.format.output)
    assert set(trained.columns) == set(task.columns), "pairs are not asked of what learned from single texts"
    if trained.metric and set(trained.splits) != {"train", "test"}:  # without validation data it selects on nothing
        split, _, language = trained.selects_on.partition("/")
        assert split in trained.splits and split != "test" and language in trained.languages


@pytest.mark.parametrize("name", [name for name in NAMES if isinstance(SHIPPED.get(name).source, Hub)])
def test_every_language_of_the_hub_has_a_configuration_or_rows_of_its_own(name: str) -> None:
    task = SHIPPED.get(name)
    places = [located(name, language) for language in task.languages]
    assert len({(place.config, place.begins) for place in places}) == len(places)
    assert not any("{" in f"{place.config}{place.begins}" for place in places)


@pytest.mark.parametrize("name", [name for name in NAMES if isinstance(SHIPPED.get(name).source, Folder)])
def test_every_split_of_a_folder_is_of_files_of_its_own(name: str) -> None:
    task = SHIPPED.get(name)
    assert isinstance(task.source, Folder)
    reader = task.source.reader
    found = [reader.files(Path("x"), split, code) for split in task.splits.values() for code in task.languages]
    assert all(found) and len(set(found)) == len(task.splits) * len(task.languages)


def test_generated_tasks_have_the_languages_of_their_world() -> None:
    two = Registry(world=World(languages={"en": Language(), "xx": Language(cognates=0.1)}))
    assert two.get("world_nli").languages == ("en", "xx")
    assert two.get("world_retrieval").languages == ("xx",)
    assert two.get("world_text").languages == SHIPPED.get("world_text").languages
    assert two.get("xnli").languages == SHIPPED.get("xnli").languages
    assert SHIPPED.get("world_nli").languages[:1] == ("en",) and "xx" not in SHIPPED.get("world_nli").languages


def located(name: str, language: str, roots: DataRoots | None = None) -> HubSplit:
    task = SHIPPED.get(name)
    place = (roots or DataRoots()).locate(task, language, next(iter(task.splits)))
    assert isinstance(place, HubSplit)
    return place


def test_the_sources_own_codes_are_used_where_they_differ() -> None:
    assert located("tatoeba", "zh").config == "cmn-eng"
    assert located("udpos", "de").config == "udpos.German"
    assert located("panx", "de").config == "de"
    assert located("americas_nli", "ay").config == "aym"
    assert located("mlqa", "de").config == "MLQA.de.de"
    assert located("x_csqa", "ja").config == "X-CSQA-jap"
    assert located("belebele", "fa").config == "pes_Arab"
    assert located("tydiqa", "sw").begins == ("id", "swahili-")


def test_the_benchmarks_have_as_many_languages_as_xtreme_lists() -> None:
    languages = (suites.XNLI, suites.PAWSX, suites.UDPOS, suites.PANX, suites.TATOEBA, suites.XQUAD, suites.MLQA)
    assert [len(codes) for codes in (*languages, suites.TYDIQA, suites.BUCC)] == [15, 7, 33, 40, 36, 11, 7, 9, 4]
    assert "en" not in suites.TATOEBA and all("en" in s for s in (suites.XNLI, suites.PAWSX, suites.UDPOS, suites.PANX))


@pytest.mark.parametrize(("wrong", "near"), [("xnil", "xnli"), ("upos", "udpos"), ("paws-x", "pawsx"), ("mnl", "mnli")])
def test_an_unknown_name_suggests_the_nearest(wrong: str, near: str) -> None:
    with pytest.raises(UserError, match=f"unknown task '{wrong}'") as error:
        SHIPPED.get(wrong)
    assert "did you mean" in error.value.fix and near in error.value.fix


def test_a_name_like_no_other_lists_them_all() -> None:
    with pytest.raises(UserError) as error:
        SHIPPED.get("qqqqqqqq")
    assert all(name in error.value.fix for name in NAMES)


class NewerClassification(Classification):
    version = Classification.version + 1


CHANGES: dict[str, Any] = {
    "columns": {"first": "a", "label": "label"},
    "labels": ("neutral", "entailment", "contradiction"),
    "label_names": {"0": "neutral"},
    "splits": {"train": "other"},
    "drop_unlabelled": True,
    "cluster": None,
    "depth": 0.5,
    "source": SHIPPED.get("snli").source,
    "format": NewerClassification(),
}


@pytest.mark.parametrize("field", CHANGES)
def test_a_declaration_changes_with_whatever_shapes_numbers(field: str) -> None:
    task = SHIPPED.get("mnli")
    assert dataclasses.replace(task, **{field: CHANGES[field]}).declaration_key != task.declaration_key


def test_a_declaration_does_not_change_with_what_is_only_told() -> None:
    task: Task = SHIPPED.get("mnli")
    told = dataclasses.replace(task, licence="other", citation="other", suites=(), near=(), languages=("en", "de"))
    assert told.declaration_key == task.declaration_key


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a field of the format without a column": ({"columns": {"first": "a"}}, "columns lacks label"),
    "a metric of another format": ({"metric": "tag_f1"}, "metric 'tag_f1' is not one of accuracy"),
    "no metric": ({"metric": ""}, "metric '' is not one of accuracy"),
    "a split of the source's name": (
        {"splits": {"dev": "validation"}},
        "splits has 'dev'; known are train, validation",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_declaration_that_does_not_fit_its_format_is_refused(name: str) -> None:
    changes, what = WRONG[name]
    with pytest.raises(ValueError, match=what):
        dataclasses.replace(SHIPPED.get("mnli"), **changes)


ANLI_PLUS = SHIPPED.get("anli_plus")


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"labels": ("neutral", "entailment", "contradiction")}, "its part anli has another format or other labels"),
        ({"columns": {"first": "first", "label": "label"}}, "its part anli has the fields first, second, label"),
        ({"splits": {"train": "train", "test": "test"}}, "its part mnli has no split 'test'"),
        ({"languages": ("en", "de")}, "its part anli has no language 'de'"),
    ],
)
def test_what_is_joined_must_fit_together(change: dict[str, Any], what: str) -> None:
    with pytest.raises(ValueError, match=what):
        dataclasses.replace(ANLI_PLUS, **change)
