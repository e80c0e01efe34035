"""What a plugin's file brings: the one class that it defines. No torch."""

import functools
from types import ModuleType
from typing import TypeVar

from snn.core.errors import InputError

Base = TypeVar("Base")


@functools.cache
def defined_in(module: ModuleType, base: type[Base]) -> type[Base]:
    """The one subclass of `base` that a module defines.

    Raises InputError naming the file of none or several, or of one that lacks a method.
    """
    classes = [value for value in vars(module).values() if isinstance(value, type) and issubclass(value, base)]
    own = [found for found in classes if found.__module__ == module.__name__]
    if len(own) != 1:
        names = f" ({', '.join(found.__name__ for found in own)})" if own else ""
        what = f"defines {len(own)} subclasses of {base.__name__}{names}"
        raise InputError(module.__file__ or module.__name__, what, "define one")
    if lacking := sorted(getattr(own[0], "__abstractmethods__", ())):
        what = f"defines {own[0].__name__} without {' and '.join(lacking)}"
        raise InputError(module.__file__ or module.__name__, what, f"define it as {base.__name__} describes it")
    return own[0]
