"""What is behind a number of the page: values of single seeds, digests of runs, commits, versions, costs. No torch."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from statistics import fmean
from typing import Any

import pandas as pd

from snn.config import Side
from snn.page.digits import exact
from snn.report.inputs import Inputs
from snn.report.pairs import rows_of
from snn.report.place import Place
from snn.report.sections.comparisons import table as comparisons

RUN = re.compile(
    r"results/runs/[^/]+/[^/]+/(?P<method>[^/]+)/T\d+/(?:s\d+|tuning)-(?P<digest>[0-9a-f]{12})(?P<rest>.*)"
)
KEY = ["method", "steps_eval", "condition", "noise", "level", "calibrator", "targets", "control"]
VALUES = ["seed", "digest", "status", "value_test", "value_val", "energy_nj"]
PLACE = ["method", "steps_eval", "control", "condition", "noise", "level"]  # columns that tell it
CLEAN: dict[str, Any] = {"condition": "clean"}


@dataclass
class Behind:
    """Groups of rows of runs.csv: a method under one condition. Numbers of the page name a group by its index.

    `documents`: today's parameters of runs, by digest; runs of older code or parameters have none.
    """

    inputs: Inputs
    documents: Mapping[str, Any]
    groups: list[dict[str, Any]] = field(default_factory=list)
    _known: dict[tuple[Any, ...], int] = field(default_factory=dict)

    def of(self, method: str, **condition: Any) -> list[int]:
        """The group of a method under a condition, by columns of runs.csv; at its own steps unless told.

        Level 0, which the summary adds, is the clean network.
        """
        steps = condition.pop("steps_eval", None) or self._own_steps.get(method)
        wanted = {**dict.fromkeys(KEY), "method": method, "steps_eval": steps, **condition}
        key = tuple(None if pd.isna(wanted[name]) else wanted[name] for name in KEY)
        rows = self._by_key.get(key)
        if rows is None and wanted["condition"] == "noisy" and wanted["level"] == 0:
            return self.of(method, condition="clean", steps_eval=steps)
        return [] if rows is None else [self._group(method, rows)]

    def side(self, side: Side) -> list[int]:
        """The group of one side of a comparison or claim."""
        rows = rows_of(side, self.inputs.runs)
        return [self._group(side.method, rows)] if len(rows) else []

    def made_of(self, side: Side) -> list[int]:
        """The groups of one side: its own, and that of the clean network from which a change is told."""
        return [*self.side(side), *(self.of(side.method, **CLEAN) if side.minus_clean else [])]

    @cached_property
    def sides(self) -> dict[tuple[str, str], Side]:
        """The sides of all comparisons, by method and condition in words, as comparisons.csv names them."""
        pairs = comparisons.pairs(self.inputs.families, self.inputs.claims.claims)
        return {(s.method, comparisons.described(s)): s for pair in pairs for s in (pair.left, pair.right)}

    def differences(self, left: Side, right: Side) -> list[float | None]:
        """Left minus right on test data for every seed in which both converged, in the unit of tables."""
        one, other = self._by_seed(left), self._by_seed(right)
        return [exact(one[seed] - other[seed]) for seed in one if seed in other]

    def _by_seed(self, side: Side) -> dict[int, float]:
        """The test value of each seed that converged, of a change less that of the clean network."""
        groups = [self.groups[group] for group in self.side(side)]
        found = {seed: test for g in groups for seed, _, test, *_ in g["seeds"] if seed not in g["diverged"]}
        if not side.minus_clean:
            return found
        clean = self._by_seed(Side(method=side.method))
        return {seed: test - clean[seed] for seed, test in found.items() if seed in clean}

    @cached_property
    def _own_steps(self) -> dict[str, int]:
        return dict(zip(self.inputs.runs.method, self.inputs.runs.steps, strict=True))

    @cached_property
    def _by_key(self) -> dict[tuple[Any, ...], pd.DataFrame]:
        grouped = self.inputs.runs[[*KEY, *VALUES]].groupby(KEY, dropna=False, sort=False)
        return {tuple(None if pd.isna(part) else part for part in key): rows for key, rows in grouped}

    @cached_property
    def _treated(self) -> dict[tuple[Any, ...], pd.DataFrame]:
        """What tells the place of calibrated chips, by method, steps of an inference and noise."""
        rows = self.inputs.runs.loc[self.inputs.runs.condition == "calibrated", PLACE]
        return dict(list(rows.groupby(["method", "steps_eval", "noise"], sort=False)))

    def _group(self, method: str, rows: pd.DataFrame) -> int:
        known = tuple(rows.index)
        if known not in self._known:
            self._known[known] = len(self.groups)
            first = {name: rows[name].iloc[0] for name in KEY}
            values: dict[tuple[int, str], list[tuple[float, float, float]]] = {}  # of the chips of each run
            for seed, digest, _, *own in zip(*(rows[name] for name in VALUES), strict=True):
                values.setdefault((int(seed), digest), []).append((own[0], own[1], own[2]))
            words = [first[name] for name in KEY[2:] if pd.notna(first[name])]
            on_chips = pd.notna(first["noise"])
            self.groups.append(
                {
                    "method": method,
                    "on": " ".join(f"{word:g}" if isinstance(word, float) else word for word in words),
                    "steps": int(first["steps_eval"]),
                    "trace": self._trace(first, len(rows)),
                    "diverged": sorted(set(map(int, rows.seed[rows.status == "diverged"]))),
                    "chips": max(map(len, values.values())) if on_chips else 0,
                    "seeds": [[*run, *self._mean(values[run])] for run in sorted(values)],
                }
            )
        return self._known[known]

    def _mean(self, values: list[tuple[float, float, float]]) -> list[float | None]:
        """Test and validation outcomes and energy, as files show them: means over the chips of a run."""
        factors = (self.inputs.metric.factor, self.inputs.metric.factor, 1.0)
        return [exact(factor * fmean(own)) for factor, own in zip(factors, zip(*values, strict=True), strict=True)]

    def _trace(self, first: Mapping[str, Any], n: int) -> list[str]:
        """The arguments of the command trace that shows these `n` rows; empty if none does."""
        on, method, steps = first["condition"], first["method"], int(first["steps_eval"])
        named = [self.inputs.name, method]
        if on == "int8" or pd.notna(first["control"]):
            return []
        if on == "clean" and steps == self._own_steps[method]:
            return named
        noise, level = (None, 0.0) if on == "clean" else (first["noise"], float(first["level"]))
        place = Place(noise, level, steps, on == "calibrated")
        shown = len(place.rows(self._treated[method, steps, noise])) if on == "calibrated" else n
        treatment = ["--calibrator", first["calibrator"], "--targets", first["targets"]] if shown > n else []
        return [*named, *place.arguments, *treatment]

    @cached_property
    def costs(self) -> pd.DataFrame:
        """costs.csv with the method, the digest and the stage of each result."""
        costs = self.inputs.collected["costs"]
        found = [RUN.fullmatch(path) for path in costs.path.astype(str)]
        parts = [match.groupdict() if match else {"method": "", "digest": "", "rest": ""} for match in found]
        return costs.assign(
            method=[part["method"] for part in parts],
            digest=[part["digest"] for part in parts],
            stage=[stage(path, part["rest"]) for path, part in zip(costs.path.astype(str), parts, strict=True)],
        )

    def runs(self) -> dict[str, dict[str, Any]]:
        """What made each run, by its digest: folder, commit, cost, and versions, machine and parameters by index."""
        found = {}
        for row in self.costs[self.costs.stage == "train"].to_dict("records"):
            found[row["digest"]] = {
                "path": row["path"],
                "commit": row["commit"],
                "dirty": bool(row["dirty"]),
                "seconds": exact(row["seconds"]),
                "device": row["device"],
                "machine": row["machine"] if pd.notna(row["machine"]) else "not recorded",
                "versions": row["versions"],
                "platform": row["platform"],
                "parameters": self.documents.get(row["digest"]),
            }
        return found


def stage(path: str, rest: str) -> str:
    """The stage that made a result, by its folder; `rest`: what follows the digest of the run."""
    if "/tuning-" in path:
        return "tune"
    return "calibrate" if rest.startswith("/chips") else "evaluate" if rest.startswith("/rows") else "train"


def shared(records: Mapping[str, Mapping[str, Any]], names: Sequence[str]) -> tuple[dict[str, Any], list[Any]]:
    """Records in which long values are replaced by their index in a list, since most runs share them."""
    values: list[Any] = []
    texts: dict[str, int] = {}
    found = {}
    for key, record in records.items():
        own = dict(record)
        for name in names:
            text = repr(own[name])
            if text not in texts:
                texts[text] = len(values)
                values.append(own[name])
            own[name] = texts[text]
        found[key] = own
    return found, values
