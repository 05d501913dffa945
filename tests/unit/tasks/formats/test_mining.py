"""Mining, held against its definition worked out pair by pair."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from tests.unit.tasks import toy
from xfer.errors import DataError
from xfer.tasks.formats.base import ENCODED, PREDICTED, Floats, Outputs
from xfer.tasks.formats.mining import SAMPLE, SOURCE, TARGET, TEST, Mining, threshold
from xfer.tasks.registry import SHIPPED
from xfer.tasks.text import TextEncoder

TASK = SHIPPED.get("bucc")
DRAWS = 120
Pair = tuple[str, str]
Sentences = dict[str, tuple[str, npt.NDArray[np.float64]]]
"""By id: text and vector; equal texts have equal vectors."""


def drawn(draw: np.random.Generator, parts: Sequence[str]) -> tuple[pa.Table, Floats]:
    """Sentences of a few dimensions: some pairs are near each other and gold, some near and not, some texts stand there
    twice. Their order is mixed, and some cosines are below zero on average."""
    lines: list[dict[str, Any]] = []
    for part in parts:
        sizes, shift = draw.integers(1, 25, 2), draw.choice([0.0, 1.5])
        made = {side: draw.normal(size=(size, 5)) + shift for side, size in zip((SOURCE, TARGET), sizes, strict=True)}
        alike = [(i, j) for i, j in enumerate(draw.permutation(sizes[1])[: sizes[0]]) if draw.random() < 0.6]
        for i, j in alike:
            made[TARGET][j] = made[SOURCE][i] * draw.uniform(0.5, 3) + draw.normal(size=5) * draw.uniform(0.01, 1)
        gold = {(f"s{i}", f"t{j}") for i, j in alike if draw.random() < 0.8}
        for side, vectors in made.items():
            for place, vector in enumerate(vectors):
                for again in range(2 if draw.random() < 0.2 else 1):
                    name = f"{side[0]}{place}" + "'" * again
                    partners = [t for s, t in sorted(gold) if s == name and side == SOURCE]
                    lines.append({"text": f"{part} {side} {place}", "side": side, "id": name, "partners": partners,
                                  "part": part, "vector": vector * (1 + again)})  # fmt: skip
    lines = [lines[at] for at in draw.permutation(len(lines))]
    schema = pa.schema([(name, pa.list_(pa.string()) if name == "partners" else pa.string()) for name in Mining.fields])
    rows = pa.Table.from_pylist(lines, schema=schema)
    numbers = pa.array(range(100, 100 + len(lines)), pa.int32())
    rows = rows.append_column("example", numbers).append_column("cluster", numbers)
    return rows, np.array([line["vector"] for line in lines], np.float32)


def of(rows: pa.Table, vectors: Floats, side: str, part: str) -> Sentences:
    return {
        row["id"]: (row["text"], vector / np.linalg.norm(vector))
        for row, vector in zip(rows.to_pylist(), vectors.astype(float), strict=True)
        if row["side"] == side and row["part"] == part
    }


def by_hand(source: Sentences, target: Sentences) -> dict[Pair, float]:
    """Every pair of ids that is taken, and its margin."""
    x, y = (dict(sentences.values()) for sentences in (source, target))
    cosine = {(a, b): float(x[a] @ y[b]) for a, b in product(x, y)}
    of_x = {a: sorted((cosine[a, b] for b in y), reverse=True)[:4] for a in x}
    of_y = {b: sorted((cosine[a, b] for a in x), reverse=True)[:4] for b in y}

    def margin(a: str, b: str) -> float:
        average = (float(np.mean(of_x[a])) + float(np.mean(of_y[b]))) / 2
        return cosine[a, b] / average if average > 0 else 0.0

    proposed = [max((margin(a, b), a, b) for b in y if cosine[a, b] >= of_x[a][-1]) for a in x]
    proposed += [max((margin(a, b), a, b) for a in x if cosine[a, b] >= of_y[b][-1]) for b in y]
    taken: dict[str, tuple[str, float]] = {}
    for score, a, b in sorted(proposed, reverse=True):
        if score > 0 and a not in taken and b not in [partner for partner, _ in taken.values()]:
            taken[a] = (b, score)
    return {
        (i, j): taken[a][1]
        for (i, (a, _)), (j, (b, _)) in product(source.items(), target.items())
        if a in taken and taken[a][0] == b
    }


def f1(found: set[Pair], gold: set[Pair]) -> float:
    return 2 * len(found & gold) / (len(found) + len(gold)) if found & gold else 0.0


def cut_by_hand(margins: dict[Pair, float], gold: set[Pair]) -> float:
    """The score from which on F1 is largest, the highest of several, and halfway to the next below it."""
    scores = sorted(set(margins.values()), reverse=True)
    values = [f1({pair for pair, score in margins.items() if score >= at}, gold) for at in scores]
    if not any(values):
        return 0.0
    best = values.index(max(values))
    return (scores[best] + scores[best + 1]) / 2 if best + 1 < len(scores) else scores[best]


def gold_of(rows: pa.Table, part: str) -> set[Pair]:
    return {(row["id"], name) for row in rows.to_pylist() if row["part"] == part for name in row["partners"]}


def decoded(rows: pa.Table, vectors: Floats) -> pa.Table:
    encoded = Mining().encode(TASK, rows, TextEncoder(toy.tokenizer(), 12))
    assert encoded.schema == ENCODED
    found = Mining().decode(TASK, rows, encoded, Outputs(vectors=vectors))
    assert found.schema == PREDICTED
    return found


def asked_of(rows: pa.Table, part: str) -> list[dict[str, Any]]:
    return [row for row in rows.to_pylist() if row["side"] == SOURCE and row["part"] == part]


@pytest.mark.parametrize("parts", [(SAMPLE,), (SAMPLE, TEST)], ids=["validation", "test"])
def test_pairs_and_margins_are_those_of_the_definition(parts: tuple[str, ...]) -> None:
    values = []
    for seed in range(DRAWS):
        rows, vectors = drawn(np.random.default_rng(seed), parts)
        margins = {part: by_hand(of(rows, vectors, SOURCE, part), of(rows, vectors, TARGET, part)) for part in parts}
        cut, taken = cut_by_hand(margins[SAMPLE], gold_of(rows, SAMPLE)), margins[parts[-1]]
        table = decoded(rows, vectors)
        answers = table["prediction"].to_pylist()
        assert [table[name].to_pylist() for name in ("example", "gold")] == [
            [row[name] for row in asked_of(rows, parts[-1])] for name in ("example", "partners")
        ]
        pairs = set()
        found = zip(asked_of(rows, parts[-1]), answers, table["probabilities"].to_pylist(), strict=True)
        for row, names, margin in found:
            mine = {name: score for (i, name), score in taken.items() if i == row["id"]}
            assert sorted(names) == sorted(name for name, score in mine.items() if score >= cut), f"draw {seed}"
            assert margin == pytest.approx(sorted(set(mine.values())), rel=1e-4), f"draw {seed}"
            pairs |= {(row["id"], name) for name in names}
        values.append(TASK.major.compute(table["gold"].to_pylist(), answers, "de"))
        assert values[-1] == pytest.approx(f1(pairs, gold_of(rows, parts[-1])))
    assert len(set(values)) > 30 and min(values) == 0 and max(values) == 1


Line = tuple[str, str, str, list[str], str, list[float]]


def made(*lines: Line) -> tuple[pa.Table, Floats]:
    """Rows from their fields and a vector each."""
    kinds = [pa.list_(pa.string()) if name == "partners" else pa.string() for name in Mining.fields]
    columns = zip(*[line[:5] for line in lines], strict=True)
    rows = pa.table([pa.array(values, kind) for values, kind in zip(columns, kinds, strict=True)], [*Mining.fields])
    numbers = pa.array(range(len(lines)), pa.int32())
    rows = rows.append_column("example", numbers).append_column("cluster", numbers)
    return rows, np.array([line[5] for line in lines], np.float32)


EAST, NORTH, BETWEEN = [3.0, 0.0], [0.0, 2.0], [1.0, 1.1]
SAMPLE_ROWS: tuple[Line, ...] = (
    ("a", SOURCE, "s0", ["t0"], SAMPLE, EAST),
    ("b", SOURCE, "s1", [], SAMPLE, NORTH),
    ("c", TARGET, "t0", [], SAMPLE, EAST),
    ("d", TARGET, "t1", [], SAMPLE, BETWEEN),
)


def test_the_sample_sets_the_threshold_and_has_no_predictions_in_the_test() -> None:
    """By hand: cosines are 1, 0.673 (s0), 0 and 0.740 (s1), so means are 0.836, 0.370 (s), 0.5 and 0.706 (t)."""
    rows, vectors = made(*SAMPLE_ROWS, ("e", SOURCE, "s0", ["t0"], TEST, EAST), ("f", TARGET, "t0", [], TEST, EAST))
    found = decoded(rows, vectors)
    assert found["example"].to_pylist() == [4], "the sentence of the sample with the same id is another"
    assert found["probabilities"].to_pylist() == [[1]]
    assert found["prediction"].to_pylist() == [[]], "1 is below the sample's threshold"
    alone = decoded(*made(*SAMPLE_ROWS))
    assert alone["example"].to_pylist() == [0, 1]
    margins = [1 / 0.668, 0.740 / 0.538]
    assert alone["probabilities"].to_pylist() == [pytest.approx([margin], abs=2e-3) for margin in margins]
    assert alone["prediction"].to_pylist() == [["t0"], []]


def test_equal_texts_are_one_and_all_their_sentences_are_pairs() -> None:
    rows, vectors = made(
        ("a", SOURCE, "s0", ["t1"], SAMPLE, EAST), ("b", SOURCE, "s1", [], SAMPLE, NORTH),
        ("a", SOURCE, "s2", [], SAMPLE, EAST), ("c", TARGET, "t0", [], SAMPLE, EAST),
        ("c", TARGET, "t1", [], SAMPLE, EAST), ("d", TARGET, "t2", ["ignored"], SAMPLE, [-1, -1]),
    )  # fmt: skip
    found = decoded(rows, vectors)
    assert found["prediction"].to_pylist() == [["t0", "t1"], [], ["t0", "t1"]]
    assert found["gold"].to_pylist() == [["t1"], [], []]
    assert TASK.major.compute(found["gold"].to_pylist(), found["prediction"].to_pylist(), "de") == pytest.approx(2 / 5)


@pytest.mark.parametrize(
    ("score", "pairs", "right", "gold", "wanted"),
    [
        ([3, 2, 1], [1, 1, 1], [1, 0, 0], 1, 2.5),
        ([1, 3, 2], [1, 1, 1], [1, 1, 0], 2, 1),
        ([3, 2, 2, 1], [1, 1, 1, 1], [1, 1, 0, 0], 2, 1.5),
        ([3, 2], [1, 1], [0, 0], 2, 0),
        ([3, 2, 1], [4, 1, 1], [1, 1, 0], 2, 1.5),
        ([5, 4, 3, 2], [1, 1, 1, 1], [1, 0, 0, 1], 1, 4.5),
        ([], [], [], 2, 0),
    ],
    ids=["first", "all", "equal scores", "nothing right", "several sentences", "the highest of several", "no pairs"],
)
def test_the_threshold_lies_halfway_below_the_last_pair_of_the_best_f1(
    score: list[float], pairs: list[int], right: list[int], gold: int, wanted: float
) -> None:
    numbers = np.array(score, np.float32), np.array(pairs, np.int64), np.array(right, np.int64)
    assert threshold(*numbers, gold) == wanted


def test_sentences_are_encoded_one_by_one_and_what_was_cut_is_counted() -> None:
    rows, vectors = made(
        ("b " * 14, SOURCE, "s0", [], SAMPLE, EAST), ("a", SOURCE, "s1", [], SAMPLE, NORTH),
        ("cd " * 10, TARGET, "t0", [], SAMPLE, EAST),
    )  # fmt: skip
    encoded = Mining().encode(TASK, rows, TextEncoder(toy.tokenizer(), 12))
    assert encoded["row"].to_pylist() == [0, 1, 2] and encoded["targets"].to_pylist() == [[]] * 3
    assert toy.words(encoded["input_ids"][1].as_py()) == "<s> a </s>"
    assert decoded(rows, vectors)["truncated"].to_pylist() == [4, 0]


def test_vectors_of_zeros_are_paired_with_nothing() -> None:
    rows, vectors = made(*SAMPLE_ROWS)
    found = decoded(rows, np.zeros_like(vectors))
    assert found["prediction"].to_pylist() == found["probabilities"].to_pylist() == [[], []]


@pytest.mark.parametrize(
    ("field", "value", "what"),
    [
        ("side", "left", "row 2: side 'left'"),
        ("part", "train", "row 2: part 'train'"),
        ("part", TEST, "no target sentence in the part 'sample'"),
    ],
)
def test_rows_of_no_side_or_part_are_refused(field: str, value: str, what: str) -> None:
    rows, _ = made(*SAMPLE_ROWS)
    values = [*rows[field].to_pylist()[:2], value, value]
    wrong = rows.set_column(rows.column_names.index(field), field, pa.array(values))
    with pytest.raises(DataError, match=f"somewhere: {what}"):
        Mining().check(TASK, wrong, "somewhere")


@pytest.mark.parametrize("side", [SOURCE, TARGET])
def test_a_test_with_one_side_alone_is_refused(side: str) -> None:
    rows, _ = made(*SAMPLE_ROWS, ("e", side, "x", [], TEST, EAST))
    Mining().check(TASK, rows.slice(0, 4), "somewhere")
    with pytest.raises(DataError, match=f"no {({SOURCE, TARGET} - {side}).pop()} sentence in the part 'test'"):
        Mining().check(TASK, rows, "somewhere")


def test_nothing_is_trained_for_mining() -> None:
    assert (Mining().trainable, Mining().size(TASK, 99), Mining().output) == (False, 0, "hidden")
