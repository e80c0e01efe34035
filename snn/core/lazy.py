"""Import heavy libraries on first use, so that the workflow is parsed without torch and jobs start sooner."""

import gc
import importlib
from types import ModuleType
from typing import Any


def lazy(name: str) -> Any:
    """The module `name`, imported when one of its attributes is first used.

    Files in `snn/rules`, `snn/hardware/noise` and `snn/data/loaders` are imported while the workflow is parsed, for
    their parameters. They take torch, scikit-learn and modules of this package that need torch from here. Nothing is
    put into `sys.modules` before, where other libraries would find it and import it. For type checkers, import the same
    name under `if TYPE_CHECKING:` above.
    """
    return _Late(name)


def late_in(module: ModuleType) -> list[str]:
    """The names of the modules that a module takes from `lazy`."""
    return [value._name for value in vars(module).values() if isinstance(value, _Late)]


class _Late:
    def __init__(self, name: str):
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(importlib.import_module(self._name), attribute)


def warm_torch() -> None:
    """Import torch faster: 2.4 instead of 3.1 CPU-seconds, and 1.2 less at the first optimiser.

    Garbage collection takes a quarter of the import and finds nothing, so it is paused. Methods of
    `torch.optim.Optimizer` import the compiler stack only to exclude themselves from compilation; they are marked as
    excluded already. If another version of torch ignores either, only the time is lost.
    """
    collecting = gc.isenabled()
    gc.disable()
    import torch

    for method in vars(torch.optim.Optimizer).values():
        original = getattr(method, "__wrapped__", None)
        if original is not None:
            setattr(original, "__dynamo_disable", method.__wrapped__)
    if collecting:
        gc.freeze()
        gc.enable()
