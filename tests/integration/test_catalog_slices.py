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


TASKS = [task for task in map(SHIPPED.get, SHIPPED.names()) if task.metric and task.metric != "mining_f1"]
NAMES = [task.name for task in TASKS if not isinstance(task.source, Generated)]
"""Who mines gives an answer to some rows alone: it has tests of its own."""


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
            whole = in_whole_sub_tokens(rows, encoded)
            gold, found = [gold[row] for row in whole], [found[row] for row in whole]
        for metric in task.format.metrics:
            # An answer of nothing but articles has no tokens, so F1 gives it 0; a tag that training lacks is not found.
            tolerance = 0.01 if task.format.output == "span" or declared.open_labels else 0
            assert metric.compute(gold, found, language) >= 1 - tolerance, (metric.name, language, split)


def in_whole_sub_tokens(rows: pa.Table, encoded: pa.Table) -> list[int]:
    """Rows whose answer begins and ends with sub-tokens of some window and is not too long, and those with none.

    Of others the sub-tokens hold a little more than the answer; an answer that is too long is not found at all.
    """
    contexts, answers = rows["context"].to_pylist(), rows["answers"].to_pylist()
    kept = {row for row, right in enumerate(answers) if not right}
    for line in encoded.to_pylist():
        (first, last), row = line["targets"], line["row"]
        if first and last - first < ANSWER:
            held = contexts[row][line["starts"][first] : line["ends"][last]]
            kept |= {row} if held.strip() == answers[row][0].strip() else set()
    assert len(kept) > 0.85 * len(answers)
    return sorted(kept)
