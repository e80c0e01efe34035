"""One layer of a network: its synapses or pool, its norm, its neurons. Shapes: see `snn/model/neuron.py`."""

from collections.abc import Mapping
from math import prod, sqrt

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from snn.core.strict import Shape
from snn.model.graph import Node, Placed, Size
from snn.model.neuron import IDEAL, Silicon, fire
from snn.model.spec import Architecture, AvgPool, Conv, Linear, MaxPool, NeuNorm, Neuron, Norm, Relu
from snn.model.spikes import convolve


class Normalisation(nn.modules.batchnorm._BatchNorm):
    """Batch normalisation of maps or vectors with the gain `scale` times weight (`spec.Norm`)."""

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor
    momentum: float

    def __init__(self, features: int, norm: Norm, scale: float):
        super().__init__(features, eps=norm.eps, momentum=norm.momentum)
        self.scale = scale

    @property
    def gain(self) -> Tensor:
        """The factor on the normalised input, one per channel."""
        return self.weight if self.scale == 1 else self.weight * self.scale

    def forward(self, x_bN: Tensor) -> Tensor:
        """In training, use statistics of the batch and update the running ones; in evaluation, use the running ones."""
        if self.training:
            self.num_batches_tracked.add_(1)
        statistics = self.running_mean, self.running_var
        return F.batch_norm(x_bN, *statistics, self.gain, self.bias, self.training, self.momentum, self.eps)


