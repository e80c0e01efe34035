"""Imperfect hardware: draws, the effect of each model on values and neurons, and what can be programmed."""

import copy
import dataclasses
import itertools
import math
import re
from collections import Counter
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from snn.config import params
from snn.config.levels import noise_parts, options
from snn.hardware import chip, noise
from snn.hardware.foundry import Foundry
from snn.model.network import Network
from snn.model.neuron import IDEAL, fire
from snn.model.spec import AvgPool, Block, Conv, Linear, NeuNorm, Readout
from tests import nets
from tests.refusals import refused

T, K, SHAPE, WIRES = 4, 3, (1, 8, 8), 64
LIF = nets.leaky(decay=0.8, threshold=0.6)
IF = LIF.model_copy(update={"decay": 1.0, "reset": "subtract"})
NEURONS = {"leaky": LIF, "not leaky": IF}
BRANCHED = (
    Conv(conv=4),
    Conv(conv=4, stride=2, bias=False),
    Block(block=[Conv(conv=4), Conv(conv=4)], shortcut=Conv(conv=4, kernel=1, padding=0), add="currents"),
    Block(block=[Conv(conv=4)], add="spikes"),
    AvgPool(avg_pool="global"),
)
EVERYTHING = ("weight", "bias", "tau", "threshold")
FILES = params.names("noise")
FEW = settings(max_examples=25, deadline=None, derandomize=True)
HERE = Path("params/noise/somewhere.yaml")


def build(activation=LIF, kind="current", layers=nets.POOLED, **changes) -> Network:
    readout = Readout(kind=kind, voters=4 if kind == "votes" else 1)
    return nets.deployed(layers, activation, shape=SHAPE, outputs=K, steps=T, readout=readout, **changes)


def wires(activation=LIF, kind="current", steps=T) -> Network:
    """Three layers whose currents are their inputs."""
    layers, readout = (Linear(linear=WIRES),) * 2, Readout(kind=kind)
    net = nets.deployed(layers, activation, shape=(WIRES,), outputs=WIRES, steps=steps, readout=readout)
    for layer in net.layers:
        layer.op.weight.copy_(torch.eye(WIRES))
        layer.op.bias.zero_()
    return net


@cache
def zoo() -> dict[str, Network]:
    """Leaky and not, all read-outs, and one network with branches and NeuNorm."""
    kinds = "current", "votes", "current_and_spikes"
    found = {f"{leak}, {kind}": build(neuron, kind) for leak, neuron in NEURONS.items() for kind in kinds}
    return found | {"branched": build(layers=BRANCHED, neunorm=NeuNorm(decay=0.5, gain="average"))}


def part(model, **options):
    module = params.load_plugin("hardware.noise", model, "")
    return module, module.Options(**options)


def parts_of(noise, level):
    return noise_parts(params.load("noise", noise), level)


def mismatch(sigma, disturbs=EVERYTHING, **options):
    return part("mismatch", sigma=sigma, disturbs=disturbs, **options)


def made(clean, *parts, number=0) -> Network:
    return chip.manufacture(clean, parts, number).network


def images(batch=8):
    return nets.some(batch, *SHAPE)


def frames(batch=8):
    return (nets.some(T, batch, *SHAPE, seed=1) > 0.43).float()


def between_0_and_1(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def outputs(net, x) -> list[torch.Tensor]:
    """Of all layers, and the scores."""
    with torch.no_grad():
        return [*(y_TBN for _, y_TBN in net.walk(net.encode(x))), net.predict(x)]


def effective(net) -> dict[str, torch.Tensor]:
    """Effective values by the names of the programmed ones."""
    return {name: value_of(net, name).detach().clone() for name in sorted(chip.programmable(net))}


def value_of(net, name):
    module, _, parameter = name.rpartition(".")
    return getattr(net.get_submodule(module), parameter)


def weights(net) -> dict[str, torch.Tensor]:
    return {name: value for name, value in effective(net).items() if name.endswith("weight")}


def place(name) -> tuple[int, str]:
    """Layer and parameter of a programmable value."""
    _, layer, _, parameter = name.split(".")
    return int(layer), parameter


def gain(number, name, shape, sigma):
    """By hand: 1 + sigma e of one parameter of one layer."""
    return torch.tensor(1 + sigma * Foundry(number).normal(*place(name), tuple(shape))).float()


def same(one, other) -> bool:
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)
    return len(one) == len(other) and all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def assert_standard_normal(e):
    e = torch.as_tensor(e).double().flatten()
    for power, moment, variance in (1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96):
        assert abs(float((e**power).mean()) - moment) < 4 * math.sqrt(variance / len(e)), power


def assert_share(flags, p):
    assert abs(float(flags.double().mean()) - p) < 4 * math.sqrt(p * (1 - p) / flags.numel())


def assert_unrelated(one, other):
    one, other = (torch.as_tensor(values).double().flatten() for values in (one, other))
    correlation = torch.corrcoef(torch.stack((one, other)))[0, 1]
    assert abs(correlation) < 4 / math.sqrt(len(one))


def assert_fresh(e_TBN):
    """Nothing in common between steps, between samples, between neurons."""
    for axis in range(3):
        length = e_TBN.shape[axis] - 1
        assert_unrelated(e_TBN.narrow(axis, 0, length), e_TBN.narrow(axis, 1, length))


# The foundry


def test_a_draw_has_these_numbers_on_every_machine():
    literals = {
        ("normal", 0, 0, "weight", (3,)): [-1.390666205594342, 1.5733774622540326, 0.7359270845889908],
        ("normal", 3, 2, "tau", (2, 2)): [
            0.9739546527047955,
            -0.37302238282256595,
            -0.47109930404140793,
            1.6456953283563784,
        ],
        ("normal", 7, -1, "tau", ()): [-0.039674218133861044],
        ("uniform", 0, 0, "weight", (3,)): [0.7199758143941606, 0.746057300923022, 0.4480366433284725],
        ("uniform", 3, 2, "dead neurons", (2, 2)): [
            0.08912941134947105,
            0.22181463337517704,
            0.5515092906280618,
            0.16877666617071885,
        ],
    }
    for (law, number, *key, shape), expected in literals.items():
        drawn = getattr(Foundry(number), law)(*key, shape)
        assert drawn.shape == shape
        assert drawn.ravel().tolist() == pytest.approx(expected, rel=1e-15)
    seeds = [Foundry(3).generator(2, "lost spikes", "cpu"), Foundry(0).generator(-1, "image noise", "cpu")]
    assert [generator.initial_seed() for generator in seeds] == [42570777005003677, 64503822158299652]


REQUESTS = st.lists(
    st.tuples(
        st.sampled_from(["normal", "uniform", "generator"]),
        st.integers(-1, 3),
        st.sampled_from(["weight", "bias", "tau", "lost spikes"]),
        st.integers(1, 40),
    ),
    min_size=1,
    max_size=6,
)


@FEW
@given(requests=REQUESTS, order=st.randoms(use_true_random=False), number=st.integers(0, 10**6))
def test_a_draw_does_not_depend_on_what_was_drawn_before(requests, order, number):
    def drawn(foundry, request):
        law, layer, parameter, count = request
        if law == "generator":
            return torch.rand(count, generator=foundry.generator(layer, parameter, "cpu")).tolist()
        return getattr(foundry, law)(layer, parameter, (count,)).tolist()

    alone = [drawn(Foundry(number), request) for request in requests]
    np.random.seed(0)
    torch.manual_seed(0)
    shared, places = Foundry(number), list(range(len(requests)))
    order.shuffle(places)
    for i in places:
        assert drawn(shared, requests[i]) == alone[i]


def test_normal_draws_are_standard_normal():
    assert_standard_normal(Foundry(0).normal(0, "weight", (200_000,)))


def test_uniform_draws_fill_the_unit_interval_evenly():
    N = 200_000
    drawn = Foundry(0).uniform(0, "dead neurons", (N,))
    assert 0 <= drawn.min() < 1e-4
    assert 1 - 1e-4 < drawn.max() < 1
    for power in range(1, 5):  # the mean of u^k is 1 / (k + 1), its variance 1 / (2k + 1) - 1 / (k + 1)^2
        error = math.sqrt((1 / (2 * power + 1) - 1 / (power + 1) ** 2) / N)
        assert abs((drawn**power).mean() - 1 / (power + 1)) < 4 * error


