"""XTREME's own form of predictions: a folder a task, in it ``test-LANGUAGE.tsv`` or, of questions, ``.json``.

How lines look and what they are in order of is read off ``README.md``, ``evaluate.py``, ``utils_preprocess.py`` and
``third_party/evaluate_retrieval.py`` of google-research/xtreme (Hu et al. 2020, arXiv 2003.11080). Its readers open
files in whatever encoding their machine prefers, so answers are written in ASCII; labels and ids are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

Predictions = Sequence[Sequence[str]]
"""Of one language: what was predicted for each row, as the view ``predictions`` has it."""


@dataclass(frozen=True)
class Layout:
    """How XTREME wants the predictions of a task."""

    folder: str
    write: Callable[[Predictions, Sequence[str]], str]
    """From predictions, in the order of the source's rows, and what those rows hold in ``reads``, a file's content."""
    suffix: str = "tsv"
    reads: str = ""
    """The field of the task that a file goes by, or ``id``; empty: none."""
    rows: int | None = None
    """Rows of the test in each language, where that is one number. Its reader refuses another one, or counts what is
    missing as wrong."""
    note: str = ""
    """What may keep its reader from taking the file."""

    def file(self, language: str) -> str:
        """Path of a language's file within the submission."""
        return f"{self.folder}/test-{language}.{self.suffix}"


def labels(names: Mapping[str, str]) -> Callable[[Predictions, Sequence[str]], str]:
    """One label a line; ``names`` are ours to the benchmark's."""

    def write(predictions: Predictions, _: Sequence[str]) -> str:
        return "".join(f"{names[label]}\n" for (label,) in predictions)

    return write


def tags(predictions: Predictions, _: Sequence[str]) -> str:
    """One tag a line, and an empty line between sentences: one more would be a sentence without words."""
    return "\n".join("".join(f"{tag}\n" for tag in sentence) for sentence in predictions)


def answers(predictions: Predictions, ids: Sequence[str]) -> str:
    """An object of question to answer; it may be empty."""
    found = {name: answer for name, (answer,) in zip(ids, predictions, strict=True)}
    return json.dumps(found, indent=1) + "\n"


def neighbours(predictions: Predictions, english: Sequence[str]) -> str:
    """The row of the other language's sentence, from 0, one line an English sentence.

    The benchmark sorts the English sentences, so that their order does not give the answers away.
    """
    order = sorted(range(len(english)), key=lambda row: english[row].strip())
    return "".join(f"{predictions[row][0]}\n" for row in order)


def pairs(predictions: Predictions, ids: Sequence[str]) -> str:
    """Two ids a line, the other language's first; a sentence may have no translation."""
    return "".join(f"{one}\t{other}\n" for one, found in zip(ids, predictions, strict=True) for other in found)


LAYOUTS: Mapping[str, Layout] = MappingProxyType(
    {
        "udpos": Layout(
            "udpos",
            tags,
            note="the benchmark's own files hold a contraction (German zum) as one word, and treebanks in an order of"
            " their own; predictions for other files, such as google/xtreme's on the Hub, may be refused or compared"
            " with other words",
        ),
        "panx": Layout("panx", tags),
        "xnli": Layout("xnli", labels({name: name for name in ("entailment", "neutral", "contradiction")}), rows=5010),
        "pawsx": Layout("pawsx", labels({"different": "0", "paraphrase": "1"}), rows=2000),
        "xquad": Layout("xquad", answers, "json", "id", rows=1190),
        "mlqa": Layout("mlqa", answers, "json", "id"),
        "tydiqa": Layout("tydiqa", answers, "json", "id"),
        "bucc": Layout("bucc2018", pairs, reads="id"),
        "tatoeba": Layout("tatoeba", neighbours, reads="query"),
    }
)
"""By our task's name, in the order of the benchmark's README. Rows: the cards of facebook/xnli,
google-research-datasets/paws-x and google/xquad."""
