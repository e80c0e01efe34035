"""Reading one YAML file safely: bad input of any kind is one line that names the file. No torch."""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML, YAMLError
from ruamel.yaml.constructor import ConstructorError, SafeConstructor
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from snn.core.errors import InputError
from snn.core.paths import ROOT

MOST_BYTES = 100_000  # of a file
MOST_VALUES, DEEPEST = 20_000, 50  # of a document with its aliases written out


def read_yaml(path: Path) -> Any:
    """A YAML 1.2 document.

    Raises InputError naming the file, and the line where there is one: for what is not valid YAML, a repeated key, a
    value that cannot be converted, and a document that is larger than any parameter file needs to be.
    """
    safe = YAML(typ="safe", pure=True)
    safe.Constructor, safe.max_depth = _Bounded, DEEPEST
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InputError(short(path), f"is larger than {MOST_BYTES} bytes", "write less into one file")
        return safe.load(path.read_text())
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        problem = str(getattr(error, "problem", error)).strip().splitlines()[0]
        raise InputError(short(path) + line, f"is not valid YAML ({problem})", "correct the line") from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(short(path), f"cannot be read ({error})", "restore the file") from error
    except (ValueError, TypeError, AttributeError, LookupError, ArithmeticError) as error:  # which ruamel passes on
        raise InputError(short(path), f"holds a value that cannot be read ({error})", "correct the value") from error


def short(path: Path) -> str:
    """A path, relative to the project if it lies in it."""
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


class _Bounded(SafeConstructor):
    """Measures a document before its values are made: a few aliases of aliases can stand for billions of values."""

    def construct_document(self, node: Node) -> Any:
        self._open: set[Node] = set()
        self._measured: dict[Node, tuple[int, int]] = {}
        self._measure(node)
        return super().construct_document(node)

    def _measure(self, node: Node) -> tuple[int, int]:
        """The number of values in a node, itself included, and of levels."""
        if node in self._measured:
            return self._measured[node]
        if node in self._open:
            raise ConstructorError(problem="an alias is inside of what it names", problem_mark=node.start_mark)
        self._open.add(node)
        sizes = [self._measure(part) for part in _parts(node)]
        values, levels = 1 + sum(values for values, _ in sizes), 1 + max((levels for _, levels in sizes), default=0)
        for number, most, what in ((values, MOST_VALUES, "values"), (levels, DEEPEST, "levels")):
            if number > most:
                raise ConstructorError(problem=f"more than {most} {what}", problem_mark=node.start_mark)
        self._measured[node] = values, levels
        return values, levels


def _parts(node: Node) -> list[Node]:
    if isinstance(node, MappingNode):
        return [part for pair in node.value for part in pair]
    return node.value if isinstance(node, SequenceNode) else []
