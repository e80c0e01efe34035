"""Audit of any network: operations, energy, accuracy on noisy chips; tables, figures and a page.

`audit(module, x, y)` takes a torch module, see `snn.audit.modules.audit`; it needs torch, which is imported then.
"""

from typing import Any

from snn.core.lazy import lazy

_modules = lazy("snn.audit.modules")


def __getattr__(name: str) -> Any:
    if name not in {"audit", "Audit"}:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(_modules, name)
