"""Read a network from a NIR file; an InputError names the node that is not supported.

Supported are chains of Conv2d, Affine, Linear, Flatten, AvgPool2d and SumPool2d with LIF, IF or Threshold neurons, and
residual blocks (`snn/nir/parts.py`). Time constants and thresholds may differ between neurons. Equations:
`snn/nir/__init__.py`.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import nir
import numpy as np
import torch
from pydantic import ValidationError
from torch import nn

from snn.core.errors import InputError
from snn.model.layer import Layer
from snn.model.network import Network
from snn.model.spec import Architecture, AvgPool, Linear, Neuron, Readout
from snn.nir import DT
from snn.nir.guard import checked
from snn.nir.neurons import Constants, Values, constants_of, neuron_of, silicon_of, spread
from snn.nir.parts import DO, KNOWN, Graph, Place, Residual

MISFIT = (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError)  # raised for arrays that do not fit


def read(path: Path, steps: int | None = None, dt: float | None = None) -> Network:
    """The network in a NIR file; `steps` and `dt` replace those in its metadata.

    Raises InputError naming the file and the node.
    """
    graph = Graph(path, checked(path, KNOWN, DO))
    if steps is None:
        stated = graph.metadata.get("steps", "")
        if not re.fullmatch(r"0*[1-9][0-9]{0,9}", stated):
            raise InputError(path, "has no number of steps in its metadata", "give --steps")
        steps = int(stated)
    try:
        dt = float(graph.metadata.get("dt", DT)) if dt is None else dt
        if not 0 < dt < math.inf:
            raise InputError(f"{path}: metadata dt", f"{dt:g} is not positive and finite", "give --dt")
        return _network(graph, steps, dt)
    except MISFIT as error:
        first = (str(error).splitlines() or [""])[0]
        raise InputError(path, f"does not fit together ({first})", "check shapes and values of its nodes") from error


def _network(graph: Graph, steps: int, dt: float) -> Network:
    parts = graph.parts()
    places = [place for part in parts for place in part.places]
    neurons = [place.neurons for place in places if place.neurons]
    if not neurons:
        raise InputError(graph.path, "has no neurons", DO)
    constants = {name: constants_of(graph.where(name), graph.nodes[name], dt) for name in neurons}
    neuron = neuron_of(constants[neurons[0]])
    network = Network(_architecture(graph, parts, steps, neuron)).requires_grad_(False).eval()
    pooled = {-1: 1.0}  # by layer: factor on its output; a SumPool2d becomes an average and a factor
    for i, (layer, place) in enumerate(zip(network.layers, places, strict=True)):
        node, where = graph.nodes[place.node], graph.where(place.node)
        window = float(np.prod(node.kernel_size)) if isinstance(node, nir.SumPool2d) else 1.0
        pooled[i] = 1.0 if layer.programmable else pooled[layer.source] * window
        _check_pool(where, node, layer)
        if layer.addend is not None and pooled[layer.addend] != 1:
            raise InputError(where, "adds the output of a SumPool2d", "use AvgPool2d there")
        if place.neurons and layer.addend is not None and not network.layers[layer.addend].sends_current:
            _check_identity(graph.where(place.neurons), constants[place.neurons])
        _fill(graph, layer, place, constants, pooled[layer.source])
        if place.neurons:
            layer.silicon = silicon_of(constants[place.neurons], neuron, layer)
        elif layer.fires:
            raise InputError(where, "has no neurons behind it", "add some")
    return network


def _architecture(graph: Graph, parts: Sequence[Place | Residual], steps: int, neuron: Neuron) -> Architecture:
    last = parts[-1]
    if not isinstance(last, Place) or not isinstance(last.spec, Linear):
        raise InputError(graph.path, "does not end in a Linear or Affine node", "add a read-out")
    metadata = graph.metadata
    try:
        readout = Readout.model_validate_json(metadata.get("readout", "{}"))
        return Architecture.model_validate(
            {
                "input_shape": [int(n) for n in graph.only(nir.Input)[0].input_type["input"]],
                "outputs": last.spec.linear // readout.voters,
                "layers": [part.spec for part in parts[:-1]],
                "steps": steps,
                "activation": neuron,
                "norm": None,
                "encoding": metadata.get("encoding", "repeat"),
                "readout": readout.model_copy(update={"kind": "votes"} if last.neurons else {}),
                "bias_share": json.loads(metadata.get("bias_share", "false")),
            }
        )
    except (ValidationError, ValueError) as error:
        raise InputError(graph.path, f"is not supported ({str(error).splitlines()[0]})", DO) from error


def _check_pool(where: str, node: nir.NIRNode, layer: Layer) -> None:
    whole_map = isinstance(layer.spec, AvgPool) and layer.spec.avg_pool == "global"
    if whole_map and tuple(np.ravel(node.kernel_size)) != tuple(layer.input_shape[1:]):
        raise InputError(where, "has a kernel_size that is neither square nor that of the map", "make it square")


def _check_identity(where: str, constants: Constants) -> None:
    """Without synapses in a shortcut, there is no weight to multiply by the gain of the neurons."""
    if not np.allclose(constants.gain, 1, rtol=1e-9, atol=0):
        raise InputError(where, "multiplies the current of a shortcut without synapses", "give the shortcut a Conv2d")


def _fill(graph: Graph, layer: Layer, place: Place, constants: Mapping[str, Constants], pooled: float) -> None:
    """Set weights and bias of a layer with synapses, scaled by the gain of the neurons and the pools before it."""
    op = layer.op
    if not isinstance(op, nn.Conv2d | nn.Linear):
        return
    node, where, behind = graph.nodes[place.node], graph.where(place.node), place.neurons or place.sum_of
    gains: Values = constants[behind].gain if behind else 1.0
    drives: Values = constants[behind].drive if behind and not place.sum_of else 0.0
    gain, drive = _of_outputs(where, gains, layer), _of_outputs(where, drives, layer)
    if not (np.isfinite(gain).all() and np.isfinite(drive).all()):
        raise InputError(where, "feeds neurons whose resistance or leak is not finite", "fix them")
    weight, bias = np.asarray(node.weight, np.float64), getattr(node, "bias", None)
    if not (np.isfinite(weight).all() and (bias is None or np.isfinite(bias).all())):
        raise InputError(where, "has a weight or bias that is not finite", "fix it")
    if bias is not None and np.shape(bias) != weight.shape[:1]:
        raise InputError(where, f"has {np.size(bias)} biases for {len(weight)} outputs", "make them agree")
    if weight.shape != tuple(op.weight.shape):
        found, needed = "x".join(map(str, weight.shape)), "x".join(map(str, op.weight.shape))
        raise InputError(where, f"has weights {found} where {needed} are needed", "check the layers before it")
    bias = np.zeros(len(weight)) if bias is None else np.asarray(bias, np.float64)
    op.weight.copy_(torch.from_numpy(weight * pooled * gain.reshape(-1, *[1] * (weight.ndim - 1))))
    assert op.bias is not None  # noqa: S101 - every layer that is made of nodes has one
    op.bias.copy_(torch.from_numpy(bias * gain + drive))


def _of_outputs(where: str, value: Values, layer: Layer) -> np.ndarray:
    """One value per output, since all neurons of a map share it."""
    array = spread(value, layer.output_shape).reshape(layer.output_shape[0], -1)
    if not np.allclose(array, array[:, :1], rtol=1e-9, atol=0):
        raise InputError(where, "feeds neurons of one map that differ in resistance or leak", "make them equal")
    return array[:, 0]
