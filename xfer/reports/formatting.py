"""Numbers and relations as a reader sees them: points with one decimal, a shade, a symbol."""

from __future__ import annotations

from types import MappingProxyType

SYMBOLS = MappingProxyType({"same-task": "●", "near": "◐", "transfer": "○"})
"""Relation of an arm's data to the target."""

OVERLAP = "∩"
"""Beside a number of examples that the model has seen before."""

BOUNDS = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Points at which a shade gets one step deeper. Fixed, so that two pages can be laid side by side."""

MISSING = "–"


def points(proportion: float | None) -> str:
    """A proportion as points: 0.7134 -> ``71.3``."""
    return MISSING if proportion is None else f"{100 * proportion:.1f}"


def signed(difference: float | None) -> str:
    """A difference in points with its sign: ``+1.2``, ``−0.4``, ``0.0``."""
    if difference is None:
        return MISSING
    text = f"{difference:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text.replace("-", "−")


def spread(deviation: float | None) -> str:
    """A standard deviation in points: ``±0.4``; empty below two seeds."""
    return "" if deviation is None else f"±{deviation:.1f}"


def shade(difference: float | None) -> str:
    """The class of a difference's background: ``up1`` to ``up5``, ``down1`` to ``down5``, or none."""
    if difference is None:
        return ""
    # The shade follows the printed number, so that equal numbers never look different.
    printed = round(difference, 1)
    depth = sum(abs(printed) >= bound for bound in BOUNDS)
    return f"{'up' if printed > 0 else 'down'}{depth}" if depth else ""


def count(number: int | None) -> str:
    """A whole number with thin spaces between thousands."""
    return MISSING if number is None else f"{number:,}".replace(",", "\u202f")


def duration(seconds: float | None) -> str:
    """A wall time as ``h:mm:ss``."""
    if seconds is None:
        return MISSING
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"
