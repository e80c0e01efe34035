"""Facts about the spiking neuron: dynamics by hand, conservation of charge, gradients against a plain autograd loop."""

import itertools
import math
from collections import deque

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from snn.config import params
from snn.model.neuron import Silicon, fire
from snn.model.plain import surrogate
from snn.model.spec import Neuron

SHAPES = list(itertools.product(["zero", "subtract"], ["rectangle", "triangle"], ["above", "at"]))
EXTRAS = {"spikes": {}, "detached": {"detach_reset": True}, "smooth": {"smooth": 4.0, "detach_reset": False}}
FEW = settings(max_examples=60, deadline=None, derandomize=True)


def make(reset="zero", shape="rectangle", fires="above", decay=0.5, threshold=1.0, width=0.75, height=1.5, **extras):
    fields = {"decay": decay, "threshold": threshold, "width": width, "height": height, **extras}
    return Neuron(reset=reset, surrogate=shape, fires=fires, **fields)


def integrate_and_fire(threshold=1.0):
    return make(reset="subtract", fires="at", decay=1.0, threshold=threshold)


class PlainSpike(torch.autograd.Function):
    """A spike whose derivative by the membrane is the surrogate around the nominal threshold, one case at a time."""

    @staticmethod
    def forward(ctx, u, threshold, neuron):
        ctx.save_for_backward(u)
        ctx.neuron = neuron
        return torch.where(u > threshold if neuron.fires == "above" else u >= threshold, 1.0, 0.0).to(u.dtype)

    @staticmethod
    def backward(ctx, gradient):
        (u,), neuron, threshold = ctx.saved_tensors, ctx.neuron, ctx.neuron.threshold
        inside = (u > threshold - neuron.width) & (u < threshold + neuron.width)
        if neuron.surrogate == "rectangle":
            slope = torch.full_like(u, neuron.height)
        else:
            slope = neuron.height * (neuron.width - (u - threshold).abs()) / neuron.width
        return torch.where(inside, slope, 0) * gradient, None, None


def plain(x_TBN, v, neuron, decay, threshold, keep_TBN=None, slope=None):
    """The equations of `spec.Neuron`, step by step, differentiated by autograd. Spikes that are not kept are no spikes,
    and the derivative of a spike by its membrane u is multiplied by slope(u). Values have the constants given, maybe a
    chip's own, and derivatives the nominal ones.
    """
    spikes = []
    for t, x in enumerate(x_TBN):
        u = v + x
        if neuron.smooth is None:
            s = PlainSpike.apply(u, threshold, neuron)
        else:
            s = torch.sigmoid(neuron.smooth * (u - threshold))
        if slope is not None:
            s = s.detach() + slope(u.detach()) * (s - s.detach())
        if keep_TBN is not None:
            s = s * keep_TBN[t]
        resets = s.detach() if neuron.detach_reset else s
        own, nominal = (
            d * u * (1 - resets) if neuron.reset == "zero" else d * u - c * resets
            for d, c in ((decay, threshold), (neuron.decay, neuron.threshold))
        )
        v = nominal + (own - nominal).detach()
        spikes.append(s)
    return torch.stack(spikes), v


def quarters(generator, *shape):
    """Currents that meet the threshold, and the rim of the surrogate, exactly and often."""
    return torch.randint(-4, 9, shape, generator=generator).double() / 4


def fired_as_expected(x, v, neuron, silicon, chunks, expected, weights):
    """The spikes of `fire`, called once per chunk of time, after checking them, the last membranes and the gradients of
    their weighted sum.
    """

    def gradients(outputs):
        return torch.autograd.grad(sum((out * w).sum() for out, w in zip(outputs, weights, strict=True)), (x, v))

    wanted = gradients(expected)
    parts, state = [], v
    for chunk in x.split(chunks):
        s, state = fire(chunk, neuron, state, silicon)
        parts.append(s)
    s = torch.cat(parts)

    assert 0.1 < s.mean() < 0.9
    torch.testing.assert_close((s, state), expected, rtol=1e-13, atol=1e-13)
    assert all(gradient.abs().max() > 0.1 for gradient in (wanted[0][0], wanted[1]))
    torch.testing.assert_close(gradients((s, state)), wanted, rtol=1e-12, atol=1e-12)
    return s


