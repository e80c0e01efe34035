"""Check a file before the `nir` package reads it: no links to other files, no unknown nodes, no huge arrays."""

from collections.abc import Collection
from pathlib import Path

import h5py
import nir

from snn.core.errors import InputError

LARGEST = 8 << 30  # bytes of an array


def checked(path: Path, known: Collection[str], remedy: str) -> nir.NIRGraph:
    """The graph in a file; raises InputError naming file and node, with `remedy` for a kind that is not `known`."""
    try:
        with h5py.File(path, "r") as file:
            _no_way_out(path, file)
            for name, node in file["node/nodes"].items():
                kind = node["type"][()].decode()
                if kind not in known:
                    raise InputError(f"{path}: node {name}", f"is a {kind}, which is not supported", remedy)
        return nir.read(path, type_check=False)
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError(path, "is missing", "check the path") from None
    except Exception as error:  # h5py and nir raise many types for damaged files
        first = (str(error).splitlines() or [""])[0]
        raise InputError(path, f"is no NIR graph ({type(error).__name__}: {first})", "export it again") from error


def _no_way_out(path: Path, group: h5py.Group) -> None:
    for name in group:
        link = group.get(name, getlink=True)
        if not isinstance(link, h5py.HardLink):
            raise InputError(f"{path}: {name}", "is a link that may lead out of the file", "export it again")
        item = group[name]
        if isinstance(item, h5py.Group):
            _no_way_out(path, item)
        elif item.external or item.is_virtual or item.nbytes > LARGEST:
            raise InputError(f"{path}: {name}", "is not an array of at most 8 GiB in this file", "export it again")
