"""BUCC 2018 as its organisers give it out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tests.unit.tasks.scored import predicted, scores
from xfer.errors import DataError
from xfer.tasks.data import DataRoots
from xfer.tasks.formats.base import Outputs
from xfer.tasks.registry import SHIPPED
from xfer.tasks.task import Task

TASK = SHIPPED.get("bucc")
COUNTS = {"sample": 12, "training": 60}


def corpus(root: Path, language: str = "de") -> DataRoots:
    """Both parts. Every third sentence has a translation, the one with the same number of words from the other end."""
    for part, count in COUNTS.items():
        files: dict[str, list[str]] = {language: [], "en": [], "gold": []}
        for row in range(count):
            files[language].append(f"{language}-{row:09}\t{'a ' * (1 + row % 5)}{part} {row}")
            files["en"].append(f"en-{count - row:09}\t{'b ' * (1 + row % 3)}{part} {count - row}")
            if row % 3 == 0:
                files["gold"].append(f"{language}-{row:09}\ten-{row + 1:09}")
        for ending, lines in files.items():
            path = place(root, part, ending, language)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(f"{line}\n" for line in lines))
    return DataRoots((root,))


def place(root: Path, part: str, ending: str, language: str = "de") -> Path:
    return root / f"local/bucc2018/{language}-en/{language}-en.{part}.{ending}"


def write(root: Path, ending: str, *lines: str) -> DataRoots:
    """A corpus whose sample has other lines in one file."""
    roots = corpus(root)
    place(root, "sample", ending).write_text("".join(f"{line}\n" for line in lines))
    return roots


def test_a_row_is_a_sentence_with_the_ids_of_its_translations(tmp_path: Path) -> None:
    roots = corpus(tmp_path)
    gold = place(tmp_path, "sample", "gold")
    gold.write_text(gold.read_text() + "de-000000003\ten-000000009\nde-000000000\ten-000000001\n")
    rows = roots.rows(TASK, "de", "validation")
    assert rows.column_names == ["example", "cluster", "text", "side", "id", "partners", "part"]
    assert rows["example"].to_pylist() == rows["cluster"].to_pylist() == list(range(24))
    assert rows["part"].to_pylist() == ["sample"] * 24
    assert rows["side"].to_pylist() == ["source"] * 12 + ["target"] * 12
    assert rows["text"].to_pylist()[1] == "a a sample 1"
    assert rows["id"].to_pylist()[12] == "en-000000012"
    assert rows["partners"].to_pylist() == [
        ["en-000000001"], [], [], ["en-000000004", "en-000000009"], [], [], ["en-000000007"], [], [], ["en-000000010"],
        [], [], *[[]] * 12,
    ]  # fmt: skip


def test_the_test_holds_the_sample_before_its_own_sentences(tmp_path: Path) -> None:
    roots = corpus(tmp_path)
    rows, sample = (roots.rows(TASK, "de", split) for split in ("test", "validation"))
    assert rows["example"].to_pylist() == list(range(24 + 120))
    assert rows.slice(0, 24).equals(sample)
    assert rows["part"].to_pylist()[24:] == ["test"] * 120
    assert sum(map(len, rows["partners"].to_pylist())) == 4 + 20


MALFORMED = {
    "no tab": ("de", ["de-1\tein Satz", "de-2 noch ein Satz"], 2, "'de-2 noch ein Satz' is not an id, a tab"),
    "no id": ("en", ["\ta sentence"], 1, "is not an id, a tab"),
    "a blank line": ("en", ["en-1\ta", "", "en-2\tb"], 2, "'' is not an id, a tab"),
    "an id twice": ("en", ["en-1\ta", "en-2\tb", "en-1\tc"], 3, "the id 'en-1' has been there before"),
    "a pair without a tab": ("gold", ["de-000000000 en-000000001"], 1, "is not two ids with a tab"),
    "three ids": ("gold", ["de-000000000\ten-000000001\ten-000000002"], 1, "is not two ids with a tab"),
    "an unknown source": ("gold", ["de-000000000\ten-000000001", "de-7\ten-000000001"], 2, "no source sentence has"),
    "an unknown target": ("gold", ["de-000000000\ten-7"], 1, "no English sentence has the id 'en-7'"),
    "a pair the other way round": ("gold", ["en-000000001\tde-000000000"], 1, "no source sentence has the id 'en"),
}  # fmt: skip


@pytest.mark.parametrize("split", ["validation", "test"])
@pytest.mark.parametrize("kind", MALFORMED)
def test_whatever_is_malformed_is_said_with_file_and_line(tmp_path: Path, kind: str, split: str) -> None:
    ending, lines, line, what = MALFORMED[kind]
    with pytest.raises(DataError) as error:
        write(tmp_path, ending, *lines).rows(TASK, "de", split)
    assert error.value.where == f"{place(tmp_path, 'sample', ending)}:{line}"
    assert what in error.value.what and error.value.fix


def test_tabs_and_unicodes_separators_within_a_sentence_belong_to_it(tmp_path: Path) -> None:
    roots = write(tmp_path, "gold")
    place(tmp_path, "sample", "de").write_text("de-1\tein\tSatz\u2028zu Ende \r\nde-2\t\n", newline="")
    rows = roots.rows(TASK, "de", "validation")
    assert rows["text"].to_pylist()[:2] == ["ein\tSatz\u2028zu Ende", ""]
    assert rows["partners"].to_pylist() == [[]] * 14, "a sample without any pair is still one"


@pytest.mark.parametrize("ending", ["de", "en"])
def test_a_sample_with_a_side_that_is_empty_is_refused(tmp_path: Path, ending: str) -> None:
    roots = write(tmp_path, ending)
    place(tmp_path, "sample", "gold").write_text("")
    with pytest.raises(DataError, match=r"no (source|target) sentence in the part 'sample'"):
        roots.rows(TASK, "de", "test")


def test_a_language_is_there_when_all_its_files_are(tmp_path: Path) -> None:
    roots = corpus(tmp_path)
    corpus(tmp_path, "zh")
    place(tmp_path, "training", "gold").unlink()
    held = {(code, split): roots.exists(TASK, code, split) for code in ("de", "zh", "ru") for split in TASK.splits}
    assert [place for place, is_there in held.items() if is_there] == [
        ("de", "validation"), ("zh", "validation"), ("zh", "test"),
    ]  # fmt: skip
    with pytest.raises(DataError, match=r"there is no de-en/de-en.training.gold"):
        roots.rows(TASK, "de", "test")


def translated(noise: float) -> Callable[[Task, pa.Table, pa.Table], Outputs]:
    """Vectors of a model for which a pair's sentences are alike but for noise: those of other parts are as well."""

    def vectors(task: Task, rows: pa.Table, encoded: pa.Table) -> Outputs:
        draw, meaning = np.random.default_rng(0), {}
        found = []
        for row in rows.to_pylist():
            mine = draw.normal(size=32) + 1
            for name in row["partners"]:
                meaning[row["part"], name] = mine
            found.append(meaning.get((row["part"], row["id"]), mine) + noise * draw.normal(size=32))
        assert encoded.num_rows == len(found)
        return Outputs(vectors=np.array(found, np.float32))

    return vectors


@pytest.mark.parametrize(("noise", "least", "most"), [(0.1, 0.95, 1), (0.9, 0.3, 0.95), (9, 0, 0.2)])
@pytest.mark.parametrize("split", ["validation", "test"])
def test_a_model_that_tells_pairs_apart_finds_them_and_no_others(
    tmp_path: Path, split: str, noise: float, least: float, most: float
) -> None:
    table = predicted(TASK, corpus(tmp_path), split, translated(noise), "de")
    assert table.num_rows == {"validation": 12, "test": 60}[split]
    assert table["gold"].to_pylist()[0] == ["en-000000001"] and table["gold"].to_pylist()[1] == []
    assert least <= scores(TASK, table)["mining_f1"] <= most