@pytest.mark.parametrize("chunks", [[6], [2, 1, 3], [1] * 6], ids=["whole", "chunks", "steps"])
@pytest.mark.parametrize("on_silicon", [False, True], ids=["ideal", "silicon"])
@pytest.mark.parametrize("extras", EXTRAS.values(), ids=EXTRAS)
@pytest.mark.parametrize(("reset", "shape", "fires"), SHAPES)
def test_gradients_equal_those_of_a_plain_autograd_loop(reset, shape, fires, extras, on_silicon, chunks):
    generator = torch.Generator().manual_seed(1)
    neuron, T, B, N = make(reset, shape, fires, **extras), sum(chunks), 5, (3, 4)
    x = quarters(generator, T, B, *N).requires_grad_()
    v = quarters(generator, B, *N).requires_grad_()
    weigh_s, weigh_v = torch.randn(2, T, B, *N, generator=generator, dtype=torch.float64)
    decay, threshold = torch.tensor(neuron.decay).double(), torch.tensor(neuron.threshold).double()
    silicon = Silicon()
    if on_silicon:
        decay, threshold = torch.rand(2, *N, generator=generator, dtype=torch.float64) + torch.tensor(
            [[[0.0]], [[0.5]]], dtype=torch.float64
        )
        silicon = Silicon(decay, threshold)

    expected = plain(x, v, neuron, decay, threshold)
    s = fired_as_expected(x, v, neuron, silicon, chunks, expected, (weigh_s, weigh_v[0]))
    if neuron.smooth is None:
        assert torch.equal(s, expected[0])


def kept_in_chunks(*masks):
    """Silicon's `keep` of fixed masks, each a list of chunks in the order in which time asks for them."""
    queues = [deque(mask) for mask in masks]
    return tuple(lambda x, queue=queue: queue.popleft() for queue in queues)


@pytest.mark.parametrize("chunks", [[6], [2, 1, 3]], ids=["whole", "chunks"])
@pytest.mark.parametrize("extras", EXTRAS.values(), ids=EXTRAS)
@pytest.mark.parametrize(("reset", "shape", "fires"), SHAPES)
def test_gradients_of_neurons_that_lose_spikes_and_learn_inexactly_equal_those_of_a_plain_autograd_loop(
    reset, shape, fires, extras, chunks
):
    generator = torch.Generator().manual_seed(1)
    neuron, T, B, N = make(reset, shape, fires, **extras), sum(chunks), 5, (3, 4)
    x = quarters(generator, T, B, *N).requires_grad_()
    v = quarters(generator, B, *N).requires_grad_()
    weigh_s, weigh_v = torch.randn(2, T, B, *N, generator=generator, dtype=torch.float64)
    decay, threshold = 0.5 + torch.rand(2, *N, generator=generator, dtype=torch.float64) / 2
    masks = (torch.rand(2, T, B, *N, generator=generator) < 0.8).double()
    slopes = (lambda u: 1 + u / 4, lambda u: 2 - u.abs())
    keep = kept_in_chunks(*(mask.split(chunks) for mask in masks))
    silicon = Silicon(decay, threshold, keep=keep, slope=slopes)

    both = masks.prod(0), lambda u: slopes[0](u) * slopes[1](u)
    expected = plain(x, v, neuron, decay, threshold, *both)
    s = fired_as_expected(x, v, neuron, silicon, chunks, expected, (weigh_s, weigh_v[0]))
    assert not s[both[0] == 0].any()


@pytest.mark.parametrize(
    ("reset", "kept", "spikes", "membranes"),
    [
        ("zero", [1, 1, 1], [1, 0, 1], [0, 0.25, 0]),  # u = 1.5, 0.5, 1.25
        ("zero", [0, 1, 1], [0, 1, 0], [0.75, 0, 0.5]),  # u = 1.5, 1.25, 1
        ("zero", [0, 0, 1], [0, 0, 1], [0.75, 0.625, 0]),  # u = 1.5, 1.25, 1.625
        ("subtract", [1, 1, 1], [1, 0, 1], [-0.25, 0.125, -0.4375]),  # u = 1.5, 0.25, 1.125
        ("subtract", [0, 1, 1], [0, 1, 0], [0.75, -0.375, 0.3125]),  # u = 1.5, 1.25, 0.625
        ("subtract", [0, 0, 1], [0, 0, 1], [0.75, 0.625, -0.1875]),  # u = 1.5, 1.25, 1.625
    ],
)
def test_a_neuron_whose_spike_is_lost_does_not_reset_and_fires_at_the_next_step(reset, kept, spikes, membranes):
    """u[t] = v[t-1] + x[t] with x = 1.5, 0.5, 1; what is lost neither leaves nor resets."""
    found, v = [], None
    mask = torch.tensor(kept, dtype=torch.float32)
    for t, current in enumerate([1.5, 0.5, 1.0]):
        silicon = Silicon(keep=(lambda x, t=t: mask[t].expand_as(x),))
        s, v = fire(torch.tensor([[[current]]]), make(reset=reset), v, silicon)
        found.append((s.item(), v.item()))
    assert found == list(zip(spikes, membranes, strict=True))


