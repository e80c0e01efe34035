"""Frictionless Data Package, version 1: a schema with unit and meaning of every column, from the data dictionary."""

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from snn.core.columns import METRIC, Column
from snn.exports.formats import File, Format
from snn.exports.formats.table import CSV, DICTIONARY, MEANINGS, PARQUET
from snn.exports.given import Given
from snn.exports.tidy import COLUMNS, TYPES
from snn.report.collected import TABLES, file
from snn.report.sections import sections


class DataPackage(Format):
    """datapackage.json."""

    order = 1

    def files(self, given: Given, made: Mapping[str, File]) -> dict[str, File]:
        """Describes the tidy table, its dictionary, and every table on record that is plain CSV."""
        cited = given.citation
        document = {
            "profile": "data-package",
            "name": f"{cited.title}-{given.name}".lower(),
            "id": given.digest,
            "title": given.title,
            "description": given.description,
            "version": cited.version,
            "licenses": [{"name": cited.licence, "path": cited.licence_url}],
            "contributors": [{"title": author.name, "role": "author"} for author in cited.authors],
            "sources": [{"title": one.title, **({"path": one.url} if one.url else {})} for one in given.references],
            "resources": list(_resources(given, made)),
        }
        content = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
        about = "Frictionless Data Package: schema of every table"
        return {"datapackage.json": File(content.encode(), "application/json", about)}


def _resources(given: Given, made: Mapping[str, File]) -> Iterator[dict[str, Any]]:
    tidy: dict[str, Any]
    tidy = {"fields": [_field(name, column, TYPES[name], given) for name, column in COLUMNS.items()]}
    tidy |= {"missingValues": [""]}
    keys = {"foreignKeys": [{"fields": "column", "reference": {"resource": "columns", "fields": "name"}}]}
    yield _resource("results", CSV, made[CSV], tidy | keys) | {"compression": "gz"}
    if PARQUET in made:
        found = made[PARQUET]  # no table here: frictionless reads missing whole numbers of Parquet as NaN
        head = {"name": "results-parquet", "type": "file", "path": PARQUET, "description": found.about}
        yield {**head, "format": "parquet", "mediatype": found.media, **_proof(found)}
    meanings = [{"name": name, "type": "string", "description": text} for name, text in MEANINGS.items()]
    yield _resource("columns", DICTIONARY, made[DICTIONARY], {"fields": meanings, "primaryKey": "name"})
    for path, (columns, mixed) in _on_record().items():
        if path in made and path.endswith(".csv"):
            name = path.removesuffix(".csv").replace("/", "-")
            yield _resource(name, path, made[path], _schema(made[path].content, columns, given, mixed))


def _on_record() -> dict[str, tuple[Mapping[str, Column], bool]]:
    """The columns of every table on record by its path; and whether its rows are in several units."""
    found: dict[str, tuple[Mapping[str, Column], bool]]
    found = {f"tables/{file(name)}": (row.columns(), False) for name, row in TABLES.items()}
    for section in sections():
        if "table" in section.parts:
            module = section.load("table")
            found[f"report/{section.file('table')}"] = module.COLUMNS, hasattr(module, "rows_in_metric")
    return found


def _resource(name: str, path: str, file_: File, schema: Mapping[str, Any]) -> dict[str, Any]:
    head = {"name": name, "path": path, "profile": "tabular-data-resource", "description": file_.about}
    return {**head, "format": "csv", "mediatype": file_.media, "encoding": "utf-8", **_proof(file_), "schema": schema}


def _proof(file_: File) -> dict[str, Any]:
    return {"bytes": len(file_.content), "hash": f"sha256:{hashlib.sha256(file_.content).hexdigest()}"}


def _schema(content: bytes, columns: Mapping[str, Column], given: Given, mixed: bool) -> dict[str, Any]:
    """The schema of a table on record, in the order of its file; types are those that all its cells have."""
    header, *lines = csv.reader(io.StringIO(content.decode()))
    cells = dict(zip(header, zip(*lines, strict=True), strict=True)) if lines else dict.fromkeys(header, ())
    fields = [_field(name, columns.get(name, Column("", "")), _type(cells[name]), given, mixed) for name in header]
    return {"fields": fields, "missingValues": [""]}


def _field(name: str, column: Column, kind: str, given: Given, mixed: bool = False) -> dict[str, Any]:
    unit = METRIC if mixed and column.unit == METRIC else given.unit(column)
    return {"name": name, "type": kind, "description": column.meaning, **({"unit": unit} if unit else {})}


def _type(cells: Sequence[str]) -> str:
    """The narrowest type of frictionless tables that all cells have; any for none."""
    filled = set(cells) - {""}
    if not filled:
        return "any"
    if filled <= {"True", "False"}:
        return "boolean"
    for kind, convert in (("integer", int), ("number", float)):
        try:
            for cell in filled:
                convert(cell)
        except ValueError:
            continue
        return kind
    return "string"
