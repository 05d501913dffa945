"""An encoder and its heads together: what each head is given, and what has a gradient."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="an encoder needs torch")

from tests import world  # noqa: E402
from xfer.models import load, scratch, spec  # noqa: E402
from xfer.models.base import Base  # noqa: E402
from xfer.models.encoder import EncoderWithHeads, mean_over  # noqa: E402
from xfer.models.spec import HeadSpec  # noqa: E402

HEADS = [HeadSpec("pairs", "sequence", 3), HeadSpec("tags", "token", 5), HeadSpec("text", "vocabulary", 40)]


def fresh() -> EncoderWithHeads:
    """From scratch: classifies by the mean of all sub-tokens."""
    base = Base(scratch.spec_of("fresh", "nano", {"model": {"vocab": {f"p{i}": i for i in range(40)}}}), None)
    return load.with_new_heads(base, None, HEADS, 0.0, seed=1)


def pretrained(folder: Path) -> EncoderWithHeads:
    """As published: classifies by the first sub-token."""
    world.model(folder, seed=0)
    return load.with_new_heads(Base(spec.read("tiny", folder, None), folder), None, HEADS[:2], 0.0, seed=1)


def batch(padded: int = 0) -> dict[str, Any]:
    ids = torch.tensor([[0, 7, 9, 2] + [1] * padded, [0, 8, 2, 1] + [1] * padded])
    return {"input_ids": ids, "attention_mask": (ids != 1).long(), "type_ids": torch.zeros_like(ids)}


def states_of(model: EncoderWithHeads) -> Any:
    given = batch()
    return model.encoder(input_ids=given["input_ids"], attention_mask=given["attention_mask"]).last_hidden_state


def test_each_kind_of_head_answers_in_its_own_shape() -> None:
    model = fresh().eval()
    shapes = [tuple(model(batch(), head.name).shape) for head in HEADS]
    assert shapes == [(2, 3), (2, 4, 5), (2, 4, 40)]


def test_a_model_from_scratch_classifies_by_the_mean_of_what_is_there() -> None:
    model = fresh().eval()
    with torch.no_grad():
        states = states_of(model)
        mean = torch.stack([states[0].mean(0), states[1, :3].mean(0)])
        assert torch.allclose(model(batch(), "pairs"), model.heads["pairs"](mean), atol=1e-5)


def test_a_published_model_classifies_by_its_first_sub_token(tmp_path: Path) -> None:
    model = pretrained(tmp_path).eval()
    with torch.no_grad():
        assert torch.allclose(model(batch(), "pairs"), model.heads["pairs"](states_of(model)[:, 0]), atol=1e-5)


@pytest.mark.parametrize("head", ["pairs", "tags", "text"])
def test_padding_changes_no_answer(head: str) -> None:
    model = fresh().eval()
    with torch.no_grad():
        short, long = model(batch(), head), model(batch(padded=5), head)
        assert torch.allclose(short, long[:, : short.shape[1]], atol=1e-5)


def test_a_mean_is_over_the_sub_tokens_that_are_there() -> None:
    states = torch.arange(12, dtype=torch.float32).reshape(2, 3, 2)
    mask = torch.tensor([[1, 1, 0], [1, 0, 0]])
    assert mean_over(states, mask).tolist() == [[1.0, 2.0], [6.0, 7.0]]


@pytest.mark.parametrize("head", ["pairs", "tags", "text"])
def test_in_training_every_parameter_has_a_gradient_and_only_the_asked_heads_is_not_zero(head: str) -> None:
    model = fresh().train()
    model(batch(), head).square().sum().backward()
    gradients: dict[str, Any] = {name: parameter.grad for name, parameter in model.named_parameters()}
    assert [name for name, gradient in gradients.items() if gradient is None] == []
    moved = {name.split(".")[1] for name, grad in gradients.items() if name.startswith("heads") and grad.any()}
    assert moved == {head}


def test_the_projection_of_masked_text_learns_through_the_embeddings() -> None:
    """A sub-token that stands in no input gets a gradient, because it could have been the answer."""
    model = fresh().train()
    model(batch(), "text").logsumexp(-1).sum().backward()
    gradient = model.encoder.get_input_embeddings().weight.grad  # type: ignore[operator]
    assert gradient[30].any()
    assert not any(name.endswith("out.weight") and "text" in name for name, _ in model.named_parameters())
