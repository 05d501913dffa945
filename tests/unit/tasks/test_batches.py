"""Micro-batches: every row once an epoch, in an order that only the seed decides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from tests.unit.tasks.toy import encoded
from xfer.tasks import batches
from xfer.tasks.batches import LENGTHS, Encoded, MicroBatch, Schedule, padded_length
from xfer.tasks.formats.base import IGNORE


def random_rows(rows: int, most: int = 1, seed: int = 0) -> Encoded:
    """Rows with one to ``most`` inputs of random lengths."""
    random = np.random.default_rng(seed)
    return encoded([random.integers(3, 90, random.integers(1, most + 1)).tolist() for _ in range(rows)])


def schedule_of(members: Sequence[Encoded], batch: int, micro: int, seed: int, steps: int = 60) -> Schedule:
    """All members equally often."""
    return Schedule(members, (1 / len(members),) * len(members), steps, batch, micro, seed)


def steps_of(schedule: Schedule, steps: range) -> Iterator[list[MicroBatch]]:
    return (schedule.at(step) for step in steps)


def rows_of(data: Encoded, step: Sequence[MicroBatch]) -> list[int]:
    return [int(data.row_of[line]) for micro in step for line in micro.inputs]


def shape(step: Sequence[MicroBatch]) -> list[object]:
    return [(micro.member, micro.index, micro.inputs.tolist(), micro.length) for micro in step]


@pytest.mark.parametrize(
    ("rows", "most", "batch", "micro"), [(70, 1, 8, 3), (64, 1, 8, 8), (41, 4, 5, 2), (3, 2, 8, 4)]
)
def test_every_input_is_seen_exactly_once_an_epoch(rows: int, most: int, batch: int, micro: int) -> None:
    data = random_rows(rows, most)
    schedule, per_epoch = schedule_of([data], batch, micro, seed=5), -(-rows // batch)
    epochs = []
    for epoch in range(3):
        steps = list(steps_of(schedule, range(epoch * per_epoch, (epoch + 1) * per_epoch)))
        lines = [int(line) for step in steps for piece in step for line in piece.inputs]
        assert sorted(lines) == list(range(len(data)))
        sizes = [len(set(rows_of(data, step))) for step in steps]
        assert sorted(sizes, reverse=True) == [batch] * (rows // batch) + ([rows % batch] if rows % batch else [])
        epochs.append(lines)
    assert per_epoch == 1 or epochs[0] != epochs[1] != epochs[2], "each epoch has an order of its own"


def test_inputs_of_one_row_stay_in_one_global_batch() -> None:
    data = random_rows(60, most=4)
    seen: Counter[int] = Counter()
    for step in steps_of(schedule_of([data], 7, 4, seed=1), range(-(-60 // 7))):
        seen.update(set(rows_of(data, step)))
    assert seen == dict.fromkeys(range(60), 1)


def test_micro_batches_are_full_but_the_last_numbered_in_order_and_longest_first() -> None:
    data = random_rows(50, most=3)
    for step in steps_of(schedule_of([data], 10, 4, seed=2), range(5)):
        sizes = [len(micro.inputs) for micro in step]
        assert sizes[:-1] == [4] * (len(sizes) - 1) and 1 <= sizes[-1] <= 4
        assert [micro.index for micro in step] == list(range(len(step)))
        lengths = [int(data.lengths[line]) for micro in step for line in micro.inputs]
        assert lengths == sorted(lengths, reverse=True)
        assert [micro.length for micro in step] == [padded_length(int(data.lengths[m.inputs].max())) for m in step]


def test_the_order_follows_from_the_seed_alone_and_any_step_can_be_asked_for_first() -> None:
    members = [random_rows(90, seed=1), random_rows(33, 2, seed=2)]
    steps = range(40)
    walked = [shape(step) for step in steps_of(schedule_of(members, 8, 3, seed=3), steps)]
    jumping = schedule_of(members, 8, 3, seed=3)
    assert {step: shape(jumping.at(step)) for step in reversed(steps)} == dict(enumerate(walked))
    assert walked != [shape(step) for step in steps_of(schedule_of(members, 8, 3, seed=4), steps)]


def test_how_a_step_is_cut_does_not_change_what_is_in_it() -> None:
    data = random_rows(60, most=3)
    whole, cut = schedule_of([data], 8, 1000, seed=3), schedule_of([data], 8, 2, seed=3)
    for step in range(8):
        assert [*np.concatenate([m.inputs for m in cut.at(step)])] == [*whole.at(step)[0].inputs]


def test_batches_hold_rows_of_like_length_within_windows_of_shuffled_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "WINDOW", 5)
    data = random_rows(200)
    spans, means = [], []
    for step in steps_of(schedule_of([data], 8, 8, seed=0), range(25)):
        lengths = data.lengths[np.concatenate([micro.inputs for micro in step])]
        spans.append(lengths.max() - lengths.min())
        means.append(lengths.mean())
    assert np.mean(spans) < 25, "rows of 3 to 90 sub-tokens, eight of forty at a time"
    for window in range(0, 25, 5):
        assert np.ptp(means[window : window + 5]) > 40, "each window holds short and long rows"
    assert any(means[w : w + 5] != sorted(means[w : w + 5]) for w in range(0, 25, 5)), "short ones do not come first"


def test_each_member_of_a_mixture_is_walked_through_in_its_own_epochs() -> None:
    members = [random_rows(20, seed=1), random_rows(6, seed=2)]
    schedule, seen = schedule_of(members, 4, 4, seed=3), [Counter[int](), Counter[int]()]
    for step in steps_of(schedule, range(20)):
        assert len({micro.member for micro in step}) == 1, "a global batch is one task's"
        seen[step[0].member].update(rows_of(members[step[0].member], step))
    assert seen == [dict.fromkeys(range(20), 2), dict.fromkeys(range(6), 5)]


def test_a_member_that_weighs_more_is_further_in_its_epochs() -> None:
    members = [random_rows(20, seed=1), random_rows(6, seed=2)]
    schedule, seen = Schedule(members, (0.75, 0.25), 40, 4, 4, seed=3), [Counter[int](), Counter[int]()]
    for step in steps_of(schedule, range(40)):
        seen[step[0].member].update(rows_of(members[step[0].member], step))
    assert seen == [dict.fromkeys(range(20), 6), dict.fromkeys(range(6), 5)]


@pytest.mark.parametrize(
    ("length", "padded"),
    [(1, 8), (8, 8), (9, 16), (128, 128), (129, 144), (257, 288), (1024, 1024), (1025, 1536), (1537, 2048)],
)
def test_lengths_are_padded_to_the_next_fixed_one(length: int, padded: int) -> None:
    assert padded_length(length) == padded


def test_the_fixed_lengths_are_few_and_grow() -> None:
    assert sorted(set(LENGTHS)) == list(LENGTHS) and len(LENGTHS) < 40


def test_a_block_is_padded_with_the_models_padding_and_a_mask() -> None:
    data = encoded([[2], [4], [3]])
    block = data.block(np.array([2, 0]), 5, pad=9)
    assert block["input_ids"].tolist() == [[2, 2, 2, 9, 9], [0, 0, 9, 9, 9]]
    assert block["attention_mask"].tolist() == [[1, 1, 1, 0, 0], [1, 1, 0, 0, 0]]
    assert block["type_ids"].tolist() == [[1, 1, 1, 0, 0], [1, 1, 0, 0, 0]]
    assert block["targets"].tolist() == [[2], [0]]


def test_a_block_of_words_has_a_target_at_every_position_and_none_in_the_padding() -> None:
    block = encoded([[2], [4]], tokens=True).block(np.array([0, 1]), 5, pad=1)
    assert block["targets"].tolist() == [[0, 0, IGNORE, IGNORE, IGNORE], [1, 1, 1, 1, IGNORE]]


def test_labels_are_counted_without_ignored_positions() -> None:
    data = encoded([[2], [4], [3]], tokens=True)
    assert data.targets_in(np.array([0, 2])) == 5
    assert encoded([[2], [4]]).targets_in(np.array([1])) == 1
