"""The catalog on the real data that this machine has, whole or slices: read, encoded, answered and scored.

``XFER_DATA`` and ``XFER_MODELS`` name the folders that stand in for the Hub; a task that none of them holds is skipped.
"""

from __future__ import annotations

import pyarrow as pa
import pytest
from tokenizers import Tokenizer

from tests.unit.tasks import perfect, toy
from xfer.study.resolve import Roots
from xfer.tasks.data import DataRoots
from xfer.tasks.formats.span import ANSWER
from xfer.tasks.registry import SHIPPED
from xfer.tasks.source import Generated
from xfer.tasks.task import Task
from xfer.tasks.text import TextEncoder

pytestmark = pytest.mark.integration

Texts = list[str]

LENGTHS = {"span": 384}
"""Longest inputs by output, as in the recipe that the authors of arXiv 2005.13013 released; of others 256."""


@pytest.fixture(scope="module")
def roots() -> DataRoots:
    return DataRoots(Roots.from_environment().data)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    files = [root / "xlmr-4m" / "tokenizer.json" for root in Roots.from_environment().models]
    found = next((file for file in files if file.is_file()), None)
    return Tokenizer.from_file(str(found)) if found else toy.tokenizer()


def held(task: Task, roots: DataRoots) -> list[tuple[str, str]]:
    """Languages and splits of a task that the roots hold."""
    if task.source.on_hub(roots) or not any(map(roots.folder, task.source.ids)):
        pytest.skip(f"no folder of XFER_DATA holds {task.source}")
    places = [(code, split) for code in task.languages for split in task.splits if roots.exists(task, code, split)]
    return places or pytest.skip(f"the folder of {task.source} in XFER_DATA holds nothing of {task.name}")


TASKS = (SHIPPED.get(name) for name in SHIPPED.names())
NAMES = [task.name for task in TASKS if task.metric and not isinstance(task.source, Generated)]


@pytest.mark.parametrize("name", NAMES)
def test_right_answers_to_real_data_score_one(name: str, roots: DataRoots, tokenizer: Tokenizer) -> None:
    declared = SHIPPED.get(name)
    places, task = held(declared, roots), roots.resolved(declared)
    text = TextEncoder(tokenizer, LENGTHS.get(task.format.output, 256))
    for language, split in places:
        rows = roots.rows(task, language, split)
        encoded = task.format.encode(task, rows, text)
        predicted = task.format.decode(task, rows, encoded, perfect.outputs(task, encoded))
        assert predicted["example"].to_pylist() == rows["example"].to_pylist()
        gold, found = predicted["gold"].to_pylist(), predicted["prediction"].to_pylist()
        if task.format.output == "span":
            gold, found = answered(encoded, gold, found)
        for metric in task.format.metrics:
            # An answer of nothing but articles has no tokens: F1 gives it 0 by definition.
            tolerance = 0.01 if task.format.output == "span" else 0
            assert metric.compute(gold, found, language) >= 1 - tolerance, (metric.name, language, split)


def answered(encoded: pa.Table, gold: list[Texts], found: list[Texts]) -> tuple[list[Texts], list[Texts]]:
    """Those whose right answer begins and ends with sub-tokens, and those that have none.

    Of others the sub-tokens hold a little more than the answer; an answer that is too long is not found at all.
    """
    within = {
        row
        for row, targets in zip(encoded["row"].to_pylist(), encoded["targets"].to_pylist(), strict=True)
        if targets != [0, 0] and targets[1] - targets[0] < ANSWER
    }
    kept = []
    for row, (right, answer) in enumerate(zip(gold, found, strict=True)):
        if not right:
            assert answer == [""], row
        elif row in within:
            assert right[0].strip() in answer[0], (row, right, answer)
        if answer[0] in ([text.strip() for text in right] or [""]):
            kept.append(row)
    assert len(kept) > 0.85 * len(gold)
    return [gold[row] for row in kept], [found[row] for row in kept]
