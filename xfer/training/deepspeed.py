"""DeepSpeed, imported the way it must be: for the accelerator that is there, quietly, and without a compiler."""

from __future__ import annotations

import os
import warnings

import torch

# DeepSpeed logs its start-up at INFO and probes for compilers it does not need here.
os.environ.setdefault("DS_ACCELERATOR", "cuda" if torch.cuda.is_available() else "cpu")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from deepspeed import initialize
    from deepspeed.ops import __compatible_ops__
    from deepspeed.utils import (
        logger,
        safe_get_local_fp32_param,
        safe_get_local_optimizer_state,
        safe_set_full_fp32_param,
        safe_set_full_optimizer_state,
        safe_set_local_fp32_param,
        safe_set_local_optimizer_state,
    )

__all__ = [
    "initialize",
    "safe_get_local_fp32_param",
    "safe_get_local_optimizer_state",
    "safe_set_full_fp32_param",
    "safe_set_full_optimizer_state",
    "safe_set_local_fp32_param",
    "safe_set_local_optimizer_state",
]

logger.setLevel("ERROR")
__compatible_ops__["deepspeed_shm_comm"] = False  # saves compiling it (half a minute); gloo gives the same sums
