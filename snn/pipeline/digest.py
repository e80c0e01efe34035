"""The digest that names a result by everything that made it. No torch.

    digest = sha256(resolved parameters + code + files that code reads + digests of the parents)[:12]

Code is addressed by its content. The canonical walk of a module writes its syntax tree without positions, docstrings,
empty fields and annotations of functions: comments, formatting and types change nothing, and Python 3.11 to 3.13 agree.
For a module of `snn` that is imported, the walk writes the name that is bound and the digest of the module's content,
not its path. A module that moves therefore renames no result; another import under the same name does. Imports from
`snn` are written first: a name that such an import and something else bind in one place is refused. A package that does
anything is part of whatever uses a module in it, and a C source beside a module of its name part of that one.
"""

import ast
import functools
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from snn.core.errors import InputError
from snn.core.paths import DIGEST_LENGTH, ROOT
from snn.pipeline.bound import FUNCTIONS, bound, for_types_only, rebinds_type_checking

# These modules compute no number: what they read or check reaches one only as resolved parameters or as inputs, which
# are hashed themselves. A package that does nothing but export names of such modules is inert, too.
INERT = {
    *("snn.core.errors", "snn.core.files", "snn.core.git", "snn.core.lazy", "snn.core.observer", "snn.core.paths"),
    *("snn.core.plugins", "snn.core.strict", "snn.config.dataset", "snn.config.documents", "snn.config.energy"),
    *("snn.config.example", "snn.config.experiment", "snn.config.literature", "snn.config.method"),
    *("snn.config.network", "snn.config.noise"),
    *("snn.config.params", "snn.config.plugins", "snn.config.read", "snn.data.download", "snn.pipeline.job"),
    *("snn.pipeline.results", "snn.pipeline.stamped"),
}
DOCUMENTED = (ast.Module, ast.ClassDef, *FUNCTIONS)
BODIES = {"body", "orelse", "finalbody"}


def digest(parameters: object, modules: Iterable[str], parents: Mapping[str, str], reads: Iterable[Path] = ()) -> str:
    """12 hexadecimal digits that name a result.

    `parameters`: a JSON document; `modules`: where its code starts; `parents`: digests of the jobs it depends on, by
    role; `reads`: files that its code reads besides its inputs. Raises InputError naming a file that cannot be read.
    """
    files = {"/".join(path.parts[-2:]): _sha256(path) for path in reads}
    document = {"parameters": parameters, "code": code_digest(tuple(modules)), "parents": dict(parents)}
    document |= {"files": files} if files else {}
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:DIGEST_LENGTH]


@functools.cache
def code_digest(modules: tuple[str, ...]) -> str:
    """sha256 of the contents of `modules`, which include the contents of all that they import from `snn`."""
    return hashlib.sha256("\n".join(sorted(map(content, set(modules)))).encode()).hexdigest()


def content(module: str) -> str:
    """sha256 of the canonical walk of a module of `snn`; raises InputError naming a module that imports itself."""
    return _Contents().of(module)


def reached(modules: Iterable[str]) -> set[str]:
    """All modules of `snn` whose content enters the digest of `modules`."""
    found: set[str] = set()
    open_ = list(modules)
    while open_:
        module = open_.pop()
        if module not in found and not _inert(module):
            found.add(module)
            open_ += _packages(module)
            for node in ast.walk(_parsed(module)):
                late = _lazy(node)
                bound = bindings(node) or [] if isinstance(node, ast.stmt) else []
                open_ += [late] if late else [target for target, *_ in bound]
    return found


