"""A network of layers: build, run over time, fold, save. One class for ANN and SNN.

An ANN is a network of one step whose activation is `Relu`. A network with a norm is for training only. `fold` moves the
norm into weights and biases; evaluation, counting, noise and calibration use the folded network. Shapes: see
`snn/model/neuron.py`.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import torch
from torch import Tensor, nn

from snn.core import stored
from snn.core.errors import InputError, remake
from snn.model.graph import Node, biased, nodes, sizes
from snn.model.layer import Layer, NeuronNormalisation, folded
from snn.model.spec import Architecture, AvgPool, Conv, Linear, MaxPool

Run = Callable[[Layer, Tensor, Tensor | None, Tensor | None], tuple[Tensor, Tensor | None]]


class Layers(nn.ModuleList):
    """A list of modules that are layers."""

    if TYPE_CHECKING:

        def __iter__(self) -> Iterator[Layer]: ...
        @overload
        def __getitem__(self, idx: slice) -> "Layers": ...
        @overload
        def __getitem__(self, idx: int) -> Layer: ...
        def __getitem__(self, idx: int | slice) -> "Layer | Layers": ...


class Network(nn.Module):
    """Layers in the order in which they run; the last one is the read-out. `used_up`: outputs read last by each."""

    def __init__(self, architecture: Architecture):
        super().__init__()
        self.architecture = architecture
        placed = nodes(architecture)
        self.layers = Layers(
            Layer(node, size, architecture, _dropout(architecture, placed, node, last=i == len(placed) - 1))
            for i, (node, size) in enumerate(zip(placed, sizes(architecture.input_shape, placed), strict=True))
        )
        for layer in self.layers:  # after all synapses, so that NeuNorm does not change their initial weights
            if isinstance(layer.op, NeuronNormalisation):
                layer.op.reset_parameters()
        self.sensor: Callable[[Tensor], Tensor] | None = None
        for layer in self.layers:
            layer.gets_spikes = layer.source >= 0 and self.layers[layer.source].fires
        self.layers[-1].adds_current = architecture.readout.kind == "current_and_spikes"
        last_use = {source: i for i, node in enumerate(placed) for source in node.inputs}
        self.used_up = [[source for source, last in last_use.items() if last == i] for i in range(len(placed))]
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # its stubs know no memory format

    @property
    def hidden(self) -> list[Layer]:
        """The layers below the read-out that have neurons."""
        return [layer for layer in self.layers[:-1] if layer.activation]

    def encode(self, x: Tensor, steps: int | None = None) -> Tensor:
        """Images (B, C, H, W) to currents (T, B, C, H, W), without a copy if they are the same at every step.

        Frames of events (T, B, C, H, W) are shown step by step; a network of one step, hence an ANN, sees their sum.
        `steps` are those of the network, unless it is to run for another time with the same parameters. `sensor` is the
        effect of hardware on the result. Raises InputError if frames and steps differ in number.
        """
        x_TBX = self._shown(x, steps or self.architecture.steps)
        return self.sensor(x_TBX) if self.sensor else x_TBX

    def _shown(self, x: Tensor, steps: int) -> Tensor:
        architecture = self.architecture
        if x.dim() == len(architecture.input_shape) + 2:
            if steps == 1:
                return x.sum(0, keepdim=True)
            if len(x) != steps:
                raise InputError("network", f"has {steps} steps but got {len(x)} frames", "use as many steps as frames")
            return x
        x = x.contiguous(memory_format=torch.channels_last) if x.dim() == 4 else x
        if architecture.encoding == "repeat":
            return x.expand(steps, *x.shape)
        return torch.cat([x[None], x.new_zeros(steps - 1, *x.shape)])

    def walk(
        self, x_TBX: Tensor, state: list[Tensor | None] | None = None, cut: bool = False, run: Run = Layer.__call__
    ) -> Iterator[tuple[Layer, Tensor]]:
        """Run layer by layer: yields each layer with its output over all steps of x; the last output is o_TBK.

        `state` holds one membrane per layer and is updated in place, for the next chunk of time. `cut` detaches the
        outputs of neurons and the state between chunks: each layer of neurons then learns alone, with the synapses that
        lead to it. `run` is called in place of each layer. Raises InputError for a network with a norm and a state.
        """
        if self.architecture.norm and state is not None:
            raise InputError("network", "has a norm, whose statistics span all steps, so it takes no state", "fold it")
        outputs = {-1: x_TBX}
        del x_TBX
        for i, layer in enumerate(self.layers):
            held = state[i] if state else None
            addend_TBN = None if layer.addend is None else outputs[layer.addend]
            held = held.detach() if cut and held is not None else held
            y_TBN, held = run(layer, outputs[layer.source], addend_TBN, held)
            if state is not None:
                state[i] = held
            outputs[i] = y_TBN.detach() if cut and layer.activation else y_TBN
            for source in self.used_up[i]:
                del outputs[source]
            yield layer, self._votes(y_TBN) if layer is self.layers[-1] else y_TBN

    def forward(self, x_TBX: Tensor, state: list[Tensor | None] | None = None) -> tuple[Tensor, list[Tensor | None]]:
        """Run any chunk of time: returns (o_TBK, state). Start without a state; chunks give the same as the whole."""
        whole = self.architecture.norm is not None and state is None
        state = list(state or [None] * len(self.layers))
        o_TBK = x_TBX
        for _, y_TBN in self.walk(x_TBX, None if whole else state):
            o_TBK = y_TBN
        return o_TBK, state

    def scores(self, o_TBK: Tensor) -> Tensor:
        """Outputs of T steps to scores (B, K): sum_t w[t] o[t], with w the weights of the read-out for T."""
        weights = self.architecture.readout.weights(len(o_TBK))
        with torch.autocast(o_TBK.device.type, enabled=False):  # a product, but part of the loss
            return torch.einsum("tbk,t->bk", o_TBK, o_TBK.new_tensor(weights))

    def predict(self, x: Tensor) -> Tensor:
        """Images or frames to scores (B, K)."""
        return self.scores(self(self.encode(x))[0])

    def predict_at(self, x: Tensor, ends: Sequence[int]) -> list[Tensor]:
        """Scores (B, K) after each of several numbers of steps, in rising order, with the same parameters."""
        o_TBK, _ = self(self.encode(x, ends[-1]))
        return [self.scores(o_TBK[:steps]) for steps in ends]

    def _votes(self, o_TBN: Tensor) -> Tensor:
        readout = self.architecture.readout
        return o_TBN if readout.kind != "votes" else o_TBN.unflatten(-1, (-1, readout.voters)).mean(-1)


def fold(network: Network) -> Network:
    """The same function without norms and dropout, in evaluation mode; shares no memory with `network`.

    See `layer.folded`. Biases are spread over the steps if `bias_share` is set.
    """
    architecture = network.architecture
    layers = biased(architecture.layers) if architecture.norm else architecture.layers
    result = Network(architecture.model_copy(update={"norm": None, "dropout": None, "layers": layers}))
    for layer, target in zip(network.layers, result.layers, strict=True):
        target.op.load_state_dict(folded(layer, 1 / architecture.steps if architecture.bias_share else 1.0))
    return result.to(next(network.parameters()).device).eval()


@torch.no_grad()
def at_steps(network: Network, steps: int) -> Network:
    """A deployed network with another number of steps than it was trained with.

    Its parameters stay. Biases that are spread over the steps are scaled so that their sum over all steps stays.
    """
    result = Network(network.architecture.model_copy(update={"steps": steps}))
    result.load_state_dict(parameters_at(network.architecture, network.state_dict(), steps))
    return result.to(next(network.parameters()).device).eval()


def parameters_at(architecture: Architecture, parameters: Mapping[str, Tensor], steps: int) -> dict[str, Tensor]:
    """The parameters of a deployed network for another number of steps, by the same names: see `at_steps`."""
    if not architecture.bias_share:
        return dict(parameters)
    share = architecture.steps / steps
    return {name: value * share if name.endswith(".op.bias") else value for name, value in parameters.items()}


def _dropout(architecture: Architecture, placed: Sequence[Node], node: Node, last: bool) -> float:
    """The dropout probability of a layer's inputs: 0 if they are the image, pooled or not."""
    spec, source = node.layer, node.source
    while source >= 0 and isinstance(placed[source].layer, AvgPool | MaxPool):
        source = placed[source].source
    kind = "readout" if last else "conv" if isinstance(spec, Conv) else "linear" if isinstance(spec, Linear) else None
    dropout = architecture.dropout
    return dropout.p if dropout and source >= 0 and kind in dropout.before else 0.0


