"""A plugin's file defines one class of its kind, under any name."""

import importlib.util
from pathlib import Path

import pytest

from snn import rules
from snn.core.errors import InputError
from snn.core.plugins import defined_in
from snn.hardware import calibrators

IMPORTS = "from snn.hardware.calibrators import Calibrator, Descent\nfrom snn.hardware.calibrators.bptt import Bptt\n"


def names(package) -> list[str]:
    return sorted(path.stem for path in Path(package.__file__).parent.glob("[a-z]*.py"))


@pytest.fixture
def plugin(tmp_path):
    """Makes a module `mine` of a text."""

    def made(text):
        path = tmp_path / "mine.py"
        path.write_text(text)
        spec = importlib.util.spec_from_file_location("mine", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return made


def test_the_class_that_a_file_defines_is_found_under_any_name_and_beside_those_that_it_imports(plugin):
    module = plugin(f"{IMPORTS}\n\nclass Options:\n    pass\n\n\nclass Anything(Bptt):\n    pass\n")
    assert defined_in(module, calibrators.Calibrator) is module.Anything


@pytest.mark.parametrize("classes", [(), ("One", "Other")], ids=["none", "several"])
def test_a_file_that_does_not_define_one_class_is_refused_by_name(plugin, classes):
    module = plugin(IMPORTS + "".join(f"\n\nclass {name}(Descent):\n    pass\n" for name in classes))
    with pytest.raises(InputError) as refusal:
        defined_in(module, calibrators.Calibrator)
    assert str(refusal.value).startswith(f"{module.__file__}: ")
    assert all(name in str(refusal.value) for name in classes)


def test_a_class_that_lacks_a_method_is_refused_with_its_name(plugin):
    module = plugin(f"{IMPORTS}\n\nclass Anything(Descent):\n    pass\n")
    with pytest.raises(InputError, match=r"mine\.py: defines Anything without learning_macs and losses; "):
        defined_in(module, calibrators.Calibrator)


@pytest.mark.parametrize("name", names(rules))
def test_every_file_of_a_rule_defines_one(name):
    assert issubclass(rules.load(name, ""), rules.Rule)


@pytest.mark.parametrize("name", names(calibrators))
def test_every_file_of_a_calibrator_defines_one(name):
    assert issubclass(calibrators.load(name, ""), calibrators.Calibrator)
