"""Exports hold the numbers on record, to the last digit, in the form that each format asks for."""

import bz2
import csv
import hashlib
import json
import re

import pandas as pd
import pytest
from hypothesis import given as whatever
from hypothesis import strategies as st

from snn.cli import share
from snn.cli.main import main
from snn.core.errors import InputError
from snn.core.paths import ROOT
from snn.energy.counter import Counter, total
from snn.exports import formats
from snn.exports.formats import neurobench
from snn.exports.given import whole
from snn.exports.tidy import COLUMNS, MEASURED, NAMES, TYPES
from snn.exports.write import export, write
from tests import neurobench_cases
from tests.exports.given import CITATION, given, rows

SETS = ["digits", "digits_reconstruction", "matched"]
CONVERT = {"integer": int, "number": float, "boolean": {"True": 1, "False": 0}.__getitem__, "string": str}
FIXTURE = json.loads((ROOT / "tests/fixtures/neurobench.json").read_text())
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=SETS)
def made(request):
    """An experiment on record, and the files of its export."""
    one = given(request.param)
    return one, export(one)


def on_record(one) -> list[dict[str, str]]:
    """The rows of runs.csv as the file has them."""
    return list(csv.DictReader(bz2.open(one.tables / "runs.csv.bz2", "rt", newline="")))


def documents(files) -> dict[str, dict]:
    return {path: json.loads(file.content) for path, file in files.items() if path.endswith(".json")}


# the tidy table


def test_the_rows_of_the_tidy_table_are_all_numbers_of_all_runs_and_nothing_else(made):
    one, files = made
    expected = []
    for run in on_record(one):
        named = {name: whole(run[name]) if TYPES[name] == "integer" else run[name] for name in NAMES}
        expected += [(*named.values(), run["digest"], column, run[column]) for column in MEASURED if run[column]]
    found = rows(files["results.csv.gz"].content)
    assert [(*(row[n] for n in NAMES), row["digest"], row["column"], row["value"]) for row in found] == expected
    assert {row["experiment"] for row in found} == {one.name}


def test_names_and_numbers_are_all_that_runs_csv_has(made):
    one, _ = made
    assert {*NAMES, *MEASURED, "digest"} == set(on_record(one)[0])


def test_every_number_has_its_unit_and_the_commit_that_costs_csv_has(made):
    one, files = made
    units = {row["name"]: row["unit"] for row in rows(files["columns.csv"].content)}
    assert units["value_test"] == {"accuracy": "%", "mse": "mse"}[on_record(one)[0]["metric"]]
    costs = pd.read_csv(one.tables / "costs.csv")
    commits = {path.rpartition("-")[2]: commit for path, commit in zip(costs.path, costs.commit, strict=True)}
    for row in rows(files["results.csv.gz"].content):
        assert row["unit"] == units[row["column"]]
        assert row["commit"] == commits[row["digest"]]


def test_every_number_has_the_flags_of_its_row_in_the_summary(made):
    one, files = made
    key = ["method", "steps", "steps_eval", "lr", "condition", "noise", "level", "calibrator", "targets", "control"]
    found = pd.read_csv(one.tables / "runs.csv.bz2")[key].astype(object).fillna("").drop_duplicates()
    summary = pd.read_csv(one.report / "summary.csv")[[*key, "flags"]].astype(object).fillna("")
    expected = found.merge(summary, how="left", on=key)
    assert len(expected) == len(found)
    assert expected["flags"].notna().all()
    table = pd.DataFrame(rows(files["results.csv.gz"].content))[[*key, "flags"]].drop_duplicates()
    assert list(table["flags"]) == list(expected["flags"])


@whatever(st.integers(-(10**15), 10**15))
def test_a_whole_number_has_no_point(number):
    assert whole(str(float(number))) == whole(str(number)) == str(number)


# all formats


def test_the_same_tables_give_the_same_bytes(made):
    one, files = made
    again = export(given(one.name))
    assert {path: file.content for path, file in again.items()} == {p: file.content for p, file in files.items()}


def test_copies_are_the_files_on_record(made):
    one, files = made
    for folder in ("tables", "report"):
        here = {path.name: path.read_bytes() for path in getattr(one, folder).iterdir()}
        assert {p.split("/")[1]: f.content for p, f in files.items() if p.startswith(f"{folder}/")} == here


def test_every_file_tells_what_it_holds_and_is_named_in_the_readme(made):
    _, files = made
    readme = files["README.md"].content.decode()
    last = {"README.md", "ro-crate-metadata.json"}
    assert all(file.about and "/" in file.media for file in files.values())
    assert [path for path in files if f"| `{path}`" not in readme and path not in last] == []