def save(network: Network, path: Path, **metadata: object) -> Path:
    """Write tensors and architecture as safetensors."""
    document = {"architecture": network.architecture.model_dump(mode="json"), **metadata}
    return stored.write_tensors(path, to_numpy(network.state_dict()), document)


def load(path: Path, device: torch.device, remedy: str | None = None) -> Network:
    """Read a network written by `save`; raises InputError naming the file. Default remedy: that of its folder."""
    remedy = remedy or remake(path.parent)
    tensors, metadata = stored.read_tensors(path, remedy)
    try:
        network = Network(Architecture.model_validate_json(json.dumps(metadata["architecture"])))
        network.load_state_dict(from_numpy(tensors))
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise InputError(path, f"holds no network of this version ({str(error).splitlines()[0]})", remedy) from error
    return network.to(device).eval()


def metadata(path: Path) -> dict[str, Any]:
    """The document that a network was saved with; raises InputError naming the file."""
    return stored.read_tensors(path, remake(path.parent))[1]


def to_numpy(tensors: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    """Tensors as arrays in the memory of the host."""
    return {name: tensor.detach().cpu().numpy() for name, tensor in tensors.items()}


def from_numpy(arrays: Mapping[str, np.ndarray]) -> dict[str, Tensor]:
    """Arrays as tensors that own their memory."""
    return {name: torch.tensor(array) for name, array in arrays.items()}
