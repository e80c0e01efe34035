"""How often predictions for one new chip, and intervals of what calibration recovers, cover what they should.

    .venv/bin/python -m benchmarks.coverage [CHIPS [RECOVERED]]     # experiments per cell, 40,000 and 1,000 by default

Prints the tables of docs/statistics.md, in percent, in two minutes of a processor; `tests/report/test_intervals.py`
repeats some cells.
"""

import sys
from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri, stdtrit

from snn.report import markdown
from snn.report.intervals import LEVEL, reach, recovered

SEEDS, CHIPS = (3, 5, 10), (2, 3, 5, 10)
RATIOS = ((0, 1), (0.1, 1), (0.3, 1), (1, 1), (1, 0.3), (1, 0.1), (1, 0))  # deviation of seeds, of chips


class World(NamedTuple):
    """Values of chips: normal seeds, and chips that are normal or skewed to the bad side as 1 - Exp(1).

    With `samples`, the value is the share of so many outcomes that are right, each with the probability
    Phi(`middle` + seed + chip), and the deviations of seeds and chips are at most 0.2: chips lose up to 5 points.
    """

    skewed: bool = False
    samples: int = 0
    middle: float = 0.0

    def draw(
        self, rng: np.random.Generator, experiments: int, n: int, c: int, ratio: tuple[float, float]
    ) -> tuple[np.ndarray, ...]:
        """The chips v_XSC, a new chip of a new seed, and a new chip of the first seed, per experiment."""
        of_seeds, of_chips = (0.2 * part if self.samples else part for part in ratio)
        seeds = of_seeds * rng.standard_normal((experiments, n + 1))
        shape = (experiments, n * c + 2)
        chips = of_chips * (1 - rng.exponential(size=shape) if self.skewed else rng.standard_normal(shape))
        v_XSC = seeds[:, :n, None] + chips[:, 2:].reshape(experiments, n, c)
        drawn = (v_XSC, seeds[:, n] + chips[:, 0], seeds[:, 0] + chips[:, 1])
        if not self.samples:
            return drawn
        return tuple(rng.binomial(self.samples, ndtr(self.middle + part)) / self.samples for part in drawn)

    @property
    def grain(self) -> float:
        """What one outcome moves a value by."""
        return 1 / self.samples if self.samples else 0.0


WORLDS = {
    "normal": World(),
    "skewed": World(skewed=True),
    "97 % of 360": World(samples=360, middle=1.9),
    "94 % of 10,000": World(samples=10_000, middle=1.6),
}


class Covered(NamedTuple):
    """Percent of experiments in which each prediction holds; that by Satterthwaite; and how wide `new` is beside it."""

    new: float
    at_least: float
    same: float
    satterthwaite: float
    width: float


def predicted(
    world: World, rng: np.random.Generator, experiments: int, n: int, c: int, ratio: tuple[float, float]
) -> Covered:
    """Draw experiments, predict a new chip from each, and compare with one."""
    v_XSC, other_X, same_X = world.draw(rng, experiments, n, c, ratio)
    new_X, below_X, own_X = reach(v_XSC, world.grain)
    usual_X = satterthwaite(v_XSC, world.grain)
    away_X = other_X - v_XSC.mean(axis=(1, 2))
    rounding = 1e-9
    hits = (
        abs(away_X) <= new_X + rounding,
        away_X >= -below_X - rounding,
        abs(same_X - v_XSC[:, 0].mean(axis=1)) <= own_X + rounding,
        abs(away_X) <= usual_X + rounding,
    )
    return Covered(*(100 * float(hit.mean()) for hit in hits), float(new_X.mean() / usual_X.mean()))


def satterthwaite(v_XSC: np.ndarray, grain: float) -> np.ndarray:
    """Half of the usual interval: one Student's t with the degrees of freedom of v1 + v2, see `reach`."""
    n, c = v_XSC.shape[1:]
    v1_X = (1 + 1 / n) * v_XSC.mean(axis=2).var(axis=1, ddof=1)
    v2_X = (1 - 1 / c) * np.maximum(v_XSC.var(axis=2, ddof=1).mean(axis=1), grain**2)
    nu_X = (v1_X + v2_X) ** 2 / (v1_X**2 / (n - 1) + v2_X**2 / (n * (c - 1)))
    return stdtrit(nu_X, 1 - LEVEL / 2) * np.sqrt(v1_X + v2_X)


