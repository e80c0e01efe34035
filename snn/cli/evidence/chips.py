"""Chips: what is first on every kind, what fine-tuning and calibration gain, and what targets of a calibration do."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pandas as pd

from snn.cli.evidence import answer_of, reported
from snn.cli.evidence.pairs import TARGETS
from snn.pipeline import record
from snn.pipeline.settings import DEFAULT_EXPERIMENT
from snn.report import standings
from snn.report.by_row import table
from snn.report.place import NOISE_AWARE

LEVEL = 0.4  # of the mismatch on which calibrators are compared
SETS = (DEFAULT_EXPERIMENT, "hardware_digits", "hardware", "claims_calibration", "claims_robust")


def firsts(shown: Mapping[str, record.TablesOnRecord]) -> str:
    """What is first on chips of every kind, in Markdown."""
    rows = [
        row._replace(where=f"`{name}`, {row.where}")
        for name in SETS
        for way in ("chips", standings.CALIBRATED)
        for row in standings.read(answer_of(shown[name]), way)
    ]
    return standings.table(rows)


def ways(shown: Iterable[record.TablesOnRecord]) -> str:
    """What fine-tuning on simulated chips and what calibration gains on the same chips, in Markdown, a row per rule.

    Empty without a report, or if no network was fine-tuned.
    """
    return table(
        [
            {
                "set": f"`{found.name}`",
                "chips": f"{tuned.noise} at level {tuned.level:g}",
                "rule": tuned.method,
                "as manufactured": f"{tuned.noisy:.1f} %",
                "fine-tuned": f"{tuned.calibrated:.1f} %, {tuned.gain:+.1f} ± {tuned.gain_ci95:.1f}",
                "calibrated": f"{best.calibrated:.1f} %, {best.gain:+.1f} ± {best.gain_ci95:.1f}",
                "by": f"{best.calibrator}, {best.targets} targets",
            }
            for found in shown
            for tuned, best in _tuned(found)
        ]
    )


def targets(shown: Iterable[record.TablesOnRecord]) -> str:
    """The accuracy of chips calibrated with either kind of targets, in Markdown, a row per level and kind."""
    return table(
        [
            {
                "chips": f"`{found.name}`, {noise} at level {level:g}",
                "calibrator": calibrator,
                "targets": TARGETS[kind],
                **{str(method): f"{value:.1f} %" for method, value in own.items()},
            }
            for found in shown
            for (noise, level, calibrator, kind), own in _by_targets(found).iterrows()
        ]
    )


def calibrators(found: record.TablesOnRecord) -> str:
    """What every calibrator gains for every rule, on chips with mismatch, in Markdown.

    A row per calibrator and kind of targets: the gain at the chosen epoch, the least of any rule at the last epoch,
    and the most values that were written. Empty without a report.
    """
    rows = _rows(found)
    rows = rows[rows.control.isna() & (rows.level == LEVEL) & (rows.noise == "mismatch")]
    return table(
        [
            {
                "calibrator": str(calibrator),
                "targets": TARGETS[str(targets)],
                **{one.method: f"{one.gain:+.1f} ± {one.gain_ci95:.1f}" for one in own.itertuples()},
                "least at the last epoch": _least_at_last(own),
                "writes": f"{own.writes.max():,}",
            }
            for (calibrator, targets), own in rows.groupby(["calibrator", "targets"], sort=False)
        ]
    )


def _least_at_last(own: pd.DataFrame) -> str:
    least = own.loc[own.gain_last.idxmin()]
    return f"{least.gain_last:+.1f} ({least.method})"


def _tuned(found: record.TablesOnRecord) -> Iterator[tuple[Any, Any]]:
    """The rows of fine-tuned networks in hardware.csv, each with that of the best calibration of its rule."""
    rows = _rows(found)
    plain = rows[rows.control.isna()]
    for one in rows[rows.control == NOISE_AWARE].itertuples():
        same = plain[(plain.method == one.method) & (plain.noise == one.noise) & (plain.level == one.level)]
        yield one, same.loc[same.calibrated.idxmax()]


def _by_targets(found: record.TablesOnRecord) -> pd.DataFrame:
    """Means of calibrated chips by noise, level, calibrator and kind of targets, a column per rule."""
    rows = _rows(found)
    own = rows[rows.control.isna() & (rows.level > 0)]
    by = ["noise", "level", "calibrator", "targets"]
    means = own.pivot_table(index=by, columns="method", values="calibrated", sort=False)
    return means.dropna()


def _rows(found: record.TablesOnRecord) -> pd.DataFrame:
    return reported(
        found, "hardware.csv", ("control", "level", "calibrator", "noise", "targets", "method", "calibrated")
    )
