"""How a metric is shown: accuracy in percent, its differences in points, mean squared error as it is. No torch."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Metric:
    """Name, units and digits of the outcomes `value_*` on pages and in figures."""

    title: str
    unit: str
    difference_unit: str
    decimals: int  # places by which the decimal point of a number moves to the right when it is shown
    digits: int
    better: str
    scale: str  # of an axis
    most: float  # value that is possible, as it is shown; the least is 0

    @property
    def factor(self) -> float:
        """The factor by which numbers are multiplied when they are shown."""
        return 10.0**self.decimals

    def value(self, mean: float, half: float = float("nan")) -> str:
        """A mean as text, with half of its interval unless that is NaN."""
        return f"{self.factor * mean:.{self.digits}f}" + self._interval(half)

    def difference(self, mean: float, half: float = float("nan")) -> str:
        """A difference as text, with its sign, and half of its interval unless that is NaN."""
        return f"{self.factor * mean:+.{self.digits}f}" + self._interval(half)

    def _interval(self, half: float) -> str:
        return "" if pd.isna(half) else f" ± {self.factor * half:.{self.digits}f}"

    def ends(self, mean: Any, half: Any) -> tuple[Any, Any]:
        """Ends of an interval in units of an axis, within what is possible; of numbers or columns of a table."""
        return np.maximum(self.factor * (mean - half), 0), np.minimum(self.factor * (mean + half), self.most)

    def whiskers(self, mean: float, half: float) -> list[list[float]] | None:
        """The same as lengths below and above the mean, as an error bar takes them; None without an interval."""
        if pd.isna(half):
            return None
        low, high = self.ends(mean, half)
        return [[self.factor * mean - low], [high - self.factor * mean]]

    def axis(self, split: str) -> str:
        """The label of an axis with values on this split of the data."""
        return f"{split} {self.title}" + (f" ({self.unit})" if self.unit == "%" else "")


SHOWN = {
    "accuracy": Metric("accuracy", "%", "points", 2, 1, "higher is better", "linear", 100.0),
    "mse": Metric("mean squared error", "mse", "mse", 0, 4, "lower is better", "log", float("inf")),
}
