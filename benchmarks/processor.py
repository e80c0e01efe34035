"""How far runs move if they are repeated on another processor, or with other instructions of the same one.

    python -m benchmarks.processor results/tables/digits OTHER/results/tables/digits
    python -m benchmarks.processor              # the page again, from the rows on record

Compares two folders of collected tables of one experiment, made by the same code from the same parameters. Writes
processor.csv (a row per method), processor_verdicts.csv (a row per comparison and claim) and docs/results/processor.md.
With v_s the test value of a method under seed s,

    d_s = second v_s - first v_s

over the seeds in which neither run diverged, at the steps trained with. Intervals are those of the report, for new
seeds and new test samples.
"""

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks import FOLDER, measure, processor_page
from benchmarks.processor_page import SIDES
from snn.config import Side
from snn.core import files
from snn.core.columns import METRIC, Column
from snn.core.errors import InputError
from snn.evaluation.outcomes import Outcomes
from snn.pipeline.plan import Plan
from snn.report.inputs import Inputs
from snn.report.intervals import estimate
from snn.report.pairs import Rows, difference, rows_of
from snn.report.sections import Section
from snn.report.units import for_files, from_files
from snn.report.write import DIGITS

COLUMNS = {
    "experiment": Column("", "whose runs were made twice"),
    "method": Column("", "file in params/methods"),
    "metric": Column("", "accuracy or mse"),
    "samples": Column("samples", "of test data"),
    "runs": Column("runs", "seeds in which neither run diverged"),
    "diverged": Column("runs", "seeds in which one did; left out"),
    "differ": Column("runs", "that end with another test value"),
    "largest": Column(METRIC, "largest change of a run, without its sign"),
    "change": Column(METRIC, "mean change"),
    "ci95": Column(METRIC, "half the 95 % interval of the mean change, for new seeds and new test samples"),
    "ci95_seeds": Column(METRIC, "the same for new seeds and these test samples"),
    "sd_change": Column(METRIC, "standard deviation of the change over seeds"),
    **{
        f"{name}_{side}": Column(METRIC, f"{words}, in the {side} folder")
        for side in SIDES
        for name, words in (
            ("mean", "mean test value over seeds"),
            ("ci95", "half its 95 % interval"),
            ("sd", "standard deviation of the test value over seeds"),
        )
    },
    **{
        f"{name}_{side}": Column("", f"{words}, of the {side} folder")
        for side in SIDES
        for name, words in (
            ("machine", "processor, instruction set, libraries and chosen variables"),
            ("commit", "of the code"),
        )
    },
}
TEXT = [name for name, column in COLUMNS.items() if not column.unit]
KEYS = {  # what names a row in the tables of the report that hold verdicts
    "comparisons": ["family", "left", "left_on", "right", "right_on", "column"],
    "claims": ["claim", "column"],
}
VERDICTS = (
    "table",
    "family",
    "about",
    "column",
    *(f"{n}_{side}" for side in SIDES for n in ("low", "high", "verdict")),
)


