"""The equations of the papers, each as a fact: in closed form, by hand, by finite differences, or by which
parameters learn. Neurons alone are in `test_neuron`, whole rules against a plain reference in `test_reference`.
"""

import math
from itertools import pairwise

import pytest
import torch
from torch.nn import functional as F

from snn.config import params
from snn.model import local_losses, network, rate_curve
from snn.model.graph import nodes, sizes
from snn.model.layer import NeuronNormalisation, Normalisation, rectify
from snn.model.network import Network
from snn.model.neuron import fire
from snn.model.plain import surrogate
from snn.model.spec import (
    Architecture,
    AvgPool,
    Block,
    Conv,
    Dropout,
    Linear,
    MaxPool,
    NeuNorm,
    Norm,
    Readout,
    Relu,
)
from snn.rules import Batch, Task, conversion, ltl, stbp, tandem, tet
from tests import nets
from tests.nets import residual, some

T, B, K, SHAPE = 4, 6, 3, (2, 6, 6)
LIF, IF = nets.triangular(threshold=0.6), nets.integrate_and_fire()
LAYERS = nets.CHAIN
BOTH = pytest.mark.parametrize("add", ["currents", "spikes"])


def make(layers=LAYERS, activation=LIF, steps=T, **changes):
    return nets.student(layers, activation, **({"shape": SHAPE, "outputs": K, "steps": steps, "loud": 2.0} | changes))


def images(seed=0, batch=B):
    return some(batch, *SHAPE, seed=seed)


def seen(x, y=None, parents=None, epoch=0, epochs=1):
    return Batch(x, torch.arange(len(x)) % K if y is None else y, parents or {}, epoch, epochs, torch.Generator())


def task(layers=LAYERS, steps=T):
    return Task(SHAPE, K, layers, steps)


# Neurons: constant drive, surrogates, smooth spikes, what reset paths do


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("decay", [0.3, 0.5, 0.9])
@pytest.mark.parametrize("current", [0.35, 0.7, 1.3])
def test_a_leaky_neuron_below_threshold_follows_a_geometric_sum(decay, current):
    """u[t] = I (1 - d^(t+1)) / (1 - d)"""
    neuron = LIF.model_copy(update={"decay": decay, "threshold": 100.0})
    v = None
    for t in range(20):
        _, v = fire(torch.full((1, 1, 1), current), neuron, v)
        assert float(v) / decay == pytest.approx(current * (1 - decay ** (t + 1)) / (1 - decay), rel=1e-12)


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("decay", [0.3, 0.5, 0.9])
@pytest.mark.parametrize("current", [0.35, 0.55, 0.75, 1.3])
def test_a_leaky_neuron_that_resets_to_zero_fires_after_equal_intervals(decay, current):
    """The first k with I (1 - d^k) / (1 - d) >= threshold; never, if I / (1 - d) does not reach it."""
    neuron = LIF.model_copy(update={"decay": decay, "threshold": 1.0, "fires": "at"})
    s = fire(torch.full((60, 1, 1), current), neuron)[0].flatten()
    times = torch.nonzero(s).flatten().tolist()
    if current / (1 - decay) < 1:
        assert times == []
        return
    k = next(k for k in range(1, 60) if current * (1 - decay**k) / (1 - decay) >= 1)
    assert times == list(range(k - 1, 60, k))


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("k", [1.0, 10.0, 20.0])
def test_the_derivative_of_a_smooth_spike_is_that_of_the_sigmoid(k):
    neuron = LIF.model_copy(update={"smooth": k})
    u = torch.linspace(-1, 2, 61, requires_grad=True)
    s = torch.sigmoid(k * (u - neuron.threshold))
    (slope,) = torch.autograd.grad(s.sum(), u)
    torch.testing.assert_close(surrogate(u.detach(), s.detach(), neuron), slope)
    assert slope.max() == pytest.approx(k / 4, rel=1e-2)


@pytest.mark.usefixtures("double")
def test_a_smooth_spike_is_a_sigmoid_of_the_membrane_and_resets_by_it():
    neuron = LIF.model_copy(update={"smooth": 10.0})
    x = torch.tensor([0.5, 0.9]).view(2, 1, 1)
    s, v = fire(x, neuron)
    first = 1 / (1 + math.exp(-10 * (0.5 - 0.6)))
    u = 0.5 * 0.5 * (1 - first) + 0.9
    second = 1 / (1 + math.exp(-10 * (u - 0.6)))
    assert s.flatten().tolist() == pytest.approx([first, second])
    assert float(v) == pytest.approx(0.5 * u * (1 - second))


NEUNORM = NeuNorm(decay=0.8, gain="average")
SMOOTH_NETWORKS = {
    "reset to zero": {},
    "reset by subtraction": {"activation": LIF.model_copy(update={"smooth": 5.0, "reset": "subtract"})},
    "norm": {"norm": Norm()},
    "tdBN": {"norm": Norm(to_threshold=True)},
    "currents added": {"layers": residual("currents"), "norm": Norm(to_threshold=True)},
    "spikes added": {"layers": residual("spikes")},
    "votes": {"readout": Readout(kind="votes", voters=2)},
    "current and spikes": {"readout": Readout(kind="current_and_spikes")},
    "neunorm": {"neunorm": NEUNORM, "layers": (Conv(conv=3), Conv(conv=3), Conv(conv=2))},
    "neunorm, shared, before a pool": {
        "neunorm": NeuNorm(decay=0.5, gain="printed", shared=True),
        "layers": (Conv(conv=3), AvgPool(avg_pool=2), Conv(conv=3)),
    },
}


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("changes", SMOOTH_NETWORKS.values(), ids=SMOOTH_NETWORKS)
def test_gradients_of_a_network_of_smooth_neurons_are_finite_differences(changes):
    """Without a surrogate nothing is pretended: every term, through time, resets, norms and NeuNorm, must be there."""
    net = make(**({"activation": LIF.model_copy(update={"smooth": 5.0})} | changes)).train()
    x, weigh = images(), some(B, K, seed=1)

    def loss():
        return (net.predict(x) * weigh).square().sum()

    gradients = torch.autograd.grad(loss(), list(net.parameters()))
    for (name, parameter), gradient in zip(net.named_parameters(), gradients, strict=True):
        direction, step = torch.randn_like(parameter), 2e-6
        with torch.no_grad():
            kept = parameter.clone()
            ahead = loss_at(parameter, kept + step * direction, loss)
            back = loss_at(parameter, kept - step * direction, loss)
            parameter.copy_(kept)
        expected = (ahead - back) / (2 * step)
        assert float((gradient * direction).sum()) == pytest.approx(expected, rel=1e-6, abs=1e-7), name


