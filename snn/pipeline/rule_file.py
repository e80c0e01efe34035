"""What can be told about the file of a rule before it trains: whether it states all that a network needs. No torch."""

import ast
import functools
import inspect
from pathlib import Path

from snn.config.read import short
from snn.core.errors import InputError, nearest
from snn.model.spec import Architecture
from snn.rules import Rule, Task

STATED = set(Task.__dataclass_fields__)  # by the task


@functools.cache
def check(rule: type[Rule]) -> None:
    """Look at every call of `task.architecture`.

    Raises InputError naming file and line of one that lacks an argument, or has one that a network does not know.
    """
    path = Path(inspect.getfile(rule))
    fields = Architecture.model_fields
    required = [name for name, field in fields.items() if field.is_required() and name not in STATED]
    for node in ast.walk(ast.parse(path.read_bytes())):
        if not (isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "architecture"):
            continue
        where, given = f"{short(path)} line {node.lineno}", [keyword.arg for keyword in node.keywords]
        for name in given:
            if name is not None and name not in set(fields) - STATED:
                raise InputError(where, f"architecture knows no {name}", nearest(name, set(fields) - STATED))
        missing = [name for name in required if name not in given]
        if missing and None not in given:  # ** may state anything
            remedy = f"write {', '.join(f'{name}=self.options.{name}' for name in missing)}"
            raise InputError(where, f"architecture lacks {' and '.join(missing)}", remedy)