@FEW
@given(
    kind=st.sampled_from(SHAPES),
    chunks=st.lists(st.integers(1, 4), min_size=1, max_size=5),
    decay=st.sampled_from([0.0, 0.3, 0.904837418, 1.0]),
    seed=st.integers(0, 2**16),
)
def test_chunks_equal_the_whole_bit_by_bit_whichever_spikes_are_lost(kind, chunks, decay, seed):
    neuron, generator = make(*kind, decay=decay), torch.Generator().manual_seed(seed)
    x = torch.randn(sum(chunks), 2, 7, generator=generator)
    mask = (torch.rand(sum(chunks), 2, 7, generator=generator) < 0.5).float()
    whole_s, whole_v = fire(x, neuron, silicon=Silicon(keep=kept_in_chunks([mask])))
    silicon, parts, v = Silicon(keep=kept_in_chunks(mask.split(chunks))), [], None
    for chunk in x.split(chunks):
        s, v = fire(chunk, neuron, v, silicon)
        parts.append(s)
    assert torch.equal(torch.cat(parts), whole_s)
    assert torch.equal(v, whole_v)


@pytest.mark.parametrize("reset", ["zero", "subtract"])
def test_neurons_that_keep_every_spike_and_learn_exactly_are_ideal_to_the_bit(reset):
    x = torch.randn(6, 4, 5, generator=torch.Generator().manual_seed(0)).requires_grad_()
    silicon = Silicon(keep=(torch.ones_like,), slope=(torch.ones_like,))
    runs = [fire(x, make(reset=reset), silicon=its) for its in (silicon, Silicon())]
    gradients = [torch.autograd.grad((s * x.detach()).sum() + v.sum(), x)[0] for s, v in runs]
    assert gradients[1].any()
    for one, other in (*zip(*runs, strict=True), gradients):
        assert torch.equal(one, other)


@pytest.mark.parametrize(
    "constant", [Silicon(decay_N=torch.tensor([0.25, 0.5])), Silicon(None, torch.tensor([1.0, 2]))]
)
def test_what_silicon_leaves_open_is_ideal(constant):
    neuron, x = make(), torch.tensor([[[1.5, 1.75]], [[0.5, 0.75]]])
    decay = constant.decay_N if constant.decay_N is not None else torch.tensor(neuron.decay)
    threshold = constant.threshold_N if constant.threshold_N is not None else torch.tensor(neuron.threshold)
    expected_s, expected_v = plain(x, torch.zeros(1, 2), neuron, decay, threshold)
    s, v = fire(x, neuron, silicon=constant)
    assert torch.equal(s, expected_s)
    torch.testing.assert_close(v, expected_v)


@pytest.mark.parametrize(
    ("fires", "spikes", "membranes"),
    [
        # u = 0.5, 0.75, 0.875, 1 (not above 1), 1.125 (above 1), 2
        ("above", [0, 0, 0, 0, 1, 1], [0.25, 0.375, 0.4375, 0.5, 0, 0]),
        # u = 0.5, 0.75, 0.875, 1 (at 1), 0.625, 2.3125
        ("at", [0, 0, 0, 1, 0, 1], [0.25, 0.375, 0.4375, 0, 0.3125, 0]),
    ],
)
def test_a_leaky_neuron_that_resets_to_zero_has_these_membranes(fires, spikes, membranes):
    currents = [0.5, 0.5, 0.5, 0.5625, 0.625, 2.0]
    assert run(make(reset="zero", fires=fires), currents) == (spikes, membranes)


