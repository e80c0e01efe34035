"""The example in an error message has the shape that was asked for."""

import pytest
from pydantic import ValidationError
from ruamel.yaml import YAML

from snn.config import documents
from snn.config.example import example

WRONG = ["x", [["tet", "sdt"]], {"a": 1}, [1], 1]


def fails_at(kind, document) -> set[tuple]:
    try:
        documents.KINDS[kind].model_validate(document)
    except ValidationError as error:
        return {(found["loc"], found["type"]) for found in error.errors()}
    return set()


@pytest.mark.parametrize(
    ("kind", "key"),
    [(kind, key) for kind, model in documents.KINDS.items() for key in model.model_fields if key != "options"],
)
def test_the_example_of_a_key_has_no_wrong_shape(kind, key):
    shown = YAML(typ="safe", pure=True).load(example(documents.KINDS[kind], (key,)))
    wrong = {(loc, what) for loc, what in fails_at(kind, shown) if loc[:1] == (key,)}
    assert not {what for _, what in wrong if what.endswith("_type")}


def test_a_place_in_a_list_is_answered_with_the_whole_list():
    model = documents.KINDS["experiments"]
    assert example(model, ("comparisons", 0)) == "comparisons: [{left: NAME, right: NAME}]"
    assert example(model, ("hardware", 2, "chips")) == "chips: 1"
    assert example(documents.KINDS["networks"], ("layers", 0, "conv")) == "layers: [{conv: 1}]"
