"""One label for a text or two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.unit.tasks.layouts.case import NUMBER, Case, Feature, strings
from tests.world import NLI, labels


def nli(
    task: str, language: str, split: str, hub_id: str, config: str, source_split: str,
    more: Mapping[str, Feature] | None = None, rows: Sequence[int] = (0, 2, 1), kept: Sequence[int] = (0, 1, 2),
    wrong: int = 3,
) -> Case:  # fmt: skip
    """Rows with these labels, of which some are kept; the first two share their premise."""
    premises = ["A dog runs.", "A dog runs.", "It rains."]
    lines = [
        {"premise": premises[i], "hypothesis": f"h{i}", "label": label, **dict.fromkeys(more or {}, i)}
        for i, label in enumerate(rows)
    ]
    names = {0: "entailment", 1: "neutral", 2: "contradiction"}
    return Case(
        task, language, split, hub_id, config, source_split,
        {**strings("premise", "hypothesis"), "label": labels(NLI), **(more or {})}, lines,
        {
            "cluster": [[0, 0, 1][i] for i in kept], "first": [premises[i] for i in kept],
            "second": [f"h{i}" for i in kept], "label": [names[rows[i]] for i in kept],
        },
        {"label": wrong}, f"label '{wrong}' in column 'label'",
    )  # fmt: skip


def two(names: tuple[str, str], *values: int, **more: Any) -> list[dict[str, Any]]:
    """Pairs of sentences in columns of these names, with these labels."""
    return [{names[0]: f"a{i}", names[1]: f"b{i}", "label": value, **more} for i, value in enumerate(values)]


CASES = (
    nli("mnli", "en", "validation", "nyu-mll/glue", "mnli", "validation_matched", {"idx": NUMBER}, wrong=-1),
    nli("snli", "en", "train", "stanfordnlp/snli", "plain_text", "train", rows=(-1, 2, 1), kept=(1, 2)),
    nli("xnli", "sw", "test", "facebook/xnli", "sw", "test"),
    nli("americas_nli", "ay", "test", "nala-cub/americas_nli", "aym", "test"),
    nli("anli", "en", "train", "facebook/anli", "plain_text", "train_r1+train_r2+train_r3"),
    Case(
        "stsb", "en", "train", "nyu-mll/glue", "stsb", "train",
        {**strings("sentence1", "sentence2"), "label": {"dtype": "float32", "_type": "Value"}, "idx": NUMBER},
        [
            {"sentence1": "a0", "sentence2": "b0", "label": 5.0, "idx": 0},
            {"sentence1": "a1", "sentence2": "b1", "label": 0.5, "idx": 1},
        ],
        {"cluster": [0, 1], "first": ["a0", "a1"], "second": ["b0", "b1"], "score": [5.0, 0.5]},
        {"label": -1.0}, "score -1",
    ),
    Case(
        "qqp", "en", "train", "nyu-mll/glue", "qqp", "train",
        {**strings("question1", "question2"), "label": labels(("not_duplicate", "duplicate")), "idx": NUMBER},
        two(("question1", "question2"), 1, 0, idx=7),
        {"cluster": [0, 1], "first": ["a0", "a1"], "second": ["b0", "b1"], "label": ["duplicate", "not_duplicate"]},
        {"label": None}, "column 'label' has 1 empty values",
    ),
    Case(
        "pawsx", "ko", "test", "google-research-datasets/paws-x", "ko", "test",
        {"id": NUMBER, **strings("sentence1", "sentence2"), "label": labels(("0", "1"))},
        [{"id": 1, "sentence1": "NS", "sentence2": "b0", "label": 0}, *two(("sentence1", "sentence2"), 1, id=2)],
        {"cluster": [0, 1], "first": ["NS", "a0"], "second": ["b0", "b0"], "label": ["different", "paraphrase"]},
        {"label": 2}, "label '2' in column 'label'",
    ),
    Case(
        "sst2", "en", "validation", "nyu-mll/glue", "sst2", "validation",
        {"sentence": strings("s")["s"], "label": labels(("negative", "positive")), "idx": NUMBER},
        [{"sentence": "fine", "label": 1, "idx": 0}, {"sentence": "bad", "label": 0, "idx": 1}],
        {"cluster": [0, 1], "first": ["fine", "bad"], "label": ["positive", "negative"]},
        {"sentence": None}, "column 'sentence' has 1 empty values",
    ),
)  # fmt: skip
