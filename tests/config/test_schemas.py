"""JSON schemas of parameter files accept what the program accepts, and every key is described."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from snn.config import params, schemas
from snn.config.documents import merge
from snn.config.read import read_yaml
from snn.core.errors import InputError
from snn.core.paths import ROOT

PARAMS = ROOT / "params"
FILES = [
    *((kind, path) for kind in params.KINDS for path in sorted((PARAMS / kind).glob("*.yaml"))),
    *((name, PARAMS / f"{name}.yaml") for name in ("claims", "published")),
]
VALIDATORS = {kind: Draft202012Validator(schemas.schema(kind)) for kind in schemas.FILES}


def plain(path: Path) -> Any:
    return json.loads(json.dumps(read_yaml(path)))


def errors(kind: str, document: Any) -> list[str]:
    return [f"{list(error.absolute_path)}: {error.message}" for error in VALIDATORS[kind].iter_errors(document)]


def refused(kind: str, document: Any) -> bool:
    """Whether the program refuses a document that states no base."""
    try:
        params.parse(kind, {"raw": "x", **document} if kind == "datasets" else document, Path("x.yaml"))
    except InputError:
        return True
    return False


@pytest.mark.parametrize("kind", schemas.FILES)
def test_a_schema_is_one_of_its_dialect(kind):
    Draft202012Validator.check_schema(schemas.schema(kind))


@pytest.mark.parametrize(("kind", "path"), FILES, ids=[f"{kind}-{path.stem}" for kind, path in FILES])
def test_every_parameter_file_is_valid_and_with_an_unknown_key_it_is_not(kind, path):
    document = plain(path)
    assert errors(kind, document) == []
    assert errors(kind, {**document, "unknown": 1})


@pytest.mark.parametrize("kind", ["networks", "noise", "energy"])
def test_schema_and_program_require_the_same_keys(kind):
    for path in sorted((PARAMS / kind).glob("*.yaml")):
        document = plain(path)
        for key in document:
            without = {name: value for name, value in document.items() if name != key}
            assert bool(errors(kind, without)) == refused(kind, without), (path.name, key)


@pytest.mark.parametrize(
    ("kind", "name", "change"),
    [
        ("methods", "tet", {"options": {"lam": 2.0}}),
        ("methods", "tet", {"options": {"lambda": 0.1}}),
        ("methods", "tet", {"training": {"epochs": 0}}),
        ("noise", "mismatch", {"models": [{"model": "mismatch", "options": {"sigma": -1.0, "disturbs": ["weight"]}}]}),
        ("noise", "mismatch", {"levels": [-1]}),
        ("networks", "digits_small", {"layers": [{"conv": 16, "kernels": 3}]}),
        ("datasets", "mnist", {"files": [{"name": "x.gz", "md5": "no sum"}]}),
        ("experiments", "digits", {"seeds": ["one"]}),
        ("energy", "horowitz45_fp32", {"mac_pj": "dear"}),
    ],
)
def test_schema_and_program_refuse_the_same_values(kind, name, change):
    document = plain(PARAMS / kind / f"{name}.yaml")
    document.pop("variants", None)
    assert not refused(kind, document)
    changed = merge(document, change)
    assert errors(kind, changed)
    assert refused(kind, changed)


def test_a_level_is_allowed_in_options_of_noise_models_alone():
    options = {"sigma": "level", "disturbs": ["weight"]}
    noise = {"source": "x", "level": "x", "levels": [1.0], "models": [{"model": "mismatch", "options": options}]}
    assert errors("noise", noise) == []
    document = plain(PARAMS / "methods/tet.yaml")
    assert errors("methods", {**document, "options": {**document["options"], "lam": "level"}})


def test_a_file_with_a_base_may_leave_out_keys_but_not_those_of_items_of_lists():
    assert errors("experiments", {"base": "smoke", "hardware": []}) == []
    assert errors("experiments", {"base": "smoke", "hardware": [{"noise": "mismatch"}]})
    assert errors("methods", {"base": "tet", "training": {"epochs": 3}}) == []


@pytest.mark.parametrize("kind", schemas.FILES)
def test_every_key_is_described_in_the_docstring_of_its_model(kind):
    found = schemas.schema(kind)["$defs"]
    keys = [(name, key, one) for name, model in found.items() for key, one in model.get("properties", {}).items()]
    whole = [one for one in keys if ".level" not in one[0]]  # made of others that are described
    assert [f"{name}.{key}" for name, key, one in whole if not one.get("description")] == []
