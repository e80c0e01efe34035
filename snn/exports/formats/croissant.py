"""Croissant 1.0, metadata in JSON-LD: files with their sums, and the fields of the tidy table and of its dictionary."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from snn.exports.formats import File, Format
from snn.exports.formats.bibtex import release
from snn.exports.formats.table import CSV, DICTIONARY, MEANINGS
from snn.exports.given import Given
from snn.exports.tidy import COLUMNS, TYPES

CONTEXT = {  # of Croissant 1.0, as its specification gives it
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
KINDS = {"integer": "sc:Integer", "number": "sc:Float", "boolean": "sc:Boolean", "string": "sc:Text"}


class Croissant(Format):
    """croissant.json."""

    order = 1

    def files(self, given: Given, made: Mapping[str, File]) -> dict[str, File]:
        """Every file of data is a FileObject; the tidy table and its dictionary are RecordSets."""
        cited = given.citation
        version = cited.version if cited.version.count(".") == 2 else f"{cited.version}.0"
        fields = {name: (TYPES[name], _meaning(given, name)) for name in COLUMNS}
        meanings = {name: ("string", text) for name, text in MEANINGS.items()}
        document = {
            "@context": CONTEXT,
            "@type": "sc:Dataset",
            "conformsTo": "http://mlcommons.org/croissant/1.0",
            "name": f"{cited.title}-{given.name}",
            "description": given.description,
            "license": cited.licence_url,
            "url": cited.url or f"urn:{cited.title}:{given.name}:{given.digest}",
            "version": version,
            "datePublished": given.published,
            "creator": [{"@type": _kind(author.given), "name": author.name} for author in cited.authors],
            "citeAs": release(given).strip(),
            "distribution": [_file_object(path, file) for path, file in made.items()],
            "recordSet": [
                _record_set("results", CSV, made[CSV].about, fields),
                _record_set("columns", DICTIONARY, made[DICTIONARY].about, meanings),
            ],
        }
        content = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
        return {"croissant.json": File(content.encode(), "application/ld+json", "Croissant 1.0: metadata of the data")}


def _kind(given_name: str) -> str:
    return "sc:Person" if given_name else "sc:Organization"


def _meaning(given: Given, name: str) -> str:
    unit = given.unit(COLUMNS[name])
    return COLUMNS[name].meaning + (f" (unit: {unit})" if unit else "")


def _file_object(path: str, file: File) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": path,
        "name": path,
        "description": file.about,
        "contentUrl": path,
        "contentSize": f"{len(file.content)} B",
        "encodingFormat": file.media,
        "sha256": hashlib.sha256(file.content).hexdigest(),
    }


def _record_set(name: str, path: str, about: str, fields: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    """A table; its fields are types of frictionless tables and meanings, by the name of their column."""
    found = [
        {
            "@type": "cr:Field",
            "@id": f"{name}/{column}",
            "name": f"{name}/{column}",
            "description": meaning,
            "dataType": KINDS[kind],
            "source": {"fileObject": {"@id": path}, "extract": {"column": column}},
        }
        for column, (kind, meaning) in fields.items()
    ]
    return {"@type": "cr:RecordSet", "@id": name, "name": name, "description": about, "field": found}
