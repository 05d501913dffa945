"""Linear layers on CPUs: by oneDNN where MKL, which torch takes for fp32, would leave half of the machine idle.

MKL uses AVX-512 on Intel's own processors only. On others that have it, oneDNN's products, which torch brings as well,
are about twice as fast (190 against 90 GFLOP/s on one core of an AMD EPYC). Sums come in another order, nothing else.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional


class Linear(nn.Linear):
    """What ``nn.Linear`` is."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:  # noqa: A002
        """[..., in] to [..., out]."""
        return linear(input, self.weight, self.bias)


def speed_up(model: nn.Module) -> None:
    """Let all linear layers of a model multiply by what is faster here; names and weights stay."""
    for module in model.modules():
        if type(module) is nn.Linear:
            module.__class__ = Linear


def linear(states: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    """States [..., in] times weight [out, in], plus bias [out]."""
    is_plain = states.dtype == weight.dtype == torch.float32 and not torch.is_autocast_enabled("cpu")
    if is_plain and states.device.type == "cpu" and _is_faster():
        found: torch.Tensor = _Product.apply(states, weight, bias)
        return found
    return functional.linear(states, weight, bias)


class _Product(torch.autograd.Function):
    """``functional.linear`` and its gradient, each a product by oneDNN."""

    @staticmethod
    def forward(ctx: Any, states: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        ctx.save_for_backward(states, weight)
        ctx.has_bias = bias is not None
        return _times(states, weight, bias)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        states, weight = ctx.saved_tensors
        flat = gradients[0].reshape(-1, gradients[0].shape[-1])
        of_states = _times(flat, weight.t()).view(states.shape) if ctx.needs_input_grad[0] else None
        if not ctx.needs_input_grad[1]:
            return of_states, None, flat.sum(0) if ctx.has_bias else None
        # As oneDNN's own tensors: else one of them would be copied transposed, which takes half as long as the product.
        rows = states.reshape(-1, states.shape[-1])
        of_weight, of_bias = torch.ops.aten.mkldnn_linear_backward_weights(
            flat.to_mkldnn(), rows.to_mkldnn(), weight, ctx.has_bias
        )
        return of_states, of_weight, of_bias if ctx.has_bias else None


def _times(states: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
    found: torch.Tensor = torch.ops.mkldnn._linear_pointwise(states, weight, bias, "none", [], "")
    return found


@cache
def _is_faster() -> bool:
    """By what the processor is, not by a clock: every run on it must compute the same."""
    try:
        is_intel = "GenuineIntel" in Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    has_product = torch._C._has_mkldnn and hasattr(torch.ops.mkldnn, "_linear_pointwise")
    return has_product and not is_intel and torch.backends.cpu.get_cpu_capability() == "AVX512"