def loss_at(parameter, value, loss):
    parameter.copy_(value)
    return float(loss())


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize(
    ("reset", "through_reset", "detached"),
    # u = 0.9 (fires, h = 0.7), then u = 0.5 d (1 - s) + ..., h[1] = 0.8;  dv/du with and without the spike's share
    [("zero", 0.5 * (1 - 1) - 0.5 * 0.9 * 0.7, 0.5 * (1 - 1)), ("subtract", 0.5 - 0.6 * 0.7, 0.5)],
)
def test_a_detached_reset_leaves_out_what_the_spike_does_to_the_next_membrane(reset, through_reset, detached):
    """dL/dx[0] = e[0] h(u[0]) + e[1] h(u[1]) dv[0]/du[0], L = sum_t e[t] s[t]"""
    e = torch.tensor([2.0, 3.0]).view(2, 1, 1)
    carried = 0.0 if reset == "zero" else 0.5 * 0.9 - 0.6
    for detach, dv_du in ((False, through_reset), (True, detached)):
        neuron = LIF.model_copy(update={"reset": reset, "detach_reset": detach})
        x = torch.tensor([0.9, 0.8 - carried]).view(2, 1, 1).requires_grad_()  # u[1] = 0.8, h(u[1]) = 0.8
        s, _ = fire(x, neuron)
        assert s.flatten().tolist() == [1, 1]
        (gradient,) = torch.autograd.grad((e * s).sum(), x)
        assert gradient.flatten().tolist() == pytest.approx([2 * 0.7 + 3 * 0.8 * dv_du, 3 * 0.8])


# NeuNorm


def state_of(operator, s_TBCHW):
    """x[t], read through U = 1."""
    with torch.no_grad():
        operator.weight.fill_(1.0)
        y, _ = operator(s_TBCHW)
    return (s_TBCHW - y)[:, :, 0]


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("share", [1.0, 0.5])
@pytest.mark.parametrize(("gain", "most"), [("printed", 1 / 4), ("average", 1.0)])
def test_the_state_of_neunorm_comes_to_rest_at_its_fixed_point(gain, most, share):
    """x* = gain sum_f s_f / (1 - k): never more than 1/F as printed, 1 as an average."""
    maps, decay = 4, 0.8
    operator = NeuronNormalisation(NeuNorm(decay=decay, gain=gain), (maps, 2, 3))
    s = torch.zeros(150, 1, maps, 2, 3)
    s[:, :, : int(maps * share)] = 1
    x = state_of(operator, s)
    torch.testing.assert_close(x[-1], torch.full_like(x[-1], most * share))
    assert (x.diff(dim=0) >= 0).all()
    printed, average = (1 - decay) / maps**2, (1 - decay) / maps
    assert operator.gain == pytest.approx(printed if gain == "printed" else average)
    torch.testing.assert_close(x[0], torch.full_like(x[0], operator.gain * maps * share))  # x[-1] = 0


@pytest.mark.usefixtures("double")
def test_neunorm_has_one_state_a_position_and_forgets_geometrically():
    operator = NeuronNormalisation(NeuNorm(decay=0.5, gain="average"), (2, 1, 3))
    s = torch.zeros(5, 1, 2, 1, 3)
    s[0, 0, 1, 0, 2] = 1  # one spike: map 1, position 2, step 0
    x = state_of(operator, s)
    expected = torch.zeros(5, 1, 1, 3)
    expected[:, 0, 0, 2] = 0.25 * 0.5 ** torch.arange(5.0)
    torch.testing.assert_close(x, expected)


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("shared", [False, True])
def test_gradients_of_neunorm_reach_back_in_time_through_its_state(shared):
    """dy_f[t] / ds_g[k] = 1[f = g, t = k] - U_f gain decay^(t - k) for k <= t"""
    steps, maps, position = 4, 3, (1, 0)
    operator = NeuronNormalisation(NeuNorm(decay=0.7, gain="printed", shared=shared), (maps, 2, 2))
    torch.nn.init.uniform_(operator.weight)  # a network does this; until then it is memory as it was
    s = some(steps, 1, maps, 2, 2).requires_grad_()
    y, _ = operator(s)
    for t in range(steps):
        for f in range(maps):
            (gradient,) = torch.autograd.grad(y[t, 0, f, *position], s, retain_graph=True)
            u = operator.weight[0 if shared else f, *position].detach()
            expected = torch.zeros_like(s)
            for k in range(t + 1):
                expected[k, 0, :, *position] = -u * (0.3 / maps**2) * 0.7 ** (t - k)
            expected[t, 0, f, *position] += 1
            torch.testing.assert_close(gradient, expected)


def test_neunorm_stands_between_convolutions_from_the_encoding_layer_on_and_nowhere_else():
    layers = (Conv(conv=2), Conv(conv=3), AvgPool(avg_pool=2), Conv(conv=4), Linear(linear=5), Linear(linear=5))
    net = make(layers, neunorm=NEUNORM)
    kinds = ["Conv", "NeuNorm", "Conv", "NeuNorm", "AvgPool", "Conv", "Linear", "Linear", "Linear"]
    assert [type(layer.spec).__name__ for layer in net.layers] == kinds
    assert [tuple(layer.op.weight.shape) for layer in net.layers if isinstance(layer.spec, NeuNorm)] == [
        (2, 6, 6),
        (3, 6, 6),
    ]


@pytest.mark.parametrize("shared", [False, True])
def test_neunorm_takes_u_x_from_every_spike(shared):
    """y_f[t] = s_f[t] - U_f x[t], U of its own for every map or one for all."""
    operator = NeuronNormalisation(NeuNorm(decay=0.5, gain="average", shared=shared), (2, 1, 1))
    with torch.no_grad():
        operator.weight.copy_(torch.tensor([3.0, 5.0]).view(2, 1, 1)[: len(operator.weight)])
        y, x = operator(torch.tensor([[1.0, 0.0], [1.0, 1.0]]).view(2, 1, 2, 1, 1))
    # x = 0.25, then 0.125 + 0.5
    assert float(x) == 0.625
    other = 3 if shared else 5
    assert y.flatten().tolist() == [1 - 3 * 0.25, -other * 0.25, 1 - 3 * 0.625, 1 - other * 0.625]


