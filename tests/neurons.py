"""Generated passes of neurons, on which every compiled form must equal the definition in `plain` bit by bit."""

from dataclasses import dataclass

import pytest
import torch
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from snn.model import neuron
from snn.model.neuron import Silicon, fire
from snn.model.spec import Neuron

MANY = settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))

LIF = Neuron(decay=0.5, threshold=1.0, reset="zero", fires="above", surrogate="rectangle", width=1.0, height=1.0)
LAYOUTS = {
    "dense": lambda x: x,
    "channels last": lambda x: x.flatten(0, 1).contiguous(memory_format=torch.channels_last).unflatten(0, x.shape[:2]),
    "batch last": lambda x: x.movedim(1, -1).contiguous().movedim(-1, 1),
    "with gaps": lambda x: torch.stack([x, x], -1)[..., 0],
    "time inside": lambda x: x.movedim(0, -1).contiguous().movedim(-1, 0),
}


def passed(x_TBN, v_BN, spec, silicon, steps, weights, form=None):
    """Spikes, membranes and gradients of one pass, in a form of the neuron or the one that is chosen here."""
    x_TBN = x_TBN.detach().requires_grad_()
    v_BN = v_BN if v_BN is None else v_BN.detach().requires_grad_()
    with pytest.MonkeyPatch.context() as patch:
        if form is not None:
            patch.setattr(neuron, "engine", lambda *_, **__: form)
        s_TBN, v_next_BN = fire(x_TBN, spec, v_BN, silicon, steps)
    kinds = {"both": (s_TBN, v_next_BN), "spikes": (s_TBN,), "mean": (s_TBN.mean(0),), "membrane": (v_next_BN,)}
    outputs = kinds[weights[0]]
    loss = sum((out * weights[1][: out.numel()].view(out.shape)).sum() for out in outputs)
    grads = torch.autograd.grad(loss, [x_TBN] if v_BN is None else [x_TBN, v_BN])
    return s_TBN, v_next_BN, *grads


@dataclass(frozen=True)
class Case:
    """One pass: a neuron, its currents, its silicon and the loss from which gradients come."""

    spec: Neuron
    dtype: torch.dtype
    T: int
    shape: tuple[int, ...]
    layout: str
    constant: bool
    state: bool
    own: bool
    loses: int
    slopes: int
    loss: str

    def passed(self, form, device="cpu"):
        """Results on the CPU; random numbers are drawn there, from the same seed for every form and device."""
        generator = torch.Generator().manual_seed(1)
        draw = lambda *size: torch.randn(*size, generator=generator, dtype=self.dtype)  # noqa: E731
        rand = lambda like: torch.rand_like(like, device="cpu").to(device)  # noqa: E731
        x_TBN = LAYOUTS[self.layout](draw(1 if self.constant else self.T, *self.shape).round(decimals=1).to(device))
        silicon = Silicon(
            decay_N=draw(*self.shape[1:]).sigmoid().to(device) if self.own else None,
            threshold_N=(draw(*self.shape[1:]).sigmoid() + 0.2).to(device) if self.own else None,
            keep=tuple(lambda x: (rand(x) < 0.7).to(x.dtype) for _ in range(self.loses)),
            slope=tuple(lambda u: (1 + rand(u[0])).expand(u.shape) for _ in range(self.slopes)),
        )
        weights = self.loss, draw(2 * self.T * x_TBN[0].numel()).to(device)
        v_BN = draw(*self.shape).to(device) if self.state else None
        torch.manual_seed(5)
        return [found.cpu() for found in passed(x_TBN, v_BN, self.spec, silicon, self.T, weights, form)]


cases = st.builds(
    Case,
    spec=st.builds(
        Neuron,
        decay=st.sampled_from([0.0, 0.25, 0.3, 1.0]),
        threshold=st.sampled_from([0.5, 0.7, 1.0]),
        reset=st.sampled_from(["zero", "subtract"]),
        fires=st.sampled_from(["above", "at"]),
        surrogate=st.sampled_from(["rectangle", "triangle"]),
        width=st.sampled_from([0.5, 0.6]),
        height=st.sampled_from([1.0, 1.7]),
        detach_reset=st.booleans(),
    ),
    dtype=st.sampled_from([torch.float32, torch.float64]),
    T=st.integers(1, 9),
    shape=st.sampled_from([(1, 1, 1, 1), (3, 2, 4, 5), (2, 8, 5, 5)]),
    layout=st.sampled_from(sorted(LAYOUTS)),
    constant=st.booleans(),
    state=st.booleans(),
    own=st.booleans(),
    loses=st.integers(0, 2),
    slopes=st.integers(0, 2),
    loss=st.sampled_from(["both", "spikes", "mean", "membrane"]),
)


def equal(ours, theirs):
    """Whether two passes gave the same numbers."""
    return all(torch.equal(mine, other) for mine, other in zip(ours, theirs, strict=True))
