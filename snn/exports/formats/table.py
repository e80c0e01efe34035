"""The tidy table as CSV and, where pyarrow is installed, as Parquet; and what its numbers are."""

import csv
import gzip
import importlib
import importlib.util
import io
from collections.abc import Iterable, Mapping

from snn.exports.formats import File, Format
from snn.exports.given import Given
from snn.exports.tidy import COLUMNS, MEASURED, TYPES, rows
from snn.report.columns import RUN

CSV, PARQUET, DICTIONARY = "results.csv.gz", "results.parquet", "columns.csv"
ABOUT = (
    "a row per number of runs.csv: experiment, data, method, steps, seed, chip, and value, unit, digest, commit, flags"
)
MEANINGS = {"name": "value of results.column", "unit": "unit of these numbers", "meaning": "what they are"}


class Table(Format):
    """results.csv.gz, results.parquet, columns.csv."""

    def files(self, given: Given, made: Mapping[str, File]) -> dict[str, File]:
        """Numbers in both tables equal those of runs.csv; the CSV has its digits."""
        table = _compressed(given)
        meanings = [MEANINGS.keys(), *((name, given.unit(RUN[name]), RUN[name].meaning) for name in MEASURED)]
        found = {
            CSV: File(table, "text/csv", ABOUT),
            DICTIONARY: File(_csv(meanings), "text/csv", "unit and meaning of every value of results.column"),
        }
        if importlib.util.find_spec("pyarrow"):
            found[PARQUET] = File(_parquet(table, given), "application/vnd.apache.parquet", ABOUT)
        return found


def _csv(lines: Iterable[Iterable[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(lines)
    return out.getvalue().encode()


def _compressed(given: Given) -> bytes:
    """The rows as CSV, compressed while they are written: millions of them are hundreds of megabytes."""
    out = io.BytesIO()
    with gzip.GzipFile("", "wb", 6, out, mtime=0) as file, io.TextIOWrapper(file, "utf-8", newline="") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows(given))
    return out.getvalue()


def _parquet(table: bytes, given: Given) -> bytes:
    """The same rows as Parquet; fields carry unit and meaning."""
    names = ("pyarrow", "pyarrow.csv", "pyarrow.parquet")  # which the environment of `make share` has
    pyarrow, arrow_csv, parquet = map(importlib.import_module, names)
    kinds = {
        "integer": pyarrow.int64(),
        "number": pyarrow.float64(),
        "boolean": pyarrow.bool_(),
        "string": pyarrow.string(),
    }
    types = {name: kinds[kind] for name, kind in TYPES.items()}
    options = arrow_csv.ConvertOptions(column_types=types, null_values=[""], strings_can_be_null=True)
    found = arrow_csv.read_csv(io.BytesIO(gzip.decompress(table)), convert_options=options)
    fields = [
        pyarrow.field(name, types[name], metadata={"unit": given.unit(column), "description": column.meaning})
        for name, column in COLUMNS.items()
    ]
    out = io.BytesIO()
    parquet.write_table(found.cast(pyarrow.schema(fields)), out, compression="zstd")
    return out.getvalue()
