"""Experiments on record, for their exports."""

import csv
import gzip
import io

from snn.core.paths import ROOT
from snn.exports.citation import Author, Citation
from snn.exports.given import Given

CITATION = Citation("spikeledger", "1.2.3", "MIT", (Author("Doe", "Ann", "https://orcid.org/0"), Author("The group")))


def given(name: str) -> Given:
    """An experiment on record, of a release that was made up."""
    tables, report = (ROOT / "results" / folder / name for folder in ("tables", "report"))
    return Given(name, tables, report, next(tables.glob("*.stamp")).stem, "", "2026-01-02", CITATION)


def rows(content: bytes) -> list[dict[str, str]]:
    """The rows of a CSV file, compressed or not."""
    text = (gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content).decode()
    return list(csv.DictReader(io.StringIO(text), strict=True))