@pytest.mark.parametrize("law", ["normal", "uniform", "generator"])
@pytest.mark.parametrize("other", [(1, 0, "weight"), (0, 1, "weight"), (0, -1, "weight"), (0, 0, "bias")])
def test_chips_layers_and_parameters_have_nothing_in_common(other, law):
    def drawn(number, *key):
        if law == "generator":
            return torch.rand(50_000, generator=Foundry(number).generator(*key, "cpu"))
        return getattr(Foundry(number), law)(*key, (50_000,))

    assert_unrelated(drawn(0, 0, "weight"), drawn(*other))


DRAWING = [
    ("mismatch", {"sigma": 0.2, "disturbs": EVERYTHING}),
    ("thermal", {"sigma": 0.2, "on": "inputs"}),
    ("thermal", {"sigma": 0.2, "on": "membranes"}),
    ("silencing", {"p": 0.2, "silences": "spikes"}),
    ("silencing", {"p": 0.2, "silences": "neurons"}),
    ("stuck", {"p": 0.2, "at": "zero"}),
    ("stuck", {"p": 0.2, "at": "range"}),
    ("learning_circuit", {"sigma": 0.2}),
    ("filter_normalised", {"alpha": 0.2}),
]


def test_no_two_models_of_a_chip_ask_for_the_same_draw(monkeypatch):
    asked = Counter()
    for law in ("normal", "uniform", "generator"):
        original = getattr(Foundry, law)

        def noted(self, layer, parameter, rest, original=original):
            asked[layer, parameter] += 1
            return original(self, layer, parameter, rest)

        monkeypatch.setattr(Foundry, law, noted)
    for net in (build(kind="votes"), zoo()["branched"]):
        asked.clear()
        made(net, *(part(model, **options) for model, options in DRAWING if options.get("at") != "zero"))
        assert len(asked) > 20
        assert set(asked.values()) == {1}


@pytest.mark.parametrize("name", FILES)
def test_the_hash_of_a_chip_is_the_same_at_every_level(name):
    levels = params.load("noise", name).levels
    assert len({chip.manufacture(build(), parts_of(name, level), 5).draw for level in levels}) == 1


def test_another_chip_or_another_noise_model_has_another_hash():
    models = [*DRAWING, *(("mismatch", {"sigma": 0.2, "disturbs": (kind,)}) for kind in EVERYTHING)]
    models.append(("mismatch", {"sigma": 0.2, "disturbs": EVERYTHING, "one_tau": True}))
    hashes = [
        chip.manufacture(build(), [part(model, **options)], number).draw
        for model, options in models
        for number in (0, 1)
    ]
    assert len(set(hashes)) == len(hashes)
    assert all(re.fullmatch("[0-9a-f]{12}", name) for name in hashes)


def test_the_hash_names_what_was_drawn_and_not_what_was_made_of_it():
    pairs = [
        (part("thermal", sigma=0.1, on="inputs"), part("thermal", sigma=0.1, on="inputs", compounds=True)),
        (mismatch(0.1), mismatch(0.1, permanent=False)),
        (part("quantisation", bits=4, per="tensor"), part("quantisation", bits=2, per="channel")),
    ]
    for one, other in pairs:
        assert chip.manufacture(build(), [one], 3).draw == chip.manufacture(build(), [other], 3).draw
    drawn_nothing = {chip.manufacture(build(), pairs[-1][:1], number).draw for number in range(3)}
    assert drawn_nothing == {chip.manufacture(build(), [], 0).draw}


# Nothing is the clean network, everything is not


NOTHING = [
    *(
        ("mismatch", {"sigma": 0.0, "disturbs": EVERYTHING, "one_tau": one_tau, "permanent": permanent})
        for one_tau in (False, True)
        for permanent in (False, True)
    ),
    ("quantisation", {"bits": None, "per": "tensor"}),
    ("quantisation", {"bits": None, "per": "channel", "readout": False}),
    ("thermal", {"sigma": 0.0, "on": "inputs"}),
    ("thermal", {"sigma": 0.0, "on": "inputs", "compounds": True}),
    ("thermal", {"sigma": 0.0, "on": "membranes"}),
    ("silencing", {"p": 0.0, "silences": "spikes"}),
    ("silencing", {"p": 0.0, "silences": "neurons"}),
    ("stuck", {"p": 0.0, "at": "zero"}),
    ("stuck", {"p": 0.0, "at": "range"}),
    ("learning_circuit", {"sigma": 0.0}),
    ("filter_normalised", {"alpha": 0.0}),
]


def gradients(net, x) -> dict[str, torch.Tensor]:
    """Of the squared scores, by what is programmed."""
    programmed = chip.programmable(net)
    found = torch.autograd.grad(net.predict(x).square().sum(), list(programmed.values()), allow_unused=True)
    given = zip(programmed.items(), found, strict=True)
    return {name: torch.zeros_like(value) if by is None else by for (name, value), by in given}


@cache
def of_clean(name):
    net = made(zoo()[name])
    return [(x, outputs(net, x), gradients(net, x)) for x in (images(), frames())]


def assert_clean(parts):
    """To the bit: effective values, outputs of every layer, scores; gradients but for the order of sums."""
    for name, clean in zoo().items():
        net = made(clean, *parts, number=3)
        assert same(effective(net), effective(clean)), name
        for x, expected, by_programmed in of_clean(name):
            assert expected[-1].std() > 0
            hidden = [y_TBN for y_TBN, layer in zip(expected, clean.layers[:-1], strict=False) if layer.fires]
            assert all(0 < float(s_TBN.mean()) < 1 for s_TBN in hidden)
            assert same(outputs(net, x), expected), name
            assert all(gradient.any() for gradient in by_programmed.values())
            torch.testing.assert_close(gradients(net, x), by_programmed, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("model", "options"), NOTHING, ids=str)
def test_a_model_that_does_nothing_leaves_the_clean_network_to_the_bit(model, options):
    assert_clean([part(model, **options)])


def test_every_model_can_do_nothing():
    assert {model for model, _ in NOTHING} == {path.stem for path in Path(noise.__file__).parent.glob("[a-z]*.py")}
    assert_clean([part(model, **options) for model, options in NOTHING])


@pytest.mark.parametrize("name", sorted({*FILES} - {"quantisation", "quantisation_channel"}))
def test_at_level_0_a_chip_is_one_without_the_models_that_the_level_is_of(name):
    parts, models = parts_of(name, 0), params.load("noise", name).models
    others = [other for other, model in zip(parts, models, strict=True) if "level" not in model.options.values()]
    assert len(others) == len(parts) - (2 if name == "mismatch_released" else 1)
    for clean in zoo().values():
        for x in (images(), frames()):
            expected = outputs(made(clean, *others, number=3), x)
            assert same(outputs(made(clean, *parts, number=3), x), expected)
            assert same(expected, outputs(clean, x)) == (not others)


@pytest.mark.parametrize("name", ["quantisation", "quantisation_channel"])
def test_no_bits_at_all_are_refused(name):
    with refused("noise: models.0.options.bits"):
        parts_of(name, 0)


@pytest.mark.parametrize("name", FILES)
def test_every_level_of_every_file_changes_scores(name):
    for clean in (build(), build(IF, "votes")):
        for level in params.load("noise", name).levels:
            net = made(clean, *parts_of(name, level))
            assert not torch.equal(net.predict(images()), clean.predict(images()))


FRESH = [(model, options) for model, options in DRAWING if model == "thermal" or options.get("silences") == "spikes"]
PERMANENT = [drawing for drawing in DRAWING if drawing not in FRESH]


@pytest.mark.parametrize(("model", "options"), DRAWING, ids=str)
def test_a_chip_is_made_the_same_twice(model, options):
    one, other = (made(build(), part(model, **options), number=2) for _ in range(2))
    for _ in range(2):
        assert same(outputs(one, images()), outputs(other, images()))
        assert same(gradients(one, images()), gradients(other, images()))


