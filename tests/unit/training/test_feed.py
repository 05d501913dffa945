"""What goes into the model: masks drawn by seed, step and micro-batch, and targets counted as they are."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="a feed gives tensors")

from xfer.evaluation.prepared import Preparation  # noqa: E402
from xfer.models import scratch  # noqa: E402
from xfer.models.base import Base  # noqa: E402
from xfer.phase.data_set import DataSet  # noqa: E402
from xfer.phase.phase import Phase  # noqa: E402
from xfer.phase.recipe import Recipe  # noqa: E402
from xfer.phase.selection import Selection  # noqa: E402
from xfer.synthetic.world import Rows, World  # noqa: E402
from xfer.tasks.data import DataRoots  # noqa: E402
from xfer.tasks.formats.base import IGNORE  # noqa: E402
from xfer.tasks.registry import SHIPPED  # noqa: E402
from xfer.training.feed import Block, Feed, masked  # noqa: E402

MASK, VOCABULARY, CPU = 4, 90, torch.device("cpu")
WORLD = World(rows=Rows(text=200, nli=60, tagging=40, paraphrase=40, validation=20, test=30))
STEPS = 12


@cache
def preparation() -> Preparation:
    """The text and the pairs of a small world, for a model from scratch."""
    roots, task = DataRoots(world=WORLD), SHIPPED.get("world_text")
    texts = roots.rows(task, "mul", "train")["text"].to_pylist()
    spec = scratch.spec_of("fresh", "nano", scratch.train_tokenizer(texts, VOCABULARY))
    return Preparation(roots, SHIPPED, Base(spec, None))


def feed(seed: int = 1, probability: float = 0.15, mixed: bool = False, micro: int = 8) -> Feed:
    text = DataSet("world_text", "mul", "train", "text", "", 200)
    sets = (text, DataSet("world_nli", "en", "train", "nli", "", 60)) if mixed else (text,)
    recipe = Recipe(steps=STEPS, batch_size=16, micro_batch_size=micro, max_length=48, mlm_probability=probability)
    weights = (1 / len(sets),) * len(sets)
    phase = Phase(sets, weights, Selection(model="fresh"), "encoder", recipe, seed, None, {})
    return Feed(phase, [preparation().of(data, 48) for data in sets], preparation().base)


def block(lines: int = 400, length: int = 100) -> Block:
    """Sub-tokens in the middle have themselves as targets; the marks around them and the padding have none."""
    random = np.random.default_rng(0)
    ids = random.integers(5, VOCABULARY, (lines, length))
    ids[:, 0], ids[:, -21], ids[:, -20:] = 0, 2, 1
    special = ids < 5
    return {"input_ids": ids, "targets": np.where(special, IGNORE, ids), "attention_mask": (ids != 1).astype(np.int64)}


def mask_of(probability: float = 0.15, seed: int = 1) -> tuple[Block, Block]:
    before = block()
    return before, masked(before, probability, MASK, VOCABULARY, np.random.default_rng(seed))


@pytest.mark.parametrize("probability", [0.05, 0.15, 0.5])
def test_the_share_of_what_is_hidden_is_that_of_the_recipe(probability: float) -> None:
    before, after = mask_of(probability)
    hidden = (after["targets"] != IGNORE).sum() / (before["targets"] != IGNORE).sum()
    assert hidden == pytest.approx(probability, abs=0.01)


def test_of_what_is_hidden_most_is_the_mask_some_is_random_and_some_stays() -> None:
    before, after = mask_of(0.5)
    hidden = after["targets"] != IGNORE
    became, was = after["input_ids"][hidden], before["input_ids"][hidden]
    shares = [(became == MASK).mean(), ((became != MASK) & (became != was)).mean(), (became == was).mean()]
    assert shares == pytest.approx([0.8, 0.1, 0.1], abs=0.015)
    strange = became[(became != MASK) & (became != was)]
    assert len(set(strange.tolist())) > 0.9 * VOCABULARY, "any sub-token of the vocabulary"


def test_what_is_hidden_is_asked_for_and_all_else_is_as_it_was() -> None:
    before, after = mask_of()
    hidden = after["targets"] != IGNORE
    assert np.array_equal(after["targets"][hidden], before["input_ids"][hidden])
    assert np.array_equal(after["input_ids"][~hidden], before["input_ids"][~hidden])
    assert np.array_equal(after["attention_mask"], before["attention_mask"])


def test_nothing_special_is_hidden_and_the_block_itself_is_left_alone() -> None:
    before, after = mask_of(0.9)
    special = before["targets"] == IGNORE
    assert np.array_equal(after["input_ids"][special], before["input_ids"][special])
    assert (after["targets"][special] == IGNORE).all()
    assert all(np.array_equal(array, block()[name]) for name, array in before.items())


def test_what_is_hidden_follows_from_the_random_state() -> None:
    (_, one), (_, again), (_, other) = mask_of(seed=1), mask_of(seed=1), mask_of(seed=2)
    assert all(np.array_equal(one[name], again[name]) for name in one)
    assert not np.array_equal(one["targets"], other["targets"])


def blocks(found: Feed) -> dict[tuple[int, int], dict[str, list[list[int]]]]:
    return {
        (step, micro.index): {n: t.tolist() for n, t in found.batch(step, micro, False, CPU).items()}
        for step in range(STEPS)
        for micro in found.at(step)
    }


def test_masks_come_from_seed_step_and_micro_batch_whoever_asks_and_in_which_order() -> None:
    walked, jumping = blocks(feed()), feed()
    for step in reversed(range(STEPS)):
        for micro in reversed(jumping.at(step)):
            found = jumping.batch(step, micro, False, CPU)
            assert {name: tensor.tolist() for name, tensor in found.items()} == walked[step, micro.index]
    assert blocks(feed(seed=2)) != walked


def test_the_same_text_is_masked_otherwise_in_another_epoch() -> None:
    """Every batch holds all rows."""
    text = DataSet("world_text", "mul", "train", "text", "", 200)
    recipe = Recipe(steps=2, batch_size=200, micro_batch_size=200, max_length=48)
    phase = Phase((text,), (1.0,), Selection(model="fresh"), "encoder", recipe, 1, None, {})
    found = Feed(phase, [preparation().of(text, 48)], preparation().base)
    one, other = (sorted(map(tuple, blocks_at(found, step))) for step in (0, 1))
    assert len(one) == len(other) == 200 and one != other


def blocks_at(found: Feed, step: int) -> list[list[int]]:
    return [line for micro in found.at(step) for line in found.batch(step, micro, False, CPU)["input_ids"].tolist()]


@pytest.mark.parametrize(("mixed", "micro"), [(False, 5), (False, 16), (True, 5), (True, 16)])
def test_targets_of_a_step_are_those_of_its_blocks(mixed: bool, micro: int) -> None:
    found = feed(mixed=mixed, micro=micro)
    counts = []
    for step in range(STEPS):
        targets = [found.batch(step, piece, False, CPU)["targets"] for piece in found.at(step)]
        counts.append(sum(int((target != IGNORE).sum()) for target in targets))
        assert found.targets(step) == counts[-1]
    assert len(set(counts)) > 2 and min(counts) > 0


def test_in_a_mixture_only_the_text_is_masked() -> None:
    found, seen = feed(mixed=True), set()
    for step in range(STEPS):
        for micro in found.at(step):
            name = found.of(micro).task.name
            batch = found.batch(step, micro, False, CPU)
            assert (batch["targets"].shape[1] == 1) == (name == "world_nli")
            assert bool((batch["input_ids"] == MASK).any()) == (name == "world_text")
            seen.add(name)
    assert seen == {"world_text", "world_nli"}


def test_an_empty_micro_batch_is_one_input_of_the_same_length() -> None:
    found = feed()
    (micro, *_) = found.at(0)
    whole, empty = (found.batch(0, micro, empty, CPU) for empty in (False, True))
    assert {name: tensor.shape for name, tensor in empty.items()} == {
        name: (1, *tensor.shape[1:]) for name, tensor in whole.items()
    }


def test_masking_most_of_a_text_still_asks_for_what_was_there() -> None:
    batch = feed(probability=0.9).batch(0, feed(probability=0.9).at(0)[0], False, CPU)
    assert float((batch["targets"] != IGNORE).float().mean()) > 0.4
    assert int(batch["targets"].max()) < VOCABULARY