def test_a_schema_has_type_and_meaning_of_every_column_and_every_cell_is_of_its_type(made):
    one, files = made
    package = documents(files)["datapackage.json"]
    assert re.fullmatch(r"[a-z0-9._-]+", package["name"])
    resources = {resource["path"]: resource for resource in package["resources"]}
    assert len({resource["name"] for resource in package["resources"]}) == len(resources)
    tables = {path for path in files if path.endswith(".csv")} | {"results.csv.gz"}
    assert set(resources) - {"results.parquet"} == tables
    for path in tables:
        content, fields = files[path].content, resources[path]["schema"]["fields"]
        assert resources[path]["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
        assert resources[path]["bytes"] == len(content)
        for row in rows(content):
            assert list(row) == [field["name"] for field in fields]
            for field in fields:
                cell = row[field["name"]]
                assert not cell or CONVERT[field["type"]](cell) is not None
        assert [field["name"] for field in fields if not field["description"]] == []
    described = {field["name"]: field for field in resources["results.csv.gz"]["schema"]["fields"]}
    assert described["level"]["unit"] == "of noise"
    summary = {field["name"]: field for field in resources["report/summary.csv"]["schema"]["fields"]}
    assert summary["value_test_mean"]["unit"] == one.metric.unit


def test_croissant_names_every_file_with_its_sum_and_every_column_of_both_tables(made):
    one, files = made
    document = documents(files)["croissant.json"]
    needed = {"@context", "@type", "conformsTo", "name", "description", "license", "url", "creator", "datePublished"}
    assert needed <= set(document)
    sums = {entry["@id"]: entry["sha256"] for entry in document["distribution"]}
    described = {"datapackage.json", "croissant.json", "README.md", "ro-crate-metadata.json"}
    assert sums == {p: hashlib.sha256(f.content).hexdigest() for p, f in files.items() if p not in described}
    for table in document["recordSet"]:
        (source,) = {field["source"]["fileObject"]["@id"] for field in table["field"]}
        columns = [field["source"]["extract"]["column"] for field in table["field"]]
        assert columns == list(rows(files[source].content)[0])
        assert all(field["@id"] == f"{table['@id']}/{c}" for field, c in zip(table["field"], columns, strict=True))
    assert document["datePublished"] == one.published


def test_a_crate_describes_every_file_and_names_nothing_that_it_lacks(made):
    one, files = made
    graph = documents(files)["ro-crate-metadata.json"]["@graph"]
    entities = {entity["@id"]: entity for entity in graph}
    assert len(entities) == len(graph)
    named = set(re.findall(r'\{"@id": "([^"]+)"\}', json.dumps(graph)))
    assert [name for name in named if name not in entities and not name.startswith("https://")] == []
    root, run = entities["./"], entities["#run"]
    parts = {part["@id"] for part in root["hasPart"]}
    assert parts == set(files) - {"ro-crate-metadata.json"}
    assert {entities[path]["sha256"] for path in parts} == {hashlib.sha256(files[p].content).hexdigest() for p in parts}
    assert "https://w3id.org/ro/wfrun/workflow/0.5" in {profile["@id"] for profile in root["conformsTo"]}
    workflow = entities[root["mainEntity"]["@id"]]
    assert workflow["@id"] == run["instrument"]["@id"] == "Snakefile"
    assert "ComputationalWorkflow" in workflow["@type"]
    assert {result["@id"] for result in run["result"]} == {p for p in files if p.startswith(("tables/", "report/"))}
    costs = pd.read_csv(one.tables / "costs.csv")
    assert workflow["version"] == ", ".join(sorted(set(costs.commit)))
    machines = {entity["value"] for entity in graph if entity["@type"] == "PropertyValue"}
    assert machines == set(costs.machine.dropna())
    people = {entity["name"]: entity["@type"] for entity in graph if entity["@id"] in str(root["author"])}
    assert people == {"Ann Doe": "Person", "The group": "Organization"}


def test_no_export_tells_a_time(made):
    _, files = made
    for path, document in documents(files).items():
        assert set(re.findall(r"20\d\d-\d\d-\d\d", json.dumps(document))) <= {"2026-01-02"}, path


# NeuroBench's names


def test_every_clean_network_has_its_numbers_under_neurobenchs_names(made):
    one, files = made
    document = documents(files)["neurobench.json"]
    clean = [row for row in on_record(one) if row["condition"] == "clean"]
    assert len(document["results"]) == len(clean) > 0
    for row, result in zip(clean, document["results"], strict=True):
        found = result["metrics"]
        assert (result["method"], str(result["seed"]), result["digest"]) == (row["method"], row["seed"], row["digest"])
        assert found["ParameterCount"] == int(row["parameters"]) == found["Footprint"] / 4
        assert found.get("ActivationSparsity", "") == (float(row["sparsity"]) if row["sparsity"] else "")
        assert found["SynapticOperations"]["Effective_ACs"] == float(row["acs"])
        name, factor = ("ClassificationAccuracy", 100) if row["metric"] == "accuracy" else ("MSE", 1)
        assert found[name] * factor == pytest.approx(float(row["value_test"]), rel=1e-15)
        outer = {key.split(".")[0] for key in document["definitions"]}
        assert set(found) | {"ActivationSparsity"} == outer
    assert not outer & set(document["left_out"])


@pytest.mark.parametrize("name", neurobench_cases.SAME)
def test_operations_under_neurobenchs_names_are_those_that_it_counts(name):
    case = neurobench_cases.CASES[name]
    net, x_BCHW = neurobench_cases.build(case)
    counter = Counter(net)
    counter.scores(x_BCHW)
    ours = total(counter.operations())
    row = {"parameters": "1", "steps_eval": str(case.steps), "sparsity": "", "value_test": "50"}
    row |= {field: str(getattr(ours, field)) for field in ("neuron_updates", "acs", "macs_every_step", "dense_macs")}
    found = neurobench.metrics(row, "accuracy")
    assert found["SynapticOperations"] == pytest.approx(FIXTURE["cases"][name], rel=1e-9)
    assert found["ClassificationAccuracy"] == 0.5


# BibTeX


def test_bibtex_has_the_release_and_every_work_that_is_cited(made):
    one, files = made
    text = files["references.bib"].content.decode()
    entries = re.findall(r"^@(\w+)\{(\w+),\n((?:  \w+ = \{.*\},\n)+)\}$", text, re.MULTILINE)
    assert len(entries) == text.count("@") == 1 + len(one.references)
    assert text.count("{") == text.count("}")
    (kind, key, fields), *works = entries
    assert (kind, key) == ("misc", "spikeledger")
    assert "author = {Doe, Ann and {The group}}" in fields
    assert "version = {1.2.3}" in fields
    keys = [key for _, key, _ in works]
    assert keys == sorted(keys)
    assert {"horowitz2014energy", "alpaydin1998digits"} <= set(keys)
    for key, method in (("wu2019stbp", "stbp"), ("deng2022tet", "tet")):
        assert (key in keys) == (method in one.experiment.methods)
    assert all("author = {" in fields and "title = {{" in fields for _, _, fields in works)


# the folder


def test_a_format_that_fails_leaves_nothing(tmp_path, monkeypatch):
    class Broken(formats.Format):
        def files(self, given, made):
            raise InputError("here", "is broken", "repair it")

    everything = formats.found()
    monkeypatch.setattr(formats, "found", lambda: [*everything, Broken()])
    with pytest.raises(InputError, match="is broken"):
        write(given("matched"), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_holds_something_is_refused_and_left_as_it_was(tmp_path, capsys):
    (tmp_path / "mine").write_text("x")
    assert main(["share", "matched", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith(f"error: {tmp_path}: is not empty")
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_the_command_writes_what_the_tables_on_record_hold(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(share, "citation", lambda: CITATION)
    monkeypatch.setattr(share, "git", lambda *arguments: "2026-01-02\n" if arguments[0] == "log" else "")
    out = tmp_path / "out"
    assert main(["share", "matched", str(out)]) == 0
    assert f"files are in {out}" in capsys.readouterr().out
    expected = {path: file.content for path, file in export(given("matched")).items()}
    told = {
        "README.md",
        "datapackage.json",
        "croissant.json",
        "ro-crate-metadata.json",
    }  # with the mark of stale tables
    found = {p.relative_to(out).as_posix(): p.read_bytes() for p in out.rglob("*") if p.is_file()}
    assert set(found) == set(expected)
    assert {p: found[p] for p in found if p not in told} == {p: expected[p] for p in found if p not in told}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(("day", "status"), [("", ""), ("2026-01-02\n", " M results/tables/matched/costs.csv\n")])
def test_tables_that_are_not_as_in_git_are_refused(day, status, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(share, "git", lambda *arguments: day if arguments[0] == "log" else status)
    assert main(["share", "matched", str(tmp_path / "out")]) == 2
    assert "is not as in git" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_experiment_is_answered_with_the_nearest(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    assert main(["share", "matchd", str(tmp_path / "out")]) == 2
    assert "'matched'" in capsys.readouterr().err


def test_types_of_the_tidy_table_are_those_of_its_columns():
    assert list(COLUMNS) == list(TYPES)
    assert {TYPES[name] for name in ("steps", "chip", "seed")} == {"integer"}
    assert (TYPES["level"], TYPES["extrapolated"], TYPES["value"], TYPES["method"]) == (
        "number",
        "boolean",
        "number",
        "string",
    )