@pytest.mark.parametrize(("model", "options"), PERMANENT, ids=str)
def test_what_is_permanent_answers_an_image_twice_in_the_same_way(model, options):
    net = made(build(), part(model, **options))
    assert same(outputs(net, images()), outputs(net, images()))


@pytest.mark.parametrize(("model", "options"), FRESH, ids=str)
def test_what_is_fresh_answers_an_image_in_another_way_each_time_and_by_itself(model, options):
    clean = build()
    net, undisturbed = (made(clean, part(model, **options)) for _ in range(2))
    first = outputs(net, images())
    torch.manual_seed(0)
    second = outputs(net, images())
    assert not torch.equal(first[-1], second[-1])
    outputs(undisturbed, images())
    torch.manual_seed(1)
    torch.randn(100)
    assert same(outputs(undisturbed, images()), second)


# Mismatch


@FEW
@given(sigma=st.floats(0, 2), number=st.integers(0, 99), net=st.sampled_from(["leaky, votes", "branched"]))
def test_every_programmable_value_is_multiplied_by_a_factor_of_its_own(sigma, number, net):
    clean = effective(zoo()[net])
    found = effective(made(zoo()[net], mismatch(sigma), number=number))
    assert found.keys() == clean.keys()
    for name, value in clean.items():
        assert torch.equal(found[name], value * gain(number, name, value.shape, sigma))


def relative(net, clean, sigma):
    """The normal numbers behind the effective values."""
    pairs = zip(effective(net).values(), effective(clean).values(), strict=True)
    return torch.cat([((one / other - 1) / sigma).flatten() for one, other in pairs])


@pytest.mark.parametrize("sigma", [0.05, 0.3])
def test_effective_values_deviate_by_sigma(sigma):
    clean = build()
    chips = [made(clean, mismatch(sigma), number=number) for number in range(8)]
    assert_standard_normal(torch.cat([relative(net, clean, sigma) for net in chips]))


def test_a_chip_at_two_levels_is_the_same_chip():
    clean = build()
    low, high = (relative(made(clean, mismatch(sigma), number=5), clean, sigma) for sigma in (0.1, 0.4))
    torch.testing.assert_close(low, high, rtol=1e-3, atol=1e-4)
    assert (low - relative(made(clean, mismatch(0.1), number=6), clean, 0.1)).abs().max() > 0.1


def test_as_mismatch_vanishes_the_chip_approaches_its_clean_network_in_proportion():
    clean, off = build(), []
    for sigma in (1e-2, 1e-3):
        net = made(clean, mismatch(sigma))
        pairs = [(value, effective(clean)[name]) for name, value in effective(net).items()]
        silicon = net.layers[0].silicon
        pairs += [(silicon.threshold_N, LIF.threshold), (silicon.decay_N, LIF.decay)]
        off.append([float((one - other).abs().max()) for one, other in pairs])
    assert [one / other for one, other in zip(*off, strict=True)] == pytest.approx([10] * len(off[0]), rel=0.1)


@pytest.mark.parametrize("kind", EVERYTHING)
def test_only_what_is_named_is_disturbed(kind):
    clean = build()
    net = made(clean, mismatch(0.3, (kind,)))
    pairs = zip(effective(net).items(), effective(clean).values(), strict=True)
    disturbed = {place(name)[1] for (name, one), other in pairs if not torch.equal(one, other)}
    silicon = net.layers[0].silicon
    disturbed |= {"tau"} if silicon.decay_N is not None else set()
    disturbed |= {"threshold"} if silicon.threshold_N is not None else set()
    assert disturbed == {kind}
    assert not torch.equal(net.predict(images()), clean.predict(images()))


@pytest.mark.parametrize("sigma", [0.2, 2.0])
@pytest.mark.parametrize("kind", ["current", "votes"])
def test_every_neuron_has_its_own_time_constant_and_threshold(kind, sigma):
    net, tau = made(build(kind=kind), mismatch(sigma), number=2), -1 / math.log(LIF.decay)
    for i, layer in enumerate(net.layers):
        if not layer.fires:
            assert layer.silicon == IDEAL
            continue
        own_tau, own_threshold = (
            abs(1 + sigma * Foundry(2).normal(i, parameter, layer.output_shape)) for parameter in ("tau", "threshold")
        )
        decay_N, threshold_N = np.exp(-1 / (tau * own_tau)), LIF.threshold * own_threshold
        assert layer.silicon.decay_N.dtype == layer.silicon.threshold_N.dtype == torch.float32
        np.testing.assert_allclose(layer.silicon.decay_N.numpy(), decay_N, rtol=1e-6, atol=1e-30)
        np.testing.assert_allclose(layer.silicon.threshold_N.numpy(), threshold_N, rtol=1e-6)
        assert len(np.unique(threshold_N)) == threshold_N.size
        assert ((layer.silicon.decay_N >= 0) & (layer.silicon.decay_N < 1)).all()
    assert net.layers[-1].fires == (kind == "votes")


def test_a_time_constant_may_be_that_of_the_whole_chip():
    for number, sigma in ((0, 0.2), (1, 0.2), (2, 2.0)):
        net = made(build(kind="votes"), mismatch(sigma, ("tau",), one_tau=True), number=number)
        factor = abs(1 + sigma * float(Foundry(number).normal(-1, "tau", ())))
        decays = torch.cat([layer.silicon.decay_N.flatten() for layer in net.layers if layer.fires])
        torch.testing.assert_close(decays, torch.full_like(decays, math.exp(math.log(LIF.decay) / factor)))
        assert len(decays.unique()) == 1


def test_neurons_of_a_chip_run_with_their_own_constants():
    net = made(build(), mismatch(0.4))
    layer, x_TBX = net.layers[0], net.encode(images())
    z_TBN = layer.current(x_TBX).detach()
    s_TBN, v_BN = layer(x_TBX)
    for n in [(0, 0, 0), (1, 3, 4), (3, 7, 7)]:
        its = LIF.model_copy(
            update={"decay": layer.silicon.decay_N[n].item(), "threshold": layer.silicon.threshold_N[n].item()}
        )
        s_TB, v_B = fire(z_TBN[(slice(None), slice(None), *n)], its, steps=len(s_TBN))
        assert torch.equal(s_TBN[(slice(None), slice(None), *n)], s_TB)
        torch.testing.assert_close(v_BN[(slice(None), *n)].detach(), v_B)


@pytest.mark.parametrize("decay", [0.0, 1.0])
def test_neurons_that_do_not_leak_or_do_not_remember_have_no_time_constant(decay):
    net = made(build(LIF.model_copy(update={"decay": decay})), mismatch(0.3))
    assert all(layer.silicon.decay_N is None for layer in net.layers)
    assert all(layer.silicon.threshold_N is not None for layer in net.layers if layer.fires)


def test_mismatch_that_is_not_permanent_multiplies_once_and_then_lets_everything_be_programmed():
    clean, sigma = build(), 0.3
    net, lasting = (made(clean, mismatch(sigma, permanent=permanent), number=4) for permanent in (False, True))
    assert same(outputs(net, images()), outputs(lasting, images()))
    assert same(effective(net), {name: value.detach() for name, value in chip.programmable(net).items()})
    for name, value in effective(clean).items():
        assert torch.equal(effective(net)[name], value * gain(4, name, value.shape, sigma))
    for one in (net, lasting):
        chip.program(one, effective(clean))
    assert same(effective(net), effective(clean))
    assert not any(torch.equal(effective(lasting)[name], value) for name, value in effective(clean).items())
    assert not torch.equal(net.predict(images()), clean.predict(images()))  # time constants and thresholds stay


# Few bits


def on_grid(w, largest, n) -> float:
    """By hand: the nearest of the values k largest / n, |k| <= n, the even k of two that are equally near."""
    if not largest:
        return 0.0
    k = max(-n, min(n, round(Fraction(w) * n / Fraction(largest))))
    return float(Fraction(largest) * k / n)


def quantised_by_hand(values, bits, per, range_of=None):
    """`range_of`: the values that set the range, where they are others."""
    n, flat = 2 ** (bits - 1) - 1, values.flatten(1).tolist()
    ranges = [[abs(w) for w in row] for row in (values if range_of is None else range_of).flatten(1).tolist()]
    widest = [max(row) for row in ranges] if per == "channel" else [max(map(max, ranges))] * len(ranges)
    rows = [[on_grid(w, largest, n) for w in row] for row, largest in zip(flat, widest, strict=True)]
    return torch.tensor(rows, dtype=torch.float64).float().view_as(values)


