"""A result is named by everything that made it: digest(), and who, where and with what: stamp(). No torch.

    digest = sha256(resolved parameters + code + digests of the parents)[:12]

Code is the syntax tree of the stage's modules and of all they import inside `snn`, as a canonical walk: no positions,
no docstrings, no empty fields, so that comments and formatting change nothing and Python 3.11 to 3.13 agree.
"""

import ast
import functools
import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DIGEST_LENGTH = 12
# What these, and the modules in them, hold reaches a number only through the resolved parameters, which are hashed
# themselves, or not at all.
INERT = frozenset(
    ["snn"]
    + [f"snn.{name}" for name in ("download", "errors", "files", "grid", "job", "jobs", "kinds", "lazy", "params")]
    + ["snn.provenance"]
)
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
LIBRARIES = ("torch", "numpy", "safetensors", "scikit-learn", "pillow", "pandas", "scipy", "pydantic", "snakemake")


def digest(parameters: object, modules: Iterable[str], parents: Mapping[str, str]) -> str:
    """Name a result: `parameters` is a JSON document, `modules` its code, `parents` the digests it stands on."""
    document = {"parameters": parameters, "code": code_digest(tuple(sorted(modules))), "parents": dict(parents)}
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:DIGEST_LENGTH]


@functools.cache
def code_digest(modules: tuple[str, ...]) -> str:
    """sha256 over the canonical walks of `modules` and of all they import inside `snn`."""
    text = "\n".join(f"{name} {_module(name)[0]}" for name in reachable(modules))
    return hashlib.sha256(text.encode()).hexdigest()


@functools.cache
def reachable(modules: tuple[str, ...]) -> tuple[str, ...]:
    """The modules that can change what `modules` compute: themselves and their transitive imports, less the inert."""
    found: set[str] = set()
    open_ = list(modules)
    while open_:
        name = open_.pop()
        if name not in found and not _inert(name):
            found.add(name)
            open_ += _module(name)[1]
    return tuple(sorted(found))


def _inert(name: str) -> bool:
    return name in INERT or name.rpartition(".")[0] in INERT - {"snn"}


@functools.cache
def _module(name: str) -> tuple[str, tuple[str, ...]]:
    """Canonical digest of a module's code, and the modules of `snn` that it imports."""
    tree = ast.parse(module_file(name).read_bytes())
    return hashlib.sha256(canonical(tree).encode()).hexdigest(), tuple(sorted(_imports(tree)))


def module_file(name: str) -> Path:
    """The source file of a module of `snn`."""
    path = ROOT.joinpath(*name.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def canonical(tree: ast.AST) -> str:
    """A syntax tree as text that only depends on what the code does."""
    text: list[str] = []
    _walk(tree, text.append)
    return "".join(text)


def _walk(node: object, write: Callable[[str], None]) -> None:
    if isinstance(node, ast.AST):
        write(f"({type(node).__name__}")
        for field in node._fields:
            value = getattr(node, field, None)
            if field == "body" and isinstance(node, DOCUMENTED):
                value = value[1:] if ast.get_docstring(node, clean=False) is not None else value
            if isinstance(node, ast.JoinedStr):  # Python 3.12 adds empty pieces to some f-strings
                value = [piece for piece in value if getattr(piece, "value", None) != ""]
            if field not in {"type_comment", "kind"} and value is not None and value != []:
                write(f" {field}=")
                _walk(value, write)
        write(")")
    elif isinstance(node, list):
        write("[")
        for item in node:
            _walk(item, write)
        write("]")
    else:
        write(repr(node))


def _imports(tree: ast.AST) -> Iterator[str]:
    """Modules of `snn` named by import statements and by lazy("...")."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Call) and getattr(node.func, "id", None) == "lazy":
            names = [getattr(node.args[0], "value", "")]
        else:
            continue
        yield from (name for name in names if name.split(".")[0] == "snn" and module_file(name).is_file())


def stamp() -> dict[str, object]:
    """Who made a result: commit, whether the tree was dirty (but for results themselves, such as tables that were made
    anew), versions, machine. None of it enters a digest.
    """
    return {
        "commit": _git("rev-parse", "HEAD") or "unknown",
        "dirty": bool(_git("status", "--porcelain", "--untracked-files=no", "--", ":(top,exclude)results")),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "versions": {name: metadata.version(name) for name in LIBRARIES},
    }


def _git(*arguments: str) -> str:
    """Output of a git command here, or nothing where there is no git or no repository."""
    try:
        return subprocess.run(
            ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
