"""What a file may hold before the `nir` package reads it: nothing that leads out of it, nothing beyond all measure."""

from collections.abc import Collection
from pathlib import Path

import h5py
import nir

from snn.core.errors import InputError

LARGEST = 8 << 30  # bytes of one array


def checked(path: Path, known: Collection[str], remedy: str) -> nir.NIRGraph:
    """The graph, if the file is one: HDF5 without links that lead elsewhere, nodes of kinds that are known.

    Raises InputError naming file and node, with `remedy` for a kind that is not known.
    """
    try:
        with h5py.File(path, "r") as file:
            _no_way_out(path, file)
            for name, node in file["node/nodes"].items():
                kind = node["type"][()].decode()
                if kind not in known:
                    raise InputError(f"{path}: node {name}", f"is a {kind}, which no network here has", remedy)
        return nir.read(path, type_check=False)
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError(path, "is not there", "check the path") from None
    except Exception as error:  # h5py and nir raise whatever the damage happens to cause
        first = (str(error).splitlines() or [""])[0]
        raise InputError(path, f"is no NIR graph ({type(error).__name__}: {first})", "export it anew") from error


def _no_way_out(path: Path, group: h5py.Group) -> None:
    for name in group:
        link = group.get(name, getlink=True)
        if not isinstance(link, h5py.HardLink):
            raise InputError(f"{path}: {name}", "is a link that may lead out of the file", "export it anew")
        item = group[name]
        if isinstance(item, h5py.Group):
            _no_way_out(path, item)
        elif item.external or item.is_virtual or item.nbytes > LARGEST:
            raise InputError(f"{path}: {name}", "is not an array of reasonable size in this file", "export it anew")
