"""What names a result: what changes a digest and, as much, what does not."""

import ast
import hashlib
import json
import re
import textwrap
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from snn.config import Training, params
from snn.core.errors import InputError
from snn.core.strict import Model, Neutral
from snn.data.loaders import digits
from snn.model.spec import Neuron
from snn.pipeline import digest
from snn.pipeline.plan import Plan

USER = "from snn.low import scale\nfrom snn import high\n\n\ndef f(x):\n    return scale * high.g(x)\n"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A small package `snn` in place of ours: returns a function that writes modules and gives the digest of one."""
    monkeypatch.setattr(digest, "ROOT", tmp_path)
    monkeypatch.setattr(digest._Contents, "known", {})

    def code(module: str, **modules: str) -> str:
        for path in tmp_path.rglob("*.py"):
            path.unlink()
        for name, text in modules.items():
            file = name.replace("__", "/") + ("__init__.py" if name.endswith("__") else ".py")
            path = tmp_path / "snn" / file.removeprefix("/")
            for folder in (path.parent, tmp_path / "snn"):
                folder.mkdir(parents=True, exist_ok=True)
                (folder / "__init__.py").touch()
            path.write_text(text)
        forget()
        digest._Contents.known.clear()
        return digest.code_digest((f"snn.{module}",))

    def forget() -> None:
        for cached in (digest._parsed, digest._is_module, digest._inert, digest.code_digest):
            cached.cache_clear()

    yield code
    forget()


LOW, HIGH = "scale = 2.0\n", "from snn.low import scale\n\n\ndef g(x):\n    return x + scale\n"


def test_a_module_that_moves_changes_no_digest(package):
    before = package("user", user=USER, low=LOW, high=HIGH)
    moved = {
        "deep__er__user": USER.replace("snn.low", "snn.base.ground").replace(
            "from snn import", "from snn.upper import"
        ),
        "base__ground": LOW,
        "upper__high": HIGH.replace("snn.low", "snn.base.ground"),
    }
    assert package("deep.er.user", **moved) == before


@pytest.mark.parametrize(
    "other",
    [
        USER.replace("from snn.low import scale", "from snn.other import scale"),
        USER.replace("from snn.low import scale", "from snn.low import half as scale"),
        USER.replace("from snn import high", "from snn import other as high"),
        USER.replace("    return", "    from snn.other import scale\n    return"),
    ],
    ids=["another module", "another attribute", "another module under the name", "rebound in a function"],
)
def test_something_else_under_the_same_name_is_another_digest(package, other):
    modules = {"low": LOW + "half = 0.5\n", "high": HIGH, "other": "scale = 3.0\n\n\ndef g(x):\n    return x\n"}
    assert package("user", user=other, **modules) != package("user", user=USER, **modules)


@pytest.mark.parametrize(
    "other",
    [
        "from snn import high\nfrom snn.low import scale\n" + USER[USER.index("\n\n\ndef") :],
        USER.replace("def f(x)", "def f(x: int) -> float"),
        "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from snn.other import Any\n\n" + USER,
        USER.replace("def f(x):\n", 'def f(x):\n    """Say so."""\n    # and why\n'),
    ],
    ids=["order", "annotation", "for types only", "docstring and comment"],
)
def test_what_changes_no_number_changes_no_digest(package, other):
    typed = "from typing import TYPE_CHECKING\n\n" if "TYPE_CHECKING" in other else ""
    modules = {"low": LOW, "high": HIGH, "other": "Any = 1\n"}
    assert package("user", user=other, **modules) == package("user", user=typed + USER, **modules)


def test_a_change_far_below_reaches_up_through_imports_and_lazy_modules(package):
    lazy = 'from snn.lazy import lazy\n\nhigh = lazy("snn.high")\n'
    before = package("user", user=lazy, low=LOW, high=HIGH)
    assert package("user", user=lazy, low="scale = 2.5\n", high=HIGH) != before
    moved = lazy.replace("snn.high", "snn.up.high")
    assert package("user", user=moved, low=LOW, up__high=HIGH) == before


def test_a_package_that_does_something_is_part_of_the_modules_in_it(package):
    modules = {"user": USER.replace("snn.low", "snn.deep.low"), "high": "", "deep__low": LOW}
    before = package("user", **modules)
    assert package("user", **modules, deep__='"""A package."""\n') == before
    assert package("user", **modules, deep__="import numpy\n\nnumpy.seterr(all='ignore')\n") != before


IMPORT = "from snn.low import scale\n"
REBOUND = {
    "another import": "from snn.other import scale\n",
    "an import of another package": "from math import pi as scale\n",
    "an assignment": "scale = 3\n",
    "an augmented assignment": "scale += 3\n",
    "an assignment with a type": "scale: int = 3\n",
    "unpacking": "(a, [*scale]) = 1, [2]\n",
    "an expression": "print(scale := 3)\n",
    "a default": "def f(x=(scale := 3)):\n    pass\n",
    "a function": "def scale():\n    pass\n",
    "a class": "class scale:\n    pass\n",
    "a loop": "for scale in range(3):\n    pass\n",
    "a context": "with open('a') as scale:\n    pass\n",
    "an error": "try:\n    pass\nexcept OSError as scale:\n    pass\n",
    "a pattern": "match 3:\n    case int() as scale:\n        pass\n",
    "deletion": "del scale\n",
    "a block": "if True:\n    scale = 3\n",
    "an import in a block": "try:\n    from snn.other import scale\nexcept ImportError:\n    pass\n",
    "a function that declares it": "def f():\n    global scale\n    scale = 3\n",
    "all names of another package": "from math import *\n",
    "all names of a module": "from snn.other import *\n",
}


@pytest.mark.parametrize("other", REBOUND.values(), ids=REBOUND)
@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize(
    "place", ["{}", "class A:\n{}", "if A:\n    pass\nelse:\n{}"], ids=["module", "class", "block"]
)
def test_a_name_that_an_import_and_something_else_bind_is_refused_with_its_file_and_line(other, last, place, package):
    """Imports are written first, so two orders of such statements would have one digest."""
    text = IMPORT + other if last else other + IMPORT
    text = place.format(text if place == "{}" else textwrap.indent(text, "    "))
    with pytest.raises(InputError) as refusal:
        package("user", user=text, low=LOW, other="scale = 3.0\n")
    assert re.match(r".*/snn/user\.py: line \d+: binds (scale|\*) ", str(refusal.value))


@pytest.mark.parametrize(
    "harmless",
    [
        IMPORT,
        "def f(scale):\n    scale += 1\n    return scale\n",
        "class A:\n    scale = 3\n",
        "a = [scale for scale in range(3)]\n",
        "f = lambda scale: scale\n",
        "a = {}\na.scale = a['scale'] = 3\n",
        "import snn.low\nimport snn.other\n",
        "try:\n    from snn.other import rate\nexcept ImportError:\n    rate = None\n",
    ],
)
def test_a_name_of_another_scope_is_no_other_binding(harmless, package):
    assert package("user", user=IMPORT + harmless, low=LOW, other="rate = 3.0\n")


TYPING = "from typing import TYPE_CHECKING\n\n"


@pytest.mark.parametrize(
    ("branches", "same"),
    [
        ("if TYPE_CHECKING:\n    x = 0\nelse:\n    x = 1\n", "x = 1\n"),
        (
            "if TYPE_CHECKING:\n    x = 0\nelif a:\n    x = 1\nelse:\n    x = 2\n",
            "if a:\n    x = 1\nelse:\n    x = 2\n",
        ),
        ("if TYPE_CHECKING:\n    x = 0\nelse:\n    from snn.low import scale\n", "from snn.low import scale\n"),
        ("def f():\n    if TYPE_CHECKING:\n        x = 0\n    else:\n        x = 1\n", "def f():\n    x = 1\n"),
        ("if TYPE_CHECKING:\n    x = 0\nelif TYPE_CHECKING:\n    x = 1\nelse:\n    x = 2\n", "x = 2\n"),
    ],
)
def test_what_runs_beside_code_for_types_only_is_part_of_the_digest(branches, same, package):
    modules = {"low": LOW}
    found = package("user", user=TYPING + branches, **modules)
    assert found == package("user", user=TYPING + same, **modules)
    assert found != package("user", user=TYPING, **modules)


@pytest.mark.parametrize(
    "own",
    [
        "TYPE_CHECKING = True\nif TYPE_CHECKING:\n    x = 0\n",
        "from os import name as TYPE_CHECKING\nif TYPE_CHECKING:\n    x = 0\n",
        "def f(TYPE_CHECKING):\n    if TYPE_CHECKING:\n        return 0\n",
    ],
)
def test_type_checking_of_another_origin_is_refused_with_its_file_and_line(own, package):
    with pytest.raises(InputError) as refusal:
        package("user", user=own)
    assert re.match(r".*/snn/user\.py: line 1: binds TYPE_CHECKING; ", str(refusal.value))


@pytest.mark.parametrize("relative", ["from .low import scale\n", "def f():\n    from . import low\n"])
def test_a_relative_import_is_refused_with_its_file_and_line(relative, package):
    with pytest.raises(InputError) as refusal:
        package("user", user=relative, low=LOW)
    assert re.match(r".*/snn/user\.py: line [12]: ", str(refusal.value))


def test_modules_that_import_each_other_are_refused(package):
    with pytest.raises(InputError) as refusal:
        package("a", a="from snn.b import x\n", b="from snn.a import y\n")
    assert "snn.a -> snn.b -> snn.a" in str(refusal.value)


@pytest.mark.parametrize("inert", ["core.errors", "core.observer", "core.plugins", "core.files", "config.dataset"])
def test_inert_modules_are_those_whose_content_reaches_no_number(package, inert):
    user = f"from snn.{inert} import Anything\n"
    one, other = ({inert.replace(".", "__"): f"Anything = {value}\n"} for value in (1, 2))
    assert package("user", user=user, **one) == package("user", user=user, **other)


@pytest.mark.parametrize("name", ["core.stored", "config.levels", "data.shapes"])
def test_modules_between_parameters_and_numbers_are_part_of_digests(package, name):
    user = f"from snn.{name} import Anything\n"
    one, other = ({name.replace(".", "__"): f"Anything = {value}\n"} for value in (1, 2))
    assert package("user", user=user, **one) != package("user", user=user, **other)


EXPORTS = 'from snn.config.dataset import Dataset\n\n__all__ = ["Dataset"]\n'


@pytest.mark.parametrize(
    "user", ["from snn.config import Dataset\n", "from snn import config\n", "import snn.config\n"]
)
def test_a_package_that_exports_inert_names_is_inert_until_it_does_something(package, user):
    modules = {"config__dataset": "class Dataset:\n    pass\n", "config__read": "", "low": LOW}
    before = package("user", user=user, config__=EXPORTS, **modules)
    more = EXPORTS.replace('"]', '", "read"]') + "from snn.config import read\n"
    assert package("user", user=user, config__=more, **modules) == before
    for acting in ("import random\nrandom.seed(0)\n", "Dataset.n = 1\n", "from snn.low import scale\n"):
        assert package("user", user=user, config__=EXPORTS + acting, **modules) != before


@pytest.mark.parametrize(
    ("user", "package_above", "used"),
    [
        ("from snn.core.errors import InputError\n", "__", True),
        ("from snn.core.errors import InputError\n", "core__", True),
        ("from snn.low import scale\n", "__", True),
        ("from snn.low import scale\n", "core__", False),
    ],
)
def test_a_package_that_does_something_is_part_of_whatever_uses_a_module_in_it(package, user, package_above, used):
    modules = {"core__errors": "InputError = 1\n", "low": LOW}
    acting = package("user", user=user, **modules, **{package_above: "import numpy\n"})
    assert (acting != package("user", user=user, **modules)) == used


@pytest.mark.parametrize("module", sorted(module for module in digest.INERT if module.startswith("snn.config.")))
def test_models_of_parameters_have_no_methods_but_checks(module):
    """A method could compute a number, and no digest would name its code."""
    classes = [
        node for node in ast.parse(digest.module_file(module).read_text()).body if isinstance(node, ast.ClassDef)
    ]
    models = [node for node in classes if "Model" in map(ast.unparse, node.bases)]
    methods = [node for model in models for node in model.body if isinstance(node, ast.FunctionDef)]
    assert [node.name for node in methods if "model_validator" not in ast.unparse(node.decorator_list[0])] == []


def test_the_complete_recipe_of_a_calibrators_optimiser_is_part_of_what_names_chips():
    for calibration in Plan("hardware_digits").calibrations[:1]:
        recipes = calibration.document["recipes"]
        settings = calibration.hardware.calibration
        assert "reestimation" in settings.calibrators  # which has no optimiser
        assert recipes.keys() == set(settings.calibrators) - {"reestimation"}
        assert all(recipe.keys() == Training.model_fields.keys() for recipe in recipes.values())
        assert {recipe["lr"] for recipe in recipes.values()} == {settings.lr}


def test_the_split_of_digits_is_part_of_what_names_its_data(tmp_path, monkeypatch):
    before = Plan("digits").data.digest
    text = (params.FOLDER / "datasets" / "digits.split.json").read_text()
    parts = json.loads(text)
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "digits.split.json").write_text(text)
    monkeypatch.setattr(digits.params, "FOLDER", tmp_path)
    assert Plan("digits").data.digest == before
    parts["validation"], parts["test"] = parts["test"], parts["validation"]
    (tmp_path / "datasets" / "digits.split.json").write_text(json.dumps(parts))
    assert Plan("digits").data.digest != before


NO_SPLITS = {
    "empty": "{}",
    "null": "null",
    "a list": "[1]",
    "a number": "3",
    "deep lists": "[" * 100_000,
    "a number for indices": '{"train": 1, "validation": [], "test": []}',
    "nested lists": '{"train": [[0]], "validation": [], "test": []}',
    "a negative index": '{"train": [-1], "validation": [], "test": []}',
    "another name": '{"train": [0], "val": [1], "test": [2]}',
    "an image twice": '{"train": [0], "validation": [0], "test": [1]}',
}


@pytest.mark.parametrize("text", NO_SPLITS.values(), ids=NO_SPLITS)
def test_a_split_of_digits_that_is_none_is_refused_by_name(text, tmp_path, monkeypatch):
    (tmp_path / "datasets").mkdir()
    path = tmp_path / "datasets" / "digits.split.json"
    path.write_text(text)
    monkeypatch.setattr(params, "FOLDER", tmp_path)
    with pytest.raises(InputError) as refusal:
        digits.load(digits.Options(split=path.name), tmp_path)
    assert str(refusal.value).startswith(str(path))


def test_the_images_that_scikit_learn_ships_are_part_of_what_names_them(monkeypatch, tmp_path):
    before, own = Plan("digits").data, digits.reads
    path = tmp_path / "data" / "digits.csv.gz"
    path.parent.mkdir()
    path.write_bytes(own(before.dataset.options)[1].read_bytes())
    monkeypatch.setattr(digits, "reads", lambda options: [own(options)[0], path])
    assert Plan("digits").data.digest == before.digest
    path.write_bytes(path.read_bytes()[:-1])
    assert Plan("digits").data.digest != before.digest


class Old(Model):
    """Options before one was added."""

    lr: float


class New(Old):
    """The same, with a switch that is neutral at False and on by default, and one inside another model."""

    switch: Annotated[bool, Neutral(False)] = True
    neurons: tuple[Neuron, ...] = ()


NEURON = {"decay": 0.5, "threshold": 1.0, "reset": "zero", "fires": "at", "surrogate": "triangle", "width": 1.0}


@given(st.floats(0, 1))
def test_an_option_at_its_neutral_value_names_the_result_as_before_it_existed(lr):
    assert New(lr=lr, switch=False).hashed(but=("neurons",)) == Old(lr=lr).hashed()
    assert New(lr=lr).hashed(but=("neurons",)) == {"lr": lr, "switch": True}


@pytest.mark.parametrize("smooth", [None, 3.0])
def test_neutral_options_are_left_out_at_any_depth(smooth):
    neuron = Neuron(**NEURON, height=1.0, smooth=smooth)
    (found,) = New(lr=0.1, neurons=(neuron,)).hashed()["neurons"]
    assert found == {**NEURON, "height": 1.0} | ({"smooth": smooth} if smooth else {})


def test_every_neutral_value_is_one_that_its_field_can_have():
    for kind in params.KINDS.values():
        for field in kind.model_fields.values():
            for mark in field.metadata:
                if isinstance(mark, Neutral):
                    TypeAdapter(Annotated[field.annotation, field]).validate_python(mark.value, strict=True)


CODE = '''
def f(x: int = 1, *, y=None):
    """Docstring."""
    return [x, y, 1e-3, b"z", f"{x!r:>{y}} {x}"] if x else {**y}  # comment
class A(B, c=2):
    """Docstring."""
    z = lambda self: (yield)
'''


def test_the_canonical_walk_is_pinned_so_that_every_python_agrees():
    """Formatting and docstrings are free, everything else is not."""
    walk = digest.canonical(ast.parse(CODE))
    bare = CODE.replace('    """Docstring."""\n', "").replace("  # comment", "").replace("[x, y, 1e-3", "[ x,y,  0.001")
    assert digest.canonical(ast.parse(bare)) == walk
    assert digest.canonical(ast.parse(CODE.replace("y=None", "y=0"))) != walk
    assert hashlib.sha256(walk.encode()).hexdigest()[:16] == "b519cc1ea842f08a"