WEIGHTS = st.integers(1, 4).flatmap(
    lambda columns: st.lists(
        st.lists(
            st.one_of(
                st.sampled_from([0.0, 0.5, -0.5, 1.0, -1.0, 1.5, -3.0]),
                st.floats(-4, 4, width=32, allow_subnormal=False),
            ),
            min_size=columns,
            max_size=columns,
        ),
        min_size=1,
        max_size=3,
    )
)


def one_layer(weight) -> Network:
    rows, columns = weight.shape
    net = nets.deployed((Linear(linear=rows),), LIF, shape=(columns,), outputs=2, steps=1)
    for value, layer in zip((weight, torch.ones(2, rows)), net.layers, strict=True):
        layer.op.weight.copy_(value)
        layer.op.bias.zero_()
    return net


@settings(FEW, max_examples=100)
@given(weight=WEIGHTS.map(torch.tensor), bits=st.integers(2, 16), per=st.sampled_from(["tensor", "channel"]))
def test_weights_are_the_nearest_values_of_a_symmetric_grid(weight, bits, per):
    clean, n = one_layer(weight), 2 ** (bits - 1) - 1
    found = made(clean, part("quantisation", bits=bits, per=per)).layers[0].op.weight.detach()
    assert torch.equal(found, quantised_by_hand(weight, bits, per))
    for values, row in ((found, weight),) if per == "tensor" else zip(found, weight, strict=True):
        step = row.abs().max().double() / n
        assert len(values.unique()) <= 2 * n + 1
        assert ((values.double() - row.double()).abs() <= step * (0.5 + n * 2**-24)).all()  # float32 of the result
        assert values.abs().max() == row.abs().max()


@settings(FEW, max_examples=50)
@given(weight=WEIGHTS.map(torch.tensor), bits=st.integers(2, 16), per=st.sampled_from(["tensor", "channel"]))
def test_quantising_twice_is_quantising_once_to_the_bit(weight, bits, per):
    rounding = part("quantisation", bits=bits, per=per)
    once, twice = made(one_layer(weight), rounding), made(one_layer(weight), rounding, rounding)
    again = made(one_layer(once.layers[0].op.weight.detach()), rounding)
    for net in (twice, again, made(once, rounding)):
        assert same(effective(net), effective(once))


@pytest.mark.parametrize("per", ["tensor", "channel"])
@pytest.mark.parametrize("bits", [2, 4, 8])
def test_all_weights_of_a_network_are_quantised_and_no_bias_is(bits, per):
    for clean in (build(), zoo()["branched"]):
        net = made(clean, part("quantisation", bits=bits, per=per))
        for name, value in effective(clean).items():
            layer, parameter = place(name)
            rounded = parameter == "weight" and clean.layers[layer].programmable
            expected = quantised_by_hand(value, bits, per) if rounded else value
            assert torch.equal(effective(net)[name], expected)
            assert torch.equal(chip.programmable(net)[name], value)
            assert torch.equal(expected, value) == (not rounded)


def test_the_read_out_may_keep_its_weights():
    clean = build()
    net = made(clean, part("quantisation", bits=2, per="tensor", readout=False))
    everything = made(clean, part("quantisation", bits=2, per="tensor"))
    *hidden, last = weights(clean)
    assert torch.equal(weights(net)[last], weights(clean)[last])
    assert not torch.equal(weights(everything)[last], weights(clean)[last])
    assert all(torch.equal(weights(net)[name], weights(everything)[name]) for name in hidden)


@pytest.mark.parametrize("per", ["tensor", "channel"])
def test_without_bits_nothing_is_between_a_weight_and_what_is_programmed(per):
    net = made(build(), part("quantisation", bits=None, per=per))
    assert net.state_dict().keys() == build().state_dict().keys()
    assert all(layer.op.weight.requires_grad for layer in net.layers if layer.programmable)


@FEW
@given(
    weight=WEIGHTS.map(torch.tensor),
    moves=st.lists(st.floats(-3, 3, width=32), min_size=12, max_size=12),
    bits=st.integers(2, 8),
    per=st.sampled_from(["tensor", "channel"]),
)
def test_a_chip_keeps_the_grid_that_it_was_made_with_and_its_gradient_ends_with_the_range(weight, moves, bits, per):
    net = made(one_layer(weight), part("quantisation", bits=bits, per=per))
    moved = (weight + torch.tensor(moves)[: weight.numel()].view_as(weight)).float()
    programmed = chip.programmable(net)["layers.0.op.weight"]
    with torch.no_grad():
        programmed.copy_(moved)
    found = net.layers[0].op.weight
    widest = weight.abs().amax(1, keepdim=True) if per == "channel" else weight.abs().max()
    assert torch.equal(found.detach(), quantised_by_hand(moved, bits, per, range_of=weight))
    assert (found.detach().abs() <= widest).all()
    arriving = torch.arange(1.0, weight.numel() + 1).view_as(weight)
    (gradient,) = torch.autograd.grad((found * arriving).sum(), programmed)
    assert torch.equal(gradient, torch.where(moved.abs() <= widest, arriving, 0.0))


# Thermal noise


def product_of_gains(sigma, factors):
    """Variance of the product of so many gains, and the variance of the estimate of it from one sample."""
    moments = [1.0, 1.0, 1 + sigma**2, 1 + 3 * sigma**2, 1 + 6 * sigma**2 + 3 * sigma**4]
    second, third, fourth = (moments[k] ** factors for k in (2, 3, 4))
    variance = second - 1
    return variance, fourth - 4 * third + 6 * second - 3 - variance**2


def gains(net, batch=500):
    """What images and inputs of the second layer are multiplied by."""
    x_BN = between_0_and_1(batch, WIRES) + 0.5
    x_TBN = x_BN.expand(T, batch, WIRES)
    return net.encode(x_BN) / x_BN, net.layers[1].current(x_TBN).detach() / x_TBN


@pytest.mark.parametrize("sigma", [0.1, 0.5, 2.0])
def test_inputs_are_multiplied_by_a_gain_that_is_fresh_for_every_step_sample_and_element(sigma):
    net = made(wires(), part("thermal", sigma=sigma, on="inputs"))
    image, spikes = ((gain_TBN - 1) / sigma for gain_TBN in gains(net))
    for e_TBN in (image, spikes):
        assert_standard_normal(e_TBN)
        assert_fresh(e_TBN)
    assert_unrelated(image, spikes)
    again, _ = gains(net)
    assert_unrelated(image, (again - 1) / sigma)


@pytest.mark.parametrize("compounds", [False, True])
def test_the_gain_of_the_image_compounds_over_the_steps_if_asked_to_and_no_other_gain_does(compounds):
    sigma = 0.3
    net = made(wires(), part("thermal", sigma=sigma, on="inputs", compounds=compounds))
    for place, gain_TBN in enumerate(gains(net, batch=1000)):
        for t, gain_BN in enumerate(gain_TBN.double()):
            variance, error = product_of_gains(sigma, t + 1 if compounds and place == 0 else 1)
            samples = gain_BN.numel()
            assert abs(float(gain_BN.mean()) - 1) < 4 * math.sqrt(variance / samples)
            assert abs(float(((gain_BN - 1) ** 2).mean()) - variance) < 4 * math.sqrt(error / samples)


def test_noise_that_compounds_takes_one_fresh_gain_a_step():
    sigma = 0.3
    gain_TBN, _ = gains(made(wires(), part("thermal", sigma=sigma, on="inputs", compounds=True)))
    e_TBN = (torch.cat((gain_TBN[:1], gain_TBN[1:] / gain_TBN[:-1])) - 1) / sigma
    assert_fresh(e_TBN)
    plain_TBN, _ = gains(made(wires(), part("thermal", sigma=sigma, on="inputs")))
    torch.testing.assert_close(e_TBN, (plain_TBN - 1) / sigma, rtol=1e-3, atol=1e-3)


