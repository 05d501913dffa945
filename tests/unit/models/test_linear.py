"""Products by oneDNN are products: values and gradients are those of torch's own linear layer."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="linear layers are torch's")

from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402

from xfer.models.linear import Linear, _Product, speed_up  # noqa: E402

product = pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="this torch has no oneDNN")


def inputs(*shape: int) -> list[Any]:
    random = torch.Generator().manual_seed(1)
    drawn = [torch.randn(size, generator=random) for size in ((*shape, 24), (40, 24), (40,))]
    return [tensor.requires_grad_() for tensor in drawn]


@product
@pytest.mark.parametrize("shape", [(7,), (3, 5), (2, 3, 5), (1, 1)])
@pytest.mark.parametrize("with_bias", [True, False])
def test_values_and_gradients_are_those_of_a_linear_layer(shape: tuple[int, ...], with_bias: bool) -> None:
    states, weight, bias = inputs(*shape)
    given = [states, weight, bias] if with_bias else [states, weight]
    exact = [tensor.detach().double().requires_grad_() for tensor in given]
    found: Any = _Product.apply(states, weight, bias if with_bias else None)
    expected = functional.linear(*exact)
    assert found.shape == expected.shape
    torch.testing.assert_close(found.double(), expected, atol=1e-5, rtol=1e-5)
    torch.autograd.backward(found.sin().sum())
    torch.autograd.backward(expected.sin().sum())
    for one, other in zip(given, exact, strict=True):
        assert one.grad is not None and other.grad is not None
        torch.testing.assert_close(one.grad.double(), other.grad, atol=1e-4, rtol=1e-4)


@product
def test_states_that_are_no_block_in_memory_are_multiplied_as_they_stand() -> None:
    states, weight, bias = (tensor.detach() for tensor in inputs(6, 5))
    first = states[:, 0]
    torch.testing.assert_close(_Product.apply(first, weight, bias), functional.linear(first, weight, bias))


def test_layers_keep_their_names_and_their_weights() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Bilinear(2, 2, 2))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    speed_up(model)
    assert [type(module) for module in model] == [Linear, nn.ReLU, nn.Bilinear]
    after = model.state_dict()
    assert after.keys() == before.keys() and all(torch.equal(after[name], before[name]) for name in before)


def test_other_number_formats_are_left_to_torch() -> None:
    layer = nn.Linear(3, 4)
    states, expected = torch.ones(2, 3), layer(torch.ones(2, 3))
    speed_up(nn.Sequential(layer))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert layer(states).dtype == torch.bfloat16
    assert layer.double()(states.double()).dtype == torch.float64
    torch.testing.assert_close(layer.float()(states), expected)
