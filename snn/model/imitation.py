"""A layer of neurons that imitates target rates online: at each step it learns from the error of its rate so far.

With C[t] the spike count and N the neurons of the batch, L[t] = lam mean( (C[t] / (t+1) - target)^2 ). Nothing flows
through time, so the gradient of a current is known as soon as its spike is:

    dL/dx[t] = 2 lam / N (C[t] / (t+1) - target) / (t+1) h(u[t])

Source: Yang et al., Training spiking neural networks with local tandem learning, NeurIPS 2022.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from snn.model import native
from snn.model.derivatives import first_only
from snn.model.layer import Layer
from snn.model.layout import Layout
from snn.model.losses import mean_square
from snn.model.neuron import IDEAL
from snn.model.spec import Neuron


class Imitation:
    """One layer with its target rates, its membranes and counts so far, and its latest term of the loss.

    There is a term for every step from `warm_up` on.
    """

    def __init__(self, layer: Layer, target_BN: Tensor, lam: float, warm_up: int):
        self.layer, self.target_BN, self.lam, self.warm_up = layer, target_BN, lam, warm_up
        self.count_BN, self.steps = torch.zeros_like(target_BN), 0
        self.v_BN: Tensor | None = None
        self.term: Tensor | None = None

    def step(self, z_1BN: Tensor) -> Tensor:
        """The currents of the next step to spikes, detached.

        Ideal neurons do all of it in one pass of compiled code where it runs.
        """
        self.steps += 1
        learns = self.steps > self.warm_up
        compiled = native.library(z_1BN.dtype) if z_1BN.device.type == "cpu" and self.layer.fires else None
        if compiled and learns and self.layer.silicon is IDEAL and z_1BN.numel():
            layout = Layout(z_1BN)
            self.v_BN = layout.empty().zero_() if self.v_BN is None else layout.step(self.v_BN)
            self.count_BN = layout.step(self.count_BN)
            state = {"target": layout.step(self.target_BN), "count": self.count_BN, "v_next": self.v_BN}
            about = self.layer.activation, self.steps, self.lam
            s_1BN, self.term = _Imitate.apply(z_1BN, layout, state, *about, compiled)
            return s_1BN
        s_1BN, self.v_BN = self.layer.respond(z_1BN, None if self.v_BN is None else self.v_BN.detach())
        total_BN = self.count_BN + s_1BN.squeeze(0)
        self.count_BN = total_BN.detach()
        self.term = self.lam * mean_square(total_BN / self.steps, self.target_BN) if learns else None
        return s_1BN.detach()

    def take(self) -> Tensor | None:
        """The latest term of the loss; it is forgotten here, so that its graph is freed after its backward pass."""
        term, self.term = self.term, None
        return term


class _Imitate(torch.autograd.Function):
    """Takes v_next and count in `state`, which are in this layout, one step further, in place."""

    @staticmethod
    def forward(
        ctx: Any,
        z_1BN: Tensor,
        layout: Layout,
        state: Mapping[str, Tensor],
        neuron: Neuron,
        steps: int,
        lam: float,
        compiled: native.Library,
    ) -> tuple[Tensor, Tensor]:
        ctx.set_materialize_grads(False)
        s_1BN, g_1BN = layout.empty(1), layout.empty(1)
        tensors = {**state, "x": layout.steps(z_1BN), "s": s_1BN, "g_x": g_1BN}
        square = compiled.imitate(neuron, layout, steps, 2 / layout.neurons * lam, **tensors)
        ctx.save_for_backward(g_1BN)
        ctx.mark_non_differentiable(s_1BN)
        return s_1BN, z_1BN.new_tensor(lam * square / layout.neurons)

    @staticmethod
    @first_only
    def backward(ctx: Any, _: None, g: Tensor) -> Any:
        (g_1BN,) = ctx.saved_tensors
        return g_1BN if float(g) == 1 else g_1BN * g, *(None,) * 6
