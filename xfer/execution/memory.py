"""A worker's memory: what glibc keeps of it between steps, what goes back to the system, and how much there is."""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress
from pathlib import Path

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Parameters of glibc's ``mallopt``, as malloc.h has them."""

LARGEST_BLOCK, LARGEST_REST = 1 << 30, (1 << 31) - 1
"""Bytes of a block that is taken from the heap at most, and of a free heap that is kept."""


def keep_blocks() -> None:
    """Let activations of one step be the memory of the next: by itself glibc gives every large block back to the system
    and has it cleared anew, page by page, which took a tenth of a training step."""
    with suppress(OSError, AttributeError):  # another C library
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(M_MMAP_THRESHOLD, LARGEST_BLOCK)
        libc.mallopt(M_TRIM_THRESHOLD, LARGEST_REST)


def clear(freeze: bool) -> None:
    """Collect garbage: an engine's cycles hold its weights. What is there now is kept out of every later search if
    asked, as imports and what they make for themselves are: that took 0.35 s a phase.

    What was freed goes back to the system, where glibc would keep it in pieces: 0.8 MB a phase, 230 MB after 40.
    """
    gc.collect()
    if freeze:
        gc.freeze()
    with suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def share() -> int | None:
    """Bytes of this process with its share of what others use, too (PSS); None where the system does not tell."""
    try:
        lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    except OSError:
        return None
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:")), None)
