"""A kind of chips, or clean networks, that rules are asked for: its rows among those of runs.csv. No torch."""

from typing import NamedTuple

import numpy as np
import pandas as pd

NOISE_AWARE = "noise_aware"  # the control whose networks were fine-tuned on simulated chips, a fresh one for each batch


class Place(NamedTuple):
    """Noise model and level (None: no chip), steps of an inference (None: any number), calibrated or not.

    `noise_aware`: chips as manufactured, of networks that were fine-tuned on other chips, simulated ones.
    """

    noise: str | None
    level: float
    steps: int | None = None
    calibrated: bool = True
    noise_aware: bool = False

    def rows(self, runs: pd.DataFrame) -> pd.DataFrame:
        """The rows of runs.csv that were evaluated so, no other controls; at level 0 a chip is the clean network."""
        runs = runs[runs.control == NOISE_AWARE if self.noise_aware else runs.control.isna()]
        if self.steps is not None:
            runs = runs[runs.steps_eval == self.steps]
        if self.noise is None or self.level == 0:
            return runs[runs.condition == "clean"]
        condition = "calibrated" if self.calibrated or self.noise_aware else "noisy"
        return runs[(runs.condition == condition) & (runs.noise == self.noise) & np.isclose(runs.level, self.level)]

    @property
    def arguments(self) -> list[str]:
        """What states this place in the commands recommend and trace."""
        chip = [] if self.noise is None else ["--noise", self.noise, "--level", f"{self.level:g}"]
        steps = [] if self.steps is None else ["--steps", str(self.steps)]
        treated = "--noise-aware" if self.noise_aware else "" if self.calibrated else "--no-calibration"
        return [*steps, *chip, *([treated] if chip and treated else [])]

    @property
    def words(self) -> str:
        """The place as a heading tells it."""
        steps = "" if self.steps is None else f", T = {self.steps}"
        if self.noise is None:
            return f"clean networks{steps}"
        if self.level == 0:
            return f"{self.noise} at level 0, which is no noise, clean networks{steps}"
        treated = (
            "fine-tuned on simulated chips"
            if self.noise_aware
            else "calibrated"
            if self.calibrated
            else "as manufactured"
        )
        return f"{self.noise} at level {self.level:g}, {treated}{steps}"
