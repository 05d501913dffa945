"""The DeepSpeed engine of a phase, and its full state by parameter name at any ZeRO stage.

``managed_gradient_accumulation`` is off: the loop decides how many micro-batches make a global batch, and
DeepSpeed reduces gradients once, in ``step()``.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
import torch.distributed

# DeepSpeed logs its start-up at INFO and probes for compilers it does not need here.
os.environ.setdefault("DS_ACCELERATOR", "cuda" if torch.cuda.is_available() else "cpu")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import deepspeed
    from deepspeed.ops import __compatible_ops__
    from deepspeed.utils import (
        logger,
        safe_get_full_fp32_param,
        safe_get_full_optimizer_state,
        safe_get_local_fp32_param,
        safe_get_local_optimizer_state,
        safe_set_full_fp32_param,
        safe_set_full_optimizer_state,
        safe_set_local_fp32_param,
        safe_set_local_optimizer_state,
    )

from xfer.models.encoder import EncoderWithHeads
from xfer.phase.recipe import Recipe
from xfer.phase.resources import Resources

logger.setLevel("ERROR")
__compatible_ops__["deepspeed_shm_comm"] = False  # saves compiling it (half a minute); gloo gives the same sums

MOMENTS = ("exp_avg", "exp_avg_sq")
State = dict[str, dict[str, torch.Tensor]]
"""``weight`` and Adam's moments to full fp32 tensors by parameter name."""


def device() -> torch.device:
    """Where this rank computes."""
    return torch.device("cuda", torch.cuda.current_device()) if torch.cuda.is_available() else torch.device("cpu")


@contextmanager
def engine_for(model: EncoderWithHeads, recipe: Recipe, resources: Resources) -> Iterator[Any]:
    """A DeepSpeed engine around ``model``; torn down on the way out, so that a process can hold many in turn."""
    optimizer = torch.optim.AdamW(
        _groups(model, recipe.weight_decay), lr=recipe.learning_rate, fused=torch.cuda.is_available()
    )
    config = {
        "train_micro_batch_size_per_gpu": recipe.micro_batch_size,
        "managed_gradient_accumulation": False,
        "gradient_clipping": recipe.clip,
        "bf16": {"enabled": recipe.precision == "bf16"},
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
    engine, *_ = deepspeed.initialize(model=model, optimizer=optimizer, config=config, dist_init_required=False)
    try:
        if exact is not None:
            set_master_weights(engine, exact)
            del exact
        yield engine
    finally:
        engine.destroy()


def full_state(engine: Any, moments: bool) -> State | None:
    """Weights (and moments) as full fp32 tensors on the CPU of rank 0; None on other ranks.

    Every rank must call this: shards are gathered one tensor at a time.
    """
    _link_moments(engine)
    keep = torch.distributed.get_rank() == 0
    kinds = ("weight", *(MOMENTS if moments else ()))
    state: State = {kind: {} for kind in kinds}
    for name, parameter in engine.module.named_parameters():
        for kind in kinds:
            tensor = _full(engine, parameter, kind)
            if keep:
                state[kind][name] = tensor.detach().to("cpu", torch.float32, copy=True)
    return state if keep else None


def set_state(engine: Any, state: State, steps: int) -> None:
    """Put weights, Adam's moments and its step count (full tensors by parameter name) into the engine.

    The optimizer makes its state lazily: the caller has taken one step with learning rate 0 before.
    """
    set_master_weights(engine, state["weight"])
    _link_moments(engine)
    for name, parameter in engine.module.named_parameters():
        for kind in MOMENTS:
            _set(engine, parameter, state[kind][name], kind)
    for moments in _base(engine).state.values():
        moments["step"].fill_(steps)


def set_master_weights(engine: Any, weights: Mapping[str, torch.Tensor]) -> None:
    """Give the fp32 master weights their exact values: DeepSpeed copies them from the rounded module."""
    if engine.zero_optimization():
        for name, parameter in engine.module.named_parameters():
            _set(engine, parameter, weights[name], "weight")


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


def _link_moments(engine: Any) -> None:
    """Tie parameters to the moments of their shards again.

    ZeRO 1 and 2 do so after the first parameter group's first step, when the second group has no moments yet
    (deepspeed 0.19.8, ``stage_1_and_2.py:_optimizer_step``).
    """
    if engine.zero_optimization_stage() in (1, 2) and _base(engine).state:
        engine.optimizer._hp_optimizer_states_linked = False
        engine.optimizer._lazy_init_hp_params_optimizer_state()


def _base(engine: Any) -> Any:
    return engine.optimizer.optimizer if engine.zero_optimization() else engine.optimizer


def _set(engine: Any, parameter: torch.nn.Parameter, value: torch.Tensor, kind: str) -> None:
    value = value.to(device())
    stage = engine.zero_optimization_stage()
    if stage == 0:
        engine.optimizer.state[parameter][kind].copy_(value)
    elif stage < 3 and kind == "weight":
        safe_set_full_fp32_param(parameter, value)
    elif stage < 3:
        safe_set_full_optimizer_state(parameter, value, kind)
    elif kind == "weight":
        safe_set_local_fp32_param(parameter, _shard(value, safe_get_local_fp32_param(parameter)))
    else:
        safe_set_local_optimizer_state(parameter, _shard(value, safe_get_local_optimizer_state(parameter, kind)), kind)


def _shard(value: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """This rank's piece of a tensor that ZeRO 3 cuts into equal pieces, the last of them padded with zeros.

    (DeepSpeed 0.19.8's own setter of full tensors forgets the padding, ``stage3.py:set_full_hp_param``.)
    """
    size = like.numel()
    padded = value.new_zeros(size * torch.distributed.get_world_size())
    padded[: value.numel()] = value.flatten()
    return padded.narrow(0, size * torch.distributed.get_rank(), size)


def _full(engine: Any, parameter: torch.nn.Parameter, kind: str) -> torch.Tensor:
    found: torch.Tensor
    if not engine.zero_optimization():
        found = parameter if kind == "weight" else engine.optimizer.state[parameter][kind]
    elif kind == "weight":
        found = safe_get_full_fp32_param(parameter)
    else:
        found = safe_get_full_optimizer_state(parameter, kind)
    return found
