"""Files of columns, one token a line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.tasks.scored import predicted, right_tags, scores
from xfer.errors import DataError
from xfer.tasks.data import DataRoots
from xfer.tasks.formats.tagging import Tagging
from xfer.tasks.readers.conll import Conll
from xfer.tasks.registry import SHIPPED
from xfer.tasks.source import Folder
from xfer.tasks.task import Task

TASK = SHIPPED.get("chunking")
TRAIN = """\
Confidence NN B-NP
in IN B-PP
the DT B-NP
pound NN I-NP
. . O

Chancellor NNP O

"""


def corpus(root: Path, train: str = TRAIN, test: str = TRAIN) -> DataRoots:
    folder = root / "local/conll2000"
    folder.mkdir(parents=True)
    (folder / "train.txt").write_bytes(train.encode())
    (folder / "test.txt").write_bytes(test.encode())
    return DataRoots((root,))


def test_a_blank_line_ends_a_sentence(tmp_path: Path) -> None:
    assert corpus(tmp_path).rows(TASK, "en", "train").to_pydict() == {
        "example": [0, 1],
        "cluster": [0, 1],
        "tokens": [["Confidence", "in", "the", "pound", "."], ["Chancellor"]],
        "tags": [["B-NP", "B-PP", "B-NP", "I-NP", "O"], ["O"]],
    }


SAME = {
    "no blank line at the end": TRAIN.rstrip("\n"),
    "blank lines everywhere": "\n \n" + TRAIN.replace("\n\n", "\n\n\t\n\n") + "\n\n",
    "tabs and several spaces": TRAIN.replace(" ", " \t  "),
    "carriage returns": TRAIN.replace("\n", "\r\n"),
    "spaces around": TRAIN.replace("Confidence NN B-NP", "  Confidence NN B-NP "),
}


@pytest.mark.parametrize("kind", SAME)
def test_white_space_of_other_kinds_changes_nothing(tmp_path: Path, kind: str) -> None:
    plain = corpus(tmp_path / "plain").rows(TASK, "en", "train")
    assert corpus(tmp_path / "other", train=SAME[kind]).rows(TASK, "en", "train").equals(plain)


def test_spaces_that_do_not_break_and_unicodes_separators_belong_to_a_token(tmp_path: Path) -> None:
    rows = corpus(tmp_path, train="12\u00a0000 CD B-NP\na\u2028b\u3000c NN I-NP\n").rows(TASK, "en", "train")
    assert rows["tokens"].to_pylist() == [["12\u00a0000", "a\u2028b\u3000c"]]


@pytest.mark.parametrize(("line", "found"), [("pound NN", 2), ("pound", 1), ("pound NN I-NP I-NP", 4)])
def test_another_number_of_columns_is_said_with_file_and_line(tmp_path: Path, line: str, found: int) -> None:
    roots = corpus(tmp_path, train=TRAIN.replace("pound NN I-NP", line))
    with pytest.raises(DataError) as error:
        roots.rows(TASK, "en", "train")
    assert error.value.where == f"{tmp_path}/local/conll2000/train.txt:4"
    assert error.value.what == f"{found} columns" and "3 (tokens, pos, chunks)" in error.value.fix


def test_bytes_that_are_not_utf_8_are_said_with_file_and_line(tmp_path: Path) -> None:
    roots = corpus(tmp_path)
    (tmp_path / "local/conll2000/test.txt").write_bytes(b"a NN O\n\xe9t\xe9 NN O\n")
    with pytest.raises(DataError, match="byte 0 is not UTF-8") as error:
        roots.rows(TASK, "en", "test")
    assert error.value.where == f"{tmp_path}/local/conll2000/test.txt:2"


def test_a_tag_that_is_none_of_the_tasks_is_said_with_its_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="row 1: label 'B-XP' in column 'chunks'"):
        corpus(tmp_path, train=TRAIN.replace("NNP O", "NNP B-XP")).rows(TASK, "en", "train")


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the split has no rows"):
        corpus(tmp_path, test="\n").rows(TASK, "en", "test")


def test_a_right_model_scores_one_and_a_chunk_that_is_cut_short_is_wrong(tmp_path: Path) -> None:
    roots = corpus(tmp_path)
    assert len(TASK.labels) == 23 and TASK.labels[:3] == ("O", "B-ADJP", "I-ADJP")
    table = predicted(TASK, roots, "test", right_tags, "en")
    assert scores(TASK, table)["tag_f1"] == 1
    answers = table["prediction"].to_pylist()
    answers[0][3] = "O"
    cut = table.set_column(table.column_names.index("prediction"), "prediction", [answers])
    assert scores(TASK, cut)["tag_f1"] == pytest.approx(2 * 2 / (3 + 3))


def test_other_columns_make_another_declaration_and_are_read_by_their_names(tmp_path: Path) -> None:
    def task(*columns: str) -> Task:
        source = Folder("local/conll2000", Conll(columns))
        return Task("own", format=Tagging(), source=source, columns={"tokens": "words", "tags": "pos"},
                    open_labels=True, languages=("en",), metric="token_accuracy")  # fmt: skip

    assert task("words", "pos", "c").declaration_key != task("words", "c", "pos").declaration_key
    assert corpus(tmp_path).resolved(task("words", "pos", "chunks")).labels == (".", "DT", "IN", "NN", "NNP")
