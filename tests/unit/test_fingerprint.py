"""Keys: one canonical form, refusal of what has none, the same in every process."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xfer.fingerprint import KEY_LENGTH, Identified, canonical, file_digest, key, plain, seed_of


class Learnt:
    """States a part of itself."""

    def __init__(self, value: object, secret: object = None) -> None:
        self.value, self.secret = value, secret

    def identity(self) -> object:
        return {"value": self.value}


class Counted(Identified):
    """Counts how often it is asked."""

    asked = 0

    def identity(self) -> object:
        self.asked += 1
        return ["counted", None]


def test_canonical_json_is_sorted_dense_and_utf8() -> None:
    value = {"b": [1, 2.5, None, True], "a": {"ß": "Straße", "A": (1, "x")}}
    assert canonical(value) == '{"a":{"A":[1,"x"],"ß":"Straße"},"b":[1,2.5,null,true]}'


def test_key_is_the_first_twelve_digits_of_sha256_over_canonical_json() -> None:
    assert key({"b": 1, "a": 2}) == hashlib.sha256(b'{"a":2,"b":1}').hexdigest()[:12]
    assert len(key(1)) == KEY_LENGTH == 12


def test_an_object_counts_by_its_identity_at_any_depth() -> None:
    assert plain([Learnt(Learnt(3))]) == [{"value": {"value": 3}}]
    assert key(Learnt(1, secret=1)) == key(Learnt(1, secret=2)) != key(Learnt(2))


def test_what_stands_in_many_keys_is_asked_once() -> None:
    counted = Counted()
    assert key({"n": 1, "of": counted}) == key({"n": 1, "of": ["counted", None]})
    assert canonical([counted, counted]) == '[["counted",null],["counted",null]]'
    assert counted.asked == 1


@pytest.mark.parametrize(
    "value",
    [0, -7, 2**70, True, 0.1, -0.0, 1e-5, 1e22, 1.7976931348623157e308, None, "", 'a"\\\n\x01', "\u2028 ü 🦊", [], {}],
    ids=repr,
)
def test_canonical_json_is_that_of_the_standard_library(value: object) -> None:
    whole = {"z": [value, (value,)], "a": value}
    assert canonical(whole) == json.dumps(whole, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert repr(plain(value)) == repr(value)


@pytest.mark.parametrize(
    ("one", "other"),
    [({"a": 1}, {"a": "1"}), ([1, 2], [2, 1]), ({"a": None}, {}), ([[1], 2], [1, 2]), (1, 1.0), ("é", "e\u0301")],
)
def test_different_values_have_different_keys(one: object, other: object) -> None:
    assert key(one) != key(other)


@pytest.mark.parametrize(
    "value",
    [
        float("nan"), float("inf"), -float("inf"), {1, 2}, frozenset("a"), object(), b"bytes", 1j,
        np.int64(3), np.zeros(2), Path("x"), {1: "a"}, {None: 1}, (item for item in "ab"), range(3),
    ],
    ids=repr,
)  # fmt: skip
def test_what_has_no_stable_form_is_refused_wherever_it_stands(value: Any) -> None:
    for holder in (value, [value], {"a": {"b": [value]}}, Learnt(value)):
        with pytest.raises(TypeError):
            key(holder)


def test_keys_and_seeds_are_equal_in_processes_with_different_hash_seeds() -> None:
    code = (
        "from xfer.fingerprint import key, seed_of\n"
        "value = {name: list(name) for name in set('epsilon alpha beta gamma delta'.split())}\n"
        "print(key(value), seed_of('order', 7, 'ü'), list(value))"
    )
    lines = [
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout.split(maxsplit=2)
        for seed in ("1", "2")
    ]  # fmt: skip
    assert lines[0][2] != lines[1][2], "the two processes should disagree about the order of a set"
    assert lines[0][:2] == lines[1][:2]


def test_seeds_are_63_bits_and_differ_with_every_part() -> None:
    seeds = [seed_of("order", seed, epoch) for seed in range(50) for epoch in range(50)]
    assert len(set(seeds)) == len(seeds)
    assert min(seeds) >= 0 and max(seeds) < 2**63
    assert max(seeds) > 2**62, "the upper half of the range is used"
    assert len({seed_of("ab"), seed_of("a", "b"), seed_of("b", "a"), seed_of("a", "b", "")}) == 4
    assert seed_of(1) != seed_of("1")


def test_a_files_digest_is_that_of_its_bytes(tmp_path: Path) -> None:
    content = bytes(range(256)) * 5000
    (tmp_path / "file").write_bytes(content)
    assert file_digest(tmp_path / "file") == hashlib.sha256(content).hexdigest()
