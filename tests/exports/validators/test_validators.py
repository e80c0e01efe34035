"""Exports of experiments on record, read by the public validators of their formats: make share-test.

Skipped where they are missing. None may use a network: the context of RO-Crate 1.1 comes out of the package rocrate.
"""

import dataclasses
import importlib.util
import itertools
import json
from pathlib import Path

import pandas as pd
import pytest

from snn.exports.citation import citation
from snn.exports.write import write
from tests.exports.given import given

frictionless = pytest.importorskip("frictionless")
croissant = pytest.importorskip("mlcroissant")
pybtex = pytest.importorskip("pybtex.database")
http = pytest.importorskip("rocrate_validator.utils.http")
services = pytest.importorskip("rocrate_validator.services")
models = pytest.importorskip("rocrate_validator.models")
pytest.importorskip("pyarrow")
CONTEXT = "https://w3id.org/ro/crate/1.1/context"
# What needs a public repository, the time of a run, or is no property of this crate
NOT_GIVEN = {
    "process-run-crate-0.5_3.2",  # URL of the workflow
    "process-run-crate-0.5_5.1",  # about types of the workflow
    "process-run-crate-0.5_8.4",  # end of the run
    "workflow-ro-crate-1.0_8.1",  # Bioschemas' profile, which asks for both
    "ro-crate-1.1_31.2",  # URL of the organisation
}
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="module", params=["digits", "hardware_digits"])
def folder(request, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("exports") / request.param
    write(dataclasses.replace(given(request.param), citation=citation()), out)
    return out


def test_parquet_has_the_numbers_of_the_csv(folder):
    found = pd.read_parquet(folder / "results.parquet")
    expected = pd.read_csv(folder / "results.csv.gz", low_memory=False)
    assert list(found) == list(expected)
    for name in found:
        ours, theirs = found[name], expected[name]
        assert (ours.isna() == theirs.isna()).all()
        assert (ours.dropna().to_numpy() == theirs.dropna().to_numpy()).all()


def test_the_data_package_is_valid(folder):
    report = frictionless.Package(str(folder / "datapackage.json")).validate()
    assert report.flatten(["type", "note"]) == []
    assert report.valid


def test_croissant_is_valid_and_gives_the_rows(folder):
    found = croissant.Dataset(str(folder / "croissant.json"))
    assert not found.metadata.ctx.issues.errors
    table = pd.read_csv(folder / "results.csv.gz", nrows=1000)
    values = [row["results/value"] for row in itertools.islice(found.records("results"), 1000)]
    assert values == pytest.approx(table.value.tolist(), rel=1e-15)


def test_the_crate_is_a_workflow_run_crate(folder, monkeypatch):
    carried = Path(importlib.util.find_spec("rocrate").origin).with_name("data") / "ro-crate.jsonld"

    def get(_, url, **__):
        response = http.requests.Response()
        response.url, response.status_code = url, 200 if url == CONTEXT else 404
        response.headers["Content-Type"] = "application/ld+json"
        response._content = carried.read_bytes() if url == CONTEXT else b""
        return response

    assert json.loads(carried.read_text())["@id"] == CONTEXT
    monkeypatch.setattr(http.HttpRequester, "get", get, raising=False)
    settings = services.ValidationSettings(
        rocrate_uri=models.URI(str(folder)),
        profile_identifier="workflow-run-crate-0.5",
        requirement_severity=models.Severity.RECOMMENDED,
        skip_availability_check=True,
    )
    issues = services.validate(settings).get_issues()
    assert [issue.message for issue in issues if issue.check.identifier not in NOT_GIVEN] == []
    assert [issue.message for issue in issues if issue.severity == models.Severity.REQUIRED] == []


def test_bibtex_is_read(folder):
    found = pybtex.parse_file(str(folder / "references.bib"), bib_format="bibtex")
    assert {"spikeledger", "yang2022ltl", "wu2021tandem"} <= set(found.entries)
    assert all(entry.persons["author"] for entry in found.entries.values())
