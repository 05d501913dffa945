"""A study of all of XTREME's tasks in two languages each, with predictions of every run in its store.

What is right, and the data that the benchmark's files go by, are made up. By validation data the best arm is mnli,
which no run of the test would choose.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from tests import world
from tests.unit.store.stocked import train
from tests.unit.study import made
from tests.unit.study.made import split, study, whole_lock
from xfer.evaluation.score import score, scores_key
from xfer.phase.evaluation import Evaluation
from xfer.results import schema
from xfer.results.parts import to_parquet
from xfer.store import parts
from xfer.store.store import Store
from xfer.study.lock import Lock
from xfer.study.opening import Opened
from xfer.study.planner import plan
from xfer.tasks.data import DataRoots
from xfer.tasks.registry import SHIPPED

LANGUAGES = {
    "udpos": ("en", "ar"), "panx": ("en", "ar"), "xnli": ("en", "ar"), "pawsx": ("en", "de"), "xquad": ("en", "ar"),
    "mlqa": ("en", "ar"), "tydiqa": ("en", "ar"), "bucc": ("de", "ru"), "tatoeba": ("de", "ar"),
}  # fmt: skip

ARABIC = "\u200fقال: «نعم»، في عام 1999"
ANSWERS = {
    "en": [["in 1999", "1999"], ["a\ttab"], ["two\nlines"], ["the \"Alps\""], ["ice"]],
    "ar": [[ARABIC], ["القاهرة"], ["٣ كتب"], ["نهر النيل"], ["البحر"]],
}  # fmt: skip
TAGS = {
    "udpos": [["DET", "NOUN"], ["X"], ["VERB", "ADV", "PUNCT"], ["SYM"], ["NOUN", "NOUN"]],
    "panx": [["B-PER", "I-PER", "O"], ["O"], ["B-LOC"], ["O", "B-ORG"], ["B-PER", "O"]],
}
LABELS = {
    "xnli": [["neutral"], ["entailment"], ["contradiction"], ["neutral"], ["entailment"]],
    "pawsx": [["paraphrase"], ["different"], ["different"], ["paraphrase"], ["paraphrase"]],
}
ENGLISH = {
    "de": ["we go", "a boat", "  b", "a boat", "Éva"],
    "ar": ["red", "blue\u00a0", "Blue", "10 cats", "9 cats"],
}
"""Tatoeba's; the benchmark sorts them by code points, without white space around them."""

PARTNERS = [["en-3"], [], ["en-1"], ["en-2", "en-9"], ["en-7"]]
"""BUCC's: of each sentence of the test."""

ARMS, SEEDS = ("none", "mnli", "snli"), (11, 12)
WRONG = {
    "validation": {("none", 11): 3, ("none", 12): 2, ("mnli", 11): 2, ("mnli", 12): 1, ("snli", 11): 0,
                   ("snli", 12): 4},
    "test": {("none", 11): 0, ("none", 12): 1, ("mnli", 11): 2, ("mnli", 12): 3, ("snli", 11): 1, ("snli", 12): 0},
}  # fmt: skip
"""Rows that a run gets wrong, out of five; of the pretrained model none."""

STEP = 8


def gold(task: str, language: str) -> list[list[str]]:
    """What is right, one entry a row that is predicted."""
    if task in TAGS:
        return TAGS[task]
    if task in LABELS:
        return LABELS[task]
    return ANSWERS[language] if task in ("xquad", "mlqa", "tydiqa") else PARTNERS if task == "bucc" else ROWS


ROWS = [[str(row)] for row in range(5)]
FIRST_TEST_ROW = 6
"""BUCC's sample, of both sides, comes before its test."""


def predicted(task: str, language: str, wrong: int) -> list[list[str]]:
    """Answers that are right but for the first so many rows."""
    questions = task in ("xquad", "mlqa", "tydiqa")
    right = [answers[:1] for answers in gold(task, language)] if questions else gold(task, language)
    other: Mapping[str, list[list[str]]] = {
        "udpos": [["ADJ"] * len(tags) for tags in right], "panx": [["I-ORG"] * len(tags) for tags in right],
        "xnli": [["contradiction"], ["neutral"], ["entailment"], ["entailment"], ["neutral"]],
        "pawsx": [["different"], ["paraphrase"], ["paraphrase"], ["different"], ["different"]],
        "bucc": [[], ["en-4"], [], ["en-5"], []], "tatoeba": [["4"], ["0"], ["3"], ["2"], ["1"]],
    }  # fmt: skip
    return other.get(task, [[""], ["a\tb\nc"], ["\u202eلا\u202c"], [""], ["no"]])[:wrong] + right[wrong:]


def ids(task: str, language: str) -> list[str]:
    """How the source calls the rows."""
    begin = {"tydiqa": {"en": "english", "ar": "arabic"}}.get(task, {}).get(language, task)
    return [f"{language}-{row}" if task == "bucc" else f"{begin}-{language}-{row}" for row in range(5)]