# tdBN, folding


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("threshold", [0.5, 1.0, 2.5])
def test_tdbn_normalises_over_steps_and_batch_to_alpha_times_the_threshold(threshold):
    """At the start (weight 1, bias 0): mean 0, standard deviation alpha V_th a channel, alpha 1 / sqrt 2 in sums."""
    torch.manual_seed(0)
    neuron = LIF.model_copy(update={"threshold": threshold})
    fields = {"input_shape": SHAPE, "outputs": K, "layers": residual("currents"), "steps": T, "activation": neuron}
    net = Network(Architecture(**fields, norm=Norm(to_threshold=True, eps=1e-12))).train()
    found, alphas = {}, {}
    for i, layer in enumerate(net.layers):
        if layer.norm:
            layer.norm.register_forward_hook(lambda _, __, y, i=i: found.update({i: y.detach()}))
    net(some(T, B, *SHAPE))
    for i, y_bN in found.items():
        over = (0, *range(2, y_bN.dim()))
        torch.testing.assert_close(y_bN.mean(over), torch.zeros(y_bN.shape[1]), rtol=0, atol=1e-9)
        sd = y_bN.std(over, correction=0)
        assert sd.std() < 1e-4 * threshold
        alphas[i] = float(sd.mean()) / threshold
    # encoder; shortcut, first, last; first, last (beside spikes); linear
    h = math.sqrt(0.5)
    assert list(alphas.values()) == pytest.approx([1, h, 1, h, 1, h, 1], rel=1e-4)


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("threshold", [0.5, 2.0])
def test_tdbn_is_the_plain_norm_times_the_threshold_where_nothing_is_summed(threshold):
    def output(to_threshold):
        neuron = LIF.model_copy(update={"threshold": threshold})
        return make(LAYERS, neuron, norm=Norm(to_threshold=to_threshold)).train().layers[0].current(some(T, B, *SHAPE))

    plain, scaled = output(False), output(True)
    bias = make(LAYERS, LIF, norm=Norm()).layers[0].norm.bias.detach().view(-1, 1, 1)
    torch.testing.assert_close(scaled - bias, threshold * (plain - bias))


def test_a_norm_forgets_old_statistics_by_its_momentum():
    """momentum weighs the new batch: running <- (1 - m) running + m batch, the variance unbiased."""
    norm = Normalisation(1, Norm(momentum=0.9), 1.0).train()
    norm(torch.tensor([[1.0], [2.0], [6.0]]))
    assert float(norm.running_mean) == pytest.approx(0.9 * 3)
    assert float(norm.running_var) == pytest.approx(0.1 * 1 + 0.9 * 7)


NORMED = {
    "plain": LAYERS,
    "currents": residual("currents"),
    "spikes": residual("spikes"),
    "block first": residual("currents")[1:],
}


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize(("activation", "steps"), [(Relu(), 1), (LIF, 1), (LIF, 3)], ids=["ann", "one step", "steps"])
@pytest.mark.parametrize("layers", NORMED.values(), ids=NORMED)
def test_a_single_image_has_the_gradients_of_two_copies_of_it(layers, activation, steps):
    """Neither a mean loss nor mean and variance of a norm can tell one from two."""
    x, y, found = some(1, 1, 6, 6), torch.tensor([1]), []
    for copies in (1, 2):
        net = make(layers[:-1], activation, steps, norm=Norm(), shape=(1, 6, 6)).train()
        loss = F.cross_entropy(net.predict(x.repeat(copies, 1, 1, 1)), y.repeat(copies))
        found.append(torch.autograd.grad(loss, list(net.parameters())))
    assert found[0][0].any()
    torch.testing.assert_close(*found, rtol=1e-9, atol=1e-12)


