"""The tidy table of an experiment: a row per number of runs.csv, with all that names it. No torch.

Every number has the digits of runs.csv. Taken together, the rows are runs.csv again: nothing is left out.
"""

from collections.abc import Iterator, Sequence

from snn.core.columns import Column
from snn.evaluation.rows import Row
from snn.exports.given import Given, whole
from snn.report.columns import RUN
from snn.report.sections import Section

FIELDS = list(Row.model_fields)
NAMES = FIELDS[: FIELDS.index("value_val")]  # of a row of runs.csv
MEASURED = [name for name in FIELDS[len(NAMES) :] if name != "digest"]
COLUMNS = {
    "experiment": Column("", "file in params/experiments"),
    **{name: RUN[name] for name in NAMES},
    "column": Column("", "which number of the run it is, see columns.csv"),
    "value": Column("in column unit", "the number"),
    "unit": Column("", "of the number"),
    "digest": RUN["digest"],
    "commit": Column("", "of the code that trained the run"),
    "flags": Section("summary").load("table").COLUMNS["flags"],
}
TYPES = {  # of frictionless tables
    name: {int: "integer", "Int64": "integer", float: "number", bool: "boolean", str: "string"}[kind]
    for name, kind in ({**dict.fromkeys(COLUMNS, str), **Row.pandas_types(), "value": float}).items()
    if name in COLUMNS
}
REAL = ("lr", "level")  # columns of the key that hold real numbers
DIGITS = ".10g"  # of numbers in reports


def rows(given: Given) -> Iterator[Sequence[str]]:
    """The rows of the tidy table, texts in the order of COLUMNS: run by run, its numbers in the order of runs.csv."""
    units = [given.unit(RUN[name]) for name in MEASURED]
    flags = _flags(given)
    key = Section("summary").load("table").KEY
    integers = [TYPES[name] == "integer" for name in NAMES]
    for run in given.runs[FIELDS].itertuples(index=False, name=None):
        cells = dict(zip(FIELDS, run, strict=True))
        names = [whole(cell) if integer else cell for cell, integer in zip(run, integers, strict=False)]
        flag = flags.get(_key([cells[name] for name in key], key), "")
        last = (cells["digest"], given.commits.get(cells["digest"], ""), flag)
        for column, value, unit in zip(MEASURED, run[len(NAMES) :], units, strict=False):
            if value:
                yield (given.name, *names, column, value, unit, *last)


def _flags(given: Given) -> dict[tuple[str, ...], str]:
    """The flags of each row of the summary, by what names the row."""
    key = Section("summary").load("table").KEY
    table = given.summary[[*key, "flags"]]
    return {_key(cells, key): flags for *cells, flags in table.itertuples(index=False, name=None)}


def _key(cells: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    """What names a row, with real numbers as reports round them."""
    return tuple(
        format(float(cell), DIGITS) if name in REAL and cell else cell for cell, name in zip(cells, names, strict=True)
    )
