"""What a plugin's file brings: the one class that it defines. No torch."""

import functools
import inspect
from types import FunctionType, ModuleType
from typing import TypeVar

from snn.core.errors import InputError

Base = TypeVar("Base")


@functools.cache
def defined_in(module: ModuleType, base: type[Base]) -> type[Base]:
    """The one subclass of `base` that a module defines.

    Raises InputError naming the file of none or several, or of one that lacks a method; with the line of a method that
    cannot be called as `base` describes it, or returns what it has to yield.
    """
    classes = [value for value in vars(module).values() if isinstance(value, type) and issubclass(value, base)]
    own = [found for found in classes if found.__module__ == module.__name__]
    if len(own) != 1:
        names = f" ({', '.join(found.__name__ for found in own)})" if own else ""
        what = f"defines {len(own)} subclasses of {base.__name__}{names}"
        raise InputError(module.__file__ or module.__name__, what, f"define one: class NAME({base.__name__})")
    if lacking := sorted(getattr(own[0], "__abstractmethods__", ())):
        what = f"defines {own[0].__name__} without {' and '.join(lacking)}"
        raise InputError(module.__file__ or module.__name__, what, f"define it as {base.__name__} describes it")
    for name, method in vars(own[0]).items():
        expected = getattr(base, name, None)
        if inspect.isfunction(method) and inspect.isfunction(expected) and method.__module__ == module.__name__:
            _check(method, expected, module)
    return own[0]


def _check(method: FunctionType, expected: FunctionType, module: ModuleType) -> None:
    """Raise InputError unless a method takes the arguments of the one that it overrides, and yields where that does."""
    where = f"{module.__file__} line {method.__code__.co_firstlineno}"
    wanted = list(inspect.signature(expected).parameters)
    try:
        inspect.signature(method).bind(*wanted)
    except TypeError as error:
        remedy = f"write def {method.__name__}({', '.join(wanted)}):"
        raise InputError(where, f"{method.__name__} cannot be called ({error})", remedy) from None
    yields = str(expected.__annotations__.get("return", "")).startswith(("Iterator", "collections.abc.Iterator"))
    if yields and not inspect.isgeneratorfunction(method):
        raise InputError(where, f"{method.__name__} yields nothing", "write yield in place of return")
