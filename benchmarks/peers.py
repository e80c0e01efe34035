"""The networks of `nets` by SpikingJelly, snnTorch and norse, each written as its own documentation writes them.

They have the layers, the weights and the read-out of one of ours. What a peer cannot express, `model` tells:

* SpikingJelly runs all steps of a layer at once. Its neurons have a registered operator for the triangle, and none for
  the rectangle.
* snnTorch and norse run step by step, so their norm sees one step at a time.
* snnTorch never differentiates its reset.
* norse has no rectangle, and rounds in another order.

All of them see the image at every step, so they compute the first layer T times; ours computes it once.

Import it without the peers: `missing` tells which are there.
"""

import copy
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.readable import Spike
from snn.model.layer import Layer
from snn.model.network import Network
from snn.model.spec import Neuron

SPIKINGJELLY, SNNTORCH, NORSE = "SpikingJelly", "snnTorch", "norse"
LAYOUT = ", channels-last"  # behind the name of a peer whose network lies so in memory; NCHW without it
MODULES = {SPIKINGJELLY: "spikingjelly", SNNTORCH: "snntorch", NORSE: "norse"}
NEUROBENCH = "neurobench"
HINT = "is not in this environment; make bench has one with it"


def layouts(name: str) -> tuple[str, str]:
    """A peer in both layouts of memory."""
    return name, name + LAYOUT


def library(name: str) -> str:
    """The peer, whatever its layout."""
    return name.removesuffix(LAYOUT)


def missing(names: Iterable[str]) -> dict[str, str]:
    """Those of the candidates whose library is not here, each with the reason."""
    modules = {name: MODULES.get(library(name), library(name)) for name in names}
    return {name: f"{module} {HINT}" for name, module in modules.items() if find_spec(module) is None}


def model(name: str, neuron: Neuron, norm: bool = False) -> str:
    """Either "same", or how a peer's network differs from ours."""
    name, differs = library(name), []
    if name == SNNTORCH and not neuron.detach_reset:
        differs.append("reset not differentiated")
    if name == NORSE:
        differs.append("rounds in another order" if neuron.surrogate == "triangle" else "surrogate is a triangle")
    if norm and name in (SNNTORCH, NORSE):
        differs.append("norm sees one step at a time")
    return ", ".join(differs) or "same"


def matched(name: str, neuron: Neuron) -> Neuron:
    """Our description of the neuron that a peer really has."""
    changes: dict[str, Any] = {}
    if name == SNNTORCH:
        changes = {"detach_reset": True}
    elif name == NORSE:
        changes = {"surrogate": "triangle", "width": 1.0, "fires": "above"}
    return neuron.model_copy(update=changes)


def neurons(name: str, neuron: Neuron) -> tuple[Callable[[Tensor], Tensor], float]:
    """One layer of neurons of a peer, x_TBN to s_TBN, and the factor that its x has to have.

    A network has the factor in its weights, so that it costs nothing.
    """
    if name == SPIKINGJELLY:
        from spikingjelly.activation_based import functional

        node = spikingjelly_neuron(neuron)

        def run(x_TBN: Tensor) -> Tensor:
            functional.reset_net(node)
            return node(x_TBN)

        return run, 1.0
    cell, start, factor = stepwise(name, neuron)

    def loop(x_TBN: Tensor) -> Tensor:
        state, s_TBN = start(cell), []
        for x_BN in x_TBN:
            s_BN, state = cell(x_BN, state)
            s_TBN.append(s_BN)
        return torch.stack(s_TBN)

    return loop, factor


def network(name: str, source: Network) -> nn.Module:
    """A peer's network, with the layers and weights of ours: images to o_TBK, see `Network.forward`."""
    channels_last = name.endswith(LAYOUT)
    if library(name) == SPIKINGJELLY:
        return AllSteps(source, channels_last)
    return StepByStep(source, library(name), channels_last)


def spikingjelly_neuron(neuron: Neuron) -> nn.Module:
    """SpikingJelly's LIFNode over all steps; it has decay 1 - 1/tau and fires at the threshold."""
    from spikingjelly.activation_based import neuron as nodes
    from spikingjelly.activation_based import surrogate

    if neuron.reset != "zero" or neuron.fires != "at" or neuron.height != 1:
        raise ValueError(f"SpikingJelly has no such neuron: {neuron}")
    if neuron.surrogate == "triangle":
        h = surrogate.PiecewiseQuadratic(alpha=1.0)  # 1 - |d|, our triangle of width 1
    else:
        h = surrogate.Rect(alpha=1.0)  # 1 where |d| < 1/2
    return nodes.LIFNode(
        tau=1 / (1 - neuron.decay),
        decay_input=False,
        v_threshold=neuron.threshold,
        v_reset=0.0,
        surrogate_function=h,
        detach_reset=neuron.detach_reset,
        step_mode="m",
    )


