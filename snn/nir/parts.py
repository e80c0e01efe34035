"""Read a NIR graph as a list of parts in the order of execution: layers, and residual blocks of layers.

A residual block is two branches that start behind a node and meet in neurons, which add their currents, or in a Scale
of ones, which adds their spikes.
"""

from pathlib import Path
from typing import NamedTuple, TypeVar

import nir
import numpy as np

from snn.core.errors import InputError
from snn.model.spec import Add, AvgPool, Block, Conv, Linear
from snn.nir.neurons import NEURONS

KNOWN = {"Input", "Output", "Conv2d", "Affine", "Linear", "Flatten", "AvgPool2d", "SumPool2d", "Scale"} | NEURONS
DO = f"write it as one of {', '.join(sorted(KNOWN - {'Input', 'Output'}))}; docs/audit.md has other ways"


class Place(NamedTuple):
    """A layer with the names of its nodes. `sum_of`: the neurons that add its current to that of another layer."""

    spec: Conv | Linear | AvgPool | Add
    node: str
    neurons: str | None = None
    sum_of: str | None = None

    @property
    def places(self) -> "list[Place]":
        """Itself, as the only place."""
        return [self]

    @property
    def lacks_neurons(self) -> bool:
        """Whether it has synapses and no neurons yet."""
        return isinstance(self.spec, Conv | Linear) and self.neurons is None


class Residual(NamedTuple):
    """A residual block and its places in the order of execution."""

    spec: Block
    places: list[Place]


Part = TypeVar("Part", Place, Place | Residual)


