"""How a metric is shown: accuracy in percent and points, mean squared error as it is. No torch."""

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Metric:
    """What `value_*` of the tables is called, and how its numbers are written: times `factor`, with `digits`."""

    title: str
    unit: str
    difference_unit: str
    factor: float
    digits: int
    better: str
    scale: str  # of an axis

    def value(self, mean: float, half: float = float("nan")) -> str:
        """A mean, with half its interval where there is one."""
        return f"{self.factor * mean:.{self.digits}f}" + self._interval(half)

    def difference(self, mean: float, half: float = float("nan")) -> str:
        """A difference with its sign, with half its interval where there is one."""
        return f"{self.factor * mean:+.{self.digits}f}" + self._interval(half)

    def _interval(self, half: float) -> str:
        return "" if pd.isna(half) else f" ± {self.factor * half:.{self.digits}f}"

    def axis(self, split: str) -> str:
        """What to write beside an axis."""
        return f"{split} {self.title}" + (f" ({self.unit})" if self.unit == "%" else "")


SHOWN = {
    "accuracy": Metric("accuracy", "%", "points", 100.0, 1, "higher is better", "linear"),
    "mse": Metric("mean squared error", "mse", "mse", 1.0, 4, "lower is better", "log"),
}