FOLDED = {
    "currents": residual("currents"),
    "spikes": residual("spikes"),
    "currents, no biases": residual("currents", bias=False),
    "spikes, no biases": residual("spikes", bias=False),
    "one layer without norm": (Conv(conv=4, bias=False, norm=False), Conv(conv=4, bias=False), Linear(linear=5)),
}


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("activation", [Relu(), LIF, IF], ids=["relu", "lif", "if"])
@pytest.mark.parametrize("to_threshold", [False, True])
@pytest.mark.parametrize("layers", FOLDED.values(), ids=FOLDED)
def test_folding_keeps_every_spike_and_every_current(layers, to_threshold, activation):
    steps = 1 if isinstance(activation, Relu) else T
    normed = make(layers, activation, steps, norm=Norm(to_threshold=to_threshold, eps=1e-2)).eval()
    folded = network.fold(normed)
    assert not any(layer.norm for layer in folded.layers)
    spiking = 0
    for (layer, right), (_, found) in zip(
        normed.walk(normed.encode(images())), folded.walk(normed.encode(images())), strict=True
    ):
        torch.testing.assert_close(found, right, rtol=1e-11, atol=1e-11)
        spiking += bool(layer.activation) and float(right.detach().std()) > 0.01
    assert spiking >= 3
    state = [None] * len(folded.layers)
    pieces = [[y for _, y in folded.walk(x, state)] for x in normed.encode(images()).split(1)]
    for whole, chunks in zip(
        (y for _, y in normed.walk(normed.encode(images()))), zip(*pieces, strict=True), strict=True
    ):
        torch.testing.assert_close(torch.cat(chunks), whole, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("to_threshold", [False, True])
@BOTH
def test_folding_is_exact_to_float_precision(add, to_threshold):
    """Layer by layer, on the same input, in float32: a few units in the last place of the largest term."""
    normed = make(residual(add, bias=False), norm=Norm(to_threshold=to_threshold)).eval()
    folded = network.fold(normed)
    for layer, target in zip(normed.layers, folded.layers, strict=True):
        if layer.norm:
            x = (some(T, B, *layer.input_shape) > 0).float()
            right, found = layer.current(x).detach(), target.current(x).detach()
            assert (found - right).abs().max() < 1e-5 * right.abs().max()
            assert target.op.bias is not None


# STBP


def test_stbp_sums_squares_over_classes_as_printed_or_averages_them_as_released():
    found = {}
    for how in ("sum", "mean"):
        rule = stbp.Stbp(stbp.Options(neuron=LIF, voters=2, loss=how))
        torch.manual_seed(0)
        student = rule.student(task(), {}, None)
        (loss,) = rule.losses(student, seen(images()))
        found[how] = loss.item()
    assert found["sum"] == pytest.approx(K * found["mean"])
    assert found["sum"] > 0


# TET and SDT


class Given:
    """A student that answers with outputs given to it."""

    def __init__(self, o_TBK):
        self.o_TBK = o_TBK

    def encode(self, x):
        return x

    def __call__(self, _):
        return self.o_TBK, None


def loss_of(o_TBK, y, epoch=0, **options):
    rule = tet.Tet(tet.Options(neuron=LIF, **options))
    (loss,) = rule.losses(Given(o_TBK), seen(torch.zeros(len(y), 1), y, epoch=epoch, epochs=10))
    return loss


@pytest.mark.usefixtures("double")
def test_gradients_of_sdt_and_tet_by_the_output_of_a_step_are_these():
    """SDT: (S(mean_t O[t]) - Y) / T at every step; TET: (S(O[t]) - Y) / T; its regulariser: 2 lam (O[t] - phi) / T."""
    o, y = some(T, B, K).requires_grad_(), torch.arange(B) % K
    Y = F.one_hot(y, K).double()
    (of_sdt,) = torch.autograd.grad(loss_of(o, y, loss="sdt"), o)
    (of_tet,) = torch.autograd.grad(loss_of(o, y, loss="tet"), o)
    (of_both,) = torch.autograd.grad(loss_of(o, y, loss="tet", lam=0.05, phi=0.7), o)
    o = o.detach()
    torch.testing.assert_close(of_sdt, ((o.mean(0).softmax(1) - Y) / (T * B)).expand(T, B, K))
    torch.testing.assert_close(of_tet, (o.softmax(2) - Y) / (T * B))
    torch.testing.assert_close(of_both, 0.95 * (o.softmax(2) - Y) / (T * B) + 0.05 * 2 * (o - 0.7) / (T * B * K))
    assert not torch.allclose(of_sdt, of_tet, rtol=0.1)


@pytest.mark.usefixtures("double")
def test_sdt_is_the_loss_of_the_mean_output_and_tet_is_not():
    """Whatever is moved from one step to another leaves SDT as it is."""
    o, y = some(T, B, K), torch.arange(B) % K
    moved = o + (shift := some(T, B, K, seed=1)) - shift.mean(0)
    mean = F.cross_entropy(o.mean(0), y).item()
    assert loss_of(o, y, loss="sdt").item() == pytest.approx(mean, rel=1e-12)
    assert loss_of(moved, y, loss="sdt").item() == pytest.approx(mean, rel=1e-12)
    assert loss_of(o[torch.tensor([2, 0, 3, 1])], y, loss="sdt").item() == pytest.approx(mean, rel=1e-12)
    assert loss_of(moved, y, loss="tet").item() > loss_of(o, y, loss="tet").item() + 0.01
    assert loss_of(o, y, loss="tet").item() > mean + 0.01


@pytest.mark.usefixtures("double")
def test_tet_follows_sdt_from_the_epoch_of_the_switch_on_and_both_are_traced():
    o, y = some(T, B, K), torch.arange(B) % K
    sdt, both = loss_of(o, y, loss="sdt").item(), loss_of(o, y, loss="tet", lam=0.1).item()
    assert abs(sdt - both) > 0.1
    found = [loss_of(o, y, epoch, loss="tet", lam=0.1, switch=3).item() for epoch in range(6)]
    assert found == pytest.approx([sdt] * 3 + [both] * 3, rel=1e-12)
    for options in ({"loss": "sdt"}, {"loss": "tet", "lam": 0.0}, {"loss": "tet", "switch": 3}):
        rule = tet.Tet(tet.Options(neuron=LIF, **options))
        observed = {name: value for name, _, value in rule.observe(Given(o), seen(torch.zeros(B, 1), y))}
        assert observed["loss_sdt"] == pytest.approx(sdt, rel=1e-12)
        assert observed["loss_tet"] == pytest.approx(loss_of(o, y, loss="tet").item(), rel=1e-12)


# Rate curves


def simulated(current, neuron, steps):
    return fire(current.expand(steps, -1).contiguous(), neuron)[0].sum(0)


def soft(decay, threshold=1.0):
    return IF.model_copy(update={"decay": decay, "threshold": threshold})


def hard(decay, threshold=1.0):
    return soft(decay, threshold).model_copy(update={"reset": "zero"})


DECAYS, THRESHOLDS = (0.25, 0.5, 0.75, 0.9, 0.951229425, 0.99), (0.5, 1.0)


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("threshold", THRESHOLDS)
@pytest.mark.parametrize("decay", DECAYS)
def test_neurons_begin_to_fire_at_the_rheobase_and_fire_always_from_saturation_on(decay, threshold):
    """I / (1 - d) = threshold; I = threshold (2 - d) for the soft reset, I = threshold for the hard one."""
    steps, below, above = 400, 1 - 1e-3, 1 + 1e-3
    rheobase = threshold * (1 - decay)
    for neuron, saturation in ((soft(decay, threshold), threshold * (2 - decay)), (hard(decay, threshold), threshold)):
        grid = torch.tensor([below * rheobase, above * rheobase, below * saturation, above * saturation])
        silent, once, not_always, always = simulated(grid, neuron, 4000).tolist()
        assert silent == 0 < once
        assert not_always < 4000 - 1
        assert always >= 4000 - math.ceil(math.log(1e-3) / math.log(decay)) - 1  # but for the first climb
        curve = rate_curve.count(grid * steps, neuron, steps).tolist()
        assert curve[0] == 0 < curve[1]
        assert curve[2] < steps == curve[3]


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("steps", [8, 32, 100])
@pytest.mark.parametrize("threshold", THRESHOLDS)
@pytest.mark.parametrize("decay", DECAYS)
def test_a_hard_reset_fires_after_whole_steps_and_the_curve_is_its_upper_envelope(decay, threshold, steps):
    """The simulation fires floor(T / ceil(k)) times; where k is whole, the curve T / k is within one spike of it."""
    neuron = hard(decay, threshold)
    current = torch.linspace(-threshold, 2 * threshold, 1501)
    counts, curve = simulated(current, neuron, steps), rate_curve.count(current * steps, neuron, steps)
    u = current / (1 - decay)
    k = torch.where(u > threshold, torch.log(u / (u - threshold).clamp(min=1e-300)) / -math.log(decay), torch.inf)
    clear = ((k - k.round()).abs().nan_to_num(1) > 1e-6) & ((decay**k > 1e-9) | (u < threshold - 1e-9))
    expected = torch.where(k.isfinite(), torch.floor(steps / k.ceil().clamp(min=1)), 0.0)
    assert torch.equal(counts[clear], expected[clear])
    assert clear.sum() > 1000
    assert (curve >= counts - 1e-9)[clear].all()
    whole = torch.arange(1, min(steps, int(20 / -math.log(decay))) + 1)
    at_whole = threshold * (1 - decay) / (1 - decay ** whole.double()) * (1 + 1e-9)
    assert (simulated(at_whole, neuron, steps) - rate_curve.count(at_whole * steps, neuron, steps)).abs().max() < 1
    between = (counts > 0) & (counts < steps)
    assert (rate_curve.count(current * steps, neuron, steps).diff() >= 0).all()
    assert between.any() or decay < 0.5


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("threshold", THRESHOLDS)
@pytest.mark.parametrize("decay", [0.951229425, 0.99])
def test_the_curve_of_a_slow_neuron_with_soft_reset_is_near_its_count(decay, threshold):
    """The neurons of tandem learning: within two spikes of 32 steps, and one of 8, for every current."""
    neuron, current = soft(decay, threshold), torch.linspace(-threshold, 2.5 * threshold, 3001)
    for steps, most in ((8, 1.3), (32, 2)):
        counts = simulated(current, neuron, steps)
        assert (counts - rate_curve.count(current * steps, neuron, steps)).abs().max() < most
        assert counts.max() == steps


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("decay", [0.25, 0.5, 0.75, 0.9])
def test_the_curve_of_a_soft_reset_runs_through_the_staircase(decay):
    """Between rheobase and saturation the simulation lies above the curve as often as below it."""
    neuron, steps = soft(decay), 256
    current = torch.linspace(1 - decay, 2 - decay, 2001)
    beside = simulated(current, neuron, steps) - rate_curve.count(current * steps, neuron, steps)
    assert abs(float(beside.mean())) < 0.01 * steps


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("steps", [4, 16])
@pytest.mark.parametrize("neuron", [soft(0.9), soft(0.5, 0.5), hard(0.9), hard(0.5, 0.5)], ids=str)
def test_the_slope_is_the_mean_derivative_of_the_curve_over_one_threshold(neuron, steps):
    """Hence the derivative itself, where that does not change; and the spikes gained add up to all of them."""
    z = torch.linspace(-2, 3 * steps * neuron.threshold, 50)
    fine = torch.linspace(-0.5, 0.5, 20001) * neuron.threshold
    for value, slope in zip(z, rate_curve.slope(z, neuron, steps), strict=True):
        curve = rate_curve.count(value + fine, neuron, steps)
        mean = float((curve.diff() / fine.diff()).mean())
        assert float(slope) == pytest.approx(mean, rel=1e-6, abs=1e-9)
    assert (rate_curve.slope(z, neuron, steps) >= 0).all()
    wide = torch.linspace(-10, 3 * steps, 40001)
    gained = torch.trapezoid(rate_curve.slope(wide, neuron, steps), wide)
    assert float(gained) == pytest.approx(steps, rel=2e-3)


@pytest.mark.usefixtures("double")
def test_the_slope_is_the_derivative_of_the_curve_where_that_is_smooth():
    neuron, steps = soft(0.951229425), 100
    z = torch.linspace(0.3, 0.8, 20) * steps
    z.requires_grad_()
    (derivative,) = torch.autograd.grad(rate_curve.count(z, neuron, steps).sum(), z)
    torch.testing.assert_close(rate_curve.slope(z.detach(), neuron, steps), derivative, rtol=2e-3, atol=0)


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("threshold", [0.5, 1.0, 2.0])
def test_integrate_and_fire_gains_one_spike_a_threshold(threshold):
    neuron = soft(1.0, threshold)
    z = torch.tensor([-3.0, -0.1, 0.0, 0.3, 2.0, 40.0])
    assert rate_curve.count(z, neuron, 4).tolist() == pytest.approx(
        [0, 0, 0, 0.3 / threshold, 2 / threshold, 40 / threshold]
    )
    assert rate_curve.slope(torch.tensor([-3.0, 3.0, 40.0]), neuron, 4).tolist() == pytest.approx(
        [0, 1 / threshold, 1 / threshold]
    )


@pytest.mark.usefixtures("double")
def test_the_released_curve_has_the_values_that_its_formula_gives_by_hand():
    """T = 8, tau = 20, threshold 1: 0.45 spikes at I = 1, where a simulation fires 7 times, and 0.28 at I = 0."""
    neuron = soft(math.exp(-1 / 20))
    found = rate_curve.released(torch.tensor([8.0, 0.0, -5.0]), neuron, 8)
    assert [round(float(value), 2) for value in found] == [0.45, 0.28, 0.28]
    assert simulated(torch.tensor([1.0, 0.0]), neuron, 8).tolist() == [7, 0]
    assert rate_curve.count(torch.tensor([8.0, 0.0]), neuron, 8).tolist() == pytest.approx([7.6, 0], abs=0.1)


# Tandem learning


def coupled(student, rule, x):
    """The counts that each layer passes on in the tandem, and its spikes in the network deployed right after."""
    passed = [(layer, count.detach()) for layer, count, _ in rule.pairs(student, x)]
    deployed = rule.deploy(student)
    return passed, list(deployed.walk(deployed.encode(x)))


TANDEM_NEURONS = {"IF": IF, "LIF": soft(0.9, 0.5), "LIF, hard reset": hard(0.9, 0.5)}
TANDEM_LAYERS = {"plain": LAYERS, "currents": residual("currents"), "spikes": residual("spikes")}


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("readout", ["membrane", "count"])
@pytest.mark.parametrize("encoding", ["repeat", "once"])
@pytest.mark.parametrize("neuron", TANDEM_NEURONS.values(), ids=TANDEM_NEURONS)
@pytest.mark.parametrize("layers", TANDEM_LAYERS.values(), ids=TANDEM_LAYERS)
def test_what_goes_up_in_a_tandem_is_the_spike_count_of_the_network_deployed(layers, neuron, encoding, readout):
    rule = tandem.Tandem(tandem.Options(neuron=neuron, norm=Norm(), encoding=encoding, readout=readout, gamma_sd=2.0))
    torch.manual_seed(0)
    student = rule.student(task(layers, 6), {}, None).train()
    with torch.no_grad():
        for layer in student.hidden:
            layer.norm.bias.normal_(1, 2)
    passed, walked = coupled(student, rule, images())
    assert len(passed) == len(walked)
    for (layer, count), (_, s) in zip(passed, walked, strict=True):
        if layer.activation:
            assert torch.equal(count, count.round())
            assert torch.equal(count, s.detach().sum(0))
            assert 0 == count.min() < count.max() <= 6 or layer is student.layers[-1]
        else:
            torch.testing.assert_close(count, s.detach().sum(0), rtol=1e-9, atol=1e-9)


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize(
    ("neuron", "gradient"),
    [(IF, "rate"), (soft(0.9), "rate"), (soft(0.9, 0.5), "relu"), (hard(0.9, 0.5), "relu")],
    ids=["IF", "LIF", "LIF, ReLU", "LIF, hard reset, ReLU"],
)
def test_the_gradient_of_a_tandem_is_that_of_its_activation_at_the_total_current(neuron, gradient):
    """One linear layer below the read-out, by hand: dL/db = dL/dc a'(z), dL/dW = dL/db c^T."""
    rule = tandem.Tandem(tandem.Options(neuron=neuron, norm=None, encoding="repeat", gradient=gradient))
    torch.manual_seed(0)
    student = rule.student(task((Linear(linear=40),), T), {}, None)
    hidden, last = (layer.op for layer in student.layers)
    hidden.weight.data *= 3
    x, y = images(), torch.arange(B) % K
    (loss,) = rule.losses(student, seen(x))
    loss.backward()
    c = T * x.flatten(1)
    z = F.linear(c, hidden.weight, hidden.bias).detach()
    count = fire(((F.linear(x.flatten(1), hidden.weight) + hidden.bias / T).expand(T, -1, -1)).contiguous(), neuron)[
        0
    ].sum(0)
    scores = F.linear(count, last.weight, last.bias).detach()
    by_scores = (scores.softmax(1) - F.one_hot(y, K)) / B
    relu = neuron.decay == 1 or gradient == "relu"
    slope = (z > 0).double() / neuron.threshold if relu else rate_curve.slope(z, neuron, T)
    by_z = by_scores @ last.weight.detach() * slope
    assert 0.1 < float((slope > 0).double().mean()) < 0.9
    torch.testing.assert_close(last.weight.grad, by_scores.T @ count.detach())
    torch.testing.assert_close(hidden.bias.grad, by_z.sum(0))
    torch.testing.assert_close(hidden.weight.grad, by_z.T @ c)


@pytest.mark.usefixtures("double")
def test_the_error_that_a_tandem_observes_is_the_distance_of_count_and_activation():
    rule = tandem.Tandem(tandem.Options(neuron=IF, norm=None, encoding="repeat"))
    torch.manual_seed(0)
    student = rule.student(task((Linear(linear=40),), T), {}, None).eval()
    x = images()
    with torch.no_grad():
        ((name, number, value),) = rule.observe(student, seen(x))
    z = T * F.linear(x.flatten(1), student.layers[0].op.weight) + student.layers[0].op.bias
    z = z.detach()
    count = fire((z / T).expand(T, -1, -1).contiguous(), IF)[0].sum(0)
    assert (name, number) == ("count_minus_activation", 1)
    assert value == pytest.approx(float((count - z.clamp(min=0)).abs().mean()))
    # under a constant current nothing but the fraction, and what lies beyond T, is lost
    within = (z >= 0) & (z <= T)
    assert ((z - count)[within] < 1).all()
    assert ((z - count)[within] >= 0).all()


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("steps", [1, 3, 12])
def test_a_tandem_network_at_other_steps_keeps_the_sum_of_its_biases(steps):
    rule = tandem.Tandem(tandem.Options(neuron=IF, encoding="repeat"))
    student = rule.student(task(residual("currents")), {}, None)
    deployed = rule.deploy(student)
    before = {name: tensor.clone() for name, tensor in deployed.state_dict().items()}
    other = network.at_steps(deployed, steps)
    assert other.architecture == deployed.architecture.model_copy(update={"steps": steps})
    for name, tensor in other.state_dict().items():
        expected = before[name] * (T / steps if name.endswith("bias") else 1)
        torch.testing.assert_close(tensor, expected)
        assert torch.equal(deployed.state_dict()[name], before[name])
    assert sum(name.endswith("bias") for name in before) == len(
        [layer for layer in deployed.layers if layer.programmable]
    )


@pytest.mark.usefixtures("double")
def test_other_networks_at_other_steps_keep_their_parameters_and_the_first_steps_their_outputs():
    net = make().eval()
    longer = network.at_steps(net, 2 * T)
    assert all(torch.equal(tensor, net.state_dict()[name]) for name, tensor in longer.state_dict().items())
    x = images()
    (short, _), (long, _) = net(net.encode(x)), longer(longer.encode(x))
    assert torch.equal(long[:T], short)
    torch.testing.assert_close(longer.predict(x), long.mean(0))


def test_running_sums_over_fewer_steps_than_their_warm_up_do_not_turn_the_answer_round():
    net = make(readout=Readout(over_steps="running", warm_up=T - 1))
    weights = network.at_steps(net, T - 2).architecture.readout.weights(T - 2)
    assert min(weights) >= 0


# Conversion


def converted(teacher, layers, steps, percentile=100.0, sample=None):
    rule = conversion.Conversion(conversion.Options(neuron=IF, percentile=percentile))
    return rule.student(task(layers, steps), {"teacher": teacher}, images() if sample is None else sample)


CONVERTED = {"plain": LAYERS, "currents": residual("currents"), "spikes": residual("spikes")}


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("layers", CONVERTED.values(), ids=CONVERTED)
def test_rates_of_a_converted_network_approach_activations_over_their_scale_as_one_over_t(layers):
    """Threshold balancing by the largest activation of these very images: nothing saturates, and what is left of the
    charge is a few spikes, however long one waits.
    """
    teacher = make(layers, Relu(), 1).eval()
    x = images()
    scales = conversion.scales(teacher, x, 100.0)
    activations = [a[0].detach() for _, a in teacher.walk(teacher.encode(x))]
    for steps in (64, 256, 1024):
        student = converted(teacher, layers, steps)
        walked = [y.detach().mean(0) for _, y in student.walk(student.encode(x))]
        for i, (layer, mean, a) in enumerate(zip(student.layers, walked, activations, strict=True)):
            error = (mean - a / scales.get(i, 1.0)).abs().max()
            assert error < 12 / steps, (steps, i, layer.spec)
            if layer.activation:
                assert a.std() > 0.01
        torch.testing.assert_close(student.predict(x), teacher.predict(x), rtol=0, atol=12 / steps)


@BOTH
def test_what_a_shortcut_adds_without_synapses_shares_the_larger_scale(add):
    layers = (Conv(conv=3), Block(block=[Conv(conv=3)], add=add), Linear(linear=4))
    quiet, loud = (make(layers, Relu(), 1).requires_grad_(False).eval() for _ in range(2))
    quiet.layers[1].op.weight.abs_().mul_(-0.1)
    quiet.layers[1].op.bias.fill_(-0.01 if add == "currents" else 0.1)
    loud.layers[1].op.weight.mul_(5)
    for net, larger in ((quiet, 0), (loud, 1)):
        own = [float(a.max()) for layer, a in net.walk(net.encode(images())) if layer.activation]
        found = conversion.scales(net, images(), 100.0)
        assert own[larger] == max(own[:2]) > 1.03 * min(own[:2])
        assert found[0] == found[1] == pytest.approx(own[larger])
        if add == "spikes":
            assert found[2] == found[1]


def test_a_percentile_below_100_makes_the_strongest_neurons_saturate():
    teacher = make(activation=Relu(), steps=1).requires_grad_(False).eval()
    x = images(batch=50)
    student = converted(teacher, LAYERS, 256, percentile=80.0, sample=x)
    scales = conversion.scales(teacher, x, 80.0)
    (layer, s), (_, a) = next(student.walk(student.encode(x))), next(teacher.walk(teacher.encode(x)))
    expected = (a[0] / scales[0]).clamp(max=1)
    assert layer.fires
    assert float((s.mean(0) - expected).abs().max()) < 2 / 256
    assert 0.15 < float((a[0] > scales[0]).float().mean()) < 0.25
    assert scales[0] == pytest.approx(float(local_losses.nearest_rank(a, 80.0)))


# Quantised activations


@pytest.mark.parametrize(("clip", "levels"), [(1.0, 1), (2.0, 4), (1.5, 15)])
def test_a_quantised_relu_has_its_levels_and_the_gradient_of_a_clipped_one(clip, levels):
    z = torch.linspace(-1.01, clip + 1.03, 997, dtype=torch.float64, requires_grad=True)
    a = rectify(z, Relu(clip=clip, levels=levels))
    (gradient,) = torch.autograd.grad(a.sum(), z)
    allowed = torch.arange(levels + 1) * clip / levels
    a, z = a.detach(), z.detach()
    assert sorted({round(float(v), 9) for v in a}) == pytest.approx(allowed.tolist())
    assert float((a - z.clamp(0, clip)).abs().max()) <= clip / levels / 2 + 1e-12
    assert torch.equal(gradient, ((z > 0) & (z < clip)).double())


# LTL


def teacher(layers=LAYERS, relu=None, seed=9):
    return make(layers, relu or Relu(clip=2.0), 1, seed=seed).requires_grad_(False).eval()


def ltl_rule(layers=LAYERS, parents=None, x=None, **options):
    rule = ltl.Ltl(ltl.Options(neuron=LIF, **({"percentile": 90.0} | options)))
    torch.manual_seed(1)
    student = rule.student(task(layers), parents or {}, x)
    with torch.no_grad():
        for layer in student.hidden:
            layer.op.weight.mul_(2)
    return rule, student


def test_a_fixed_scale_is_the_percentile_of_the_sample_and_stays():
    parents, sample = {"teacher": teacher()}, images(seed=3, batch=40)
    rule, student = ltl_rule(parents=parents, x=sample, mode="offline", scale="fixed")
    expected = [
        sorted(a[0].flatten().tolist())[round(0.9 * (a.numel() - 1))]
        for layer, a in parents["teacher"].walk(sample[None])
        if layer.activation
    ]
    held = [float(getattr(student, f"percentile_{i}")) for i in range(3)]
    assert held == pytest.approx(expected)
    x = images(seed=4)
    rates = local_losses.teacher_rates(parents["teacher"], x, 90.0, [torch.tensor(q) for q in expected])
    *terms, _ = (term.item() for term in rule.losses(student, seen(x, parents=parents)))
    own, _ = local_losses.own_rates(student, x)
    assert terms == pytest.approx([float(((r - a) ** 2).mean()) for r, a in zip(own, rates, strict=True)])
    for a, q, (layer, z) in zip(rates, expected, of_neurons(parents["teacher"], x), strict=True):
        assert layer.activation
        torch.testing.assert_close(a, (z / q).clamp(0, 1))
    fresh = local_losses.teacher_rates(parents["teacher"], x, 90.0)
    assert any(not torch.allclose(a, b) for a, b in zip(rates, fresh, strict=True))
    assert {name for name in student.state_dict() if "percentile" in name} == {f"percentile_{i}" for i in range(3)}
    assert not any("percentile" in name for name in rule.deploy(student).state_dict())


def of_neurons(net, x):
    return [(layer, y[0]) for layer, y in net.walk(net.encode(x)) if layer.activation]


def reached(student):
    return [
        i
        for i, layer in enumerate(student.layers)
        if any(p.grad is not None and bool(p.grad.any()) for p in layer.op.parameters())
    ]


def test_layer_after_layer_one_layer_learns_at_a_time_and_all_in_their_turn():
    rule, student = ltl_rule(mode="sequential")
    parents, learned = {"teacher": teacher()}, []
    for epoch in range(8):
        student.zero_grad()
        (term,) = rule.losses(student, seen(images(), parents=parents, epoch=epoch, epochs=8))
        term.backward()
        learned.append(reached(student))
    assert learned == [[0], [0], [2], [2], [3], [3], [4], [4]]  # layer 1 is a pool
    hurried = []
    for epoch in range(3):  # fewer epochs than layers
        student.zero_grad()
        for term in rule.losses(student, seen(images(), parents=parents, epoch=epoch, epochs=3)):
            term.backward()
        hurried.append(reached(student))
    assert hurried == [[0], [2], [3, 4]]
    offline, twin = ltl_rule(mode="offline")
    twin.load_state_dict(student.state_dict())
    terms = [term.item() for term in offline.losses(twin, seen(images(), parents=parents))]
    found = [
        next(rule.losses(student, seen(images(), parents=parents, epoch=epoch, epochs=4))).item() for epoch in range(4)
    ]
    assert found == terms


@pytest.mark.usefixtures("double")
@BOTH
def test_end_to_end_ltl_is_sdt_of_the_same_neurons(add):
    rule, student = ltl_rule(residual(add), mode="end_to_end")
    control = tet.Tet(tet.Options(neuron=LIF, norm=None, loss="sdt"))
    twin = control.student(task(residual(add)), {}, None)
    twin.load_state_dict(student.state_dict())
    found = []
    for which, net in ((rule, student), (control, twin)):
        (loss,) = which.losses(net, seen(images(), parents={"teacher": None}))
        loss.backward()
        found.append([loss.detach(), *(p.grad for p in net.parameters())])
    assert all(g.any() for g in found[0])
    torch.testing.assert_close(found[0], found[1], rtol=1e-12, atol=1e-15)


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("mode", ["offline", "online"])
@BOTH
def test_each_loss_of_ltl_reaches_the_synapses_of_its_own_neurons_and_no_other(add, mode):
    """In a block that adds currents the convolution of the shortcut feeds the neurons behind the sum, and learns from
    their loss alone; in one that adds spikes it has neurons, hence a loss, of its own.
    """
    rule, student = ltl_rule(residual(add), mode=mode)
    terms = list(rule.losses(student, seen(images(), parents={"teacher": teacher(residual(add))})))
    # nodes: 0 conv; 1 shortcut, 2 and 3 convs [, 4 sum]; two more convs [, sum]; pool; linear; read-out
    if add == "currents":
        own = [[0], [2], [1, 3], [4], [5], [7], [8]]
    else:
        own = [[0], [1], [2], [3], [5], [6], [9], [10]]
    assert len(terms) == len(own) * (T if mode == "online" else 1)
    for number, term in enumerate(terms):
        student.zero_grad()
        term.backward(retain_graph=True)
        assert set(reached(student)) <= set(own[number % len(own)])
    for number in range(len(own)):
        student.zero_grad()
        sum(terms[number :: len(own)]).backward(retain_graph=True)
        assert reached(student) == own[number]


@pytest.mark.usefixtures("double")
@BOTH
def test_online_gradients_of_residual_networks_step_by_step_equal_those_of_all_steps_at_once(add):
    rule, student = ltl_rule(residual(add), mode="online", warm_up=1)
    found = []
    for at_once in (False, True):
        student.zero_grad()
        terms = rule.losses(student, seen(images(), parents={"teacher": teacher(residual(add))}))
        if at_once:
            sum(terms).backward()
        else:
            for term in terms:
                term.backward()
        found.append([p.grad.clone() for p in student.parameters()])
    assert all(g.any() for g in found[0])
    torch.testing.assert_close(found[0], found[1], rtol=1e-12, atol=1e-15)


# Dropout


def inputs_of(student, x):
    """What the operator of each layer is given in one forward pass, (T, B, ...) flattened to (T B, ...)."""
    given = {}
    for i, layer in enumerate(student.layers):
        layer.gets_spikes = False  # convolutions of spikes call no operator
        layer.op.register_forward_pre_hook(lambda _, args, i=i: given.update({i: args[0].detach()}))
    student.predict(x)
    return given


DROPPED = (Conv(conv=4), Conv(conv=4), Linear(linear=30), Linear(linear=30))
EVERYWHERE = Dropout(p=0.5, before=("conv", "linear", "readout"))


def firing(student):
    """Every hidden neuron fires at every step, so that a zero can only come from dropout."""
    with torch.no_grad():
        for layer in student.hidden:
            layer.op.bias.fill_(1000.0)
    return student


@pytest.mark.parametrize("before", [("conv",), ("linear",), ("readout",), ("conv", "linear", "readout")], ids=str)
def test_dropout_is_redrawn_at_every_step_and_stands_before_these_layers(before):
    student = firing(make(DROPPED, dropout=Dropout(p=0.25, before=before))).train()
    given = inputs_of(student, images(batch=40))
    torch.manual_seed(0)
    kinds = ["first", "conv", "linear", "linear", "readout"]
    for i, kind in enumerate(kinds):
        if kind not in before:
            assert i == 0 or (given[i] == 1).all()
            continue
        x = given[i].unflatten(0, (T, -1)).flatten(2)
        assert x.unique().tolist() == pytest.approx([0, 1 / 0.75])
        assert float((x == 0).float().mean()) == pytest.approx(0.25, abs=0.03)
        for earlier, later in pairwise(x):
            both = float(((earlier == 0) & (later == 0)).float().mean())
            assert both == pytest.approx(0.25**2, abs=0.03)  # independent, step from step


def test_dropout_never_touches_the_image_nor_an_evaluation():
    student = firing(make(DROPPED, dropout=EVERYWHERE)).train()
    assert torch.equal(inputs_of(student, images())[0], images())
    given = inputs_of(firing(make(DROPPED, dropout=EVERYWHERE)).eval(), images())
    assert all((x == 1).all() for i, x in given.items() if i)
    deployed = network.fold(student)
    assert deployed.architecture.dropout is None
    assert all((x == 1).all() for i, x in inputs_of(deployed.train(), images()).items() if i)


@pytest.mark.parametrize(
    "layers",
    [
        (AvgPool(avg_pool=2), Conv(conv=4), Linear(linear=30)),
        (MaxPool(max_pool=2), Linear(linear=30)),
        residual("currents")[1:],
    ],
    ids=["pool", "max pool", "block"],
)
def test_dropout_never_touches_the_image_whatever_stands_first(layers):
    student = make(layers, dropout=EVERYWHERE).train()
    placed = nodes(student.architecture)
    given = inputs_of(student, torch.ones(B, *SHAPE))
    for i, node in enumerate(placed):
        if sees_image(placed, i) and isinstance(node.layer, Conv | Linear):
            assert (given[i] == 1).all()


def sees_image(placed, i):
    while placed[i].source >= 0:
        i = placed[i].source
        if not isinstance(placed[i].layer, AvgPool | MaxPool):
            return False
    return True


# Frames of events


def test_an_ann_sees_the_sum_of_the_frames_and_a_spiking_network_one_a_step():
    frames = some(T, B, *SHAPE)
    found = teacher()
    assert torch.equal(found.encode(frames), frames.sum(0, keepdim=True))
    torch.testing.assert_close(found.predict(frames), found.predict(frames.sum(0)))
    net = make()
    assert torch.equal(net.encode(frames), frames)
    state, outputs = None, []
    for frame in frames:
        o, state = net(frame[None], state)
        outputs.append(o)
    torch.testing.assert_close(net.predict(frames), torch.cat(outputs).mean(0))
    rule, student = ltl_rule(mode="offline")
    terms = [term.item() for term in rule.losses(student, seen(frames, torch.arange(B) % K, {"teacher": found}))]
    rates = local_losses.teacher_rates(found, frames.sum(0), 90.0)
    own, _ = local_losses.own_rates(student, frames)
    assert terms[:-1] == pytest.approx([float(((r - a) ** 2).mean()) for r, a in zip(own, rates, strict=True)])


def test_a_residual_network_has_the_shapes_of_its_sizes():
    for add in ("currents", "spikes"):
        net = make(residual(add))
        shapes = [size.output_shape for size in sizes(SHAPE, nodes(net.architecture))]
        assert [tuple(y.shape[2:]) for _, y in net.walk(net.encode(images()))] == shapes


def test_the_recipes_of_the_papers_name_the_neurons_of_their_equations():
    """Constants that the papers print (the leak of LTL: tau 10)."""
    printed = {
        "paper_stbp": (0.25, 0.75, "zero", "at"),
        "paper_stbp_nmnist": (0.3, 0.05, "zero", "at"),
        "paper_stbp_dvs": (0.35, 0.05, "zero", "at"),
        "paper_tet_cifar": (0.5, 1.0, "zero", "above"),
        "paper_tandem": (1.0, 1.0, "subtract", "at"),
        "paper_ltl_offline": (pytest.approx(math.exp(-1 / 10)), 0.6, "zero", "above"),
        "paper_ltl_online": (pytest.approx(math.exp(-1 / 10)), 0.6, "zero", "above"),
    }
    for method, expected in printed.items():
        neuron = params.load("methods", method).options.neuron
        assert (neuron.decay, neuron.threshold, neuron.reset, neuron.fires) == expected
    assert params.load("methods", "paper_stbp").options.neunorm.decay == 0.8
    assert params.load("methods", "paper_stbp_dvs").options.neunorm.decay == 0.9