class Graph:
    """Nodes, edges and metadata of a file; raises InputError naming an edge to a node that does not exist."""

    def __init__(self, path: Path, graph: nir.NIRGraph):
        self.path: Path = path
        self.nodes: dict[str, nir.NIRNode] = graph.nodes
        self.metadata = {key: _text(value) for key, value in (graph.metadata or {}).items()}
        self._after: dict[str, list[str]] = {name: [] for name in self.nodes}
        self._before: dict[str, list[str]] = {name: [] for name in self.nodes}
        for source, target in graph.edges:
            if lacking := {source, target} - set(self.nodes):
                raise InputError(
                    f"{path}: edge {source} -> {target}", f"there is no node {lacking.pop()}", "fix the edge"
                )
            self._after[source].append(target)
            self._before[target].append(source)

    def where(self, node: str) -> str:
        """File and node, for errors."""
        return f"{self.path}: node {node}"

    def parts(self) -> list[Place | Residual]:
        """All layers and blocks from input to output; raises InputError naming the node that is not supported."""
        (_, begin), (_, end) = self.only(nir.Input), self.only(nir.Output)
        parts = self._chain(begin, end)
        if idle := self.nodes.keys() - self._reached(begin):
            raise InputError(self.where(min(idle)), "is not connected to the input", "connect it, or remove it")
        return parts

    def only(self, kind: type[nir.NIRNode]) -> tuple[nir.NIRNode, str]:
        """The node of a kind that occurs once, and its name."""
        found = [(node, name) for name, node in self.nodes.items() if isinstance(node, kind)]
        if len(found) != 1:
            raise InputError(self.path, f"has {len(found)} {kind.__name__} nodes", "exactly one is needed")
        return found[0]

    def _reached(self, begin: str) -> set[str]:
        found, open_ = set(), [begin]
        while open_:
            if (name := open_.pop()) not in found:
                found.add(name)
                open_ += self._after[name]
        return found

    def _chain(self, at: str, end: str) -> list[Place | Residual]:
        """Parts behind node `at`, up to node `end`."""
        parts: list[Place | Residual] = []
        seen = set()
        while at != end:
            if at in seen:
                raise InputError(self.where(at), "feeds itself", "recurrent networks are not supported")
            seen.add(at)
            following = self._after[at]
            if len(following) == 2:
                block, at = self._block(at)
                parts.append(block)
                continue
            if len(following) != 1:
                raise InputError(self.where(at), f"feeds {len(following)} nodes", "1 or 2 are supported")
            at = following[0]
            self._take(at, parts)
        return parts

    def _take(self, name: str, parts: list[Part]) -> None:
        """Add a node with one input to the parts."""
        node, last = self.nodes[name], parts[-1] if parts else None
        if len(self._before[name]) != 1:
            raise InputError(self.where(name), "has more than one input", "no block can end here")
        if type(node).__name__ in NEURONS:
            if not isinstance(last, Place) or not last.lacks_neurons:
                raise InputError(self.where(name), "has no synapses before it", "add a Linear or Conv2d")
            parts[-1] = last._replace(neurons=name)
        elif not isinstance(node, nir.Flatten | nir.Output):
            if isinstance(last, Place) and last.lacks_neurons:
                raise InputError(self.where(name), "follows synapses without neurons", "add neurons, or merge both")
            parts.append(self._place(name, node))

    def _block(self, entry: str) -> tuple[Residual, str]:
        """The residual block behind a node, and the node at which its branches meet."""
        branches = sorted((self._branch(name) for name in self._after[entry]), key=lambda branch: len(branch[0]))
        (shortcut, meets), (main, also) = branches
        if meets != also or len(self._before[meets]) != 2 or not main or len(shortcut) > 1:
            raise InputError(self.where(entry), "begins two branches that are no residual block", DO)
        junction = self.nodes[meets]
        spikes = isinstance(junction, nir.Scale)
        if spikes and np.any(np.asarray(junction.scale) != 1):
            raise InputError(self.where(meets), "scales a sum of spikes", "give it a scale of ones")
        if not spikes:
            main[-1] = main[-1]._replace(neurons=meets)
            shortcut = [place._replace(sum_of=meets) for place in shortcut]
        convs = [place.spec for place in (*main, *shortcut) if isinstance(place.spec, Conv)]
        if len(convs) < len(main) + len(shortcut):
            raise InputError(self.where(entry), "begins a block with layers other than convolutions", DO)
        spec = Block(
            block=tuple(convs[: len(main)]),
            shortcut=convs[-1] if shortcut else None,
            add="spikes" if spikes else "currents",
        )
        return Residual(spec, [*shortcut, *main, *([Place(Add(), meets)] if spikes else [])]), meets

    def _branch(self, name: str) -> tuple[list[Place], str]:
        """The places of a branch that begins with node `name`, and the node with two inputs behind it."""
        places: list[Place] = []
        while len(self._before[name]) == 1:
            self._take(name, places)
            if len(self._after[name]) != 1:
                raise InputError(self.where(name), "begins another block inside a block", "give it one output")
            (name,) = self._after[name]
        return places, name

    def _place(self, name: str, node: nir.NIRNode) -> Place:
        where = self.where(name)
        if isinstance(node, nir.Affine | nir.Linear):
            return Place(Linear(linear=len(node.weight)), name)
        if isinstance(node, nir.Conv2d):
            kernel = _square(where, "kernel", node.weight.shape[2:])
            stride, padding = _square(where, "stride", node.stride), _padding(where, node, kernel)
            if _square(where, "dilation", node.dilation) != 1:
                raise InputError(where, "is dilated", "give it a dilation of 1")
            outputs, groups = len(node.weight), int(node.groups)
            return Place(Conv(conv=outputs, kernel=kernel, stride=stride, padding=padding, groups=groups), name)
        if isinstance(node, nir.AvgPool2d | nir.SumPool2d):
            width, stride_HW = (np.broadcast_to(np.ravel(value), 2) for value in (node.kernel_size, node.stride))
            if (stride_HW != width).any() or np.any(node.padding):
                raise InputError(where, "has windows that overlap or are padded", "use windows side by side")
            # only a pool over the whole map may be non-square; its size is checked once that of the map is known
            return Place(AvgPool(avg_pool=int(width[0]) if width[0] == width[1] else "global"), name)
        raise InputError(where, f"is a {type(node).__name__} at which no block ends", DO)


def _square(where: str, what: str, value: object) -> int:
    values = {int(n) for n in np.ravel(np.asarray(value))}
    if len(values) != 1:
        raise InputError(where, f"has a {what} that is not square", "make it square")
    return values.pop()


def _padding(where: str, node: nir.Conv2d, kernel: int) -> int:
    padding = node.padding.decode() if isinstance(node.padding, bytes) else node.padding
    if not isinstance(padding, str):
        return _square(where, "padding", padding)
    if padding == "same":
        if kernel % 2 == 0 or _square(where, "stride", node.stride) != 1:
            raise InputError(where, "pads one side more than the other", "give the padding in numbers")
        return kernel // 2
    return 0


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