def test_where_there_is_no_spike_there_is_no_noise():
    net = made(build(), part("thermal", sigma=0.5, on="inputs", compounds=True))
    x_TBX = frames()
    assert torch.equal(net.encode(x_TBX) == 0, x_TBX == 0)
    assert 0.1 < float((x_TBX == 0).float().mean()) < 0.9
    spikes_TBN = (between_0_and_1(T, 5, WIRES) < 0.5).float()
    layer = made(wires(), part("thermal", sigma=0.5, on="inputs")).layers[1]
    assert torch.equal(layer.current(spikes_TBN) == 0, spikes_TBN == 0)


@pytest.mark.parametrize("kind", ["current", "votes"])
def test_of_all_layers_with_synapses_the_read_out_alone_receives_what_was_sent(kind):
    for clean in (build(kind=kind), zoo()["branched"]):
        net = made(clean, part("thermal", sigma=0.5, on="inputs"))
        assert not torch.equal(net.encode(images()), clean.encode(images()))
        for i, (layer, ideal) in enumerate(zip(net.layers, clean.layers, strict=True)):
            x_TBX = between_0_and_1(T, 2, *layer.input_shape)
            if isinstance(layer.spec, NeuNorm):
                assert layer.silicon == IDEAL
            else:
                disturbed = not torch.equal(layer.current(x_TBX), ideal.current(x_TBX))
                assert disturbed == (layer.programmable and layer.source >= 0 and i < len(net.layers) - 1)


@pytest.mark.parametrize("drive", [0.0, 0.125, -0.25])
@pytest.mark.parametrize("threshold", [0.5, 2.0])
def test_noise_on_membranes_is_additive_and_measured_in_thresholds(threshold, drive):
    """Where no charge leaks, v + threshold s is all that flowed in."""
    sigma, neuron = 0.4, IF.model_copy(update={"threshold": threshold})
    net = made(wires(neuron, "votes"), part("thermal", sigma=sigma, on="membranes"))
    found = []
    for layer in net.layers:
        noise = []
        for z_BN in torch.full((T, 500, WIRES), drive):
            s_1BN, v_BN = layer.respond(z_BN[None])
            noise.append(v_BN + threshold * s_1BN[0] - z_BN)
        found.append(torch.stack(noise) / (sigma * threshold))
        assert_standard_normal(found[-1])
        assert_fresh(found[-1])
    for one, other in itertools.combinations(found, 2):
        assert_unrelated(one, other)


def test_noise_on_membranes_adds_up_over_the_steps_like_a_random_walk():
    sigma, steps = 0.4, 9
    layer = made(wires(IF, steps=steps), part("thermal", sigma=sigma, on="membranes")).layers[0]
    s_TBN, v_BN = layer.respond(torch.zeros(steps, 1000, WIRES))
    assert s_TBN.any()
    assert_standard_normal((v_BN + IF.threshold * s_TBN.sum(0)) / (sigma * IF.threshold * math.sqrt(steps)))


def test_noise_on_membranes_reaches_no_current_that_is_read_out():
    clean = wires(kind="current_and_spikes")
    net = made(clean, part("thermal", sigma=0.5, on="membranes"))
    z_TBN = torch.full((T, 3, WIRES), 0.3)
    (noisy, _), (ideal, _) = (one.layers[-1].respond(z_TBN) for one in (net, clean))
    assert not torch.equal(noisy, ideal)
    assert set((noisy - z_TBN).round(decimals=5).unique().tolist()) == {0.0, 1.0}
    assert made(wires(), part("thermal", sigma=0.5, on="membranes")).layers[-1].silicon == IDEAL


# Silencing


@pytest.mark.parametrize("p", [0.1, 0.4])
def test_each_spike_is_lost_by_a_draw_of_its_own(p):
    net = made(wires(), part("silencing", p=p, silences="spikes"))
    found = []
    for layer in net.layers[:-1]:
        s_TBN, _ = layer.respond(torch.ones(T, 500, WIRES))  # above the threshold whatever was before
        assert set(s_TBN.unique().tolist()) == {0.0, 1.0}
        assert_share(s_TBN, 1 - p)
        assert_fresh(s_TBN)
        found.append(s_TBN)
    assert_unrelated(*found)
    assert_unrelated(found[0], net.layers[0].respond(torch.ones(T, 500, WIRES))[0])


@pytest.mark.parametrize("neuron", NEURONS.values(), ids=NEURONS)
def test_a_spike_that_is_lost_is_lost_to_the_neuron_as_well(neuron):
    p = 0.3
    layer = made(wires(neuron), part("silencing", p=p, silences="spikes")).layers[0]
    z_TBN = between_0_and_1(T, 200, WIRES) * 0.8
    s_TBN, last_BN = layer.respond(z_TBN)
    v_BN, ready_TBN = torch.zeros(200, WIRES), []
    for z_BN, s_BN in zip(z_TBN, s_TBN, strict=True):
        u_BN = v_BN + z_BN
        ready_TBN.append(u_BN > neuron.threshold)
        loss_BN = neuron.decay * u_BN if neuron.reset == "zero" else neuron.threshold
        v_BN = neuron.decay * u_BN - loss_BN * s_BN
    ready_TBN = torch.stack(ready_TBN)
    torch.testing.assert_close(v_BN, last_BN)
    assert 0.1 < float(ready_TBN.float().mean()) < 0.9
    assert not s_TBN[~ready_TBN].any()
    assert_share(s_TBN[ready_TBN], 1 - p)


@pytest.mark.parametrize("silences", ["spikes", "neurons"])
def test_a_neuron_that_never_fires_gathers_charge_as_if_it_had_no_threshold(silences):
    for neuron, charge in ((LIF, 0.8 * (1 - 0.8**T) / (1 - 0.8)), (IF, T)):
        layer = made(wires(neuron), part("silencing", p=1.0, silences=silences)).layers[0]
        s_TBN, v_BN = layer.respond(torch.ones(T, 3, WIRES))
        assert not s_TBN.any()
        torch.testing.assert_close(v_BN, torch.full_like(v_BN, charge))


@pytest.mark.parametrize("silences", ["spikes", "neurons"])
def test_no_gradient_passes_where_a_spike_is_lost_and_the_ideal_one_where_it_is_not(silences):
    clean = wires(steps=1)
    layer = made(clean, part("silencing", p=0.4, silences=silences)).layers[0]
    z_TBN = torch.linspace(0.61, 0.99, 20 * WIRES).view(1, 20, WIRES).requires_grad_()
    s_TBN, _ = layer.respond(z_TBN)
    arriving = torch.linspace(-2, 2, 20 * WIRES).view_as(s_TBN)
    (found,) = torch.autograd.grad((s_TBN * arriving).sum(), z_TBN)
    (ideal,) = torch.autograd.grad((clean.layers[0].respond(z_TBN)[0] * arriving).sum(), z_TBN)
    assert ideal.all()
    assert 0.2 < float(s_TBN.detach().mean()) < 0.8
    assert torch.equal(found, torch.where(s_TBN == 0, 0.0, ideal))


def dead(number, p):
    """Neurons of the hidden layers that a strong current does not move."""
    net, z_TBN = (
        made(wires(), part("silencing", p=p, silences="neurons"), number=number),
        torch.full((T, 2, WIRES), 9.0),
    )
    return torch.stack([layer.respond(z_TBN)[0].sum((0, 1)) == 0 for layer in net.layers[:-1]])


def test_neurons_die_with_probability_p_each_layer_for_itself_and_chip_by_chip():
    found = torch.stack([dead(number, 0.2) for number in range(60)])
    assert_share(found, 0.2)
    assert_unrelated(found[:, 0], found[:, 1])
    assert_unrelated(found[1:], found[:-1])


def test_what_is_dead_at_a_level_is_dead_at_every_higher_one():
    for number in range(5):
        low, middle, high = (dead(number, p) for p in (0.1, 0.3, 0.8))
        assert (low <= middle).all()
        assert (middle <= high).all()
        assert low.sum() < middle.sum() < high.sum()


