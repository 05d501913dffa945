"""The DeepSpeed engine of a phase.

``managed_gradient_accumulation`` is off: the loop decides how many micro-batches make a global batch, and
DeepSpeed reduces gradients once, in ``step()``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch

from xfer.models.encoder import EncoderWithHeads
from xfer.phase.recipe import Recipe
from xfer.phase.resources import Resources
from xfer.training.deepspeed import initialize
from xfer.training.state import set_master_weights


def device() -> torch.device:
    """Where this rank computes."""
    return torch.device("cuda", torch.cuda.current_device()) if torch.cuda.is_available() else torch.device("cpu")


@contextmanager
def engine_for(model: EncoderWithHeads, recipe: Recipe, resources: Resources) -> Iterator[Any]:
    """A DeepSpeed engine around ``model``; torn down on the way out, so that a process can hold many in turn."""
    optimizer = torch.optim.AdamW(_groups(model, recipe.weight_decay), lr=recipe.learning_rate, fused=True)
    config = {
        "train_micro_batch_size_per_gpu": recipe.micro_batch_size,
        "managed_gradient_accumulation": False,
        "gradient_clipping": recipe.clip,
        # Whoever steps reads the norm: looking for what is not finite parameter by parameter took 3 % of a step.
        "bf16": {"enabled": recipe.precision == "bf16", "check_grad_overflow": False},
        "zero_optimization": {
            "stage": resources.zero_stage,
            "overlap_comm": False,
            # Over gloo a few whole sums are faster than many pieces.
            "reduce_scatter": torch.cuda.is_available(),
            "contiguous_gradients": torch.cuda.is_available(),
        },
        "zero_allow_untested_optimizer": True,
        "zero_force_ds_cpu_optimizer": False,
    }
    exact = {n: p.detach().clone() for n, p in model.named_parameters()} if recipe.precision == "bf16" else None
    engine, *_ = initialize(model=model, optimizer=optimizer, config=config, dist_init_required=False)
    engine.clip_fp32_gradients = partial(_clip, engine)
    try:
        if exact is not None:
            set_master_weights(engine, exact)
            del exact
        yield engine
    finally:
        engine.destroy()
        if resources.zero_stage == 3:
            _empty(engine)


def _empty(engine: Any) -> None:
    """Take everything large out of an engine of ZeRO 3, which is never collected: something of its own holds on to it
    where Python's collector cannot see (deepspeed 0.19.8)."""
    engine.optimizer.optimizer.state.clear()
    vars(engine.optimizer).clear()
    for parameter in engine.module.parameters():
        vars(parameter).clear()
        parameter.data = torch.empty(0)


def _clip(engine: Any) -> None:
    """Clip where there is no ZeRO, and keep the norm: DeepSpeed's own forgets it (deepspeed 0.19.8)."""
    norm = torch.nn.utils.clip_grad_norm_(engine.module.parameters(), engine.gradient_clipping())
    engine._global_grad_norm = norm


def gradient_norm(engine: Any) -> torch.Tensor:
    """Norm over all ranks' gradients of the last step, before they were clipped; not finite if one of them was not."""
    norm = torch.as_tensor(engine.get_global_grad_norm(), dtype=torch.float32, device=engine.device)
    return torch.where(norm < 0, math.nan, norm)  # below 0 is how ZeRO says that there is none


def set_learning_rate(engine: Any, rate: float) -> None:
    for group in engine.optimizer.param_groups:
        group["lr"] = rate


def _groups(model: EncoderWithHeads, weight_decay: float) -> list[dict[str, Any]]:
    """Biases and norms do not decay. Without any decay all is one group: each costs collectives of its own."""
    parameters = list(model.parameters())
    if not weight_decay:
        return [{"params": parameters, "weight_decay": 0.0}]
    return [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
