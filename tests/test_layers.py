"""What import-linter cannot see: modules named by lazy("...") obey the layers of pyproject.toml, too."""

import ast
import tomllib

import pytest

from snn.core.paths import ROOT
from snn.pipeline import digest

CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
LAYERS = [layer.split(" | ") for layer in next(c["layers"] for c in CONTRACTS if c["type"] == "layers")]
HEIGHT = {name: len(LAYERS) - i for i, names in enumerate(LAYERS) for name in names}


def lazy_imports() -> list[tuple[str, str]]:
    found = []
    for path in sorted((ROOT / "snn").rglob("*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        targets = map(digest._lazy, ast.walk(ast.parse(path.read_text())))
        found += [(module, target) for target in targets if target]
    return found


def package(module: str) -> str:
    return ".".join(module.split(".")[:2])


@pytest.mark.parametrize(("module", "target"), lazy_imports())
def test_a_lazy_import_goes_down_or_stays_in_its_package(module, target):
    own, other = package(module), package(target)
    assert own == other or HEIGHT[own] > HEIGHT[other]


def test_the_package_holds_what_the_layers_name_and_nothing_else():
    here = {path.name for path in (ROOT / "snn").iterdir() if path.name != "__pycache__"}
    assert here == {name.removeprefix("snn.") for name in HEIGHT} | {"__init__.py", "__main__.py"}
