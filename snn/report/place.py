"""A kind of chips, or clean networks, that rules are asked for: its rows among those of runs.csv. No torch."""

from typing import NamedTuple

import numpy as np
import pandas as pd


class Place(NamedTuple):
    """Noise model and level (None: no chip), steps of an inference (None: any number), calibrated or not."""

    noise: str | None
    level: float
    steps: int | None = None
    calibrated: bool = True

    def rows(self, runs: pd.DataFrame) -> pd.DataFrame:
        """The rows of runs.csv that were evaluated so, without controls; at level 0 a chip is the clean network."""
        runs = runs[runs.control.isna()]
        if self.steps is not None:
            runs = runs[runs.steps_eval == self.steps]
        if self.noise is None or self.level == 0:
            return runs[runs.condition == "clean"]
        condition = "calibrated" if self.calibrated else "noisy"
        return runs[(runs.condition == condition) & (runs.noise == self.noise) & np.isclose(runs.level, self.level)]

    @property
    def arguments(self) -> list[str]:
        """What states this place in the commands recommend and trace."""
        chip = [] if self.noise is None else ["--noise", self.noise, "--level", f"{self.level:g}"]
        steps = [] if self.steps is None else ["--steps", str(self.steps)]
        return [*steps, *chip, *([] if self.calibrated or not chip else ["--no-calibration"])]

    @property
    def words(self) -> str:
        """The place as a heading tells it."""
        steps = "" if self.steps is None else f", T = {self.steps}"
        if self.noise is None:
            return f"clean networks{steps}"
        if self.level == 0:
            return f"{self.noise} at level 0, which is no noise, clean networks{steps}"
        return f"{self.noise} at level {self.level:g}, {'calibrated' if self.calibrated else 'as manufactured'}{steps}"
