"""How a metric is shown: accuracy in percent and points, mean squared error as it is. No torch."""

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Metric:
    """What `value_*` of the tables is called, and how its numbers are shown."""

    title: str
    unit: str
    difference_unit: str
    decimals: int  # by which the point of a fraction moves to the right when it is shown
    digits: int
    better: str
    scale: str  # of an axis

    @property
    def factor(self) -> float:
        """What a number is multiplied by when it is shown."""
        return 10.0**self.decimals

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
    "accuracy": Metric("accuracy", "%", "points", 2, 1, "higher is better", "linear"),
    "mse": Metric("mean squared error", "mse", "mse", 0, 4, "lower is better", "log"),
}
