"""Names that statements bind, for the walk that names code, in which imports from `snn` come first. No torch."""

import ast
from collections.abc import Iterable, Iterator
from typing import TypeGuard

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
SCOPES = {*FUNCTIONS, ast.ClassDef, ast.Lambda, ast.comprehension}
BINDING = {  # kinds of nodes that may bind a name, which few nodes are of
    *FUNCTIONS,
    *(ast.ClassDef, ast.Name, ast.alias, ast.arg, ast.Global, ast.Nonlocal, ast.ExceptHandler),
    *(ast.MatchAs, ast.MatchStar, ast.MatchMapping),
}


def bound(statements: Iterable[ast.AST]) -> Iterator[tuple[str, int]]:
    """Names that statements bind in the scope they stand in, each with its line.

    Blocks inside are read as well. Of functions and classes inside, only names that they declare as global or nonlocal
    count: their own names are those of another scope.
    """
    open_ = list(statements)
    while open_:
        node = open_.pop()
        kind = type(node)
        if kind in BINDING:
            for name in own(node):
                yield name, getattr(node, "lineno", 0)
        open_ += _in_this_scope(node) if kind in SCOPES else ast.iter_child_nodes(node)


def own(node: ast.AST) -> list[str]:
    """Names that a node itself binds, its parts left aside."""
    match node:
        case ast.Name(ctx=ast.Store() | ast.Del()):
            return [node.id]
        case ast.alias():
            return [node.asname or node.name.split(".")[0]]
        case ast.Global() | ast.Nonlocal():
            return node.names
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return [node.name]
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            return [name]
        case ast.MatchMapping(rest=str(name)) | ast.arg(arg=name):
            return [name]
        case _:
            return []


def rebinds_type_checking(tree: ast.AST) -> int | None:
    """A line that binds TYPE_CHECKING other than by `from typing import TYPE_CHECKING`, if there is one."""
    nodes = list(ast.walk(tree))
    typing = [node for node in nodes if isinstance(node, ast.ImportFrom) and node.module == "typing"]
    harmless = [alias for node in typing for alias in node.names if alias.name == "TYPE_CHECKING"]
    found = [node for node in nodes if "TYPE_CHECKING" in own(node) and node not in harmless]
    return getattr(found[0], "lineno", 0) if found else None


def for_types_only(node: ast.stmt) -> TypeGuard[ast.If]:
    """Whether a statement is `if TYPE_CHECKING:`, of which Python runs what stands under else and elif."""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _in_this_scope(node: ast.AST) -> list[ast.AST]:
    """The parts of a node that Python runs in the scope around it, and what functions in it declare as global."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            body = [inner for statement in node.body for inner in ast.walk(statement)]
            declared = [inner for inner in body if isinstance(inner, ast.Global | ast.Nonlocal)]
            outside = [*node.decorator_list, *(_defaults(node.args) if isinstance(node, FUNCTIONS) else node.bases)]
            return [*declared, *outside]
        case ast.Lambda():
            return _defaults(node.args)
        case ast.comprehension():
            return [node.iter, *node.ifs]
        case _:
            raise TypeError(f"{node} opens no scope")


def _defaults(arguments: ast.arguments) -> list[ast.AST]:
    return [*arguments.defaults, *(default for default in arguments.kw_defaults if default)]
