"""What a plugin's file brings: the one class that it defines. No torch."""

from types import ModuleType
from typing import TypeVar

from snn.core.errors import InputError

Base = TypeVar("Base")


def defined_in(module: ModuleType, base: type[Base]) -> type[Base]:
    """The one subclass of `base` that a module defines; raises InputError naming the file of none or several."""
    classes = [value for value in vars(module).values() if isinstance(value, type) and issubclass(value, base)]
    own = [found for found in classes if found.__module__ == module.__name__]
    if len(own) != 1:
        names = f" ({', '.join(found.__name__ for found in own)})" if own else ""
        what = f"defines {len(own)} subclasses of {base.__name__}{names}"
        raise InputError(module.__file__ or module.__name__, what, "define one")
    return own[0]
