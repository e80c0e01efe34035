"""Where the clean network stands on an axis with the levels of a noise. No torch.

Where a lower level is the better chip, the clean network is level 0. Where a higher one is, as with bits, it has no
level: it stands apart, right of all of them.
"""

from collections.abc import Iterable
from typing import NamedTuple

from snn.config import Noise

NONE = "none"  # the text of the tick of the clean network where it has no level


class Levels(NamedTuple):
    """The axis of a noise. `label`: what a level means. `ticks`: the levels, and the clean network at `clean`.

    `border`: between levels and the clean network where it stands apart; None where it is level 0.
    """

    label: str
    ticks: list[float]
    clean: float
    border: float | None

    def text(self, tick: float) -> str:
        """A tick in words."""
        return NONE if self.border is not None and tick == self.clean else f"{tick:g}"


def axis(noise: Noise, levels: Iterable[float]) -> Levels:
    """The axis for these levels of a noise, of which 0 is the clean network."""
    tried = sorted({float(level) for level in levels} - {0.0})
    if noise.better == "lower" or not tried:
        return Levels(noise.level, [0.0, *tried], 0.0, None)
    gap = (tried[-1] - tried[0]) / 2 or 1.0
    return Levels(noise.level, [*tried, tried[-1] + gap], tried[-1] + gap, tried[-1] + gap / 2)
