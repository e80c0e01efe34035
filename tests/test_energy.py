"""Counts of operations equal those of nested loops over outputs and taps, and those of NeuroBench."""

import json
from dataclasses import asdict, fields
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from snn import energy, files, network, params
from snn.energy import Counter, Operations, total
from snn.network import Layer, Network
from snn.spec import Architecture, AvgPool, Conv, Linear, MaxPool, Neuron, Norm, Readout, Relu

FIXTURES = Path(__file__).with_name("fixtures")
LIF = Neuron(decay=0.5, threshold=0.25, reset="zero", fires="above", surrogate="triangle", width=1.0, height=1.0)


def build(shape, layers, steps, activation=LIF, voters=None, seed=0, **changes):
    torch.manual_seed(seed)
    weights = (1 / steps,) * steps
    readout = Readout(kind="votes", voters=voters, step_weights=weights) if voters else Readout(step_weights=weights)
    fixed = {"input_shape": shape, "outputs": 2, "layers": tuple(layers), "steps": steps, "norm": None}
    net = Network(Architecture(**fixed, activation=activation, readout=readout, **changes)).requires_grad_(False)
    for layer in net.layers:
        if layer.programmable:
            layer.op.weight *= 3
    return net.eval()


def images(net, batch, seed=0):
    return torch.randn(batch, *net.architecture.input_shape, generator=torch.Generator().manual_seed(seed))


def count(net, *batches):
    counter = Counter(net)
    for x_BCHW in batches:
        counter.scores(x_BCHW)
    return counter.operations()


# The reference: loops, over every output and every tap of its receptive field


def events_reached(spec, n):
    """Pairs (event, output it reaches); n: events at each position, all steps and samples together."""
    if isinstance(spec, Linear):
        return sum(value for value in n.ravel().tolist() for _ in range(spec.linear))
    channels, height, width = n.shape
    n, of_group, pairs = n.tolist(), channels // spec.groups, 0
    for o in range(spec.conv):
        first = o // (spec.conv // spec.groups) * of_group
        for top in range(-spec.padding, height + spec.padding - spec.kernel + 1, spec.stride):
            for left in range(-spec.padding, width + spec.padding - spec.kernel + 1, spec.stride):
                for c in range(first, first + of_group):
                    for i in range(top, top + spec.kernel):
                        for j in range(left, left + spec.kernel):
                            if 0 <= i < height and 0 <= j < width:
                                pairs += n[c][i][j]
    return pairs


