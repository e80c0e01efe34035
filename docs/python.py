"""The public names of Python, in sections: a list with a line each, and the directives of the full reference.

The list is read off the source, so that it stands in a page without Sphinx, and needs no torch.
"""

import ast
from collections.abc import Iterator

from snn.core.paths import ROOT
from snn.report.markdown import table

ALL: tuple[str, ...] = ()
SECTIONS: dict[str, dict[str, tuple[str, ...]]] = {  # names of each module; ALL: whatever is public and documented
    "Parameters": {
        "snn.config.params": ("load", "parse", "literature"),
        "snn.config.documents": ("names",),
        "snn.config.schemas": ("schema", "told", "options"),
        "snn.core.errors": ALL,
    },
    "Networks": {
        "snn.model.spec": (
            *("Neuron", "Relu", "Norm", "NeuNorm", "Readout", "Conv", "Linear", "AvgPool", "MaxPool", "Block"),
            "Architecture",
        ),
        "snn.model.neuron": ALL,
        "snn.model.network": ALL,
    },
    "Rules": {"snn.rules": ("Task", "Batch", "Rule"), "snn.training.loop": ALL},
    "Data": {"snn.data.loaders": ALL, "snn.data.samples": ALL},
    "Chips": {
        "snn.hardware.noise": ALL,
        "snn.hardware.chip": (
            *("manufacture", "programmed", "programmable", "program", "program_through", "set_silicon"),
            "Chip",
        ),
        "snn.hardware.foundry": ALL,
        "snn.hardware.calibrators": ALL,
    },
    "Operations and energy": {"snn.energy.counter": ALL, "snn.energy.prices": ALL},
    "Networks from and for other tools": {
        "snn.nir.read": ALL,
        "snn.nir.write": ALL,
        "snn.audit.modules": ("audit", "Audit"),
    },
}
INTRODUCTION = """# Python

The names that a script or a plugin uses, with a line each. Names of tensors end in their axes (`x_TBCHW`: steps, batch,
channels, height, width). The whole text of a module or of one name, with equations, shapes, units and errors:

    .venv/bin/python -m pydoc snn.model.neuron
    .venv/bin/python -c 'import snn.audit; help(snn.audit.audit)'

`make docs` builds the [full reference](python-full.md) as a site. Names of `snn.audit.modules` are those of
`snn.audit`, too.

"""
FULL = """# Python in full

Made of the docstrings when `make docs` builds the site; without it, read the [list of names](python.md).

"""


def listed() -> str:
    """The page of all names, a table per module."""
    parts = []
    for title, modules in SECTIONS.items():
        parts.append(f"## {title}")
        for module, wanted in modules.items():
            found = _documented(module)
            names = wanted or tuple(found)
            rows = {
                "name": [f"`{found[name][0]}`" for name in names],
                "what it is": [_cell(found[name][1]) for name in names],
            }
            parts.append(f"### `{module}`\n\n{_cell(_first(_tree(module)))}")
            parts += [table(rows)] if names else []
    return INTRODUCTION + "\n\n".join(parts) + "\n"


def directives() -> str:
    """The page that Sphinx fills with the docstrings."""
    return FULL + "\n\n".join(_section(title, modules) for title, modules in SECTIONS.items()) + "\n"


def _section(title: str, modules: dict[str, tuple[str, ...]]) -> str:
    lines = [f"## {title}", "", "```{eval-rst}"]
    for module, names in modules.items():
        lines += [f".. automodule:: {module}", f"   :members: {', '.join(names)}".rstrip()]
        lines += ["   :exclude-members: model_config"] if module == "snn.model.spec" else []
    return "\n".join([*lines, "```"])


def _documented(module: str) -> dict[str, tuple[str, str]]:
    """The public functions and classes of a module, in its order: how each is called, and its first sentence."""
    return {
        node.name: (_call(node), _first(node))
        for node in _tree(module).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and ast.get_docstring(node)
    }


def _tree(module: str) -> ast.Module:
    path = ROOT.joinpath(*module.split("."))
    return ast.parse((path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text())


def _call(node: ast.FunctionDef | ast.ClassDef) -> str:
    """A name, and of a function those of its arguments; those with a default end in =."""
    if isinstance(node, ast.ClassDef):
        return node.name
    return f"{node.name}({', '.join(_arguments(node.args))})"


def _arguments(of: ast.arguments) -> Iterator[str]:
    positional = [argument.arg for argument in (*of.posonlyargs, *of.args)]
    needed = len(positional) - len(of.defaults)
    yield from positional[:needed]
    yield from (f"{name}=" for name in positional[needed:])
    yield from (f"*{argument.arg}" for argument in (of.vararg,) if argument)
    yield from (f"{argument.arg}=" for argument in of.kwonlyargs)


def _first(node: ast.Module | ast.FunctionDef | ast.ClassDef) -> str:
    """The first sentence of a docstring."""
    paragraph = " ".join((ast.get_docstring(node) or "").partition("\n\n")[0].split())
    return paragraph.partition(". ")[0].rstrip(".:").removesuffix(", with") + "."


def _cell(text: str) -> str:
    return text.replace("|", r"\|").replace("*", r"\*")