@pytest.mark.parametrize("neuron", NEURONS.values(), ids=NEURONS)
def test_the_dead_stay_dead_and_the_living_notice_nothing(neuron):
    clean = wires(neuron)
    net, gone = made(clean, part("silencing", p=0.3, silences="neurons"), number=1), dead(1, 0.3)
    for layer, ideal, dead_N in zip(net.layers[:-1], clean.layers[:-1], gone, strict=True):
        for steps, batch in ((T, 3), (1, 7), (9, 1)):
            z_TBN = between_0_and_1(steps, batch, WIRES)
            (s_TBN, v_BN), (ideal_s, ideal_v) = layer.respond(z_TBN), ideal.respond(z_TBN)
            assert not s_TBN[..., dead_N].any()
            assert ideal_s[..., dead_N].any()
            assert torch.equal(s_TBN[..., ~dead_N], ideal_s[..., ~dead_N])
            assert torch.equal(v_BN[..., ~dead_N], ideal_v[..., ~dead_N])


@pytest.mark.parametrize("silences", ["spikes", "neurons"])
@pytest.mark.parametrize("kind", ["votes", "current_and_spikes"])
def test_the_read_out_is_never_silent(kind, silences):
    clean = wires(kind=kind)
    layer = made(clean, part("silencing", p=1.0, silences=silences)).layers[-1]
    z_TBN = between_0_and_1(T, 5, WIRES)
    assert torch.equal(layer.respond(z_TBN)[0], clean.layers[-1].respond(z_TBN)[0])
    assert clean.layers[-1].fires


def test_the_living_of_a_chip_may_lose_spikes_too():
    lossy = part("silencing", p=0.4, silences="spikes")
    both = made(wires(), part("silencing", p=0.3, silences="neurons"), lossy, number=1)
    for layer, dead_N in zip(both.layers[:-1], dead(1, 0.3), strict=True):
        s_TBN, _ = layer.respond(torch.ones(T, 500, WIRES))
        assert not s_TBN[..., dead_N].any()
        assert_share(s_TBN[..., ~dead_N], 0.6)


# Stuck synapses


def stuck(net) -> dict[str, torch.Tensor]:
    """Weights that do not change when they are programmed."""
    programmed = {name: value.detach().clone() for name, value in chip.programmable(net).items()}
    before = effective(net)
    chip.program(net, {name: value + 1 for name, value in programmed.items()})
    found = {name: effective(net)[name] == value for name, value in before.items()}
    chip.program(net, programmed)
    return found


@pytest.mark.parametrize("at", ["zero", "range"])
def test_stuck_weights_hold_their_value_and_the_others_are_as_programmed(at):
    for clean in (build(), zoo()["branched"]):
        net = made(clean, part("stuck", p=0.3, at=at))
        flags = stuck(net)
        for name, value in effective(clean).items():
            layer, parameter = place(name)
            found, flag = effective(net)[name], flags[name]
            assert flag.any() == (parameter == "weight" and clean.layers[layer].programmable)
            assert torch.equal(found[~flag], value[~flag])
            if flag.any():
                limit = float(value.abs().max())
                assert set(found[flag].tolist()) == ({0.0} if at == "zero" else {-limit, limit})


@pytest.mark.parametrize("at", ["zero", "range"])
def test_synapses_are_stuck_with_probability_p_layer_by_layer_and_chip_by_chip(at):
    chips = [stuck(made(wires(), part("stuck", p=0.1, at=at), number=number)) for number in range(4)]
    layers = [torch.stack([flags[name] for flags in chips]) for name in weights(wires())]
    assert_share(torch.stack(layers), 0.1)
    assert_unrelated(layers[0], layers[1])
    assert_unrelated(layers[0][1:], layers[0][:-1])


def test_either_end_of_the_range_is_as_likely_and_no_matter_of_the_level():
    clean = wires()
    low, high = (made(clean, part("stuck", p=p, at="range")) for p in (0.2, 0.6))
    for (name, flag), wider in zip(stuck(low).items(), stuck(high).values(), strict=True):
        assert (flag <= wider).all()
        assert flag.sum() < wider.sum() or not name.endswith("weight")
        assert torch.equal(effective(low)[name][flag], effective(high)[name][flag])
    flags = stuck(high)
    assert_share(torch.cat([(values > 0)[flags[name]] for name, values in weights(high).items()]), 0.5)


def test_open_synapses_of_a_level_are_among_those_of_a_higher_one_and_all_are_open_at_1():
    low, high, all_of_them = (stuck(made(wires(), part("stuck", p=p, at="zero"))) for p in (0.1, 0.4, 1.0))
    for name in weights(wires()):
        assert (low[name] <= high[name]).all()
        assert low[name].sum() < high[name].sum()
        assert all_of_them[name].all()


# Random directions, normalised filter by filter


@pytest.mark.parametrize("alpha", [0.1, 0.4])
def test_every_filter_moves_by_the_share_alpha_of_its_own_norm_and_no_bias_moves(alpha):
    for clean in (build(), zoo()["branched"]):
        moved = effective(made(clean, part("filter_normalised", alpha=alpha)))
        for name, w in effective(clean).items():
            step = (moved[name] - w).double()
            if name.endswith("weight") and clean.layers[place(name)[0]].programmable:
                length, norm = step.flatten(1).norm(dim=1), w.double().flatten(1).norm(dim=1)
                torch.testing.assert_close(length, alpha * norm, rtol=1e-5, atol=0)
            else:
                assert not step.any()


def test_a_direction_is_drawn_from_the_normal_and_does_not_depend_on_the_weights():
    small, large = build(), build()
    with torch.no_grad():
        for parameter in large.parameters():
            parameter.mul_(8)
    for name, w in weights(small).items():
        step, scaled = (
            weights(made(net, part("filter_normalised", alpha=0.5), number=2))[name] - weights(net)[name]
            for net in (small, large)
        )
        e = torch.tensor(Foundry(2).normal(place(name)[0], "direction", tuple(w.shape)))
        cosine = torch.nn.functional.cosine_similarity(step.double().flatten(1), e.flatten(1))
        torch.testing.assert_close(cosine, torch.ones_like(cosine), rtol=0, atol=1e-9)
        torch.testing.assert_close(scaled, 8 * step, rtol=1e-4, atol=1e-6)


def test_a_filter_of_zeros_stays():
    clean = build()
    with torch.no_grad():
        clean.layers[0].op.weight[1].zero_()
    moved = effective(made(clean, part("filter_normalised", alpha=0.5)))["layers.0.op.weight"]
    assert not moved[1].any()
    assert (moved[0] != clean.layers[0].op.weight[0]).all()


# A learning circuit that is not exact


def test_an_inference_does_not_notice_the_learning_circuit():
    for clean in zoo().values():
        net = made(clean, part("learning_circuit", sigma=1.0))
        for x in (images(), frames()):
            assert same(outputs(net, x), outputs(clean, x))
        assert not same(gradients(net, images()), gradients(made(clean), images()))


def test_one_step_of_one_layer_has_the_ideal_gradient_times_a_fresh_factor():
    sigma, clean = 0.5, wires()
    layer = made(clean, part("learning_circuit", sigma=sigma)).layers[0]
    inexact, recorded = layer.silicon.slope[0], []
    slope = (lambda u_TBN: recorded.append(inexact(u_TBN)) or recorded[-1],)
    layer.silicon = dataclasses.replace(layer.silicon, slope=slope)
    z_TBN = torch.linspace(0.21, 0.99, 3 * 500 * WIRES).view(3, 500, WIRES)
    for z_BN in z_TBN:
        z_1BN = z_BN[None].clone().requires_grad_()
        arriving = torch.linspace(-2, 2, z_1BN.numel()).view_as(z_1BN)
        (found,) = torch.autograd.grad((layer.respond(z_1BN)[0] * arriving).sum(), z_1BN)
        (ideal,) = torch.autograd.grad((clean.layers[0].respond(z_1BN)[0] * arriving).sum(), z_1BN)
        assert torch.equal(ideal, arriving)
        torch.testing.assert_close(found, ideal * recorded[-1], rtol=1e-6, atol=0)
    e_TBN = (torch.cat(recorded) - 1) / sigma
    assert e_TBN.shape == z_TBN.shape
    assert_standard_normal(e_TBN)
    assert_fresh(e_TBN)


