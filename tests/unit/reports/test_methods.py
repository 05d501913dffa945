"""The methods say what the study, its lock and its records say, in words, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.reports.studies import open_with, said, world_of
from tests.unit.reports.tables import small_views
from tests.unit.study.made import lock
from xfer.models.spec import ModelSpec
from xfer.reports.about import about
from xfer.reports.methods import markdown
from xfer.reports.methods_data import METRICS
from xfer.reports.page import render
from xfer.reports.prose import Paragraph, listed, number_of, percent, rate
from xfer.tasks.registry import SHIPPED


def test_a_pretrained_model_is_named_with_what_is_known_of_it(tmp_path: Path) -> None:
    config = {"model_type": "xlm-roberta", "vocab_size": 250002}
    found = said(open_with(tmp_path, lock(["tiny"], revision="abc123", config=config)))
    (model,) = found["Models"].items
    assert model == (
        "tiny: a pretrained encoder of 1\u202f000 parameters (xlm-roberta architecture, 2 layers, hidden size 8, "
        "vocabulary of 250\u202f002 sub-tokens); revision abc123 on the Hugging Face Hub."
    )
    (local,) = said(open_with(tmp_path))["Models"].items
    assert "a local copy (sha256 over configuration, tokenizer and weights: weights of tiny)" in local
    assert "Generated languages" not in found
    assert not any("Masked" in item for item in found["Methods used"].items)


def test_models_from_scratch_that_differ_in_their_seed_are_told_once(tmp_path: Path) -> None:
    found = said(world_of(tmp_path))
    (model,) = found["Models"].items
    assert model.startswith("one and two: encoders of XLM-R’s architecture that the study pretrains itself")
    assert "2 layers, hidden size 64, 4 attention heads, feed-forward size 128" in model
    assert "tokenizer of 64 sub-tokens" in model and "trained on world_text (160 rows)" in model
    assert model.endswith("The models differ only in the seed of their pretraining (1 and 2).")
    assert found["Generated languages"].items == (
        "qaa: shares 60% of its word forms with en, order subject, object, verb.",
        "qab: shares 25% of its word forms with en, adjectives after nouns.",
    )
    assert "80% are masked" in found["Models"].text
    assert "parallel data" in found["Generated languages"].text


def test_a_world_of_one_language_has_no_parallel_data(tmp_path: Path) -> None:
    found = said(world_of(tmp_path, world="{languages: {en: {}}}", targets="[world_paraphrase]"))["Generated languages"]
    assert "parallel" not in found.text and found.items == ()


def test_arms_in_words(tmp_path: Path) -> None:
    mix = "{name: mix, mix: [mnli, snli], sample: {weights: {mnli: 3, snli: 1}}}"
    few = "{name: few, task: mnli, examples: 100, labels: shuffled}"
    found = said(open_with(tmp_path, arms=f"[none, snli, {few}, {mix}, {{name: even, mix: [mnli, snli]}}]"))
    none, snli, shuffled, weighted, even = found["Intermediate tasks"].items
    assert none == "none: no intermediate task; every other arm is compared with this one."
    assert snli == "snli: snli (all 160 rows in en)."
    assert shuffled == "few: mnli (a random draw of 100 rows in en, labels shuffled)."
    assert weighted.endswith("drawn from one of them, by given weights (75% and 25% of the steps).")
    assert even.endswith("a global batch is drawn from one of them, equally often.")
    assert "are a control" in found["Intermediate tasks"].text


def test_an_arm_of_several_phases_in_words(tmp_path: Path) -> None:
    arms = "[none, snli, {name: chain, then: [snli, mnli, panx]}]"
    opened = open_with(tmp_path, lock(["tiny", "large"]), models="[tiny, large]", arms=arms)
    found = said(opened)
    none, snli, chain = found["Intermediate tasks"].items
    assert none.startswith("none: no intermediate task") and snli == "snli: snli (all 160 rows in en)."
    assert chain == (
        "chain: first snli (all 160 rows in en), then mnli (all 160 rows in en), then panx (all 160 rows in en); each "
        "phase goes on from the encoder of the one before, with a new head."
    )
    assert [item.partition(":")[0] for item in found["Data sets"].items][:3] == ["snli", "mnli", "panx"]


def test_targets_say_what_they_train_on_and_are_tested_with(tmp_path: Path) -> None:
    targets = "[{task: xnli, name: small, examples: 32}, udpos, tatoeba]"
    found = said(open_with(tmp_path, targets=targets))["Targets and evaluation"]
    assert found.items[0] == (
        "small (task xnli): fine-tuned on mnli (a random draw of 32 rows in en); accuracy on validation and test data "
        "in 2 languages (de, en)."
    )
    assert "layer 1 of 2" in found.items[2] and found.items[2].endswith("accuracy on test data in 1 language (de).")
    assert "tag_f1 is seqeval’s micro-averaged F1 of tagged spans" in found.text


def test_what_was_not_used_is_not_cited(tmp_path: Path) -> None:
    cited = " ".join(said(open_with(tmp_path, arms="[none]", targets="[pawsx]"))["Methods used"].items)
    assert "AdamW" in cited and "XTREME" in cited
    for other in ("Phang", "ASHA", "ZeRO", "Byte-pair", "Masked", "seqeval", "Tijdeman", "Raffel", "Turc"):
        assert other not in cited
    sharded = said(open_with(tmp_path), phases=[phase()])["Methods used"].items
    assert "ZeRO: Rajbhandari et al. 2020, arXiv 1910.02054." in sharded


def phase(**fields: Any) -> dict[str, Any]:
    known = {
        "phase": "p",
        "state": "done",
        "ranks": 2,
        "zero_stage": 1,
        "hardware": "a CPU",
        "versions": '{"torch": "2"}',
    }
    return known | fields


def test_machines_come_from_the_records(tmp_path: Path) -> None:
    opened = open_with(tmp_path)
    assert said(opened)["Software and hardware"].text == "No phase has been trained yet."
    one = said(opened, phases=[phase(), phase(), phase(state="pruned", hardware=None)])["Software and hardware"]
    assert one.text == "Every phase was trained by 2 workers with DeepSpeed ZeRO stage 1 on a CPU (torch 2)."
    several = said(opened, phases=[phase(), phase(), phase(hardware="a GPU", ranks=1)])["Software and hardware"]
    assert [item.partition(":")[0] for item in several.items] == ["2 phases", "1 phase"]


def test_data_sets_have_citation_licence_and_origin(tmp_path: Path) -> None:
    made = lock().model_copy(update={"revisions": {"nyu-mll/glue": "c0ffee"}})
    items = {item.partition(":")[0]: item for item in said(open_with(tmp_path, made))["Data sets"].items}
    assert list(items) == ["mnli", "snli", "xnli", "udpos", "tatoeba"]
    assert items["mnli"] == (
        "mnli: Williams et al. 2018, arXiv 1704.05426; nyu-mll/glue (mnli), commit c0ffee on the Hugging Face Hub; "
        "licence: OANC, CC-BY-SA-3.0 and others, by genre."
    )
    assert "(LANGUAGE), a local copy" in items["xnli"]
    generated = said(world_of(tmp_path))["Data sets"].items
    assert generated[0] == "world_text: generated for this study."


def test_it_is_a_section_of_the_page_and_escaped(tmp_path: Path) -> None:
    opened = open_with(tmp_path, lock([spec_with("<b>&")]), models="['<b>&']")
    known = about(opened, small_views())
    page = render("P", small_views(), "small", about=known)
    assert '<section id="methods">' in page and '<a href="#methods">' in page
    assert "&lt;b&gt;&amp;: a pretrained encoder" in page
    assert "<b>&" not in page


def spec_with(name: str) -> ModelSpec:
    (model,) = lock([name]).models.values()
    return model


def test_generated_languages_are_explained_beside_their_tables(tmp_path: Path) -> None:
    page = render("P", small_views(), "small", about=about(world_of(tmp_path), small_views()))
    assert "<b>qaa</b> shares 60% of its word forms with en, order subject, object, verb;" in page
    assert "training on an intermediate task first" in page
    assert about(open_with(tmp_path), small_views()).languages == {}


def test_markdown_says_the_same_and_means_nothing_by_its_signs() -> None:
    text = markdown("s", [Paragraph("A <b>", "1\u202f000 rows of a_b and _c_ *d*", ("one", "two")), Paragraph("B", "")])
    assert text == "# s\n\n## A \\<b\\>\n\n1,000 rows of a_b and \\_c\\_ \\*d\\*\n\n- one\n- two\n\n## B\n"


def test_every_metric_of_the_catalog_is_explained() -> None:
    assert {SHIPPED.get(name).metric for name in SHIPPED.names()} - {""} <= set(METRICS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (rate(1e-3), "1e-3"),
        (rate(2.5e-5), "2.5e-5"),
        (rate(0.00573), "5.73e-3"),
        (rate(1.0), "1e0"),
        (percent(2 / 3), "66.7%"),
        (percent(0.15), "15%"),
        (listed(["a"]), "a"),
        (listed([1, 2, 3]), "1, 2 and 3"),
        (number_of(1, "row"), "1 row"),
        (number_of(4096, "row"), "4\u202f096 rows"),
    ],
)
def test_words(text: str, expected: str) -> None:
    assert text == expected
