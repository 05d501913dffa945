"""CCGbank as LDC gives it out: sections, derivations, supertags."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.tasks.scored import predicted, right_tags, scores
from xfer.errors import DataError
from xfer.tasks.data import DataRoots
from xfer.tasks.readers.ccgbank import CCGbank
from xfer.tasks.registry import SHIPPED

TASK = SHIPPED.get("ccg")
NAME = "ID=wsj_{article}.{number} PARSER=GOLD NUMPARSE=1"
WAITS = r"(<T S[dcl] 0 2> (<T NP 0 1> (<L N NNP NNP a N>) ) (<L S[dcl]\NP VBZ VBZ b S[dcl]\NP_1>) )"
BRACKETS = (
    r"(<T NP 1 2> (<L NP[nb]/N DT DT -LRB- NP[nb]_9/N_9>) "
    r"(<T N 0 2> (<L N CD CD 1\/2 N>) (<L RRB -RRB- -RRB- -RRB- RRB>) ) )"
)
UNSEEN = r"(<T NP 1 2> (<L NP[nb]/N DT DT c NP[nb]_9/N_9>) (<L N/N JJ JJ d N/N>) )"
"""Its second tag is in none of the others."""


def bank(root: Path, **content: str) -> DataRoots:
    """The corpus with one article a section, all the same but for sections in ``content`` (``s00``)."""
    for section in range(25):
        article = f"{section:02}01"
        sentences = [NAME.format(article=article, number=1), WAITS, NAME.format(article=article, number=2), BRACKETS]
        write(root, section, article, content.get(f"s{section:02}", "\n".join(sentences) + "\n"))
    return DataRoots((root,))


def write(root: Path, section: int, article: str, content: str) -> Path:
    path = root / "local/ccgbank/data/AUTO" / f"{section:02}" / f"wsj_{article}.auto"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def sentence(derivation: str) -> str:
    return f"{NAME.format(article='0001', number=1)}\n{derivation}\n"


def test_words_and_supertags_are_those_of_the_leaves(tmp_path: Path) -> None:
    rows = bank(tmp_path).rows(TASK, "en", "validation").to_pydict()
    assert rows == {
        "example": [0, 1],
        "cluster": [0, 0],
        "tokens": [["a", "b"], ["(", "1/2", ")"]],
        "tags": [["N", r"S[dcl]\NP"], ["NP[nb]/N", "N", "RRB"]],
    }


def test_brackets_of_all_kinds_become_plain_ones_and_nothing_else_does(tmp_path: Path) -> None:
    words = ["-LRB-", "-RRB-", "-LCB-", "-RCB-", "-LSB-", "-RSB-", "x-LRB-", "--", r"\*\*", "a\\b"]
    lines = [sentence(f"(<L N NN NN {word} N>)") for word in words]
    rows = bank(tmp_path, s00="".join(lines)).rows(TASK, "en", "validation")
    assert [tokens[0] for tokens in rows["tokens"].to_pylist()] == [*"(){}[]", "x-LRB-", "--", "**", "a\\b"]


def test_the_splits_are_the_standard_sections_with_every_article_in_order(tmp_path: Path) -> None:
    roots = bank(tmp_path)
    write(tmp_path, 5, "0502", sentence("(<L N NN NN second N>)"))
    write(tmp_path, 5, "0500", sentence("(<L N NN NN first N>)"))
    split = {name: roots.locate(TASK, "en", name) for name in ("train", "validation", "test")}
    files = {name: [f.parent.name for f in CCGbank().files(tmp_path / "local/ccgbank", TASK.splits[name], "en")]
             for name in split}  # fmt: skip
    assert sorted(set(files["train"])) == [f"{section:02}" for section in range(2, 22)] and len(files["train"]) == 22
    assert (files["validation"], files["test"]) == (["00"], ["23"])
    rows = roots.rows(TASK, "en", "train")
    assert rows.num_rows == 42
    at = [tokens[0] for tokens in rows["tokens"].to_pylist()].index("first")
    assert (at, rows["tokens"][at + 3].as_py()) == (6, ["second"])
    assert rows["cluster"].to_pylist()[at : at + 4] == [3, 4, 4, 5]


def test_other_sections_can_be_asked_for() -> None:
    found = CCGbank().files(Path("x"), "19-21", "en")
    assert [file.as_posix() for file in found] == [f"x/data/AUTO/{n}/wsj_*.auto" for n in (19, 20, 21)]
    assert CCGbank().files(Path("x"), "dev", "en") == ()


MALFORMED = {
    "no ID line": (f"{WAITS}\n", 1, "stands where a sentence begins"),
    "two derivations": (sentence(WAITS) + WAITS, 3, "stands where a sentence begins"),
    "an ID line alone": (sentence(WAITS) + NAME.format(article="0001", number=2), 3, "no derivation follows ID=wsj_0"),
    "two ID lines": (sentence(NAME.format(article="0001", number=7)), 1, "no derivation follows ID=wsj_0"),
    "a leaf without its word": (sentence("(<L N NN NN N>)"), 2, "<L N NN NN N> has 4 parts"),
    "a leaf with an empty word": (sentence("(<L N NN NN  N>)"), 2, "<L N NN NN  N> has 4 parts"),
    "a leaf with too much": (sentence("(<L N NN NN two words N>)"), 2, "has 6 parts"),
    "a leaf that is not closed": (sentence("(<L N NN NN word N>"), 2, "'(<L N NN NN word N>' is neither"),
    "a node without its children's number": (sentence("(<T N 0> (<L N NN NN w N>) )"), 2, "<T N 0> is no node"),
    "a node without children": (sentence("(<T N 0 0> )"), 2, "<T N 0 0> is no node"),
    "a cut derivation": (sentence(WAITS[:-2]), 2, "ends before its last bracket"),
    "a lost leaf": (sentence("(<T N 0 2> (<L N NN NN w N>) )"), 2, "')' closes a node too early"),
    "a leaf too many": (sentence("(<T N 0 1> (<L N NN NN w N>) (<L N NN NN v N>) )"), 2, "v N>) )' is a child"),
    "two trees": (sentence("(<L N NN NN w N>) (<L N NN NN v N>)"), 2, "(<L N NN NN v N>)' is a child too many"),
    "a bracket too many": (sentence(WAITS + ")"), 2, "')' closes a node too early"),
    "prose": (sentence("no parse"), 2, "'no parse' is neither"),
}  # fmt: skip


@pytest.mark.parametrize("kind", MALFORMED)
def test_whatever_is_malformed_is_said_with_file_and_line(tmp_path: Path, kind: str) -> None:
    content, line, what = MALFORMED[kind]
    with pytest.raises(DataError) as error:
        bank(tmp_path, s00=content).rows(TASK, "en", "validation")
    assert error.value.where == f"{tmp_path}/local/ccgbank/data/AUTO/00/wsj_0001.auto:{line}"
    assert what in error.value.what and error.value.fix


def test_blank_lines_and_carriage_returns_are_nothing(tmp_path: Path) -> None:
    roots = bank(tmp_path, s00="\r\n" + sentence(WAITS).replace("\n", "\r\n") + "\n\n" + sentence(WAITS))
    assert roots.rows(TASK, "en", "validation")["tokens"].to_pylist() == [["a", "b"]] * 2


def test_a_corpus_without_a_section_is_not_whole(tmp_path: Path) -> None:
    roots = bank(tmp_path)
    (tmp_path / "local/ccgbank/data/AUTO/07/wsj_0701.auto").unlink()
    assert [roots.exists(TASK, "en", split) for split in ("train", "validation", "test")] == [False, True, True]
    with pytest.raises(DataError, match=r"there is no data/AUTO/07/wsj_\*.auto") as error:
        roots.rows(TASK, "en", "train")
    assert f"{tmp_path}/local/ccgbank (en, 02-21)" in str(error.value)


def test_the_labels_are_those_of_training_and_a_right_model_scores_one(tmp_path: Path) -> None:
    roots = bank(tmp_path)
    assert roots.resolved(TASK).labels == ("N", "NP[nb]/N", "RRB", r"S[dcl]\NP")
    found = scores(TASK, predicted(TASK, roots, "test", right_tags, "en"))
    assert found["token_accuracy"] == 1


def test_a_tag_that_never_occurs_in_training_is_kept_as_gold_and_counts_as_wrong(tmp_path: Path) -> None:
    roots = bank(tmp_path, s23=sentence(UNSEEN) + sentence(WAITS))
    table = predicted(TASK, roots, "test", right_tags, "en")
    assert table["gold"].to_pylist() == [["NP[nb]/N", "N/N"], ["N", r"S[dcl]\NP"]]
    answers = table["prediction"].to_pylist()
    assert answers[1] == ["N", r"S[dcl]\NP"] and answers[0][0] == "NP[nb]/N"
    assert answers[0][1] in roots.resolved(TASK).labels, "every word gets an answer, though none can be right"
    assert scores(TASK, table)["token_accuracy"] == 3 / 4