def test_a_soft_reset_subtracts_the_threshold_once_a_step():
    # u = 0.75, 1.5, 3, 2, 1, 0
    spikes, membranes = run(integrate_and_fire(), [0.75, 0.75, 2.5, 0, 0, 0])
    assert (spikes, membranes) == ([0, 1, 1, 1, 1, 0], [0.75, 0.5, 2, 1, 0, 0])


def test_the_subtracted_charge_does_not_leak():
    # u = 1.5 -> 0.75 - 1, then u = 1 (not above 1) -> 0.5
    assert run(make(reset="subtract"), [1.5, 1.25]) == ([1, 0], [-0.25, 0.5])


def run(neuron, currents):
    """Spikes and membranes of one neuron, step by step."""
    spikes, membranes, v = [], [], None
    for current in currents:
        s, v = fire(torch.tensor([[[float(current)]]]), neuron, v)
        spikes.append(s.item())
        membranes.append(v.item())
    return spikes, membranes


@FEW
@given(steps=st.integers(1, 20), sixtyfourths=st.integers(0, 64), threshold=st.sampled_from([0.5, 1.0, 2.0]))
def test_integrate_and_fire_counts_floor_z_under_constant_drive(steps, sixtyfourths, threshold):
    z = steps * sixtyfourths / 64
    x = torch.tensor(threshold * sixtyfourths / 64).expand(steps, 1, 1)
    assert fire(x, integrate_and_fire(threshold))[0].sum() == math.floor(z)


@FEW
@given(steps=st.integers(1, 20), current=st.sampled_from([-3.0, -0.25, 1.0, 1.5, 7.0]))
def test_integrate_and_fire_counts_nothing_below_zero_and_every_step_beyond_z_equal_t(steps, current):
    count = fire(torch.tensor(current).expand(steps, 1, 1), integrate_and_fire())[0].sum()
    assert count == (0 if current < 0 else steps)


@FEW
@given(
    currents=st.lists(st.integers(-32, 64), min_size=1, max_size=12),
    start=st.integers(-32, 32),
    threshold=st.sampled_from([0.5, 0.75, 1.0]),
    fires=st.sampled_from(["above", "at"]),
)
def test_soft_reset_without_leak_conserves_charge(currents, start, threshold, fires):
    neuron = make(reset="subtract", fires=fires, decay=1.0, threshold=threshold)
    x, v = torch.tensor(currents).view(-1, 1, 1) / 16, torch.tensor([[start / 16]])
    s, left = fire(x, neuron, v)
    assert v + x.sum(0) == left + threshold * s.sum(0)


@FEW
@given(
    kind=st.sampled_from(SHAPES),
    chunks=st.lists(st.integers(1, 4), min_size=1, max_size=5),
    decay=st.sampled_from([0.0, 0.3, 0.904837418, 1.0]),
    seed=st.integers(0, 2**16),
)
def test_chunks_of_time_equal_the_whole_bit_by_bit(kind, chunks, decay, seed):
    neuron = make(*kind, decay=decay)
    x = torch.randn(sum(chunks), 2, 7, generator=torch.Generator().manual_seed(seed))
    whole_s, whole_v = fire(x, neuron)
    parts, v = [], None
    for chunk in x.split(chunks):
        s, v = fire(chunk, neuron, v)
        parts.append(s)
    assert torch.equal(torch.cat(parts), whole_s)
    assert torch.equal(v, whole_v)


def test_a_current_held_over_time_without_a_copy_is_a_current_repeated():
    x = torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    held = x.to(memory_format=torch.channels_last).expand(5, *x.shape)
    assert held.stride(0) == 0
    for expected, result in zip(fire(x.repeat(5, 1, 1, 1, 1), make()), fire(held, make()), strict=True):
        assert torch.equal(result, expected)


def test_neither_the_current_nor_the_membrane_passed_in_is_changed():
    x, v = torch.full((3, 1, 2), 0.75), torch.full((1, 2), 0.5)
    fire(x, make(), v)
    assert (x == 0.75).all()
    assert (v == 0.5).all()


