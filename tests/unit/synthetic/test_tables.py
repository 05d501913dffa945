"""Tables: the same everywhere, parallel, apart between splits."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import pytest

from xfer.fingerprint import canonical, digest
from xfer.synthetic import tables
from xfer.synthetic.lexicon import SHAPES, lexicons
from xfer.synthetic.world import HELD_OUT, Language, Rows, World

ROWS = Rows(text=3000, nli=3000, tagging=1000, paraphrase=1000, choice=1000, span=1000, validation=200, test=200)
SMALL = World(rows=Rows(text=60, nli=40, tagging=20, paraphrase=20, choice=20, span=20, validation=10, test=10))
GOLDEN = {
    "3f9c1357dfbba66199ca32f2be6e70bc26e11a1afcb5ad839956117f4967c649": (
        "text", "nli", "paraphrase", "tagging", "retrieval",
    ),
    "ea699efa5afcfee5d06e26283db306b85a90e960dc8506a464a7939a0e44a02e": ("choice", "span"),
}  # fmt: skip
"""Of the small world's tables at ``VERSION`` 1: whoever changes what is said raises the version."""

PRINT_DIGESTS = "from tests.unit.synthetic.test_tables import SMALL, digests_of; print(*digests_of(SMALL))"


def all_of(world: World, names: Iterable[str] = tables.NAMES) -> dict[str, pa.Table]:
    return {
        f"{name}/{language}/{split}": tables.table(world, name, language, split)
        for name in names
        for language in tables.languages(world, name)
        for split in tables.splits(world, name, language)
    }


def digests_of(world: World) -> list[str]:
    return [
        digest({path: table.to_pydict() for path, table in all_of(world, names).items()}) for names in GOLDEN.values()
    ]


def rows(world: World, name: str, language: str, split: str) -> list[str]:
    """What is asked, without the answer."""
    table = tables.table(world, name, language, split)
    asked = [column for column in table.column_names if column not in ("label", "answers", "starts")]
    return [str(row) for row in table.select(asked).to_pylist()]


@pytest.mark.parametrize("hash_seed", ["0", "4711"])
def test_content_is_golden_in_every_process(hash_seed: str) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    out = subprocess.run([sys.executable, "-c", PRINT_DIGESTS], env=environment, capture_output=True, text=True)
    assert (tables.VERSION, out.stdout.split()) == (1, list(GOLDEN)), out.stderr


def test_every_table_is_golden() -> None:
    assert sorted(name for names in GOLDEN.values() for name in names) == sorted(tables.NAMES)


def test_another_seed_is_another_world() -> None:
    assert GOLDEN.keys().isdisjoint(digests_of(SMALL.model_copy(update={"seed": 2})))


def test_rows_are_as_many_as_asked() -> None:
    for path, table in all_of(SMALL).items():
        name, _, split = path.split("/")
        assert table.num_rows == getattr(SMALL.rows, name if split == "train" else split)


def test_validation_and_test_rows_are_parallel() -> None:
    world = World(rows=ROWS)
    to_first = {
        code: {
            form: first
            for kind in SHAPES
            for form, first in zip(getattr(words, kind).flat, getattr(lexicons(world)["en"], kind).flat, strict=True)
        }
        for code, words in lexicons(world).items()
    }
    for name in ("nli", "paraphrase", "tagging"):
        for split in HELD_OUT:
            expected = tables.table(world, name, "en", split).to_pydict()
            for code in tables.languages(world, name):
                found = tables.table(world, name, code, split).to_pydict()
                for column, values in found.items():
                    if column in ("label", "tags"):
                        assert list(map(sorted, values)) == list(map(sorted, expected[column]))
                    else:
                        words = [value.split() if isinstance(value, str) else value for value in values]
                        back = [sorted(to_first[code].get(word, word) for word in line) for line in words]
                        english = [value.split() if isinstance(value, str) else value for value in expected[column]]
                        assert back == list(map(sorted, english))


def test_retrieval_pairs_english_with_every_other_language() -> None:
    assert tables.languages(SMALL, "retrieval") == ("qaa", "qab", "qac", "qad")
    queries = [tables.table(SMALL, "retrieval", code, "test")["query"] for code in ("qaa", "qad")]
    assert queries[0] == queries[1]


@pytest.mark.parametrize("seed", range(1, 6))
@pytest.mark.parametrize("name", ["text", "nli", "paraphrase", "tagging", "choice", "span"])
def test_no_row_is_in_two_splits_or_twice_in_one(name: str, seed: int) -> None:
    world = World(seed=seed, rows=ROWS)
    for code in tables.languages(world, name):
        first = tables.languages(world, name)[0]
        parts = [
            rows(world, name, first if split == "train" else code, split) for split in tables.splits(world, name, first)
        ]
        assert all(len(set(part)) == len(part) for part in parts)
        assert len(set().union(*parts)) == sum(map(len, parts))


def test_what_is_tested_does_not_change_with_how_much_is_trained_on() -> None:
    more = SMALL.model_copy(update={"rows": SMALL.rows.model_copy(update={"nli": 80})})
    assert rows(more, "nli", "qaa", "test") == rows(SMALL, "nli", "qaa", "test")


CHANGES: dict[str, dict[str, Any]] = {
    "seed": {"seed": 2},
    "cognates": {"languages": {"en": Language(), "qaa": Language(cognates=0.2)}},
    "order": {"languages": {"en": Language(), "qaa": Language(order="VSO")}},
    "languages the other way round": {
        "languages": {"en": Language(), **dict(reversed([*SMALL.languages.items()][1:]))}
    },
    **{
        f"rows.{name}": {"rows": SMALL.rows.model_copy(update={name: getattr(SMALL.rows, name) + 1})}
        for name in Rows.model_fields
    },
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_tables_identity_changes_with_all_that_shapes_it_and_with_nothing_else(change: str) -> None:
    other = SMALL.model_copy(update=CHANGES[change])
    before, after = all_of(SMALL), all_of(other)
    both = sorted(before.keys() & after.keys())
    assert len(both) >= 13
    same = [path for path in both if identity(SMALL, path) == identity(other, path)]
    assert [path for path in same if before[path] != after[path]] == []
    assert [path for path in both if path not in same] == [path for path in both if is_shaped_by(change, path)]


def identity(world: World, path: str) -> str:
    name, language, split = path.split("/")
    return canonical(tables.identity(world, name, language, split))


def is_shaped_by(change: str, path: str) -> bool:
    """Numbers of rows shape their own split, and those that take their clauses after it; all else shapes all."""
    name, _, split = path.split("/")
    field = change.removeprefix("rows.")
    if field in tables.NAMES:
        return (name, split) == (field, "train")
    return field != "validation" or split != "test"


@pytest.mark.parametrize(
    ("name", "language", "split"),
    [
        ("qa", "en", "test"),
        ("nli", "qzz", "test"),
        ("nli", "qaa", "train"),
        ("retrieval", "en", "test"),
        ("text", "mul", "test"),
    ],
)
def test_what_a_world_does_not_have_is_refused(name: str, language: str, split: str) -> None:
    with pytest.raises(LookupError, match="a world has no table"):
        tables.table(SMALL, name, language, split)
