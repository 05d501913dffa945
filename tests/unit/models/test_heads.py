"""Heads: their weights follow from a seed and a name, whatever happened to torch's random state before."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="heads need torch")

from xfer.models.heads import HEADS, new_head  # noqa: E402
from xfer.models.spec import HeadSpec  # noqa: E402


def weights(output: str, name: str = "xnli", seed: int = 1, scale: float = 0.02) -> list[float]:
    head = new_head(HeadSpec(name, output, 3), 64, 0.1, scale, seed)
    return [float(value) for parameter in head.parameters() for value in parameter.detach().flatten()]


@pytest.mark.parametrize("output", HEADS)
def test_initial_weights_follow_from_seed_and_name_alone(output: str) -> None:
    first = weights(output)
    torch.manual_seed(99)
    torch.rand(10)
    assert weights(output) == first
    assert weights(output, seed=2) != first != weights(output, name="mnli")


@pytest.mark.parametrize("output", HEADS)
def test_initial_weights_are_normal_with_the_models_own_spread_and_biases_zero(output: str) -> None:
    head = new_head(HeadSpec("xnli", output, 7), 256, 0.1, 0.05, 1)
    for name, parameter in head.named_parameters():
        values = parameter.detach()
        if name.endswith("bias"):
            assert not values.any()
        else:
            assert abs(float(values.mean())) < 0.01 and float(values.std()) == pytest.approx(0.05, rel=0.1)


def test_a_sequence_head_answers_from_the_first_state_and_a_token_head_from_each() -> None:
    states = torch.linspace(-1, 1, 2 * 5 * 64).reshape(2, 5, 64)
    other = states.clone()
    other[:, 1:] += 1
    sequence = new_head(HeadSpec("a", "sequence", 3), 64, 0.5, 0.5, 1).eval()
    token = new_head(HeadSpec("a", "token", 3), 64, 0.5, 0.5, 1).eval()
    assert sequence(states).shape == (2, 3) and token(states).shape == (2, 5, 3)
    assert torch.equal(sequence(states), sequence(other)) and not torch.equal(token(states), token(other))
    assert torch.allclose(token(states)[:, 2], token(states[:, 2:3])[:, 0], atol=1e-6)


@pytest.mark.parametrize("output", HEADS)
def test_dropout_is_at_work_in_training_only(output: str) -> None:
    head, states = new_head(HeadSpec("a", output, 3), 64, 0.5, 0.5, 1), torch.ones(1, 4, 64)
    assert torch.equal(head.eval()(states), head(states))
    assert not torch.equal(head.train()(states), head(states))


def test_a_sequence_head_is_dense_tanh_projection() -> None:
    head = new_head(HeadSpec("a", "sequence", 3), 8, 0.0, 0.5, 1)
    named = dict(head.named_parameters())
    states = torch.linspace(-2, 2, 16).reshape(1, 2, 8)
    hidden = torch.tanh(named["dense.weight"] @ states[0, 0])
    assert torch.allclose(head(states)[0], named["out.weight"] @ hidden, atol=1e-6)
