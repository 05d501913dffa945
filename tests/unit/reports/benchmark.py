"""XTREME as its README and evaluate.py describe it: the files that it looks for, and what it reads from them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from xfer.tasks.metrics import ACCURACY, MLQA_EM_F1, SQUAD_EM_F1, TAG_F1

LANGUAGES = {
    "udpos": "af ar bg de el en es et eu fa fi fr he hi hu id it ja kk ko mr nl pt ru ta te th tl tr ur vi yo zh",
    "panx": "af ar bg bn de el en es et eu fa fi fr he hi hu id it ja jv ka kk ko ml mr ms my nl pt ru sw ta te th tl"
    " tr ur vi yo zh",
    "xnli": "ar bg de el en es fr hi ru sw th tr ur vi zh",
    "pawsx": "de en es fr ja ko zh",
    "xquad": "ar de el en es hi ru th tr vi zh",
    "mlqa": "ar de en es hi vi zh",
    "tydiqa": "ar bn en fi id ko ru sw te",
    "bucc2018": "de fr ru zh",
    "tatoeba": "af ar bg bn de el es et eu fa fi fr he hi hu id it ja jv ka kk ko ml mr nl pt ru sw ta te th tl tr ur"
    " vi zh",
}
"""XTREME_TASK2LANGS, sorted."""

QUESTIONS = ("xquad", "mlqa", "tydiqa")


def path(folder: Path, task: str, language: str) -> Path:
    return folder / task / f"test-{language}.{'json' if task in QUESTIONS else 'tsv'}"


def sentences(file: Path) -> list[list[str]]:
    """Of tagging: one tag a line; each empty line ends a sentence, and so does the file if one is open."""
    found: list[list[str]] = [[]]
    for line in file.read_text("ascii").split("\n")[:-1]:
        if line.strip():
            found[-1].append(line.strip())
        else:
            found.append([])
    return found if found[-1] else found[:-1]


def lines(file: Path) -> list[str]:
    """Of the other tasks without questions: one answer a line."""
    return [line.strip() for line in file.read_text("ascii").splitlines()]


def score(folder: Path, task: str, language: str, gold: Sequence[Sequence[str]], names: Sequence[str]) -> float:
    """The benchmark's number for one file, between 0 and 1.

    ``gold``: what is right of each row; ``names``: ids of the rows, or the English sentences of Tatoeba.
    """
    file = path(folder, task, language)
    if task in QUESTIONS:
        answers = json.loads(file.read_text("ascii"))
        assert "data" not in answers, "would be taken for a data set"
        metric = MLQA_EM_F1 if task == "mlqa" else SQUAD_EM_F1
        return metric.compute(gold, [[answers[name]] for name in names], language)
    if task in ("udpos", "panx"):
        return TAG_F1.compute(gold, sentences(file), language)
    if task == "bucc2018":
        right = {(name, other) for name, partners in zip(names, gold, strict=True) for other in partners}
        found = {tuple(line.split("\t")) for line in lines(file)}
        return 2 * len(right & found) / (len(right) + len(found))
    if task == "tatoeba":  # the English sentences are sorted, and the row that each came from is right
        labels = [str(row) for _, row in sorted((name.strip(), row) for row, name in enumerate(names))]
    else:
        labels = [{"paraphrase": "1", "different": "0"}.get(label, label) for (label,) in gold]
    assert len(lines(file)) == len(labels)
    return ACCURACY.compute([[label] for label in labels], [[line] for line in lines(file)], language)