def data(root: Path) -> DataRoots:
    """What the benchmark's files go by: questions' ids, English sentences, BUCC's ids."""
    string = world.STRING
    for task, hub_id, config, part in (
        ("xquad", "google/xquad", "xquad.{}", "validation"), ("mlqa", "facebook/mlqa", "mlqa.{0}.{0}", "test"),
    ):  # fmt: skip
        for code in LANGUAGES[task]:
            world.put(root, hub_id, config.format(code), part, pa.table({"id": ids(task, code)}), {"id": string})
    both = [name for pair in zip(*(ids("tydiqa", code) for code in ("en", "ar")), strict=True) for name in pair]
    tydiqa = pa.table({"id": both})
    world.put(root, "google-research-datasets/tydiqa", "secondary_task", "validation", tydiqa, {"id": string})
    for code, config in (("de", "deu-eng"), ("ar", "ara-eng")):
        table = pa.table({"sentence1": [f"{code} {row}" for row in range(5)], "sentence2": ENGLISH[code]})
        world.put(root, "mteb/tatoeba-bitext-mining", config, "test", table, dict.fromkeys(table.column_names, string))
    for code in LANGUAGES["bucc"]:
        folder = root / "local" / "bucc2018" / f"{code}-en"
        folder.mkdir(parents=True)
        for part, names in (("sample", ["s-1", "s-2", "s-3"]), ("training", ids("bucc", code))):
            for side, own in ((code, names), ("en", [f"en-{row}" for row in range(3 if part == "sample" else 12)])):
                lines = "".join(f"{name}\tsentence {name} of {part}\n" for name in own)
                (folder / f"{code}-en.{part}.{side}").write_text(lines)
            (folder / f"{code}-en.{part}.gold").write_text(f"{names[0]}\ten-1\n")
    return DataRoots((root,))


READ = ("xquad", "mlqa", "tydiqa", "bucc", "tatoeba")
"""Tasks whose data are read again."""


def rename(root: Path, task: str, code: str, names: list[str]) -> None:
    """Give the questions of XQuAD other ids."""
    world.put(root, f"google/{task}", f"{task}.{code}", "validation", pa.table({"id": names}), {"id": world.STRING})


def lock(roots: DataRoots, models: tuple[str, ...] = ("tiny",)) -> Lock:
    """The lock of every task, with two languages of each of the benchmark's."""
    whole = whole_lock() if models == ("tiny",) else made.lock(models)
    splits = {place: held for place, held in whole.splits.items() if place.partition("/")[0] not in LANGUAGES}
    for name, languages in LANGUAGES.items():
        task = SHIPPED.get(name)
        for part in task.splits:
            for code in (task.trains_in,) if part == "train" else languages:
                place = f"{name}/{code}/{part}"
                known = name in READ and roots.exists(task, code, part)
                content = roots.fingerprint(task, code, part) if known else f"content of {place}"
                splits[place] = split(place, models, data=content, rows=5)
    return whole.model_copy(update={"splits": splits})


def opened(folder: Path, roots: DataRoots, known: Lock | None = None, /, **fields: str | None) -> Opened:
    """A study of all nine targets, with an empty store."""
    folder.mkdir(exist_ok=True)
    asked = {"targets": f"[{', '.join(LANGUAGES)}]", "arms": f"[{', '.join(ARMS)}]", **fields}
    read, locked = study(folder, **asked), known or lock(roots)
    return Opened(read, locked, Store(str(folder / "runs")), plan(read, locked, {}))


def predict_all(found: Opened, wrong: Mapping[str, Mapping[Any, int]] = WRONG, but: Collection[str] = ()) -> None:
    """Let every run predict everything that it is asked for, but for some evaluations."""
    for cell in found.plan.cells:
        if cell.subject.phase and not found.store.names(f"phases/{cell.subject.phase}/selections"):
            train(found.store, cell.subject.phase, {cell.subject.rule.key: STEP})
        for key in set(cell.evaluations).difference(but):
            evaluation = found.plan.evaluations[key]
            data = evaluation.data
            rows = wrong[data.split].get((cell.arm, cell.seed), 0)
            predict(found, evaluation, predicted(data.task, data.language, rows))


def predict(
    found: Opened, evaluation: Evaluation, answers: list[list[str]], right: list[list[str]] | None = None
) -> None:
    """Store the predictions of an evaluation, and their scores, as a run does."""
    about = evaluation.data
    first = FIRST_TEST_ROW if (about.task, about.split) == ("bucc", "test") else 0
    right = right or gold(about.task, about.language)
    lines = [
        {
            "evaluation": evaluation.key, "task": about.task, "language": about.language, "split": about.split,
            "example": first + row, "cluster": row, "gold": right[row], "prediction": answers[row], "truncated": 0,
        }
        for row in reversed(range(len(right)))
    ]  # fmt: skip
    table, task = pa.Table.from_pylist(lines, schema=schema.PREDICTIONS), found.plan.registry.get(about.task)
    found.store.put(parts.part_path(evaluation.group, evaluation.key), to_parquet(table))
    parts.commit(found.store, evaluation.group, evaluation.key, [evaluation.key], task.name)
    path = parts.scores_path(evaluation.group, evaluation.key, scores_key(evaluation.key, task.format.metrics))
    found.store.put(path, to_parquet(score(task, table)))
