"""A list of layers becomes a network: built, walked through time, folded, saved. The same class is ANN and SNN.

An ANN is a network of one step whose activation is `Relu`. A network with a norm is for training only; `fold` moves the
norm into weights and biases, and everything that judges a network (accuracy, counts, noise, calibration) takes the
folded one. Legend of shapes: `snn/neuron.py`.
"""

import json
from collections.abc import Iterator, Mapping
from math import prod
from pathlib import Path

import torch
from torch import Tensor, nn

from snn import files
from snn.errors import InputError
from snn.neuron import Silicon, fire
from snn.spec import Architecture, AvgPool, Conv, LayerSpec, Linear, Neuron, Norm, Relu, Shape, sizes


class Layer(nn.Module):
    """One synapse or pool, with its norm, followed by its neurons; `fires` is false where only currents leave it."""

    def __init__(self, spec: LayerSpec, input_shape: Shape, output_shape: Shape, norm: Norm | None):
        super().__init__()
        self.spec, self.input_shape, self.output_shape = spec, input_shape, output_shape
        self.activation: Neuron | Relu | None = None
        self.silicon: Silicon | None = None
        self.op = _operator(spec, input_shape)
        self.norm = _norm(norm, output_shape) if norm and isinstance(spec, Conv | Linear) else None

    @property
    def programmable(self) -> bool:
        """Whether it has weights."""
        return isinstance(self.spec, Conv | Linear)

    @property
    def fires(self) -> bool:
        """Whether its outputs are spikes."""
        return isinstance(self.activation, Neuron)

    def current(self, x_TBX: Tensor, folded: Mapping[str, Tensor] | None = None) -> Tensor:
        """The current into the neurons, norm included: (T, B, *input_shape) -> (T, B, *output_shape).

        `folded` are weight and bias to take in place of the layer's own and its norm. An input that is the same at
        every step (stride 0 in time) is multiplied once.
        """
        steps = len(x_TBX)
        constant = steps > 1 and x_TBX.stride(0) == 0
        x_bX = x_TBX[0] if constant else x_TBX.flatten(0, 1)
        x_bX = x_bX.flatten(1) if isinstance(self.spec, Linear) else x_bX
        if folded is not None:
            z_bN = torch.func.functional_call(self.op, dict(folded), x_bX)
        else:
            z_bN = self.norm(self.op(x_bX)) if self.norm else self.op(x_bX)
        return z_bN.expand(steps, *z_bN.shape) if constant else z_bN.unflatten(0, (steps, -1))

    def respond(self, z_TBN: Tensor, v_BN: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """What the neurons make of their currents, and the membrane to go on from.

        Spikes of a spiking layer, rectified currents of an ANN's; currents where there are no neurons.
        """
        if isinstance(self.activation, Neuron):
            return fire(z_TBN, self.activation, v_BN, self.silicon)
        if isinstance(self.activation, Relu):
            return z_TBN.clamp(min=0, max=self.activation.clip), None
        return z_TBN, None

    def forward(self, x_TBX: Tensor, v_BN: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Inputs to (outputs, membrane to go on from)."""
        return self.respond(self.current(x_TBX), v_BN)


class Network(nn.Module):
    """Layers in order; the last one is the read-out."""

    def __init__(self, architecture: Architecture):
        super().__init__()
        self.architecture = architecture
        specs = architecture.all_layers
        shapes = [(size.input_shape, size.output_shape) for size in sizes(architecture.input_shape, specs)]
        last = len(specs) - 1
        self.layers = nn.ModuleList(
            Layer(spec, *shape, norm=architecture.norm if i < last else None)
            for i, (spec, shape) in enumerate(zip(specs, shapes, strict=True))
        )
        for layer in self.layers[: last + (architecture.readout.kind == "votes")]:
            layer.activation = architecture.activation if layer.programmable else None
        self.to(memory_format=torch.channels_last)

    @property
    def hidden(self) -> list[Layer]:
        """The layers below the read-out that have neurons."""
        return [layer for layer in self.layers[:-1] if layer.programmable]

    def encode(self, x: Tensor) -> Tensor:
        """Images (B, C, H, W) to currents (T, B, C, H, W), without a copy where they are the same at every step."""
        steps = self.architecture.steps
        x = x.contiguous(memory_format=torch.channels_last) if x.dim() == 4 else x
        if self.architecture.encoding == "repeat":
            return x.expand(steps, *x.shape)
        return torch.cat([x[None], x.new_zeros(steps - 1, *x.shape)])

    def walk(
        self, x_TBX: Tensor, state: list[Tensor | None] | None = None, cut: bool = False
    ) -> Iterator[tuple[Layer, Tensor]]:
        """Layer by layer, each with its output over all steps of x; the last output is o_TBK.

        `state` holds one membrane a layer and is brought up to date in place, so that the next chunk of time goes on
        from it. `cut` detaches what passes from layer to layer and from chunk to chunk: each layer then learns alone.
        """
        if self.architecture.norm and state is not None:
            raise InputError("network", "has a norm, whose statistics span all steps, and was given a state", "fold it")
        for i, layer in enumerate(self.layers):
            v_BN = state[i] if state else None
            y_TBN, v_BN = layer(x_TBX, v_BN.detach() if cut and v_BN is not None else v_BN)
            if state is not None:
                state[i] = v_BN
            yield layer, self._votes(y_TBN) if layer is self.layers[-1] else y_TBN
            x_TBX = y_TBN.detach() if cut else y_TBN

    def forward(self, x_TBX: Tensor, state: list[Tensor | None] | None = None) -> tuple[Tensor, list[Tensor | None]]:
        """Any chunk of time: (o_TBK, state). Start with no state; chunks equal the whole."""
        whole = self.architecture.norm is not None and state is None
        state = list(state or [None] * len(self.layers))
        o_TBK = x_TBX
        for _, y_TBN in self.walk(x_TBX, None if whole else state):
            o_TBK = y_TBN
        return o_TBK, state

    def scores(self, o_TBK: Tensor) -> Tensor:
        """Outputs of all steps to scores (B, K): sum_t step_weights[t] o[t]."""
        return torch.einsum("tbk,t->bk", o_TBK, o_TBK.new_tensor(self.architecture.readout.step_weights))

    def predict(self, x_BCHW: Tensor) -> Tensor:
        """Images to scores (B, K)."""
        return self.scores(self(self.encode(x_BCHW))[0])

    def _votes(self, o_TBN: Tensor) -> Tensor:
        readout = self.architecture.readout
        return o_TBN if readout.kind == "current" else o_TBN.unflatten(-1, (-1, readout.voters)).mean(-1)


def fold(network: Network, bias_share: float = 1.0) -> Network:
    """The same function without norms, in evaluation mode; shares no memory with `network`. See `folded`."""
    result = Network(network.architecture.model_copy(update={"norm": None}))
    for layer, target in zip(network.layers, result.layers, strict=True):
        target.op.load_state_dict(folded(layer, bias_share))
    return result.to(next(network.parameters()).device).eval()


@torch.no_grad()
def folded(layer: Layer, bias_share: float = 1.0) -> dict[str, Tensor]:
    """Weight and bias of a layer with its norm, by running statistics, moved into them; nothing for a pool.

    W' = g W / sqrt(v + eps),   b' = bias_share (beta + g (b - m) / sqrt(v + eps))

    `bias_share` is 1/T where a rule spreads the bias over the steps (tandem learning).
    """
    if not layer.programmable:
        return {}
    weight, bias = layer.op.weight, layer.op.bias
    if layer.norm:
        gain = layer.norm.weight / torch.sqrt(layer.norm.running_var + layer.norm.eps)
        weight = weight * gain.view(-1, *[1] * (weight.dim() - 1))
        bias = layer.norm.bias + (bias - layer.norm.running_mean) * gain
    return {"weight": weight, "bias": bias * bias_share}


def save(network: Network, path: Path, **metadata: object) -> Path:
    """Write tensors and architecture as safetensors."""
    document = {"architecture": network.architecture.model_dump(mode="json"), **metadata}
    return files.write_tensors(path, to_numpy(network.state_dict()), document)


def load(path: Path, device: torch.device) -> Network:
    """Read a network written by `save`; raises InputError naming the file."""
    remedy = f"remove {path.parent} and start the workflow again"
    tensors, metadata = files.read_tensors(path, remedy)
    try:
        network = Network(Architecture.model_validate_json(json.dumps(metadata["architecture"])))
        network.load_state_dict(from_numpy(tensors))
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise InputError(path, f"holds no network of this version ({str(error).splitlines()[0]})", remedy) from error
    return network.to(device).eval()


def to_numpy(tensors: Mapping[str, Tensor]) -> dict:
    """Tensors as arrays in memory."""
    return {name: tensor.detach().cpu().numpy() for name, tensor in tensors.items()}


def from_numpy(arrays: Mapping) -> dict[str, Tensor]:
    """Arrays as tensors that own their memory."""
    return {name: torch.tensor(array) for name, array in arrays.items()}


def _operator(spec: LayerSpec, input_shape: Shape) -> nn.Module:
    if isinstance(spec, Conv):
        return nn.Conv2d(input_shape[0], spec.conv, spec.kernel, spec.stride, spec.padding, groups=spec.groups)
    if isinstance(spec, Linear):
        return nn.Linear(prod(input_shape), spec.linear)
    return nn.AvgPool2d(spec.avg_pool) if isinstance(spec, AvgPool) else nn.MaxPool2d(spec.max_pool)


def _norm(norm: Norm, shape: Shape) -> nn.BatchNorm1d | nn.BatchNorm2d:
    kind = nn.BatchNorm2d if len(shape) == 3 else nn.BatchNorm1d
    return kind(shape[0], eps=norm.eps, momentum=norm.momentum)