def main() -> None:
    """Compare two folders, if they are given, and write the page from the rows on record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="*", metavar="TABLES", help="two folders of collected tables")
    folders = parser.parse_args().folders
    if len(folders) not in (0, 2):
        parser.error("TABLES: give two folders, or none to write the page again")
    try:
        if folders:
            first, second = read(*folders)
            write(FOLDER, methods(first, second), verdicts(first, second))
        print(files.write(processor_page.PAGE, processor_page.text(*on_record(FOLDER))))
    except InputError as error:
        measure.stop(error)


def read(first: Path, second: Path) -> tuple[Inputs, Inputs]:
    """What reports of both folders are made from.

    Raises InputError if a stamp does not prove its files, or if the two are not tables of equal code and parameters.
    """
    stamps = [_stamp(folder) for folder in (first, second)]
    if (first.name, stamps[0].name) != (second.name, stamps[1].name):
        raise InputError(stamps[1], f"is not {first.name}/{stamps[0].name}", "compare tables of equal code")
    report = Plan(first.name).report
    return report.of_tables(first), report.of_tables(second)


def _stamp(folder: Path) -> Path:
    """The stamp of collected tables, whose name is their digest."""
    stamps = list(folder.glob("*.stamp"))
    if len(stamps) != 1:
        raise InputError(folder, f"holds {len(stamps)} stamps", "give a folder of collected tables, with one stamp")
    files.verify_stamp(stamps[0], (), f"collect the tables of {folder.name} again")
    return stamps[0]


def methods(first: Inputs, second: Inputs) -> pd.DataFrame:
    """A row of `COLUMNS` per method; raises InputError if seeds are too few to tell their spread."""
    both = Outcomes.joined([first.outcomes, second.outcomes])
    machines = {
        f"{column}_{side}": "; ".join(sorted(one.collected["costs"][column].dropna().unique()))
        for side, one in zip(SIDES, (first, second), strict=True)
        for column in ("machine", "commit")
    }
    names = first.collected["runs"].method.unique()
    return pd.DataFrame([_method(name, first, second, both) | machines for name in names], columns=list(COLUMNS))


def _method(name: str, first: Inputs, second: Inputs, both: Outcomes) -> dict[str, Any]:
    old, new = (rows_of(Side(method=name), one.collected["runs"]) for one in (first, second))
    new = new.set_axis(new.index + len(first.collected["runs"]))  # as its outcomes lie in `both`
    found = difference(Rows(new), Rows(old), both)
    if len(found.seeds) < 2 or found.estimate is None:
        raise InputError(first.name, f"{name}: {len(found.seeds)} seeds in both", "give tables of two seeds or more")
    row = {
        "experiment": first.name,
        "method": name,
        "metric": first.metric_name,
        "samples": both.samples,
        "runs": len(found.seeds),
        "diverged": old.seed.nunique() - len(found.seeds),
        "differ": int((found.by_seed != 0).sum()),
        "largest": float(abs(found.by_seed).max()),
        "change": found.mean,
        "ci95": found.estimate.half(),
        "ci95_seeds": found.over_seeds(),
        "sd_change": found.sd,
    }
    for side, rows in zip(SIDES, (old, new), strict=True):
        values = Rows(rows).outcomes(found.seeds, both)
        own = estimate(values, both.binary)
        row |= {f"mean_{side}": own.mean, f"ci95_{side}": own.half()}
        row |= {f"sd_{side}": float(values.mean(axis=1).std(ddof=1))}
    return row


def verdicts(first: Inputs, second: Inputs) -> pd.DataFrame:
    """A row of `VERDICTS` per comparison and claim: both intervals, in the units of files, and both verdicts."""
    rows = [row for name in KEYS for row in _verdicts(Section(name), first, second)]
    return pd.DataFrame(rows, columns=list(VERDICTS))


def _verdicts(section: Section, first: Inputs, second: Inputs) -> Iterator[dict[str, Any]]:
    keys, shown = KEYS[section.name], []
    for one in (first, second):
        table = one.table(section.name)
        columns, rows = section.load("table").COLUMNS, section.rows_in_metric(table)
        shown.append(for_files(table, columns, one.metric_name, rows)[[*keys, "low", "high", "verdict"]])
    merged = shown[0].merge(shown[1], on=keys, suffixes=[f"_{side}" for side in SIDES], validate="one_to_one")
    for row in merged.to_dict("records"):
        yield {"table": section.name, "about": about(row), "family": None, **row}


def about(row: Mapping[str, Any]) -> str:
    """The claim, or the two sides of a comparison."""
    if "claim" in row:
        return row["claim"]
    conditions = {side: "" if row[f"{side}_on"] == "clean" else f" {row[f'{side}_on']}" for side in ("left", "right")}
    return " - ".join(f"{row[side]}{condition}" for side, condition in conditions.items())


def write(folder: Path, found: pd.DataFrame, turned: pd.DataFrame) -> None:
    """Write both tables, outcomes in the units of files."""
    shown = for_files(found, COLUMNS, found.metric.iloc[0])
    for name, table in (("processor", shown), ("processor_verdicts", turned)):
        files.write(folder / f"{name}.csv", table.to_csv(index=False, float_format=DIGITS))


def on_record(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both tables as they are in memory, from their files."""
    found = pd.read_csv(folder / "processor.csv", dtype=dict.fromkeys(TEXT, str))  # a commit may look like a number
    return from_files(found, COLUMNS, found.metric.iloc[0]), pd.read_csv(folder / "processor_verdicts.csv")


if __name__ == "__main__":
    main()
