"""Domains of axes, so that a few values far away do not hide the differences of the others. No torch.

The middle is the shortest interval that holds more than half of the values (the shorth, Rousseeuw and Leroy, Robust
regression and outlier detection, 1987). A value is far if it is further from the middle than three times its width, or
than three intervals, of the median length.
"""

from collections.abc import Sequence
from statistics import median
from typing import Any

FAR = 3.0  # widths of the middle
WORTH = 2.0  # an axis is cut if all values take at least so many times the room of those that are near


def domain(spans: Sequence[Sequence[float]], sound: Sequence[bool] = ()) -> dict[str, Any]:
    """`low` and `high` of an axis for values with their intervals, as (value, low, high); empty: show all.

    Holds all values that are near, and the ends of their intervals that are near. `sound`: which values the middle is
    made of, such as those of methods above chance; all unless told, or if fewer than two are.
    """
    values = sorted(value for value, *_ in spans)
    kept = [span for span, good in zip(spans, sound, strict=False) if good]
    bounds = _near(kept if len(kept) > 1 else spans)
    near = [span for span in spans if bounds[0] <= span[0] <= bounds[1]]
    if len(near) in (0, len(spans)):
        return {}
    ends = [end for span in near for end in span if bounds[0] <= end <= bounds[1]]
    low, high = min(ends), max(ends)
    return {"low": _exact(low), "high": _exact(high)} if values[-1] - values[0] >= WORTH * (high - low) > 0 else {}


def _near(spans: Sequence[Sequence[float]]) -> tuple[float, float]:
    """The bounds of what is near."""
    values, half = sorted(value for value, *_ in spans), len(spans) // 2 + 1
    if len(values) < half + 1:
        return values[0], values[-1]
    width, start = min((values[i + half - 1] - values[i], i) for i in range(len(values) - half + 1))
    reach = FAR * max(width, median(high - low for _, low, high in spans))
    return values[start] - reach, values[start + half - 1] + reach


def _exact(value: float) -> float:
    """A number with ten digits, as tables in files have."""
    return float(f"{value:.10g}")