class Recovery(NamedTuple):
    """Clean, noisy and calibrated networks: y = 1[mu + b_i + g_mi + a_s + h_ms + k_msc + eps > 0], all normal.

    `accuracies` of these three m; `deviations` of b by sample, g by sample and m, a by seed, h by seed and m, and k by
    chip, which the clean network has not. Every seed has `chips`; noisy and calibrated ones have k of their own.
    """

    accuracies: tuple[float, float, float]
    deviations: tuple[float, float, float, float, float]
    samples: int = 360

    def draw(self, rng: np.random.Generator, n: int, chips: int) -> tuple[np.ndarray, np.ndarray]:
        """Gain and loss of one experiment, one row per seed, one column per sample."""
        b, g, a, h, k = self.deviations
        N = self.samples

        def normal(*shape: int) -> np.ndarray:
            return rng.standard_normal(shape, dtype=np.float32)

        common_SN, found = b * normal(N) + a * normal(n, 1), []
        for accuracy, of_chips, c in zip(self.accuracies, (0, k, k), (1, chips, chips), strict=True):
            spread = (1 + b**2 + g**2 + a**2 + h**2 + of_chips**2) ** 0.5
            mean_SN = ndtri(accuracy) * spread + common_SN + g * normal(N) + h * normal(n, 1)
            latent_SCN = mean_SN[:, None] + of_chips * normal(n, c, 1) + normal(n, c, N)
            found.append((latent_SCN > 0).mean(axis=1))
        clean, noisy, calibrated = found
        return calibrated - noisy, noisy - clean

    @property
    def truth(self) -> float:
        """-gain / loss of all seeds, chips and samples."""
        clean, noisy, calibrated = self.accuracies
        return (calibrated - noisy) / (clean - noisy)


RECOVERIES = [
    Recovery(accuracies, deviations)
    for accuracies in ((0.975, 0.955, 0.97), (0.975, 0.93, 0.965), (0.98, 0.80, 0.96))
    for deviations in ((1, 0.3, 0.1, 0.1, 0.2), (3, 0.5, 0.1, 0.3, 0.5), (8, 4, 0.1, 0.2, 0.3), (3, 0.5, 0.3, 0.5, 2))
]
DESIGNS = ((3, 3), (5, 5), (10, 2))  # seeds, chips per seed


def fieller(world: Recovery, rng: np.random.Generator, experiments: int, n: int, c: int) -> tuple[float, float]:
    """Percent of experiments in which an interval is given, and percent of these in which it covers the truth."""
    found = []
    for _ in range(experiments):
        gain_SN, loss_SN = world.draw(rng, n, c)
        interval = recovered(gain_SN, loss_SN) if loss_SN.mean() < 0 else None
        if interval:
            found.append(interval.low <= world.truth <= interval.high)
    return 100 * len(found) / experiments, 100 * float(np.mean(found)) if found else float("nan")


def of_chips(experiments: int) -> Iterator[dict[str, str]]:
    """A row per world and number of seeds: the lowest coverage over chips and ratios; median and largest width."""
    for (name, world), n in product(WORLDS.items(), SEEDS):
        rng = np.random.default_rng(n)
        cells = [predicted(world, rng, experiments, n, c, ratio) for c, ratio in product(CHIPS, RATIOS)]
        new, at_least, same, usual, width = zip(*cells, strict=True)
        lowest = {"a new chip": new, "at least": at_least, "the same network": same, "Satterthwaite": usual}
        yield {
            "chips": name,
            "n": str(n),
            **{title: f"{min(values):.1f}" for title, values in lowest.items()},
            "width beside it": f"{np.median(width):.2f}, at most {max(width):.2f}",
        }


def of_recoveries(experiments: int) -> Iterator[dict[str, str]]:
    """A row per world: coverage of the intervals given, and how often one is, by seeds and chips."""
    for world in RECOVERIES:
        cells = [fieller(world, np.random.default_rng(n), experiments, n, c) for n, c in DESIGNS]
        row = {
            "clean, noisy, calibrated, %": ", ".join(f"{100 * accuracy:.1f}" for accuracy in world.accuracies),
            "b, g, a, h, k": ", ".join(f"{deviation:g}" for deviation in world.deviations),
        }
        yield row | {
            f"n = {n}, {c} chips": f"{cover:.1f} ({given:.0f})"
            for (n, c), (given, cover) in zip(DESIGNS, cells, strict=True)
        }


def main(chips: int = 40_000, recoveries: int = 1000) -> None:
    """Print both tables."""
    for rows in (list(of_chips(chips)), list(of_recoveries(recoveries))):
        print(markdown.table({name: [row[name] for row in rows] for name in rows[0]}), end="\n\n", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