def module_file(name: str) -> Path:
    """The source file of a module of `snn`."""
    path = ROOT.joinpath(*name.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def canonical(tree: ast.AST, contents: Callable[[str], str] = str, module: str = "") -> str:
    """A syntax tree as text that depends only on what the code does.

    `contents` gives the text to write for an imported module of `snn`; `module` is the name of the tree's module.
    Raises InputError naming a line whose effect depends on where imports from `snn` stand: it binds a name that such an
    import binds, too, or TYPE_CHECKING; or it is a relative import.
    """
    text: list[str] = []
    _Walk(text.append, contents, module, tree).node(tree)
    return "".join(text)


def bindings(statement: ast.stmt) -> list[tuple[str, str, str]] | None:
    """What an import statement binds from `snn`: (module, attribute or "", name); None for any other statement."""
    if isinstance(statement, ast.Import):
        return [(alias.name, "", alias.asname or alias.name) for alias in statement.names if _is_module(alias.name)]
    if not isinstance(statement, ast.ImportFrom):
        return None
    found, source = [], statement.module or ""
    for alias in statement.names:
        name, whole = alias.asname or alias.name, f"{source}.{alias.name}"
        if _is_module(whole):
            found.append((whole, "", name))
        elif _is_module(source):
            found.append((source, alias.name, name))
    return found


class _Contents:
    """Contents of modules, each computed once; `_open` are the modules whose imports are being read."""

    known: ClassVar[dict[str, str]] = {}

    def __init__(self):
        self._open: list[str] = []

    def of(self, module: str) -> str:
        if _inert(module):
            return "".join(
                ("inert", *self._above(package for package in _packages(module) if package not in self._open))
            )
        if module in self._open:
            circle = " -> ".join((*self._open[self._open.index(module) :], module))
            raise InputError(module_file(module), f"imports itself: {circle}", "import one way only")
        if module not in self.known:
            self._open.append(module)
            above = self._above(_packages(module))
            walk = "".join((canonical(_parsed(module), self.of, module), _compiled_source(module), *above))
            self._open.pop()
            self.known[module] = hashlib.sha256(walk.encode()).hexdigest()
        return self.known[module]

    def _above(self, packages: Iterable[str]) -> list[str]:
        return sorted(map(self.of, packages))


class _Walk:
    """Writes a syntax tree as text, piece by piece."""

    def __init__(self, write: Callable[[str], None], contents: Callable[[str], str], module: str, tree: ast.AST):
        self._write, self._contents, self._module, self._tree = write, contents, module, tree

    def node(self, node: object) -> None:
        if isinstance(node, ast.AST):
            if (target := _lazy(node)) is not None:
                self._write(f"(lazy {self._contents(target)})")
                return
            self._write(f"({type(node).__name__}")
            for field, value in self._fields(node):
                self._write(f" {field}=")
                if field in BODIES and isinstance(value, list):
                    self._statements(value, in_class=isinstance(node, ast.ClassDef))
                else:
                    self.node(value)
            self._write(")")
        elif isinstance(node, list):
            self._write("[")
            for item in node:
                self.node(item)
            self._write("]")
        else:
            self._write(repr(node))

    def _fields(self, node: ast.AST) -> Iterator[tuple[str, Any]]:
        for field in node._fields:
            value: Any = getattr(node, field, None)
            if field == "body" and isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
                value = value[1:]
            if isinstance(node, ast.JoinedStr):  # Python 3.12 adds empty pieces to some f-strings
                value = [piece for piece in value if getattr(piece, "value", None) != ""]
            typed = field == "returns" or (field == "annotation" and isinstance(node, ast.arg))
            if field not in {"type_comment", "type_params", "kind"} and not typed and value is not None and value != []:
                yield field, value

    def _statements(self, statements: Sequence[ast.stmt], in_class: bool) -> None:
        """Write imports from `snn` first and sorted, since their order and paths do not matter, then the rest."""
        imported: dict[str, str] = {}
        rest: list[ast.stmt] = []
        for statement in self._run(statements):
            if isinstance(statement, ast.ImportFrom) and statement.level:
                raise self._refused(statement.lineno, "is a relative import", "name the module from snn on")
            found = bindings(statement)
            if found and isinstance(statement, ast.Import | ast.ImportFrom):
                for target, attribute, name in found:
                    what = f"{self._contents(target)}.{attribute}"
                    if name == "*" or imported.setdefault(name, what) != what:
                        raise self._rebound(name, statement.lineno)
                names = {name for *_, name in found}
                others = [alias for alias in statement.names if (alias.asname or alias.name) not in names]
                rest += [_only(statement, others)] if others else []
            else:
                rest.append(statement if in_class else _untyped(statement))
        if imported:
            taken = {"*", *(name.split(".")[0] for name in imported)}
            for name, line in bound(rest):
                if name in taken:
                    raise self._rebound(name, line)
        self._write("[" + "".join(f"({name}={what})" for name, what in sorted(imported.items())))
        for statement in rest:
            self.node(statement)
        self._write("]")

    def _run(self, statements: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
        """The statements that Python runs: of `if TYPE_CHECKING:`, what stands under else and elif."""
        for statement in statements:
            if not for_types_only(statement):
                yield statement
            elif (line := rebinds_type_checking(self._tree)) is not None:
                raise self._refused(line, "binds TYPE_CHECKING", "import it from typing")
            else:
                yield from self._run(statement.orelse)

    def _rebound(self, name: str, line: int) -> InputError:
        return self._refused(line, f"binds {name} beside an import from snn that may bind it", "use another name")

    def _refused(self, line: int, what: str, remedy: str) -> InputError:
        return InputError(f"{module_file(self._module)}: line {line}", what, remedy)


def _only(statement: ast.Import | ast.ImportFrom, names: list[ast.alias]) -> ast.stmt:
    if isinstance(statement, ast.Import):
        return ast.Import(names)
    return ast.ImportFrom(statement.module, names, 0)


def _untyped(statement: ast.stmt) -> ast.stmt:
    """An assignment without its type. Not for class bodies, where pydantic and dataclasses read the type."""
    if isinstance(statement, ast.AnnAssign) and statement.value is not None:
        return ast.Assign([statement.target], statement.value)
    return statement


def _lazy(node: ast.AST) -> str | None:
    """The module of `snn` that lazy("...") names, if this is such a call."""
    if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "lazy" and node.args:
        name = getattr(node.args[0], "value", "")
        return name if isinstance(name, str) and _is_module(name) else None
    return None


@functools.cache
def _is_module(name: str) -> bool:
    return name.split(".")[0] == "snn" and module_file(name).is_file()


def _packages(module: str) -> Iterator[str]:
    """The packages that a module lies in, if they do anything: Python runs them first, wherever the module is used."""
    parts = module.split(".")
    for package in (".".join(parts[:end]) for end in range(1, len(parts))):
        if _is_module(package) and not _inert(package):
            yield package


def _compiled_source(module: str) -> str:
    """The C source of a module's name beside it, without white space at the ends of lines; empty if there is none."""
    path = module_file(module).with_suffix(".c")
    return "\n".join(map(str.rstrip, path.read_text().splitlines())) if path.is_file() else ""


@functools.cache
def _inert(module: str) -> bool:
    return module in INERT or (module_file(module).name == "__init__.py" and _only_exports(_parsed(module)))


def _only_exports(tree: ast.Module) -> bool:
    """Whether a module has nothing but a docstring, imports from inert modules and the list of what it exports."""
    body = tree.body[ast.get_docstring(tree, clean=False) is not None :]
    return all(_is_list_of_exports(statement) or _imports_inert(statement) for statement in body)


def _is_list_of_exports(statement: ast.stmt) -> bool:
    """Whether a statement is __all__ = ["a name", ...]."""
    if not isinstance(statement, ast.Assign) or [ast.unparse(target) for target in statement.targets] != ["__all__"]:
        return False
    names = getattr(statement.value, "elts", None)
    return names is not None and all(isinstance(name, ast.Constant) for name in names)


def _imports_inert(statement: ast.stmt) -> bool:
    if not isinstance(statement, ast.ImportFrom) or statement.level:
        return False
    found = bindings(statement) or []
    return len(found) == len(statement.names) and all(module in INERT for module, *_ in found)


@functools.cache
def _parsed(module: str) -> ast.Module:
    return ast.parse(module_file(module).read_bytes())


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(path, f"cannot be read ({reason})", "restore the file") from error
