"""A NIR graph becomes a network of ours; what it holds that ours cannot do is refused by the name of the node.

Chains of Conv2d, Affine, Linear, Flatten, AvgPool2d and SumPool2d with LIF, IF or Threshold neurons, and residual
blocks: two ways that part behind a node and meet again in neurons (currents are added) or in a Scale of ones (spikes
are added). Time constants and thresholds may differ from neuron to neuron. See `exchange` for time.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from pydantic import ValidationError

from snn.core.errors import InputError
from snn.model.network import Network
from snn.model.spec import Architecture, AvgPool, Block, Conv, Linear, Neuron, Readout
from snn.nir.guard import checked
from snn.nir.neurons import NEURONS, Constants, constants_of, neuron_of, silicon_of, spread

KNOWN = {"Input", "Output", "Conv2d", "Affine", "Linear", "Flatten", "AvgPool2d", "SumPool2d", "Scale"}
DO = "write it as one of " + ", ".join(sorted((KNOWN | NEURONS) - {"Input", "Output"}))


class Place(NamedTuple):
    """One layer of ours, with the nodes that it is made of; `sum_of`: the neurons whose currents it is a part of."""

    spec: Any
    node: str | None = None
    neurons: str | None = None
    sum_of: str | None = None

    @property
    def lacks_neurons(self) -> bool:
        """Whether it has synapses and, so far, no neurons."""
        return isinstance(self.spec, Conv | Linear) and self.neurons is None


def read(path: Path, steps: int | None = None, dt: float | None = None) -> Network:
    """The network in a NIR file; `steps` and `dt` take the place of what its metadata say.

    Raises InputError naming the file and the node.
    """
    graph = _Graph(path, checked(path, KNOWN | NEURONS, DO))
    said = graph.metadata
    if steps is None and not (said.get("steps", "").isdecimal() and int(said["steps"])):
        raise InputError(path, "does not say how many steps an inference takes", "give --steps")
    try:
        return graph.network(
            int(said["steps"]) if steps is None else steps, float(said.get("dt", 1)) if dt is None else dt
        )
    except (ValueError, KeyError, IndexError, TypeError, RuntimeError) as error:  # arrays that do not fit one another
        first = (str(error).splitlines() or [""])[0]
        raise InputError(path, f"does not fit together ({first})", "check shapes and values of its nodes") from error


class _Block(NamedTuple):
    """A residual block, its places in the order in which they run."""

    spec: Block
    places: list[Place]


class _Graph:
    def __init__(self, path: Path, graph: Any):
        self.path, self.nodes = path, graph.nodes
        self.metadata = {key: _text(value) for key, value in (graph.metadata or {}).items()}
        self._whole: dict[str, tuple[int, ...]] = {}
        self.after: dict[str, list[str]] = {name: [] for name in self.nodes}
        self.before: dict[str, list[str]] = {name: [] for name in self.nodes}
        for source, target in graph.edges:
            if lacking := {source, target} - set(self.nodes):
                raise InputError(
                    f"{path}: edge {source} -> {target}", f"there is no node {lacking.pop()}", "mend the edge"
                )
            self.after[source].append(target)
            self.before[target].append(source)

    def network(self, steps: int, dt: float) -> Network:
        begin, end = self._only("Input"), self._only("Output")
        places = self._layers(begin, end)
        if idle := self.nodes.keys() - self._reached(begin):
            raise InputError(f"{self.path}: node {min(idle)}", "is reached by nothing", "join it, or remove it")
        if not places or not isinstance(places[-1].spec, Linear):
            raise InputError(self.path, "does not end in a Linear or Affine node", "add a read-out")
        neurons = [place.neurons for part in places for place in _flat(part) if place.neurons]
        constants = {name: constants_of(f"{self.path}: node {name}", self.nodes[name], dt) for name in neurons}
        if not constants:
            raise InputError(self.path, "has no neurons", DO)
        neuron = neuron_of(next(iter(constants.values())))
        for part in places:
            if isinstance(part, _Block) and part.spec.shortcut is None and part.spec.add == "currents":
                self._check_identity(constants[part.places[-1].neurons], part.places[-1].neurons)
        made = Network(self._architecture(places, begin, steps, neuron)).requires_grad_(False).eval()
        flat = [p for part in places for p in _flat(part)]
        pooled = dict.fromkeys(range(-1, len(made.layers)), 1.0)
        for i, (layer, place) in enumerate(zip(made.layers, flat, strict=True)):
            pooled[i] = pooled[layer.source] * self._sum_of_a_pool(place) if not layer.programmable else 1.0
            if layer.addend is not None and pooled[layer.addend] != 1:
                where = f"{self.path}: node {place.node or place.neurons}"
                raise InputError(where, "adds what a sum over windows sends", "use AvgPool2d there")
            if place.node in self._whole and self._whole[place.node] != tuple(layer.input_shape[1:]):
                where = f"{self.path}: node {place.node}"
                raise InputError(where, "has a kernel_size that is neither square nor that of the map", "make it one")
            if layer.programmable:
                self._fill(layer, place, constants.get(place.neurons or place.sum_of), pooled[layer.source])
            if layer.fires:
                layer.silicon = silicon_of(constants[place.neurons], neuron, layer)
        return made

    def _architecture(self, places: list, begin: str, steps: int, neuron: Neuron) -> Architecture:
        try:
            readout = Readout.model_validate_json(self.metadata.get("readout", "{}"))
            kind = readout.kind if places[-1].neurons is None else "votes"
            return Architecture(
                input_shape=tuple(int(n) for n in self.nodes[begin].input_type["input"]),
                outputs=places[-1].spec.linear // readout.voters,
                layers=tuple(place.spec for place in places[:-1]),
                steps=steps,
                activation=neuron,
                norm=None,
                encoding=self.metadata.get("encoding", "repeat"),
                readout=readout.model_copy(update={"kind": kind}),
                bias_share=json.loads(self.metadata.get("bias_share", "false")),
            )
        except (ValidationError, ValueError) as error:
            raise InputError(self.path, f"is no network of ours ({str(error).splitlines()[0]})", DO) from error

    def _only(self, kind: str) -> str:
        found = [name for name, node in self.nodes.items() if type(node).__name__ == kind]
        if len(found) != 1:
            raise InputError(self.path, f"has {len(found)} {kind} nodes", "one is needed")
        return found[0]

    def _check_identity(self, constants: Constants, meets: str) -> None:
        """A current that no synapse carries cannot be multiplied by the resistance of neurons."""
        if not np.allclose(constants.gain, 1, rtol=1e-9, atol=0):
            where = f"{self.path}: node {meets}"
            raise InputError(where, "multiplies a current that comes without synapses", "give the shortcut a Conv2d")

    def _reached(self, begin: str) -> set[str]:
        found, open_ = set(), [begin]
        while open_:
            if (name := open_.pop()) not in found:
                found.add(name)
                open_ += self.after[name]
        return found

    def _layers(self, at: str, end: str) -> list[Any]:
        """Layers from behind node `at` to node `end`."""
        places: list[Any] = []
        seen = set()
        while at != end:
            if at in seen:
                raise InputError(f"{self.path}: node {at}", "feeds itself", "recurrent networks cannot be read")
            seen.add(at)
            following = self.after[at]
            if len(following) == 2:
                block, at = self._block(at)
                places.append(block)
                continue
            if len(following) != 1:
                raise InputError(f"{self.path}: node {at}", f"feeds {len(following)} nodes", "1 or 2 are known")
            at = self._take(following[0], places)
        return places

    def _take(self, name: str, places: list[Any]) -> str:
        """Add what a node with one input is to the layers."""
        kind = type(self.nodes[name]).__name__
        if len(self.before[name]) != 1:
            raise InputError(f"{self.path}: node {name}", "has more than one input", "no block ends here")
        open_end = bool(places) and isinstance(places[-1], Place) and places[-1].lacks_neurons
        if kind in NEURONS:
            if not open_end:
                raise InputError(f"{self.path}: node {name}", "has no synapses before it", "put them there")
            places[-1] = places[-1]._replace(neurons=name)
        elif kind not in ("Flatten", "Output"):
            if open_end:
                raise InputError(f"{self.path}: node {name}", "follows synapses without neurons", "join them")
            places.append(self._place(name, kind))
        return name

    def _block(self, entry: str) -> tuple[_Block, str]:
        """The residual block behind a node, and the node where its ways meet."""
        ways = sorted((self._way(entry, name) for name in self.after[entry]), key=lambda way: len(way[0]))
        (shortcut, meets), (main, also) = ways
        if meets != also or len(self.before[meets]) != 2 or not main or len(shortcut) > 1:
            raise InputError(f"{self.path}: node {entry}", "parts into two ways that are no residual block", DO)
        spikes = type(self.nodes[meets]).__name__ == "Scale"
        if spikes and np.any(np.asarray(self.nodes[meets].scale) != 1):
            raise InputError(f"{self.path}: node {meets}", "scales a sum of spikes", "only a Scale of ones adds them")
        if not spikes:
            main[-1] = main[-1]._replace(neurons=meets)
            shortcut = [place._replace(sum_of=meets) for place in shortcut]
        specs = {"block": [p.spec for p in main], "shortcut": shortcut[0].spec if shortcut else None}
        try:
            spec = Block(**specs, add="spikes" if spikes else "currents")
        except ValidationError as error:
            raise InputError(f"{self.path}: node {entry}", "begins a block of more than convolutions", DO) from error
        places = [*shortcut, *main, *([Place(None)] if spikes else [])]
        return _Block(spec, places), meets

    def _way(self, entry: str, name: str) -> tuple[list[Place], str]:
        """One way from an entry to the node with two inputs."""
        places: list[Place] = []
        while len(self.before[name]) == 1:
            self._take(name, places)
            if len(self.after[name]) != 1:
                raise InputError(f"{self.path}: node {name}", "parts ways inside a block", "no block here does")
            (name,) = self.after[name]
        return places, name

    def _place(self, name: str, kind: str) -> Place:
        node, where = self.nodes[name], f"{self.path}: node {name}"
        if kind in ("Affine", "Linear"):
            return Place(Linear(linear=len(node.weight)), name)
        if kind == "Conv2d":
            kernel = _square(where, "kernel", node.weight.shape[2:])
            stride, padding = _square(where, "stride", node.stride), _padding(where, node, kernel)
            if _square(where, "dilation", node.dilation) != 1:
                raise InputError(where, "is dilated", "no convolution here is")
            size = {"kernel": kernel, "stride": stride, "padding": padding, "groups": int(node.groups)}
            return Place(Conv(conv=len(node.weight), **size), name)
        if kind in ("AvgPool2d", "SumPool2d"):
            width, stride = (np.broadcast_to(np.ravel(value), 2) for value in (node.kernel_size, node.stride))
            if (stride != width).any() or np.any(node.padding):
                raise InputError(where, "has windows that overlap or are padded", "no average pool here has")
            if width[0] != width[1]:  # as only the pool over the whole map may be; its size is checked with the map's
                self._whole[name] = tuple(int(n) for n in width)
                return Place(AvgPool(avg_pool="global"), name)
            return Place(AvgPool(avg_pool=int(width[0])), name)
        raise InputError(where, f"is a {kind} that no block ends in", DO)

    def _sum_of_a_pool(self, place: Place) -> float:
        node = self.nodes.get(place.node)
        return float(np.prod(node.kernel_size)) if type(node).__name__ == "SumPool2d" else 1.0

    def _fill(self, layer: Any, place: Place, constants: Constants | None, pooled: float) -> None:
        """Weights and bias, times what neurons and pools make of currents."""
        node, where = self.nodes[place.node], f"{self.path}: node {place.node}"
        gain, drive = (constants.gain, constants.drive) if constants else (1.0, 0.0)
        gain, drive = _of_outputs(where, gain, layer), _of_outputs(where, 0.0 if place.sum_of else drive, layer)
        if not (np.isfinite(gain).all() and np.isfinite(drive).all()):
            raise InputError(where, "feeds neurons whose resistance or leak is no finite number", "mend them")
        weight, bias = np.asarray(node.weight, np.float64), getattr(node, "bias", None)
        if not (np.isfinite(weight).all() and (bias is None or np.isfinite(bias).all())):
            raise InputError(where, "has a weight or bias that is no finite number", "mend it")
        if bias is not None and np.shape(bias) != weight.shape[:1]:
            raise InputError(where, f"has {np.size(bias)} biases for {len(weight)} outputs", "make them agree")
        if weight.shape != tuple(layer.op.weight.shape):
            found, needed = "x".join(map(str, weight.shape)), "x".join(map(str, layer.op.weight.shape))
            raise InputError(where, f"has weights {found} where {needed} are needed", "check what comes before it")
        bias = np.zeros(len(weight)) if bias is None else np.asarray(bias, np.float64)
        layer.op.weight.copy_(torch.from_numpy(weight * pooled * gain.reshape(-1, *[1] * (weight.ndim - 1))))
        layer.op.bias.copy_(torch.from_numpy(bias * gain + drive))


def _flat(part: Place | _Block) -> list[Place]:
    return part.places if isinstance(part, _Block) else [part]


def _of_outputs(where: str, value: Any, layer: Any) -> np.ndarray:
    """What is the same for every neuron of a map, a number an output."""
    array = spread(value, layer.output_shape).reshape(layer.output_shape[0], -1)
    if not np.allclose(array, array[:, :1], rtol=1e-9, atol=0):
        raise InputError(where, "feeds neurons of one map that differ in resistance or leak", "make them alike")
    return array[:, 0]


def _square(where: str, what: str, value: Any) -> int:
    values = {int(n) for n in np.ravel(value)}
    if len(values) != 1:
        raise InputError(where, f"has a {what} that is not square", "no layer here has")
    return values.pop()


def _padding(where: str, node: Any, kernel: int) -> int:
    padding = _text(node.padding)
    if not isinstance(padding, str):
        return _square(where, "padding", padding)
    if padding == "same":
        if kernel % 2 == 0 or _square(where, "stride", node.stride) != 1:
            raise InputError(where, "pads one side more than the other", "say the padding in numbers")
        return kernel // 2
    return 0


def _text(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value
