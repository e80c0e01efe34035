"""Check a file before the `nir` package reads it: no links to other files, no unknown nodes, nothing huge."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NoReturn

import h5py
import nir

from snn.core.errors import InputError

LARGEST = 8 << 30  # bytes of all arrays
MOST_NODES, MOST_EDGES = 1000, 4000  # of a graph; a spiking ResNet-152 has about 400 nodes
MOST_ENTRIES = 20 * MOST_NODES  # of a file: a node has about eight


def checked(path: Path, known: Collection[str], remedy: str) -> nir.NIRGraph:
    """The graph in a file; raises InputError naming file and node, with `remedy` for a kind that is not `known`."""
    try:
        with h5py.File(path, "r") as file:
            _no_way_out(path, file)
            for part, most in (("nodes", MOST_NODES), ("edges", MOST_EDGES)):
                if len(file["node"][part]) > most:
                    raise InputError(path, f"has more than {most} {part}", "give a smaller network")
            kinds = {name: node["type"][()].decode() for name, node in file["node/nodes"].items()}
        if unknown := {name: kind for name, kind in kinds.items() if kind not in known}:
            _refuse(path, unknown, remedy)
        return nir.read(path, type_check=False)
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError(path, "is missing", "check the path") from None
    except Exception as error:  # h5py and nir raise many types for damaged files
        first = (str(error).splitlines() or [""])[0]
        raise InputError(path, f"is no NIR graph ({type(error).__name__}: {first})", "export it again") from error


def _refuse(path: Path, unknown: Mapping[str, str], remedy: str) -> NoReturn:
    """List all nodes of unknown kinds."""
    if len(unknown) == 1:
        ((name, kind),) = unknown.items()
        raise InputError(f"{path}: node {name}", f"is a {kind}, which is not supported", remedy)
    listed = ", ".join(f"{name} ({kind})" for name, kind in unknown.items())
    raise InputError(path, f"has nodes that are not supported: {listed}", remedy)


def _no_way_out(path: Path, file: h5py.File) -> None:
    """Walk through all groups; raises InputError for a link, and for more entries or bytes than a network has."""
    open_: list[h5py.Group] = [file]
    entries = held = 0
    while open_:
        group = open_.pop()
        for name in group:
            entries += 1
            if entries > MOST_ENTRIES:
                raise InputError(path, f"has more than {MOST_ENTRIES} entries", "give a smaller network")
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise InputError(f"{path}: {name}", "is a link that may lead out of the file", "export it again")
            item = group[name]
            if isinstance(item, h5py.Group):
                open_.append(item)
                continue
            held += item.nbytes
            if item.external or item.is_virtual or held > LARGEST:
                what = f"is no array in this file, or all arrays together have more than {LARGEST >> 30} GiB"
                raise InputError(f"{path}: {name}", what, "export it again")
