"""Heads: their weights follow from a seed and a name, whatever happened to torch's random state before."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="heads need torch")

from xfer.models.heads import HEADS, new_head  # noqa: E402
from xfer.models.spec import HeadSpec  # noqa: E402


def head_of(output: str, name: str = "xnli", size: int = 3, hidden: int = 64, scale: float = 0.5, seed: int = 1) -> Any:
    return new_head(HeadSpec(name, output, size), hidden, 0.5, scale, seed)


def weights(output: str, name: str = "xnli", seed: int = 1) -> list[float]:
    head = head_of(output, name, seed=seed)
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
    for name, parameter in head_of(output, size=7, hidden=256, scale=0.05).named_parameters():
        values = parameter.detach()
        if name.endswith("bias"):
            assert not values.any()
        elif name.startswith("norm."):
            assert values.eq(1).all(), "a norm changes nothing at first"
        else:
            assert abs(float(values.mean())) < 0.01 and float(values.std()) == pytest.approx(0.05, rel=0.1)


def test_a_sequence_head_answers_once_for_a_state_and_a_token_head_for_each_of_them() -> None:
    states = torch.linspace(-1, 1, 2 * 5 * 64).reshape(2, 5, 64)
    sequence, token = head_of("sequence").eval(), head_of("token").eval()
    assert sequence(states[:, 0]).shape == (2, 3) and token(states).shape == (2, 5, 3)
    assert torch.allclose(token(states)[:, 2], token(states[:, 2:3])[:, 0], atol=1e-6)


@pytest.mark.parametrize("output", ["sequence", "token"])
def test_dropout_is_at_work_in_training_only(output: str) -> None:
    head, states = head_of(output), torch.ones(4, 64)
    assert torch.equal(head.eval()(states), head(states))
    assert not torch.equal(head.train()(states), head(states))


def test_a_sequence_head_is_dense_tanh_projection() -> None:
    head = head_of("sequence", hidden=8).eval()
    named = dict(head.named_parameters())
    states = torch.linspace(-2, 2, 8).reshape(1, 8)
    hidden = torch.tanh(named["dense.weight"] @ states[0])
    assert torch.allclose(head(states)[0], named["out.weight"] @ hidden, atol=1e-6)


def test_a_vocabulary_head_is_that_of_roberta_with_its_projection_tied_to_the_embeddings() -> None:
    from transformers import RobertaConfig
    from transformers.models.roberta.modeling_roberta import RobertaLMHead

    theirs = RobertaLMHead(RobertaConfig(vocab_size=11, hidden_size=8, layer_norm_eps=1e-5))  # type: ignore[no-untyped-call]
    ours = head_of("vocabulary", size=11, hidden=8)
    with torch.no_grad():
        for parameter in ours.parameters():
            parameter.add_(torch.linspace(-0.3, 0.4, parameter.numel()).reshape(parameter.shape))
        named = dict(ours.named_parameters())
        for name, parameter in theirs.named_parameters():
            if name in ("dense.weight", "dense.bias", "bias"):
                parameter.copy_(named[name])
        theirs.layer_norm.weight.copy_(named["norm.weight"])
        theirs.layer_norm.bias.copy_(named["norm.bias"])
        theirs.decoder.bias.copy_(named["bias"])
        states = torch.linspace(-1, 1, 2 * 3 * 8).reshape(2, 3, 8)
        found = ours.eval()(states, theirs.decoder.weight)
        assert torch.allclose(found, theirs.eval()(states), atol=1e-6)
    assert found.shape == (2, 3, 11)
