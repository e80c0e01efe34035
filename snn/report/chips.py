"""What an experiment found on chips, in words: what noise costs, and which rule is first on which kind. No torch."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from snn.report.candidates import Candidates
from snn.report.inputs import Inputs
from snn.report.place import NOISE_AWARE, Place
from snn.report.recommend import rules
from snn.report.verdicts import EQUIVALENT, NOT_RESOLVED
from snn.report.words import listed

FEW = 2  # kinds of noise that are told one by one


@dataclass(frozen=True)
class Chips:
    """The chips of an experiment; `table`: that of the report, as its file shows it."""

    inputs: Inputs
    table: pd.DataFrame

    @cached_property
    def _treated(self) -> pd.DataFrame:
        """Rows of the table of chips without controls; what is lost and what is left of it, more is worse."""
        rows = self.table
        worse = -1 if self.inputs.metric.better == "higher is better" else 1
        treated = rows[rows.control.isna() & (rows.level > 0)]
        return treated.assign(loss=worse * treated.loss, left=worse * treated.left)

    @property
    def hardest(self) -> dict[str, float]:
        """The level of every kind of noise that costs most: the fewest bits, the most mismatch."""
        by_noise = self._treated.groupby("noise", sort=False)
        return {noise: own.groupby("level").loss.mean().idxmax() for noise, own in by_noise}

    @property
    def kinds(self) -> list[tuple[str, float]]:
        """Noise models with their levels, from the mildest on; of many noise models those of a single fault at their
        hardest level alone, but for those with controls.
        """
        controlled = {hardware.noise for hardware in self.inputs.experiment.hardware if hardware.controls}
        mean = self._treated.groupby(["noise", "level"], sort=False).loss.mean()
        return [
            key
            for noise, hardest in self.hardest.items()
            for key in mean[[noise]].sort_values().index
            if len(self.hardest) <= FEW
            or key[1] == hardest
            or noise in controlled
            or len(self.inputs.noises[noise].models) > 1
        ]

    @property
    def fine_tuned(self) -> list[tuple[str, float]]:
        """Noise models with their levels for which networks were fine-tuned on fresh chips, as a control."""
        runs = self.inputs.collected["runs"]
        own = runs[runs.control == NOISE_AWARE].drop_duplicates(["noise", "level"])
        return list(zip(own.noise, own.level, strict=True))

    def ranked(self, noise: str, level: float, calibrated: bool = True, noise_aware: bool = False) -> pd.DataFrame:
        """Methods ranked on chips of a kind: calibrated, each with its best calibrator, or not."""
        place = Place(noise, level, self.inputs.experiment.steps, calibrated, noise_aware)
        if place not in self._known:
            found = Candidates(self.inputs.collected["runs"], self.inputs.outcomes, place)
            self._known[place] = rules(found, self.inputs.energies[self.inputs.experiment.energy])
        return self._known[place]

    @cached_property
    def _known(self) -> dict[Place, pd.DataFrame]:
        """The rankings that were asked for; sentences and tables ask for the same."""
        return {}

    def sentences(self) -> Iterator[tuple[str, str]]:
        """A heading and a text for each kind of chips; of many kinds for all of them together."""
        metric, treated, found = self.inputs.metric, self._treated, []
        for noise, hardest in self.hardest.items():
            own = treated[(treated.noise == noise) & (treated.level == hardest)]
            loss, left = (own[name].agg(["min", "max"]) for name in ("loss", "left"))
            lost = f"lose {_range(loss)} {metric.difference_unit}, calibrated ones {_range(left)}"
            found.append((noise, hardest, lost, self._best(noise, hardest)))
        if len(found) <= FEW:
            for noise, level, lost, best in found:
                text = f"With {noise} at level {level:g}, chips as manufactured {lost}. Calibrated, {best}."
                yield f"Chips with {noise}", text
        else:
            yield "Chips", self._many(treated, found)

    def _many(self, treated: pd.DataFrame, found: list[tuple[str, float, str, str]]) -> str:
        """Of many kinds of noise: which costs most, and how often each rule is first."""
        most = treated.loc[treated.loss.idxmax()]
        first = pd.Series([best.split()[0] for *_, best in found]).value_counts()
        counts = listed([f"{method} ({number})" for method, number in first.items()])
        return (
            f"{len(found)} kinds of noise, each at its hardest level. {most.noise} costs most before calibration: "
            f"{most.loss:.1f} {self.inputs.metric.difference_unit} ({most.method}). "
            f"After it, these come first: {counts}. Which others are not resolved: below, for every chip."
        )

    def _best(self, noise: str, level: float) -> str:
        """The best rule on calibrated chips of a kind, and against which others that is not resolved."""
        table, metric = self.ranked(noise, level), self.inputs.metric
        first = table.iloc[0]
        value = f"{metric.value(first.value_test)}{' %' if metric.unit == '%' else ''}"
        if len(table) == 1:
            return f"{first.method} has {value}"
        unclear, equal = (list(table.method[table.verdict.str.startswith(v)]) for v in (NOT_RESOLVED, EQUIVALENT))
        parts = [f"against {listed(unclear)} that is not resolved"] if unclear else []
        parts += [f"{listed(equal)} {'is' if len(equal) == 1 else 'are'} equivalent, within a point"] if equal else []
        apart = "; ".join(parts) or "better than every other rule"
        return f"{first.method} is first ({value}); {apart if first.n > 1 else 'one seed decides nothing'}"


def _range(ends: pd.Series) -> str:
    low, high = (f"{ends[name]:.1f}" for name in ("min", "max"))
    return low if low == high else f"{low} to {high}"
