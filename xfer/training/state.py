"""The full state of an engine by parameter name, at any ZeRO stage: gathered from the ranks, and put back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
import torch.distributed

from xfer.training.deepspeed import (
    safe_get_local_fp32_param,
    safe_get_local_optimizer_state,
    safe_set_full_fp32_param,
    safe_set_full_optimizer_state,
    safe_set_local_fp32_param,
    safe_set_local_optimizer_state,
)

MOMENTS = ("exp_avg", "exp_avg_sq")
Weights = dict[str, torch.Tensor]
"""Full fp32 tensors by parameter name."""
State = dict[str, Weights]
"""``weight`` and Adam's moments."""

BUCKET = 1 << 24
"""Elements that are gathered by one collective: over gloo 73 small ones took 0.13 s."""


def size(tensors: Mapping[str, torch.Tensor]) -> int:
    """Bytes of these tensors."""
    return sum(tensor.nbytes for tensor in tensors.values())


def full_state(engine: Any) -> State | None:
    """Weights and Adam's moments on the CPU of rank 0; None on other ranks. Every rank must call this."""
    weights = full_weights(engine, everywhere=False)
    _link_moments(engine)
    moments = {kind: _gathered(engine, kind, everywhere=False) for kind in MOMENTS}
    return None if weights is None else {"weight": weights, **moments}


def full_weights(engine: Any, everywhere: bool) -> Weights | None:
    """Weights on the CPU of every rank, or of rank 0 alone (None on the others). Every rank must call this."""
    if engine.zero_optimization_stage() < 3 and not engine.bfloat16_enabled():
        named = engine.module.named_parameters()  # every rank has them whole and exact
        keep = everywhere or torch.distributed.get_rank() == 0
        return {name: parameter.detach().to("cpu", copy=True) for name, parameter in named} if keep else None
    found = _gathered(engine, "weight", everywhere)
    return found or None


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


def _gathered(engine: Any, kind: str, everywhere: bool) -> Weights:
    """The full tensors of all parameters on the CPU, where they are asked for: summed up from the ranks' pieces."""
    keep = everywhere or torch.distributed.get_rank() == 0
    found: Weights = {}
    for bucket in _buckets(engine.module):
        whole = torch.zeros(sum(elements(parameter) for _, parameter in bucket), device=engine.device)
        places = _cut(whole, bucket)
        for (_, parameter), place in zip(bucket, places, strict=True):
            start, piece = _piece(engine, parameter, kind)
            size = min(piece.numel(), place.numel() - start)  # ZeRO 3 pads the last piece
            if size > 0:
                place[start : start + size] = piece[:size]
        if engine.zero_optimization():
            _sum(whole, everywhere)
        if keep:
            parts = _cut(whole.to("cpu"), bucket)
            found |= {name: part.view(_shape(p)) for (name, p), part in zip(bucket, parts, strict=True)}
    return found


def _buckets(module: torch.nn.Module) -> Iterator[list[tuple[str, torch.nn.Parameter]]]:
    """Parameters in their order, in as few lists of at most ``BUCKET`` elements as possible."""
    bucket: list[tuple[str, torch.nn.Parameter]] = []
    size = 0
    for name, parameter in module.named_parameters():
        if bucket and size + elements(parameter) > BUCKET:
            yield bucket
            bucket, size = [], 0
        bucket.append((name, parameter))
        size += elements(parameter)
    yield bucket


def _cut(whole: torch.Tensor, bucket: list[tuple[str, torch.nn.Parameter]]) -> tuple[torch.Tensor, ...]:
    return torch.split(whole, [elements(parameter) for _, parameter in bucket])


def _sum(pieces: torch.Tensor, everywhere: bool) -> None:
    if everywhere:
        torch.distributed.all_reduce(pieces)
    else:
        torch.distributed.reduce(pieces, 0)


def _shape(parameter: torch.nn.Parameter) -> torch.Size:
    """Of the whole parameter; ZeRO 3 leaves an empty one in its place."""
    return torch.Size(getattr(parameter, "ds_shape", parameter.shape))


def elements(parameter: torch.nn.Parameter) -> int:
    """Of the whole parameter, at any stage."""
    return _shape(parameter).numel()


def _piece(engine: Any, parameter: torch.nn.Parameter, kind: str) -> tuple[int, torch.Tensor]:
    """This rank's piece of a flattened parameter, or of a moment of it, and where it begins."""
    stage = engine.zero_optimization_stage()
    if stage == 0:
        found = parameter if kind == "weight" else engine.optimizer.state[parameter][kind]
        return 0, found.detach().flatten()
    if stage == 3:
        is_weight = kind == "weight"
        piece = safe_get_local_fp32_param(parameter) if is_weight else safe_get_local_optimizer_state(parameter, kind)
        return torch.distributed.get_rank() * piece.numel(), piece.detach().flatten()
    # What ``safe_get_full_fp32_param`` sums up one parameter at a time (deepspeed 0.19.8, tensor_fragment.py).
    mapping: Any = vars(parameter)["_hp_mapping"]
    if mapping is None:
        return 0, torch.empty(0)
    return mapping.lp_fragment_address.start, mapping.get_hp_fragment(None if kind == "weight" else kind).detach()


def _base(engine: Any) -> Any:
    return engine.optimizer.optimizer if engine.zero_optimization() else engine.optimizer


def _link_moments(engine: Any) -> None:
    """Tie parameters to the moments of their shards again.

    ZeRO 1 and 2 do so after the first parameter group's first step, when the second group has no moments yet
    (deepspeed 0.19.8, ``stage_1_and_2.py:_optimizer_step``).
    """
    if engine.zero_optimization_stage() in (1, 2) and _base(engine).state:
        engine.optimizer._hp_optimizer_states_linked = False
        engine.optimizer._lazy_init_hp_params_optimizer_state()


def _set(engine: Any, parameter: torch.nn.Parameter, value: torch.Tensor, kind: str) -> None:
    value = value.to(engine.device)
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