class NeuronNormalisation(nn.Module):
    """The operator of `spec.NeuNorm`; its gradient flows through time."""

    def __init__(self, spec: NeuNorm, shape: Shape):
        super().__init__()
        maps, height, width = shape
        self.decay = spec.decay
        self.gain = (1 - spec.decay) / (maps**2 if spec.gain == "printed" else maps)
        self.weight = nn.Parameter(torch.empty(1 if spec.shared else maps, height, width))

    def reset_parameters(self) -> None:
        """Draw U like the weights of a linear layer with one input per position; the paper states no initial values."""
        bound = 1 / sqrt(self.weight[0].numel())
        nn.init.uniform_(self.weight, -bound, bound)

    def forward(self, s_TBCHW: Tensor, x_BHW: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Returns (y_TBCHW, x_BHW): normalised spikes, and the state for the next chunk of time."""
        mean_TBHW, x_TBHW = self.gain * s_TBCHW.sum(2), []
        for mean_BHW in mean_TBHW:
            x_BHW = mean_BHW if x_BHW is None else self.decay * x_BHW + mean_BHW
            x_TBHW.append(x_BHW)
        return s_TBCHW - self.weight * torch.stack(x_TBHW).unsqueeze(2), x_BHW


class Layer(nn.Module):
    """A node with its operator; without an `activation` its outputs are currents."""

    def __init__(self, node: Node, size: Size, architecture: Architecture, dropout: float):
        super().__init__()
        self.spec, self.source, self.addend = node.layer, node.source, node.addend
        self.input_shape, self.output_shape = size.input_shape, size.output_shape
        self.activation: Neuron | Relu | None = architecture.activation if node.neurons else None
        self.silicon: Silicon = IDEAL
        self.dropout = dropout
        self.adds_current = False
        self.gets_spikes = False  # inputs are 0 or 1
        self.op = _operator(self.spec, self.input_shape)
        self.norm: Normalisation | None = None
        if architecture.norm and isinstance(self.spec, Conv | Linear) and self.spec.norm:
            scale = getattr(architecture.activation, "threshold", 1.0) if architecture.norm.to_threshold else 1.0
            branch = sqrt(0.5) if architecture.norm.to_threshold and node.summed else 1.0
            self.norm = Normalisation(self.output_shape[0], architecture.norm, scale * branch)

    @property
    def programmable(self) -> bool:
        """Whether it has synapses."""
        return isinstance(self.spec, Conv | Linear)

    @property
    def sends_current(self) -> bool:
        """Whether it has synapses but no neurons: a read-out, or a shortcut whose current is added to another one."""
        return self.programmable and not self.activation

    @property
    def fires(self) -> bool:
        """Whether its outputs are spikes."""
        return isinstance(self.activation, Neuron) and self.activation.smooth is None

    def current(
        self,
        x_TBX: Tensor,
        addend_TBN: Tensor | None = None,
        folded: Mapping[str, Tensor] | None = None,
        spikes: bool = False,
    ) -> Tensor:
        """The current into the neurons, norm and addend included: (T, B, *input_shape) -> (T, B, *output_shape).

        `folded`: weight and bias that replace the layer's own and its norm. `spikes`: all inputs are 0 or 1. An input
        that is the same at every step (stride 0 in time) is multiplied once and gives a current of one step, unless one
        of all steps is added.
        """
        for received in self.silicon.inputs:
            x_TBX = received(x_TBX)
        steps = len(x_TBX)
        constant = steps > 1 and x_TBX.stride(0) == 0
        # for one sample at one step, flatten leaves strides that torch's batch norm misreads in its backward pass
        alone = steps == 1 and x_TBX.shape[1] == 1
        x_bX = x_TBX[0] if constant or alone else x_TBX.flatten(0, 1)
        x_bX = x_bX.flatten(1) if isinstance(self.spec, Linear) else x_bX
        x_bX = F.dropout(x_bX, self.dropout, self.training) if self.dropout else x_bX
        if folded is not None:
            z_bN = torch.func.functional_call(self.op, dict(folded), x_bX)
        else:
            z_bN = self._multiply(x_bX, spikes)
        z_bN = z_bN.to(x_bX.dtype)  # of bfloat16 under autocast: norms and membranes stay precise
        if self.norm and folded is None:
            z_bN = self.norm(z_bN)
        if z_bN.dim() == 4 and not torch.is_grad_enabled():  # maps of one channel lose the layout in a convolution
            z_bN = z_bN.contiguous(memory_format=torch.channels_last)
        z_TBN = z_bN[None] if constant or alone else z_bN.unflatten(0, (steps, -1))
        return z_TBN if addend_TBN is None else z_TBN + addend_TBN

    def _multiply(self, x_bX: Tensor, spikes: bool) -> Tensor:
        """Weights times inputs plus bias; a pool, for a layer without synapses.

        Spikes are kept as bits if gradients go on to what sent them: else the graph of one layer is all there is.
        """
        op = self.op
        if isinstance(op, nn.Conv2d) and spikes and torch.is_grad_enabled() and x_bX.requires_grad:
            altered = (self.dropout and self.training) or self.silicon.inputs
            if x_bX.device.type == "cpu" and not altered:
                return convolve(op, x_bX)
        return self.op(x_bX)

    def respond(
        self, z_TBN: Tensor, v_BN: Tensor | None = None, steps: int | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Currents to outputs: returns (y_TBN, v_BN), with v the membrane for the next chunk of time, or None.

        Outputs are spikes, rectified currents in an ANN, or the currents themselves without neurons. A current of one
        step is that of all `steps`.
        """
        if isinstance(self.activation, Neuron):
            drive_TBN = z_TBN.expand(steps or len(z_TBN), *z_TBN.shape[1:]) if self.silicon.currents else z_TBN
            for flowing in self.silicon.currents:
                drive_TBN = flowing(drive_TBN)
            s_TBN, v_BN = fire(drive_TBN, self.activation, v_BN, self.silicon, steps)
            return (s_TBN + z_TBN if self.adds_current else s_TBN), v_BN
        a_TBN = rectify(z_TBN, self.activation) if self.activation else z_TBN
        return a_TBN.expand(steps or len(a_TBN), *a_TBN.shape[1:]), None

    def forward(
        self, x_TBX: Tensor, addend_TBN: Tensor | None = None, state: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Inputs to (outputs, state for the next chunk of time): a membrane, x of NeuNorm, or None."""
        if isinstance(self.spec, NeuNorm):
            return self.op(x_TBX, state)
        return self.respond(self.current(x_TBX, addend_TBN, spikes=self.gets_spikes), state, len(x_TBX))


def rectify(z: Tensor, relu: Relu) -> Tensor:
    """max(0, z), clipped and rounded as in `spec.Relu`; any shape."""
    a = z.clamp(min=0, max=relu.clip)
    if relu.levels is None or relu.clip is None:
        return a
    step = relu.clip / relu.levels
    return a + ((a / step).round() * step - a).detach()


@torch.no_grad()
def folded(layer: Layer, bias_share: float = 1.0) -> dict[str, Tensor]:
    """Weight and bias of a layer with its norm folded in, by running statistics; empty for a pool.

    W' = g W / sqrt(v + eps),   b' = bias_share (beta + g (b - m) / sqrt(v + eps)),   g = scale gamma

    `bias_share` is 1/T if a rule spreads the bias over the steps (tandem learning), else 1.
    """
    op, norm = layer.op, layer.norm
    if isinstance(op, NeuronNormalisation):
        return {"weight": op.weight}
    if not isinstance(op, nn.Conv2d | nn.Linear):
        return {}
    weight: Tensor = op.weight
    bias: Tensor | None = op.bias
    if norm:
        gain = norm.gain / torch.sqrt(norm.running_var + norm.eps)
        weight = weight * gain.view(-1, *[1] * (weight.dim() - 1))
        centred = -norm.running_mean if bias is None else bias - norm.running_mean
        bias = norm.bias + centred * gain
    return {"weight": weight} | ({} if bias is None else {"bias": bias * bias_share})


def _operator(spec: Placed, input_shape: Shape) -> nn.Module:
    match spec:
        case Conv():
            size = spec.kernel, spec.stride, spec.padding
            return nn.Conv2d(input_shape[0], spec.conv, *size, groups=spec.groups, bias=spec.bias)
        case Linear():
            return nn.Linear(prod(input_shape), spec.linear, bias=spec.bias)
        case AvgPool():
            _, height, width = input_shape
            return nn.AvgPool2d((height, width) if spec.avg_pool == "global" else spec.avg_pool)
        case MaxPool():
            return nn.MaxPool2d(spec.max_pool, spec.stride, spec.padding)
        case NeuNorm():
            return NeuronNormalisation(spec, input_shape)
    return nn.Identity()