@pytest.mark.parametrize(("shape", "area"), [("rectangle", 2), ("triangle", 1)])
@pytest.mark.parametrize(("width", "height", "threshold"), [(0.5, 1.0, 1.0), (0.2, 3.0, 0.6), (2.0, 0.25, 0.5)])
def test_a_surrogate_has_its_area_and_its_height(shape, area, width, height, threshold):
    neuron, du = make(shape=shape, width=width, height=height, threshold=threshold), 2**-14
    u = torch.arange(-4, 4, du, dtype=torch.float64) + du / 2
    h = surrogate(u, u > threshold, neuron)
    assert float(h.sum() * du) == pytest.approx(area * width * height, rel=1e-3)
    assert surrogate(torch.tensor([threshold]), torch.ones(1), neuron).item() == pytest.approx(height)
    assert (h >= 0).all()
    assert (h[(u - threshold).abs() > width] == 0).all()


PRINTED = {  # area, value at the threshold, distance from the threshold at which it is gone
    "stbp": (1.0, 1.0, 0.5),  # (1/a) 1[|u - V_th| < a/2], a = 1
    "paper_stbp": (1.0, 1.0, 0.5),
    "paper_stbp_nmnist": (1.0, 10.0, 0.05),  # a = 0.1
    "paper_stbp_dvs": (1.0, 10.0, 0.05),
    "tet": (1.0, 1.0, 1.0),  # (1/gamma^2) max(0, gamma - |u - V_th|), gamma = 1
    "paper_tet_cifar": (1.0, 1.0, 1.0),
    "ltl_offline": (0.4, 1.0, 0.2),  # 1[|u - 0.6| < 0.2]
    "ltl_online": (0.4, 1.0, 0.2),
    "paper_ltl_offline": (0.4, 1.0, 0.2),
    "paper_ltl_online": (0.4, 1.0, 0.2),
}


@pytest.mark.parametrize("method", PRINTED)
def test_the_surrogates_of_the_papers_have_the_printed_area(method):
    area, height, width = PRINTED[method]
    neuron, du = params.load("methods", method).options.neuron, 2**-14
    u = torch.arange(-2, 4, du, dtype=torch.float64) + du / 2
    h = surrogate(u, u > neuron.threshold, neuron)
    assert float(h.sum() * du) == pytest.approx(area, rel=1e-3)
    assert float(h.max()) == pytest.approx(height, rel=1e-3)
    assert float((u[h > 0] - neuron.threshold).abs().max()) == pytest.approx(width, rel=1e-3)


def test_ltl_has_the_finite_recursion_that_its_paper_implies():
    """delta[t] = 2/(B n T) (r - target) h(u[t]) + delta[t+1] (decay (1 - s[t]) - decay u[t] h(u[t]));
    dL/dW = sum_t delta[t] x[t]^T and dL/db = sum_t delta[t].
    """
    neuron = params.load("methods", "ltl_offline").options.neuron
    generator = torch.Generator().manual_seed(3)
    T, B, n, fan_in = 7, 4, 5, 3
    x = torch.randn(T, B, fan_in, generator=generator, dtype=torch.float64)
    weight = torch.randn(n, fan_in, generator=generator, dtype=torch.float64).requires_grad_()
    bias = torch.rand(n, generator=generator, dtype=torch.float64).requires_grad_()
    target = torch.rand(B, n, generator=generator, dtype=torch.float64)
    s, _ = fire(F.linear(x, weight, bias), neuron)
    gradient = torch.autograd.grad(F.mse_loss(s.mean(0), target), (weight, bias))

    current, v, membranes, spikes = F.linear(x, weight, bias).detach(), 0.0, [], []
    for t in range(T):
        u = v + current[t]
        spike = (u > neuron.threshold).double()
        v = neuron.decay * u * (1 - spike)
        membranes.append(u)
        spikes.append(spike)
    rate, delta, by_weight, by_bias = sum(spikes) / T, 0.0, 0.0, 0.0
    for t in reversed(range(T)):
        u, h = membranes[t], ((membranes[t] - neuron.threshold).abs() < neuron.width).double() * neuron.height
        through_time = neuron.decay * (1 - spikes[t]) - neuron.decay * u * h
        delta = 2 / (B * n * T) * (rate - target) * h + delta * through_time
        by_weight, by_bias = by_weight + delta.T @ x[t], by_bias + delta.sum(0)

    assert by_weight.abs().max() > 1e-3
    torch.testing.assert_close(gradient, (by_weight, by_bias), rtol=1e-12, atol=1e-14)
