"""What contributors, archives and catalogues read agrees with itself and with the project."""

import json
import re
import tomllib
from typing import Any

import pytest

from snn.config.read import read_yaml
from snn.core.paths import ROOT
from snn.pipeline.settings import SETTINGS

CITATION = read_yaml(ROOT / "CITATION.cff")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
WORKFLOW = read_yaml(ROOT / ".github/workflows/test.yml")
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
FORMS = sorted(path for path in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml") if path.stem != "config")


def targets(text: str) -> set[str]:
    """The targets of make that a text names as commands."""
    return set(re.findall(r"(?:^ {4}|^|`)make ([a-z-]+)", text, re.MULTILINE))


def test_archives_and_catalogues_cite_the_same_software():
    zenodo = json.loads((ROOT / ".zenodo.json").read_text())
    meta = json.loads((ROOT / "codemeta.json").read_text())
    assert CITATION["title"] == zenodo["title"] == meta["name"] == PROJECT["name"]
    assert CITATION["version"] == zenodo["version"] == meta["version"] == PROJECT["version"]
    assert CITATION["license"] == zenodo["license"] == meta["license"].rpartition("/")[2] == PROJECT["license"]
    names = [author["name"] for author in CITATION["authors"]]
    assert names == [creator["name"] for creator in zenodo["creators"]] == [author["name"] for author in meta["author"]]
    assert CITATION["message"] in zenodo["description"]
    assert zenodo["keywords"] == meta["keywords"]


def test_contributing_has_at_most_80_lines_and_names_targets_that_exist():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    assert len(text.splitlines()) <= 80
    assert targets(text)
    assert targets(text) <= TARGETS


def test_the_workflow_of_github_runs_targets_that_exist_on_the_versions_of_the_project():
    steps = [step["run"] for job in WORKFLOW["jobs"].values() for step in job["steps"] if "run" in step]
    assert set().union(*map(targets, steps)) <= TARGETS
    versions = WORKFLOW["jobs"]["quick"]["strategy"]["matrix"]["python"]
    assert PROJECT["requires-python"] == f">={versions[0]}"
    assert versions == ["3.11", "3.12", "3.13"]  # those that README names


def test_hooks_check_what_make_lint_checks():
    hooks = [hook["entry"] for repo in read_yaml(ROOT / ".pre-commit-config.yaml")["repos"] for hook in repo["hooks"]]
    linted = MAKEFILE.partition("\nlint:")[2].partition("\n\n")[0]
    tools = re.findall(r"(?:-m |\.venv/bin/)([\w-]+)", linted)
    assert [tool for tool in tools if not any(tool in hook for hook in hooks)] == []


@pytest.mark.parametrize("form", FORMS, ids=[form.stem for form in FORMS])
def test_an_issue_form_asks_each_thing_once_and_requires_something(form):
    body: list[dict[str, Any]] = read_yaml(form)["body"]
    names = [field["id"] for field in body]
    assert len(set(names)) == len(names)
    assert any(field.get("validations", {}).get("required") for field in body)


def test_the_workflow_catalogue_finds_what_it_looks_for():
    usage = read_yaml(ROOT / ".snakemake-workflow-catalog.yml")["usage"]
    setting, name = usage["mandatory-flags"]["flags"].removeprefix("--config ").split("=")
    assert setting in SETTINGS
    assert (ROOT / f"params/experiments/{name}.yaml").is_file()
    readme = (ROOT / "README.md").read_text().lower()
    assert "snakemake" in readme
    assert "workflow" in readme
    assert (ROOT / "Snakefile").is_file()