def stepwise(name: str, neuron: Neuron) -> tuple[nn.Module, Callable[[Any], Any], float]:
    """A cell of snnTorch or norse, its state before the first step, and the factor on its input."""
    if name == SNNTORCH:
        import snntorch

        cell = snntorch.Leaky(
            beta=neuron.decay,
            threshold=neuron.threshold,
            spike_grad=lambda d: Spike.apply(d, neuron),
            reset_mechanism="zero",
        )
        return cell, lambda leaky: leaky.reset_mem(), 1.0
    from norse.torch import LIFBoxCell, LIFBoxParameters

    share = 1 - neuron.decay  # v + share (x - v): its input is multiplied by share
    p = LIFBoxParameters(
        tau_mem_inv=torch.tensor(share), v_th=torch.tensor(neuron.threshold), method="triangle", alpha=1.0
    )
    return LIFBoxCell(p=p, dt=1.0), lambda cell: None, 1 / share


class AllSteps(nn.Module):
    """SpikingJelly: every layer over all steps, images repeated."""

    def __init__(self, source: Network, channels_last: bool):
        super().__init__()
        from spikingjelly.activation_based import layer

        self.steps, self.channels_last = source.architecture.steps, channels_last
        self.voters = source.architecture.readout.voters
        parts: list[nn.Module] = []
        for ours in source.layers:
            op, norm = _copied(ours)
            if isinstance(op, nn.Conv2d):
                size = op.in_channels, op.out_channels, op.kernel_size, op.stride, op.padding
                wrapped: nn.Module = layer.Conv2d(*size, bias=op.bias is not None, step_mode="m")
            else:
                parts += [layer.Flatten(step_mode="m")] if len(ours.input_shape) > 1 else []
                wrapped = layer.Linear(op.in_features, op.out_features, bias=op.bias is not None, step_mode="m")
            wrapped.load_state_dict(op.state_dict())
            parts.append(wrapped)
            if norm is not None:
                kind = layer.BatchNorm2d if isinstance(norm, nn.BatchNorm2d) else layer.BatchNorm1d
                parts.append(kind(norm.num_features, eps=norm.eps, momentum=norm.momentum, step_mode="m"))
                parts[-1].load_state_dict(norm.state_dict())
            if ours.activation is not None:
                parts.append(spikingjelly_neuron(ours.activation))
        self.net = nn.Sequential(*parts)
        if channels_last:
            self.to(memory_format=torch.channels_last)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Images to outputs of all steps, averaged over the voters of a class."""
        from spikingjelly.activation_based import functional

        functional.reset_net(self.net)
        x_TBCHW = x_BCHW.unsqueeze(0).repeat(self.steps, 1, 1, 1, 1)
        if self.channels_last:  # of five axes torch knows no such layout, of four it does
            x_bCHW = x_TBCHW.flatten(0, 1).contiguous(memory_format=torch.channels_last)
            x_TBCHW = x_bCHW.unflatten(0, (self.steps, -1))
        return _votes(self.net(x_TBCHW), self.voters)


class StepByStep(nn.Module):
    """snnTorch or norse: all layers of one step, then the next step."""

    def __init__(self, source: Network, name: str, channels_last: bool):
        super().__init__()
        self.steps, self.channels_last = source.architecture.steps, channels_last
        self.voters = source.architecture.readout.voters
        self.synapses, self.cells = nn.ModuleList(), nn.ModuleList()
        self.starts: list[Callable[[Any], Any]] = []
        for ours in source.layers:
            op, norm = _copied(ours)
            flat = [nn.Flatten()] if isinstance(op, nn.Linear) and len(ours.input_shape) > 1 else []
            if ours.activation is None:
                cell, start, factor = nn.Identity(), None, 1.0
            else:
                cell, start, factor = stepwise(name, ours.activation)
            with torch.no_grad():
                for parameter in (norm if norm is not None else op).parameters():
                    parameter *= factor  # in place of a product at every step
            self.synapses.append(nn.Sequential(*flat, op, *([] if norm is None else [norm])))
            self.cells.append(cell)
            self.starts.append(start)
        if channels_last:
            self.to(memory_format=torch.channels_last)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Images to outputs of all steps, averaged over the voters of a class."""
        states = [start and start(cell) for start, cell in zip(self.starts, self.cells, strict=True)]
        o_TBN = []
        for _ in range(self.steps):
            y = x_BCHW
            for i, (synapses, cell) in enumerate(zip(self.synapses, self.cells, strict=True)):
                y = synapses(y)
                if self.starts[i] is not None:
                    y, states[i] = cell(y, states[i])
            o_TBN.append(y)
        return _votes(torch.stack(o_TBN), self.voters)


def _copied(layer: Layer) -> tuple[nn.Module, nn.Module | None]:
    """The synapses and the norm of one of our layers, as modules of torch with their own memory, in NCHW."""
    if not layer.programmable or layer.addend is not None:
        raise ValueError(f"peers have chains of convolutions and linear layers only, not {layer.spec!r}")
    op, norm = copy.deepcopy(layer.op).to(memory_format=torch.contiguous_format), None
    if layer.norm is not None:
        kind = nn.BatchNorm2d if isinstance(op, nn.Conv2d) else nn.BatchNorm1d
        norm = kind(layer.norm.num_features, eps=layer.norm.eps, momentum=layer.norm.momentum)
        norm.load_state_dict(layer.norm.state_dict())
    return op, norm


def _votes(o_TBN: Tensor, voters: int) -> Tensor:
    return o_TBN if voters == 1 else o_TBN.unflatten(-1, (-1, voters)).mean(-1)
