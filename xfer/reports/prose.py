"""Sentences from facts: lists, numbers and shares as they stand in running text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xfer.reports.formatting import count


@dataclass(frozen=True)
class Paragraph:
    """Some sentences under a heading, and what they list."""

    title: str
    text: str
    items: tuple[str, ...] = ()


def listed(parts: Sequence[object], last: str = "and") -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    *before, end = map(str, parts)
    return f"{', '.join(before)} {last} {end}" if before else end


def number_of(n: int, noun: str) -> str:
    """``1 row``, ``4 096 rows``."""
    return f"{count(n)} {noun if n == 1 else noun + 's'}"


def rate(value: float) -> str:
    """A learning rate: ``1e-3``, ``2.5e-5``."""
    mantissa, _, exponent = f"{value:.2e}".partition("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"


def percent(share: float) -> str:
    """A share of 1: ``15%``, ``66.7%``."""
    return f"{round(100 * share, 1):g}%"