def test_layers_have_learning_circuits_of_their_own():
    net = made(wires(kind="votes"), part("learning_circuit", sigma=0.5))
    factors = [layer.silicon.slope[0](torch.zeros(T, 500, WIRES)) for layer in net.layers]
    for one, other in itertools.combinations(factors, 2):
        assert_unrelated(one, other)


@pytest.mark.parametrize("neuron", NEURONS.values(), ids=NEURONS)
def test_the_mean_of_many_inexact_gradients_is_the_ideal_one(neuron):
    """Each factor enters a path through layers and steps once at most, and its mean is 1."""
    draws, clean = 3000, build(neuron, layers=(Conv(conv=2, stride=2), Linear(linear=6)))
    net = made(clean, part("learning_circuit", sigma=0.5))
    x = images(1).requires_grad_()
    (ideal,) = torch.autograd.grad(clean.predict(x).sum(), x)
    many = x.detach().repeat(draws, 1, 1, 1).requires_grad_()
    (found,) = torch.autograd.grad(net.predict(many).sum(), many)
    spread, reached = found.std(0), ideal[0] != 0
    assert reached.float().mean() > 0.5
    assert (spread > 0.2 * ideal[0].abs())[reached].all()
    assert ((found.mean(0) - ideal[0]).abs() <= 4.5 * spread / math.sqrt(draws) + 1e-5).all()


# Models stack


def test_a_value_meets_the_models_in_order():
    clean, sigma = build(), 0.3
    rounding, imprecise = part("quantisation", bits=3, per="channel"), mismatch(sigma, ("weight",))
    one, other = made(clean, rounding, imprecise, number=2), made(clean, imprecise, rounding, number=2)
    for name, value in weights(clean).items():
        factor = gain(2, name, value.shape, sigma)
        assert torch.equal(effective(one)[name], quantised_by_hand(value, 3, "channel") * factor)
        assert torch.equal(effective(other)[name], quantised_by_hand(value * factor, 3, "channel"))
        assert not torch.equal(effective(one)[name], effective(other)[name])


def test_a_model_that_comes_twice_draws_again():
    once, twice = (made(build(), *[mismatch(0.3, ("weight",))] * n) for n in (1, 2))
    for name in weights(build()):
        first = effective(once)[name] / effective(build())[name]
        second = effective(twice)[name] / effective(once)[name]
        pair = torch.stack([first.flatten(), second.flatten()])
        assert abs(float(torch.corrcoef(pair)[0, 1])) < 5 / pair.shape[1] ** 0.5


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_several_models_is_one_after_the_other(name):
    for clean in (build(kind="votes"), zoo()["branched"]):
        parts = parts_of(name, params.load("noise", name).levels[-1])
        whole, by_steps = made(clean, *parts, number=1), clean
        for one in parts:
            by_steps = made(by_steps, one, number=1)
        assert same(effective(whole), effective(by_steps))
        assert same(outputs(whole, images()), outputs(by_steps, images()))
        assert same(gradients(whole, images()), gradients(by_steps, images()))


def test_the_analog_chip_has_all_its_faults_at_once():
    clean, sigma, number = build(), 0.2, 3
    net = made(clean, *parts_of("analog_chip", sigma), number=number)
    for name, value in effective(clean).items():
        ideal = quantised_by_hand(value, 4, "channel") if name.endswith("weight") else value
        assert torch.equal(effective(net)[name], ideal * gain(number, name, value.shape, sigma))
    alone = {
        ("decay_N", "threshold_N"): mismatch(sigma),
        ("currents",): part("thermal", sigma=0.05, on="membranes"),
        ("keep",): part("silencing", p=0.01, silences="neurons"),
        ("slope",): part("learning_circuit", sigma=0.2),
    }
    for fields, fault in alone.items():
        for layer, expected in zip(net.layers, made(clean, fault, number=number).layers, strict=True):
            for field in fields:
                one, other = getattr(layer.silicon, field), getattr(expected.silicon, field)
                if isinstance(one, tuple):
                    like = torch.zeros(T, 2, *layer.output_shape)
                    one, other = (torch.stack([does(like) for does in by]) if by else None for by in (one, other))
                assert (one is None) == (other is None) == (not layer.fires)
                assert one is None or torch.equal(one, other)
    assert net.sensor is None


# Chips


def test_a_chip_without_faults_is_its_clean_network_with_memory_of_its_own():
    clean = build()
    net = made(clean)
    assert same(dict(net.state_dict()), dict(clean.state_dict()))
    chip.program(net, {name: value + 1 for name, value in effective(net).items()})
    assert same(effective(clean), effective(build()))
    assert all(parameter.requires_grad for parameter in net.parameters())


def strongest(name):
    return parts_of(name, params.load("noise", name).levels[-1])


EVERY_FILE_AND_MODEL = [
    *(pytest.param(lambda name=name: strongest(name), id=name) for name in FILES),
    *(
        pytest.param(lambda model=model, options=options: [part(model, **options)], id=f"{model} {options}")
        for model, options in DRAWING
    ),
]


@pytest.mark.parametrize("parts", EVERY_FILE_AND_MODEL)
def test_what_is_programmed_is_all_that_is_a_parameter_under_the_names_of_the_clean_network(parts):
    for name, clean in zoo().items():
        before = copy.deepcopy(dict(clean.state_dict()))
        net = made(clean, *parts(), number=1)
        assert same(dict(clean.state_dict()), before), name
        assert all(layer.silicon == IDEAL for layer in clean.layers)
        assert clean.sensor is None
        programmed = chip.programmable(net)
        assert programmed.keys() == dict(clean.named_parameters()).keys()
        assert {id(value) for value in programmed.values()} == {id(value) for value in net.parameters()}
        assert all(value.requires_grad for value in programmed.values())
        assert net.state_dict().keys() == {key for key, _ in net.named_parameters()}
        assert not {value.data_ptr() for value in programmed.values()} & {v.data_ptr() for v in clean.parameters()}
        if not any(getattr(options, "permanent", True) is False for _, options in parts()):
            assert same({key: value.detach() for key, value in programmed.items()}, dict(clean.named_parameters()))


@pytest.mark.parametrize("parts", EVERY_FILE_AND_MODEL)
def test_a_chip_that_is_programmed_back_is_the_chip_that_was_made(parts):
    clean = build()
    net, fresh = (made(clean, *parts(), number=1) for _ in range(2))
    first = {name: value.detach().clone() for name, value in chip.programmable(net).items()}
    chip.program(net, {name: torch.randn_like(value) for name, value in first.items()})
    assert not same(effective(net), effective(fresh))
    chip.program(net, first)
    assert same(effective(net), effective(fresh))
    assert same(outputs(net, images()), outputs(fresh, images()))


def test_a_value_that_is_not_given_cannot_be_programmed():
    net = made(build(), mismatch(0.3))
    values = effective(build())
    del values["layers.0.op.bias"]
    with pytest.raises(KeyError, match=r"layers\.0\.op\.bias"):
        chip.program(net, values)


FAULTS = {
    "mismatch": mismatch(0.3, ("weight", "bias")),
    "quantisation": part("quantisation", bits=3, per="tensor"),
    "stuck": part("stuck", p=0.3, at="range"),
    "filter_normalised": part("filter_normalised", alpha=0.3),
}


