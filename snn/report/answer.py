"""The answer to an experiment in words, read off the verdicts of its tables; what is not resolved is told. No torch.

Every method is compared with the spiking method of the highest mean, and with its teacher: by the row of
comparisons.csv, or if the experiment did not ask for that pair, by a row of the same kind, uncorrected.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from snn.config import Side
from snn.report.chips import Chips
from snn.report.dearer import dearer
from snn.report.flags import AT_CHANCE, COLLAPSED
from snn.report.inputs import Inputs
from snn.report.pairs import OUTCOME, Pair
from snn.report.sections.claims.page import counted
from snn.report.sections.comparisons import table as comparisons
from snn.report.select import own_steps
from snn.report.units import for_files
from snn.report.verdicts import EQUIVALENT, NOT_RESOLVED
from snn.report.words import listed

SELECTED = (
    "Verdicts are uncorrected, and the first was chosen on these data: of equal rules, more than one in twenty is"
    " called different."
)


@dataclass(frozen=True)
class Versus:
    """A method against another one: the difference of test outcomes as tables show it, and the verdict, or why none."""

    difference: float
    verdict: str
    asked: bool


@dataclass(frozen=True)
class Answer:
    """What an experiment found. `tables`: of its report, as their files show them, by name."""

    inputs: Inputs
    tables: Mapping[str, pd.DataFrame]

    @cached_property
    def clean(self) -> pd.DataFrame:
        """Rows of the summary: clean networks at their own steps, the best test mean first."""
        ascending = self.inputs.metric.better != "higher is better"
        return own_steps(self.tables["summary"]).sort_values("value_test_mean", ascending=ascending, kind="stable")

    @property
    def spiking(self) -> list[str]:
        """Methods that are no teacher, no ANN and send spikes, the best mean first."""
        rows = self.clean[self.clean.method.isin(self.inputs.spiking) & (self.clean.acs > 0)]
        return list(rows.method)

    @property
    def silent(self) -> list[str]:
        """Methods in place of these that send no spikes: of smooth neurons, or dead."""
        return [method for method in self.clean.method if method in self.inputs.spiking and method not in self.spiking]

    @property
    def best(self) -> str | None:
        """The spiking method with the best mean; None without any."""
        return next(iter(self.spiking), None)

    def versus(self, left: str, right: str) -> Versus:
        """The comparison of two clean networks, left minus right."""
        rows = self.tables["comparisons"]
        clean = rows[(rows.column == OUTCOME) & (rows.left_on == "clean") & (rows.right_on == "clean")]
        for one, other, sign in ((left, right, 1), (right, left, -1)):
            found = clean[(clean.left == one) & (clean.right == other)]
            if len(found):
                return _versus(found.iloc[0].to_dict(), sign, left, asked=True)
        pair = Pair(Side(method=left), Side(method=right), OUTCOME, "page")
        table = comparisons.compare(self.inputs.runs, self.inputs.outcomes, [pair])
        shown = for_files(table, comparisons.COLUMNS, self.inputs.metric_name)
        return _versus(shown.iloc[0].to_dict(), 1, left, asked=False)

    @cached_property
    def beside_best(self) -> dict[str, Versus]:
        """Every other spiking method against the best one."""
        return {method: self.versus(method, self.best) for method in self.spiking if self.best and method != self.best}

    @cached_property
    def beside_teacher(self) -> dict[str, Versus]:
        """Every spiking method against its teacher."""
        return {method: self.versus(method, self.inputs.spiking[method]) for method in self.spiking}

    def sentences(self) -> list[tuple[str, str]]:
        """The answer: a heading and a text each; where nothing was learned, that alone."""
        if self.silent and not self.spiking:
            return [("Best rule", f"No spiking method sends a spike: {listed(self.silent)}.")]
        if self.best and self.at_chance:
            highest = f"the highest test mean is {self.value(self.best)} ({self.best})"
            text = f"No spiking method can be told apart from chance: {highest}."
            return [("Best rule", f"{text} Verdicts, energy and claims below say nothing about rules.")]
        return [
            part
            for part in (self._best(), self._teacher(), *self._energy(), *self.chips.sentences(), self._claims())
            if part
        ]

    @property
    def at_chance(self) -> bool:
        """Whether every spiking method that has a mean is flagged as no better than chance."""
        rows = self.clean[self.clean.method.isin(self.spiking) & self.clean.value_test_mean.notna()]
        return bool(len(rows)) and all(AT_CHANCE in str(flags) for flags in rows["flags"])

    @property
    def _in_points(self) -> bool:
        """Whether the metric is accuracy: with another one, nothing comes within a point."""
        return self.inputs.metric.unit == "%"

    @property
    def collapsed(self) -> dict[str, str]:
        """Of methods with seeds nearer to chance than to the best seed: how many, as "6 of 10"."""
        return {row.method: f"{n} of {row.n}" for row in self.clean.itertuples() if (n := _collapsed(row))}

    def value(self, method: str) -> str:
        """Test mean of a clean network with half of its interval and unit."""
        row = self.clean.set_index("method").loc[method]
        digits, unit = self.inputs.metric.digits, " %" if self.inputs.metric.unit == "%" else ""
        half = "" if pd.isna(row.value_test_ci95) else f" ± {row.value_test_ci95:.{digits}f}"
        return f"{row.value_test_mean:.{digits}f}{half}{unit}"

    def mean(self, method: str) -> str:
        """Test mean of a clean network."""
        return f"{self.clean.set_index('method').value_test_mean[method]:.{self.inputs.metric.digits}f}"

    def _with_means(self, methods: list[str]) -> list[str]:
        rows = self.clean.set_index("method")
        chance = {method: f", {AT_CHANCE}" if AT_CHANCE in _flags(rows.loc[method]) else "" for method in methods}
        return [f"{method} ({self.mean(method)}{chance[method]})" for method in methods]

    def _best(self) -> tuple[str, str] | None:
        if not self.best:
            return None
        n, title = int(self.clean.n.max()), self.inputs.metric.title
        superlative = "highest" if self.inputs.metric.better == "higher is better" else "lowest"
        seeds = f"mean over {n} seeds" if n > 1 else "1 seed"
        among = f"the {superlative} test {title} of the spiking methods" if self.spiking[1:] else f"a test {title}"
        text = f"{self.best} has {among}{':' if self.spiking[1:] else ' of'} {self.value(self.best)} ({seeds})."
        groups = _by_words(self.beside_best)
        if unclear := groups.pop(NOT_RESOLVED, []):
            text += f" The difference to {listed(self._with_means(unclear))} is not resolved."
        if equal := groups.pop(EQUIVALENT, []):
            within = ", within a point" if self._in_points else ""
            text += f" Equivalent to it{within}: {listed(self._with_means(equal))}."
        for words, methods in groups.items():
            text += f" {words.capitalize()}: {listed(self._with_means(methods))}."
        if self.silent:
            text += f" Left out, since they send no spikes: {listed(self.silent)}."
        if collapsed := [f"{method} ({number} seeds)" for method, number in self.collapsed.items()]:
            text += f" Collapsed, so that the mean says little: {listed(collapsed)}."
        if any(not versus.asked for versus in self.beside_best.values()):
            text += f" {SELECTED}"
        return "Best rule", text

    def _teacher(self) -> tuple[str, str] | None:
        parts = []
        for teacher in dict.fromkeys(self.inputs.spiking.values()):
            own = {method: v for method, v in self.beside_teacher.items() if self.inputs.spiking[method] == teacher}
            words = "; ".join(f"{words}: {listed(methods)}" for words, methods in _by_words(own).items())
            parts.append(f"{teacher} has {self.value(teacher)}. Against it, {words}.")
        return ("Against the teacher ANN", " ".join(parts)) if parts else None

    def _energy(self) -> Iterator[tuple[str, str]]:
        rows = self.tables["energy"]
        able = self.clean.method[[AT_CHANCE not in _flags(row) for row in self.clean.itertuples()]]
        rows = rows[rows.method.isin(self.spiking) & rows.method.isin(able)]
        own = rows[rows.convention == self.inputs.experiment.energy].sort_values("of_teacher", kind="stable")
        if not len(own) or own.of_teacher.isna().all():
            return
        least, most = own.iloc[0], own.dropna(subset=["of_teacher"]).iloc[-1]
        unit = " %" if self.inputs.metric.unit == "%" else ""
        ends = [f"{one.of_teacher:.2f} ({one.method}, at {self.mean(one.method)}{unit})" for one in (least, most)]
        text = (
            f"At the steps trained with, the spiking methods need {' to '.join(dict.fromkeys(ends))} "
            f"of the arithmetic energy of the teacher ({self.mean(least.teacher)}{unit}) under {least.convention}. "
        )
        text += dearer(rows)
        if self._in_points:
            near = own.of_teacher_at_equal_accuracy.notna()
            text += (
                " Within a point of the teacher at some number of steps, by means on validation data:"
                f" {listed(list(own.method[near])) or 'none'}; not: {listed(list(own.method[~near])) or 'none'}."
            )
        yield "Energy", text

    @cached_property
    def chips(self) -> Chips:
        """What it found on chips."""
        return Chips(self.inputs, self.tables["hardware"])

    def _claims(self) -> tuple[str, str] | None:
        claims = self.tables["claims"]
        return None if claims.empty else ("Claims of the papers", counted(self.inputs, claims))


def _versus(row: dict[str, Any], sign: int, left: str, asked: bool) -> Versus:
    verdict = row["verdict"]
    if isinstance(row["better"], str):
        verdict = verdict.replace(f"{row['better']} is better", "better" if row["better"] == left else "worse")
    return Versus(sign * row["difference"], verdict, asked)


def _flags(row: Any) -> list[str]:
    """The flags of a row of the summary."""
    flags = row["flags"] if isinstance(row, pd.Series) else row.flags
    return flags.split(", ") if isinstance(flags, str) else []


def _collapsed(row: Any) -> int:
    """How many seeds of a row of the summary are flagged as collapsed."""
    return sum(int(flag.split()[0]) for flag in _flags(row) if flag.endswith(f" {COLLAPSED}"))


def _by_words(versus: Mapping[str, Versus]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for method, one in versus.items():
        found.setdefault(one.verdict, []).append(method)
    return found