def in_windows(maps, width, join):
    """`join` of the members of each window; what fills no window is dropped."""
    *outer, height, breadth = maps.shape
    result = np.zeros((*outer, height // width, breadth // width))
    for i in range(height // width):
        for j in range(breadth // width):
            window = maps[..., i * width : (i + 1) * width, j * width : (j + 1) * width]
            result[..., i, j] = join(window, axis=(-2, -1))
    return result


def by_hand(net, x_BCHW):
    """What each layer costs a sample, from the spikes of `walk`."""
    steps, result, frames = net.architecture.steps, [], None  # frames: spikes so far (T, B, ...), None while analog
    outputs = [y_TBX.numpy() for _, y_TBX in net.walk(net.encode(x_BCHW))]
    for i, (layer, y_TBX) in enumerate(zip(net.layers, outputs, strict=True)):
        spec, cost = layer.spec, dict.fromkeys((f.name for f in fields(Operations)), 0)
        if isinstance(spec, MaxPool):
            cost["compares"] = np.prod(layer.input_shape) * steps
            frames = None if frames is None else in_windows(frames, spec.max_pool, np.max)
        elif isinstance(spec, AvgPool):
            frames = None if frames is None else in_windows(frames, spec.avg_pool, np.sum)
        else:
            cost["dense_macs"] = events_reached(spec, np.ones(layer.input_shape, dtype=int))
            taps = layer.op.weight[0].numel()
            cost["dense_macs_padded"] = np.prod(layer.output_shape) * taps
            if frames is None:
                cost["macs_once"], cost["macs_every_step"] = cost["dense_macs"], steps * cost["dense_macs"]
            else:
                cost["acs"] = events_reached(spec, frames.sum((0, 1))) / len(x_BCHW)
            if layer.fires:
                cost["neuron_updates"] = steps * np.prod(layer.output_shape)
                voters = net.architecture.readout.voters if i == len(net.layers) - 1 else 1
                cost["spikes"] = voters * y_TBX.sum() / len(x_BCHW)
                frames = y_TBX
        result.append(cost)
    return result


def assert_counts(found, expected):
    for layer, (operations, cost) in enumerate(zip(found, expected, strict=True)):
        assert asdict(operations) == pytest.approx(cost, rel=1e-6), f"layer {layer + 1}"


@st.composite
def networks(draw):
    """Small networks of every kind of layer; average pools never directly before a max pool."""
    shape = (draw(st.integers(1, 2)), draw(st.integers(4, 8)), draw(st.integers(4, 8)))
    layers, channels, space, averaged = [], shape[0], shape[1:], False
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(["conv", "conv", "avg_pool", "max_pool"]))
        if kind == "conv":
            groups = draw(st.sampled_from([g for g in (1, 2) if channels % g == 0]))
            channels = groups * draw(st.integers(1, 2))
            kernel, stride, padding = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(0, 2))
            space = [(n + 2 * padding - kernel) // stride + 1 for n in space]
            layers.append(Conv(conv=channels, kernel=kernel, stride=stride, padding=padding, groups=groups))
            averaged = False
        else:
            width = draw(st.integers(1, 3))
            space = [n // width for n in space]
            assume(kind == "avg_pool" or not averaged)
            layers.append(AvgPool(avg_pool=width) if kind == "avg_pool" else MaxPool(max_pool=width))
            averaged = kind == "avg_pool"
        assume(min(space) >= 1)
    if draw(st.booleans()):
        layers.append(Linear(linear=draw(st.integers(1, 5))))
    changes = {"voters": draw(st.sampled_from([None, 3])), "encoding": draw(st.sampled_from(["repeat", "once"]))}
    return build(shape, layers, draw(st.integers(1, 4)), seed=draw(st.integers(0, 99)), **changes)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(net=networks(), batch=st.integers(1, 3), seed=st.integers(0, 99))
def test_counts_equal_brute_force(net, batch, seed):
    x_BCHW = images(net, batch, seed)
    assert_counts(count(net, x_BCHW), by_hand(net, x_BCHW))


SPECIAL = {
    "average pools in a row, with a border lost": [
        Conv(conv=2),
        AvgPool(avg_pool=2),
        AvgPool(avg_pool=3),
        Conv(conv=2),
    ],
    "average pool before the first layer": [AvgPool(avg_pool=2), Conv(conv=2), Linear(linear=3)],
    "max pool before the first layer": [MaxPool(max_pool=2), Conv(conv=2), Linear(linear=3)],
    "max pool, then average pool": [Conv(conv=4), MaxPool(max_pool=2), AvgPool(avg_pool=2), Conv(conv=2, groups=2)],
    "stride that skips positions": [Conv(conv=2), Conv(conv=3, kernel=1, stride=3, padding=0), Linear(linear=3)],
    "pool before a linear layer": [Conv(conv=2), AvgPool(avg_pool=3), Linear(linear=3)],
}


@pytest.mark.parametrize("steps", [1, 2, 5])
@pytest.mark.parametrize("layers", SPECIAL.values(), ids=SPECIAL)
def test_counts_of_awkward_networks_equal_brute_force(layers, steps):
    net = build((2, 13, 14), layers, steps)
    x_BCHW = images(net, 3)
    found = count(net, x_BCHW)
    assert all(work.acs > 0 for layer, work in zip(net.layers, found, strict=True) if work.dense_macs > work.macs_once)
    assert total(found).acs > 0
    assert_counts(found, by_hand(net, x_BCHW))


def default_network(activation, steps):
    described = params.load("networks", "digits_cnn")
    return build(described.input_shape, described.layers, steps, activation).to(torch.float32)


def test_counts_of_the_default_network_equal_brute_force():
    net = default_network(LIF, steps=4)
    x_BCHW = images(net, 2)
    found = count(net, x_BCHW)
    assert all(0 < work.acs < 4 * work.dense_macs for work in found[1:])
    assert_counts(found, by_hand(net, x_BCHW))


def test_an_ann_multiplies_at_every_synapse_and_adds_at_none():
    net = default_network(Relu(), steps=1)
    found = count(net, images(net, 2))
    for layer, work in zip(net.layers, found, strict=True):
        synapses = events_reached(layer.spec, np.ones(layer.input_shape, dtype=int))
        assert work == Operations(0, 0, 0, synapses, synapses, 0, synapses, work.dense_macs_padded)
    assert found[0].macs_once == 32 * 22**2  # 22 taps of a 3-tap kernel fall on 8 pixels


@pytest.mark.parametrize("steps", [1, 3, 7])
def test_only_the_first_layer_multiplies_once_or_at_every_step(steps):
    first, *others = count(net := build((1, 6, 6), [Conv(conv=2), Linear(linear=4)], steps), images(net, 2))
    assert first.macs_once == 2 * 16**2
    assert first.macs_every_step == steps * 2 * 16**2
    assert first.acs == 0
    for work in others:
        assert (work.macs_once, work.macs_every_step) == (0, 0)
        assert work.acs > 0


def test_one_spike_costs_its_fan_out():
    """A 3x3 kernel reaches 9 outputs from the inside of a map, 6 from a rim, 4 from a corner; 2 channels each."""
    spec = Conv(conv=2)
    expected = torch.full((1, 4, 5), 18.0, dtype=torch.float64)
    expected[:, [0, -1], :] = 12
    expected[:, :, [0, -1]] = 12
    expected[:, ::3, ::4] = 8
    assert torch.equal(energy.fanout(Layer(spec, (1, 4, 5), (2, 4, 5), None)), expected)


def test_a_spike_reaches_through_an_average_pool_what_its_window_reaches():
    pool = Layer(AvgPool(avg_pool=2), (1, 5, 4), (1, 2, 2), None)
    reached = energy.fanout(Layer(Linear(linear=7), (1, 2, 2), (7,), None), [pool])
    assert (reached[:, :4] == 7).all()
    assert (reached[:, 4] == 0).all()


def test_a_pool_has_no_synapses():
    with pytest.raises(ValueError, match="no synapses"):
        energy.fanout(Layer(MaxPool(max_pool=2), (1, 4, 4), (1, 2, 2), None))


@pytest.mark.parametrize("voters", [None, 3])
def test_counting_does_not_change_the_scores(voters):
    net = build(
        (2, 8, 8), [Conv(conv=4), AvgPool(avg_pool=2), Conv(conv=4, stride=2), Linear(linear=6)], 4, LIF, voters
    )
    x_BCHW = images(net, 5)
    scores = Counter(net).scores(x_BCHW)
    assert scores.std() > 0
    assert torch.equal(scores, net.predict(x_BCHW))


def test_counts_are_averages_over_all_samples_however_they_are_batched():
    net = build((1, 6, 6), [Conv(conv=3), Conv(conv=3, stride=2), Linear(linear=5)], 3)
    x_BCHW = images(net, 7)
    assert_counts(count(net, *x_BCHW.split([1, 4, 2])), [asdict(work) for work in count(net, x_BCHW)])
    assert total(count(net, x_BCHW[:1])).acs != total(count(net, x_BCHW)).acs


def test_counts_hang_on_where_an_input_comes_from_and_not_on_its_values():
    """A black image still costs multiplications, a binary image too; silence costs no addition."""
    net = build((1, 6, 6), [Conv(conv=3), Linear(linear=5)], 3)
    for layer in net.layers:
        layer.op.bias.fill_(-1)
    for x_BCHW in (torch.zeros(2, 1, 6, 6), torch.ones(2, 1, 6, 6)):
        first, *_ = count(net, x_BCHW)
        assert (first.macs_once, first.acs) == (3 * 16**2, 0)
    assert total(count(net, torch.zeros(2, 1, 6, 6))).acs == 0


def test_the_total_is_the_sum_of_every_field_over_layers():
    parts = [Operations(*range(k, k + len(fields(Operations)))) for k in (0, 10, 200)]
    assert total(parts) == Operations(*[210 + 3 * i for i in range(len(fields(Operations)))])
    assert total([]) == energy.NOTHING


def test_counts_agree_with_neurobench():
    """NeuroBench multiplies the first layer anew at every step; `benchmarks/neurobench_fixture.py` says how it ran."""
    path = FIXTURES / "neurobench.safetensors"
    net = network.load(path, torch.device("cpu"))
    x_BCHW = torch.tensor(files.read_tensors(path, "")[1]["images"])
    theirs = json.loads((FIXTURES / "neurobench.json").read_text())["SynapticOperations"]
    ours = total(count(net, x_BCHW))
    assert ours.acs == pytest.approx(theirs["Effective_ACs"], rel=1e-9)
    assert ours.macs_every_step == pytest.approx(theirs["Effective_MACs"], rel=1e-9)
    assert ours.dense_macs * net.architecture.steps == pytest.approx(theirs["Dense"], rel=1e-9)
    assert 0 < ours.acs < theirs["Dense"] - theirs["Effective_MACs"]


def test_a_network_with_a_norm_counts_like_any_other_in_evaluation_mode():
    net = build((1, 6, 6), [Conv(conv=3), Linear(linear=5)], 3)
    normed = Network(net.architecture.model_copy(update={"norm": Norm()})).eval()
    x_BCHW = images(net, 4)
    assert_counts(count(normed, x_BCHW), [asdict(work) for work in count(network.fold(normed), x_BCHW)])
