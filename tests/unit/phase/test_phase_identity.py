"""What a phase, a selection and an evaluation are known by."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from xfer.phase.data_set import DataSet
from xfer.phase.evaluation import Evaluation
from xfer.phase.phase import Phase
from xfer.phase.recipe import Recipe
from xfer.phase.selection import Rule, Selection

MNLI = DataSet("mnli", "en", "train", "aa", "dd", 100)
SNLI = replace(MNLI, task="snli")
TWO_EPOCHS = Recipe(epochs=2, batch_size=16)
PHASE = Phase((MNLI,), (1.0,), Selection(model="weights"), "encoder", TWO_EPOCHS, 1, None, {"loop": 1})
BEST = Rule("best", (replace(MNLI, split="validation"),), (("accuracy", 1),), 10)
MIX = replace(PHASE, trains_on=(MNLI, SNLI), weights=(0.5, 0.5))
EVALUATION = Evaluation(Selection(PHASE.key), replace(MNLI, split="test"), "mnli", "fp32", 32, (("predict", 1),))

PHASES: dict[str, dict[str, Any]] = {
    "data": {"trains_on": (replace(MNLI, data="ab"),)},
    "declaration": {"trains_on": (replace(MNLI, declaration="de"),)},
    "another task": {"trains_on": (SNLI,)},
    "one task more": {"trains_on": (MNLI, SNLI), "weights": (0.5, 0.5)},
    "fewer examples": {"trains_on": (MNLI.part(50),)},
    "shuffled labels": {"trains_on": (MNLI.part(None, shuffled=True),)},
    "an early end": {"until": BEST},
    "start": {"start": Selection(model="other weights")},
    "recipe": {"recipe": Recipe(epochs=3, batch_size=16)},
    "seed": {"seed": 2},
    "version": {"versions": {"loop": 2}},
}
EVALUATIONS: dict[str, dict[str, Any]] = {
    "subject": {"subject": Selection(PHASE.key, BEST)},
    "data": {"data": MNLI},
    "head": {"head": "snli"},
    "precision": {"precision": "bf16"},
    "max_length": {"max_length": 64},
    "version": {"versions": (("predict", 2),)},
    "layer": {"layer": 0},
}


@pytest.mark.parametrize("by", [(("tag_f1", 1),), (("accuracy", 2),)])
def test_a_choice_by_another_metric_is_another_checkpoint_and_another_early_end(
    by: tuple[tuple[str, int], ...],
) -> None:
    other = replace(BEST, by=by)
    assert other.key != BEST.key and Selection(PHASE.key, other).key != Selection(PHASE.key, BEST).key
    assert replace(PHASE, until=other).key != replace(PHASE, until=BEST).key


@pytest.mark.parametrize("name", PHASES)
def test_a_phases_key_changes_with_what_shapes_it(name: str) -> None:
    assert replace(PHASE, **PHASES[name]).key != PHASE.key


@pytest.mark.parametrize("name", EVALUATIONS)
def test_an_evaluations_key_changes_with_what_shapes_it(name: str) -> None:
    assert replace(EVALUATION, **EVALUATIONS[name]).key != EVALUATION.key


def test_the_order_of_a_mix_counts_because_turns_are_drawn_by_place() -> None:
    assert MIX.key != replace(MIX, trains_on=(SNLI, MNLI)).key
    assert MIX.name == "mnli + snli"
    assert MIX.rows == 200
    assert MIX.steps == 26  # 2 epochs of 13 batches


def test_a_mixs_key_changes_with_its_weights() -> None:
    assert replace(MIX, weights=(0.25, 0.75)).key != MIX.key != replace(MIX, weights=(0.75, 0.25)).key


def test_the_number_of_rows_follows_from_the_data_and_is_no_identity() -> None:
    assert replace(PHASE, trains_on=(replace(MNLI, rows=200),)).key == PHASE.key


def test_equal_payloads_have_equal_keys_whatever_object_holds_them() -> None:
    recipe = Recipe(batch_size=16, epochs=2)
    again = Phase((replace(MNLI),), (1.0,), Selection(model="weights"), "encoder", recipe, 1, None, {"loop": 1})
    assert again.key == PHASE.key
    assert len(again.key) == 12


def test_a_rules_key_names_its_kind_and_changes_with_its_fields() -> None:
    assert Rule().key == "last"
    assert Rule(every=10).key == "last", "where nothing is looked at, when does not matter"
    changed = (replace(BEST, every=20), replace(BEST, on=(BEST.on[0].part(50),)), replace(BEST, on=(SNLI,)))
    assert all(rule.key.startswith("best-") for rule in (BEST, *changed))
    assert len({BEST.key, *(rule.key for rule in changed)}) == 4
    assert BEST.selected_by == "mnli/validation/en"
    assert Rule().selected_by == ""


def test_a_checkpoint_is_told_from_a_pretrained_model() -> None:
    keys = {Selection("p").key, Selection("p", BEST).key, Selection(model="p").key, Selection("q").key}
    assert len(keys) == 4


def test_languages_of_one_split_share_a_group_and_splits_do_not() -> None:
    german = replace(EVALUATION, data=replace(EVALUATION.data, language="de"))
    validation = replace(EVALUATION, data=replace(EVALUATION.data, split="validation"))
    assert german.group == EVALUATION.group
    assert german.key != EVALUATION.key
    assert validation.group != EVALUATION.group
