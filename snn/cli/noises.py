"""Names of noise models on the command line, and what to do about several kinds on one chip. No torch."""

from snn.config import params
from snn.core.errors import InputError, nearest


def checked(name: str) -> str:
    """The name of a noise model; raises InputError with the nearest one, or the way to several kinds on one chip."""
    names = params.names("noise")
    if name in names:
        return name
    parts = name.replace("+", " ").replace(",", " ").split()
    if len(parts) < 2 or not ("+" in name or set(parts) <= set(names)):
        raise InputError(f"noise '{name:.100}'", "is unknown", nearest(name, names))
    remedy = "write one as docs/how-to/own-chip.md shows and run it"
    if alike := [one for one in names if set(parts) <= {part.model for part in params.load("noise", one).models}]:
        remedy += f", or take {' or '.join(alike)}, which {'has' if len(alike) == 1 else 'have'} these and more"
    what = "names several kinds of noise; a chip with several is a noise file of its own"
    raise InputError(f"noise '{name:.100}'", what, remedy)
