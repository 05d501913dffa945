"""Tagging: a tag for every word, however the sentence is cut."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from tests.unit.tasks import toy
from xfer.errors import DataError
from xfer.tasks.formats.base import ENCODED, IGNORE, PREDICTED, Outputs
from xfer.tasks.formats.tagging import Tagging
from xfer.tasks.registry import SHIPPED
from xfer.tasks.text import TextEncoder

TASK = SHIPPED.get("udpos")
LONG = ["abc", "d", "ab", toy.NOTHING, "cd", "a", "abcdabcdabcdabcd", "b", "xyz", "c"] * 3
SENTENCES = [["a", "bc"], LONG, ["d"], [toy.NOTHING]]


def rows(sentences: list[list[str]] = SENTENCES) -> pa.Table:
    """Sentences with tags that differ from word to word."""
    tags = [[TASK.labels[(row + word) % 17] for word in range(len(words))] for row, words in enumerate(sentences)]
    examples = pa.array(range(10, 10 + len(sentences)), pa.int32())
    return pa.table({"example": examples, "cluster": examples, "tokens": sentences, "tags": tags})


def encode(table: pa.Table) -> pa.Table:
    return Tagging().encode(TASK, table, TextEncoder(toy.tokenizer(), 12))


def right_answers(encoded: pa.Table) -> Outputs:
    """What a perfect model chooses: the target at each position that has one."""
    targets = [np.asarray(line, dtype=np.int32) for line in encoded["targets"].to_pylist()]
    return Outputs(choices=tuple(line[line != IGNORE] for line in targets))


def test_only_the_first_sub_token_of_a_word_has_a_target() -> None:
    encoded = encode(rows([["ab", "c"]]))
    assert encoded.schema == ENCODED
    assert toy.words(encoded["input_ids"][0].as_py()) == "<s> a ##b c </s>"
    assert encoded["targets"][0].as_py() == [IGNORE, 0, IGNORE, 1, IGNORE]


def test_every_word_has_one_target_and_a_long_sentences_inputs_follow_each_other() -> None:
    encoded = encode(rows())
    lines = encoded["row"].to_pylist()
    assert lines == sorted(lines) and lines.count(1) > 3
    assert [len(choices) for choices in right_answers(encoded).choices or ()] == [
        sum(target != IGNORE for target in targets) for targets in encoded["targets"].to_pylist()
    ]
    assert sum(len(choices) for choices in right_answers(encoded).choices or ()) == sum(map(len, SENTENCES))


def test_right_outputs_give_back_the_gold_tags_with_split_sentences_merged() -> None:
    table = rows()
    encoded = encode(table)
    predicted = Tagging().decode(TASK, table, encoded, right_answers(encoded))
    assert predicted.schema == PREDICTED
    assert predicted["prediction"].to_pylist() == table["tags"].to_pylist() == predicted["gold"].to_pylist()
    assert predicted["example"].to_pylist() == [10, 11, 12, 13]
    assert predicted["truncated"].to_pylist() == [0, 18, 0, 0], "three words of sixteen sub-tokens, room for ten"


def test_a_wrong_output_is_wrong_at_its_own_word_only() -> None:
    table = rows()
    encoded = encode(table)
    choices = [line.copy() for line in right_answers(encoded).choices or ()]
    line = encoded["row"].to_pylist().index(1) + 1
    before = len(choices[line - 1])
    choices[line][0] = (choices[line][0] + 1) % 17
    predicted = Tagging().decode(TASK, table, encoded, Outputs(choices=tuple(choices)))["prediction"].to_pylist()
    gold = table["tags"].to_pylist()
    wrong = [(row, w) for row in range(4) for w in range(len(gold[row])) if gold[row][w] != predicted[row][w]]
    assert wrong == [(1, before)]


@pytest.mark.parametrize(("tokens", "tags"), [(["a", "b"], ["NOUN"]), (["a"], ["NOUN", "VERB"]), ([], [])])
def test_a_sentence_with_another_number_of_tags_than_words_is_refused_by_its_row(
    tokens: list[str], tags: list[str]
) -> None:
    table = pa.table(
        {
            "example": pa.array([4, 7], pa.int32()),
            "tokens": pa.array([["a"], tokens], pa.list_(pa.string())),
            "tags": pa.array([["X"], tags], pa.list_(pa.string())),
        }
    )
    with pytest.raises(DataError, match=f"somewhere: row 7: {len(tokens)} tokens and {len(tags)} tags"):
        Tagging().check(TASK, table, "somewhere")