def local_gradients(net, x) -> dict[str, torch.Tensor]:
    """Of the squared outputs of every layer, each layer alone."""
    programmed = chip.programmable(net)
    total = sum(y_TBN.square().sum() for _, y_TBN in net.walk(net.encode(x), cut=True))
    return dict(zip(programmed, torch.autograd.grad(total, list(programmed.values())), strict=True))


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_the_gradient_by_a_programmed_value_is_that_by_the_effective_one(fault, double):
    clean = build()
    net = made(clean, fault, number=2)
    plain = made(clean)
    chip.program(plain, effective(net))
    x = images().double()
    by_programmed, by_effective = local_gradients(net, x), local_gradients(plain, x)
    for name in effective(clean):
        assert by_effective[name].abs().max() > 1e-3
        torch.testing.assert_close(by_programmed[name], by_effective[name], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("fault", [FAULTS["mismatch"], FAULTS["stuck"]], ids=["mismatch", "stuck"])
def test_no_gradient_tells_what_was_drawn(fault):
    """The gradient of the sum of a layer's currents is the same on every chip."""
    clean, x = build(), images()
    for i, layer in enumerate(clean.layers):
        if not layer.programmable:
            continue
        received = torch.rand(T, len(x), *layer.input_shape, generator=torch.Generator().manual_seed(i))
        told = []
        for number in range(3):
            own = made(clean, fault, number=number).layers[i]
            arriving = received.clone().requires_grad_()
            given = list(own.op.parameters())
            told.append(torch.autograd.grad(own.current(arriving).sum(), [arriving, *given]))
        assert all(torch.equal(one, other) for one, other in zip(told[0], told[1], strict=True))
        assert all(torch.equal(one, other) for one, other in zip(told[0], told[2], strict=True))


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_errors_go_back_through_the_weights_that_are_known(fault, double):
    clean = build()
    net = made(clean, fault, number=1)
    for layer, own in zip(clean.layers, net.layers, strict=True):
        if not layer.programmable:
            continue
        x = torch.randn(T, 3, *layer.input_shape, dtype=torch.float64).requires_grad_()
        inputs = layer.input_shape if layer.op.weight.dim() == 4 else (layer.op.weight.shape[1],)
        weight = own.op.weight if fault is FAULTS["quantisation"] else layer.op.weight
        known = torch.func.functional_call(layer.op, {"weight": weight.detach()}, x.reshape(-1, *inputs))
        arriving = torch.randn_like(known)
        (expected,) = torch.autograd.grad((known * arriving).sum(), x)
        (found,) = torch.autograd.grad((own.current(x).flatten(0, 1) * arriving).sum(), x)
        torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("parts", EVERY_FILE_AND_MODEL)
def test_a_shared_network_gets_the_gradients_of_the_chip_that_it_is_programmed_into(parts):
    clean = build(kind="votes")
    shared = made(clean)
    own = made(clean, *parts(), number=2)
    chip.program(own, effective(clean))
    net = chip.sharing(shared, parts(), 2)
    assert same(effective(net), effective(own))
    net.predict(images()).square().sum().backward()
    assert same({name: value.grad for name, value in shared.named_parameters()}, gradients(own, images()))
    assert {id(value) for value in net.parameters()} == {id(value) for value in shared.parameters()}
    assert all(layer.silicon == IDEAL for layer in shared.layers)


def test_chips_that_share_a_network_are_programmed_together_and_keep_their_own_faults():
    shared = made(build())
    chips = [chip.sharing(shared, [mismatch(0.3, ("weight",))], number) for number in range(2)]
    with torch.no_grad():
        for parameter in shared.parameters():
            parameter.mul_(-2)
    for number, net in enumerate(chips):
        for name, value in effective(build()).items():
            factor = gain(number, name, value.shape, 0.3) if name.endswith("weight") else 1
            assert torch.equal(effective(net)[name], -2 * value * factor)
    x = images()
    loss = sum(net.predict(x).square().sum() for net in chips)
    loss.backward()
    each = [gradients(net, x) for net in chips]
    for name, parameter in shared.named_parameters():
        torch.testing.assert_close(parameter.grad, each[0][name] + each[1][name])


# Refused


def document(model, options, **changes):
    models = [{"model": "thermal", "options": {"sigma": "level", "on": "inputs"}}, {"model": model, "options": options}]
    return {"source": "here", "level": "of something", "levels": [0.1, 0.2], "models": models, **changes}


def test_a_file_of_noise_that_makes_sense_is_accepted():
    noise = params.parse("noise", document("stuck", {"p": "level", "at": "zero"}), HERE)
    assert [options(model, 0.2) for model in noise.models] == [{"sigma": 0.2, "on": "inputs"}, {"p": 0.2, "at": "zero"}]


@pytest.mark.parametrize(
    ("model", "option", "values", "others"),
    [
        ("quantisation", "bits", [0, 1, 17, 2.5, 4.0, True, "4", -3], {"per": "tensor"}),
        ("quantisation", "per", ["layer", None], {"bits": 4}),
        ("quantisation", "readout", ["no", None, 0], {"bits": 4, "per": "tensor"}),
        ("mismatch", "sigma", [-0.1, math.inf, math.nan, "0.1", None, True], {"disturbs": ["tau"]}),
        ("mismatch", "disturbs", ["weight", None], {"sigma": 0.1}),
        ("mismatch", "permanent", ["no", 1], {"sigma": 0.1, "disturbs": ["weight"]}),
        ("thermal", "sigma", [-0.1, math.inf, math.nan, None], {"on": "inputs"}),
        ("thermal", "on", ["image", None], {"sigma": 0.1}),
        ("silencing", "p", [-0.1, 1.5, 2, None], {"silences": "spikes"}),
        ("silencing", "silences", ["layers"], {"p": 0.1}),
        ("stuck", "p", [-0.1, 1.01, None], {"at": "zero"}),
        ("stuck", "at", ["one", 1], {"p": 0.1}),
        ("learning_circuit", "sigma", [-0.1, math.inf, "much"], {}),
        ("filter_normalised", "alpha", [-0.1, math.inf, "far", None], {}),
    ],
)
def test_an_impossible_option_is_refused_by_file_and_key(model, option, values, others):
    where = f"{HERE}: models.1.options.{option}"
    for value in values:
        with refused(where):
            params.parse("noise", document(model, {option: value, **others}), HERE)
    if params.load_plugin("hardware.noise", model, "").Options.model_fields[option].is_required():
        with refused(where):
            params.parse("noise", document(model, others), HERE)


@pytest.mark.parametrize(
    ("noise", "key", "facts"),
    [
        (document("stuck", {"p": "level", "at": "zero"}, levels=[0.5, 1.5]), "models.1.options.p", []),
        (document("quantisation", {"bits": "level", "per": "tensor"}, levels=[2, 3.5]), "models.1.options.bits", []),
        (document("stuck", {"p": 0.1, "at": "level"}), "models.1.options.at", []),
        (document("stuck", {}, levels=[0.2, 0.1]), "document", ["levels"]),
        (document("stuck", {}, levels=[0.1, 0.1]), "document", ["levels"]),
        (document("stuck", {}, levels=[-0.1, 0.1]), "levels.0", []),
        (document("stuck", {}, levels=[0, 0.1]), "levels.0", []),
        (document("stuck", {}, level=""), "level", []),
        (
            document("stuck", {}, models=[{"model": "stuck", "options": {"p": 0.1, "at": "zero"}}]),
            "document",
            ["level"],
        ),
        (document("mismatch", {"sigma": 0.1, "disturbs": []}), "models.1.options.disturbs", []),
        (document("mismatch", {"sigma": 0.1, "disturbs": ["bias"] * 2}), "models.1.options.disturbs", []),
        (document("stuck", {}, levels=[]), "levels", []),
        (document("stuck", {}, models=[]), "models", []),
        (document("stuck", {}, better="less"), "better", ["lower", "higher"]),
        (document("stuck", {}, best="lower"), "document", ["'best'", "'better'"]),
        (document("mismach", {"sigma": 0.1}), "models.1.model", ["snn/hardware/noise/mismach.py", "'mismatch'"]),
        (document("../chip", {}), "models.1.model", ["snn/hardware/noise/../chip.py"]),
        (document("stuck", {"p": 0.1, "at": "zero", "sgima": 1}), "models.1.options", ["'sgima'"]),
        (document("mismatch", {"sigma": 0.1, "disturbs": ["weight", "wieght"]}), "models.1.options.disturbs.1", []),
    ],
    ids=str,
)
def test_a_file_of_noise_that_makes_no_sense_is_refused_by_file_and_key(noise, key, facts):
    with refused(f"{HERE}: {key}", *facts):
        params.parse("noise", noise, HERE)


@pytest.mark.parametrize("noise", ["mismatch", "quantisation", "stuck", "analog_chip"])
def test_maps_on_a_chip_are_channels_last_though_an_image_has_one_channel(noise):
    net = made(build(), *parts_of(noise, params.load("noise", noise).levels[0]))
    with torch.no_grad():
        for layer, s_TBN in net.walk(net.encode(images())):
            assert s_TBN.dim() < 5 or s_TBN[0].is_contiguous(memory_format=torch.channels_last), layer.spec
