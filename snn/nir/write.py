"""Write a deployed network as a NIR graph; an InputError names the layer that NIR cannot express."""

import json
from pathlib import Path

import nir
import numpy as np
from torch import nn

from snn.core import files
from snn.core.errors import InputError
from snn.model.layer import Layer
from snn.model.network import Network
from snn.model.spec import Add, AvgPool, Linear, MaxPool, Neuron
from snn.nir import DT
from snn.nir.neurons import node_of

INPUT, OUTPUT = "input", "output"


def write(network: Network, path: Path) -> Path:
    """Write a network as a NIR file; raises InputError naming the part that NIR cannot express."""
    nodes, edges = graph(network)
    architecture = network.architecture
    metadata = {
        "steps": str(architecture.steps),
        "dt": repr(DT),
        "encoding": architecture.encoding,
        "readout": architecture.readout.model_dump_json(),
        "bias_share": json.dumps(architecture.bias_share),
    }
    made = nir.NIRGraph(nodes, edges, metadata=metadata, type_check=False)
    return files.write(path, lambda temporary: nir.write(temporary, made))


def graph(network: Network) -> tuple[dict[str, nir.NIRNode], list[tuple[str, str]]]:
    """Nodes by name, and edges. Layer 3 becomes the nodes `synapses_3`, its operator, and `neurons_3`.

    NIR adds the inputs of a node that has several; spikes are added in a Scale of ones.
    """
    _check(network)
    shape = np.array(network.architecture.input_shape)
    nodes: dict[str, nir.NIRNode] = {INPUT: nir.Input({"input": shape})}
    edges: list[tuple[str, str]] = []
    ends = {-1: INPUT}
    for i, layer in enumerate(network.layers):
        name, before = _name(layer, i), ends[layer.source]
        if isinstance(layer.spec, Linear) and len(layer.input_shape) > 1:
            nodes[f"flatten_{i + 1}"] = nir.Flatten({"input": np.array(layer.input_shape)}, start_dim=0, end_dim=-1)
            edges.append((before, f"flatten_{i + 1}"))
            before = f"flatten_{i + 1}"
        nodes[name] = _operator(layer, i)
        edges.append((before, name))
        end = name
        if isinstance(layer.activation, Neuron):
            end = f"neurons_{i + 1}"
            nodes[end] = node_of(layer.activation, layer)
            edges.append((name, end))
        if layer.addend is not None:
            edges.append((ends[layer.addend], end))
        ends[i] = end
    nodes[OUTPUT] = nir.Output({"output": np.array(network.layers[-1].output_shape)})
    edges.append((end, OUTPUT))
    return nodes, edges


def _check(network: Network) -> None:
    architecture = network.architecture
    neuron = architecture.activation
    if not isinstance(neuron, Neuron):
        raise _inexpressible("network", "is an ANN")
    if neuron.smooth is not None:
        raise _inexpressible("neuron", "is smooth")
    if neuron.reset == "subtract":
        raise _inexpressible("neuron", "subtracts its threshold at a reset")
    if architecture.norm:
        raise _inexpressible("network", "has a norm, which is only for training")
    if architecture.readout.kind == "current_and_spikes":
        raise _inexpressible("read-out", "adds current and spikes")


def _inexpressible(where: str, what: str) -> InputError:
    return InputError(where, f"{what}, which NIR cannot express", "choose another network")


def _name(layer: Layer, i: int) -> str:
    kind = {AvgPool: "pool", Add: "sum"}.get(type(layer.spec), "synapses")
    return f"{kind}_{i + 1}"


def _operator(layer: Layer, i: int) -> nir.NIRNode:
    spec, op = layer.spec, layer.op
    if isinstance(spec, Add):
        return nir.Scale(np.ones(layer.output_shape, dtype=np.float32))
    if isinstance(spec, AvgPool):
        width = np.array(layer.input_shape[1:] if spec.avg_pool == "global" else (spec.avg_pool,) * 2)
        return nir.AvgPool2d(width, width, np.zeros(2, dtype=int))
    if not isinstance(op, nn.Conv2d | nn.Linear):
        raise _inexpressible(f"layer {i + 1}", "pools by the maximum" if isinstance(spec, MaxPool) else "is NeuNorm")
    weight = op.weight.detach().cpu().numpy()
    bias = np.zeros(len(weight), weight.dtype) if op.bias is None else op.bias.detach().cpu().numpy()
    if isinstance(op, nn.Conv2d):
        size = op.stride, op.padding, op.dilation, op.groups
        return nir.Conv2d(tuple(layer.input_shape[1:]), weight, *size, bias)
    return nir.Affine(weight, bias)
