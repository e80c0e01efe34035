"""Counts of operations equal those of nested loops over outputs and taps, and those of NeuroBench."""

import json
from dataclasses import asdict, fields
from math import prod
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from snn.config import params
from snn.energy.counter import NOTHING, Counter, Operations, fanout, total
from snn.model import network
from snn.model.network import Network
from snn.model.neuron import fire
from snn.model.spec import (
    Add,
    AvgPool,
    Block,
    Conv,
    Linear,
    MaxPool,
    NeuNorm,
    Neuron,
    Norm,
    Readout,
    Relu,
)
from tests import nets, neurobench_cases

NEUROBENCH = json.loads((Path(__file__).parents[1].joinpath("fixtures") / "neurobench.json").read_text())
LIF = nets.triangular(threshold=0.25)
SMOOTH = LIF.model_copy(update={"smooth": 5.0})


def build(shape, layers, steps, activation=LIF, voters=None, kind=None, **changes):
    readout = Readout(kind=kind or "votes", voters=voters or 1) if voters or kind else Readout()
    return nets.deployed(tuple(layers), activation, shape=shape, outputs=2, steps=steps, readout=readout, **changes)


def images(net, batch, seed=0):
    return nets.some(batch, *net.architecture.input_shape, seed=seed)


def frames(net, batch, seed=0):
    return nets.some(net.architecture.steps, batch, *net.architecture.input_shape, seed=seed)


def spikes(net, batch, seed=0):
    """Binary frames, a third of them ones."""
    return (frames(net, batch, seed) > 0.43).float()


def count(net, *batches, spikes_in=False):
    counter = Counter(net, spikes_in)
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


def in_windows(maps, kernel, stride, padding, join):
    """`join` of the members of each window, padding left out; what lies in no window is dropped."""
    *outer, height, width = maps.shape
    tops, lefts = (range(-padding, n + padding - k + 1, stride) for n, k in ((height, kernel[0]), (width, kernel[1])))
    result = np.zeros((*outer, len(tops), len(lefts)))
    for i, top in enumerate(tops):
        for j, left in enumerate(lefts):
            window = maps[..., max(top, 0) : top + kernel[0], max(left, 0) : left + kernel[1]]
            result[..., i, j] = join(window, axis=(-2, -1))
    return result


def by_hand(net, x, spikes_in=False):
    """What each layer costs a sample, from the spikes of `walk`.

    What reaches a layer is an array of spikes (T, B, ...), those of a window of an average pool added up, or None for
    numbers; `dense` are the layers that get numbers beside the spikes, from NeuNorm.
    """
    steps, batch = net.architecture.steps, x.shape[-1 - len(net.architecture.input_shape)]
    outputs = [y_TBX.numpy() for _, y_TBX in net.walk(net.encode(x))]
    shown = x.numpy() if spikes_in else None
    events, image, dense, result = {-1: shown}, {-1: x.dim() == 1 + len(net.architecture.input_shape)}, {-1: False}, []
    for i, (layer, y_TBX) in enumerate(zip(net.layers, outputs, strict=True)):
        spec, cost, arrived = layer.spec, dict.fromkeys((f.name for f in fields(Operations)), 0), events[layer.source]
        image[i], dense[i] = False, dense[layer.source]
        if isinstance(spec, MaxPool):
            cost["compares"] = prod(layer.input_shape) * steps
            kernel, stride = (spec.max_pool,) * 2, spec.stride or spec.max_pool
            events[i] = None if arrived is None else in_windows(arrived, kernel, stride, spec.padding, np.max)
            image[i] = image[layer.source]
        elif isinstance(spec, AvgPool):
            kernel = layer.input_shape[1:] if spec.avg_pool == "global" else (spec.avg_pool,) * 2
            events[i] = None if arrived is None else in_windows(arrived, kernel, kernel[0], 0, np.sum)
            image[i] = image[layer.source]
        elif isinstance(spec, Add):
            both = arrived, events[layer.addend]
            events[i] = None if any(e is None for e in both) else both[0] + both[1]
        elif isinstance(spec, NeuNorm):
            products = prod(layer.input_shape) + prod(layer.input_shape[1:])
            cost |= {"dense_macs": products, "dense_macs_padded": products}
            cost |= dict.fromkeys(("macs_once", "macs_every_step", "macs_nonzero"), products * steps)
            events[i], dense[i] = arrived, True
            if arrived is not None:
                cost["acs"] = arrived.sum() / batch
        else:
            cost["dense_macs"] = events_reached(spec, np.ones(layer.input_shape, dtype=int))
            cost["dense_macs_padded"] = prod(layer.output_shape) * layer.op.weight[0].numel()
            if arrived is None or dense[layer.source]:
                cost["macs_every_step"] = steps * cost["dense_macs"]
                cost["macs_once"] = cost["macs_nonzero"] = cost["dense_macs"] * (1 if image[layer.source] else steps)
                if isinstance(net.architecture.activation, Relu) and not image[layer.source]:
                    nonzero = (outputs[layer.source] != 0).sum((0, 1))
                    cost["macs_nonzero"] = events_reached(spec, nonzero) / batch
            if arrived is not None:
                cost["acs"] = events_reached(spec, arrived.sum((0, 1))) / batch
            cost["acs"] += added(net, layer, events, steps, batch)
            dense[i], events[i] = False, None
            if isinstance(layer.activation, Neuron):
                cost["neuron_updates"] = steps * prod(layer.output_shape)
                if layer.activation.smooth is None:
                    voters = net.architecture.readout.voters if i == len(net.layers) - 1 else 1
                    cost["spikes"] = voters * y_TBX.sum() / batch
                    events[i] = y_TBX
        result.append(cost)
    return result


def added(net, layer, events, steps, batch):
    """What a shortcut without synapses adds to membranes: a spike at a time, or a number at every position."""
    if layer.addend is None or (layer.addend >= 0 and net.layers[layer.addend].sends_current):
        return 0
    arrived = events[layer.addend]
    return prod(layer.output_shape) * steps if arrived is None else arrived.sum() / batch


def assert_counts(found, expected):
    for layer, (operations, cost) in enumerate(zip(found, expected, strict=True)):
        assert asdict(operations) == pytest.approx(cost, rel=1e-6), f"layer {layer + 1}"


@st.composite
def networks(draw):
    """Small networks of every kind of layer. Neither a max pool nor a sum of spikes directly behind an average pool or
    NeuNorm, where single spikes cannot be told.
    """
    shape = (draw(st.integers(1, 2)), draw(st.integers(4, 7)), draw(st.integers(4, 7)))
    layers, channels, space, spikes = [], shape[0], shape[1:], False
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(["conv", "conv", "block", "block", "avg_pool", "max_pool"]))
        if kind == "conv":
            groups = draw(st.sampled_from([g for g in (1, 2) if channels % g == 0]))
            channels, bias = groups * draw(st.integers(1, 2)), draw(st.booleans())
            kernel, stride, padding = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(0, 2))
            space = [(n + 2 * padding - kernel) // stride + 1 for n in space]
            layers.append(Conv(conv=channels, kernel=kernel, stride=stride, padding=padding, groups=groups, bias=bias))
            spikes = True
        elif kind == "block":
            add, stride = draw(st.sampled_from(["currents", "spikes"])), draw(st.integers(1, 2))
            if spikes and draw(st.booleans()):
                layers.append(Block(block=[Conv(conv=channels), Conv(conv=channels, bias=False)], add=add))
            else:
                channels, space = draw(st.integers(1, 2)), [(n - 1) // stride + 1 for n in space]
                shortcut = Conv(conv=channels, kernel=1, stride=stride, padding=0, bias=False)
                layers.append(Block(block=[Conv(conv=channels, stride=stride)], shortcut=shortcut, add=add))
            spikes = True
        elif kind == "max_pool":
            width, stride = draw(st.integers(1, 3)), draw(st.sampled_from([None, 1, 2]))
            padding = draw(st.integers(0, width // 2))
            assume(spikes or not layers)
            layers.append(MaxPool(max_pool=width, stride=stride, padding=padding))
            space = [(n + 2 * padding - width) // (stride or width) + 1 for n in space]
        else:
            width = draw(st.sampled_from([1, 2, 3, "global"]))
            layers.append(AvgPool(avg_pool=width))
            space, spikes = ([1, 1] if width == "global" else [n // width for n in space]), False
        assume(min(space) >= 1)
    if draw(st.booleans()):
        layers.append(Linear(linear=draw(st.integers(1, 5)), bias=draw(st.booleans())))
    changes = {"voters": draw(st.sampled_from([None, 3])), "encoding": draw(st.sampled_from(["repeat", "once"]))}
    if not any(isinstance(layer, MaxPool) for layer in layers):
        changes["neunorm"] = draw(st.sampled_from([NEUNORM, None]))
    return build(shape, layers, draw(st.sampled_from([2, 1, 3, 4])), seed=draw(st.integers(0, 99)), **changes)


NEUNORM = NeuNorm(decay=0.5, gain="average")


@pytest.mark.slow
@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    net=networks(), batch=st.integers(1, 3), shown=st.sampled_from([images, frames, spikes]), seed=st.integers(0, 99)
)
def test_counts_equal_brute_force(net, batch, shown, seed):
    shown = shown if net.architecture.steps > 1 else images
    x, spikes_in = shown(net, batch, seed), shown is spikes
    assume(not (spikes_in and pools_first(net)))
    assert_counts(count(net, x, spikes_in=spikes_in), by_hand(net, x, spikes_in))


def pools_first(net):
    """Whether an average pool lies before the first synapse, and a max pool behind it, where no spike can be told."""
    kinds = [type(layer.spec) for layer in net.layers]
    first = next(i for i, layer in enumerate(net.layers) if layer.programmable)
    return {AvgPool, MaxPool} <= set(kinds[:first])


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
    "max pool whose windows overlap and stand over": [
        Conv(conv=3),
        MaxPool(max_pool=3, stride=2, padding=1),
        Conv(conv=2),
    ],
    "the whole map averaged": [Conv(conv=3), Conv(conv=4, bias=False), AvgPool(avg_pool="global"), Linear(linear=3)],
    "currents added, with a convolution and without": [
        Conv(conv=2, bias=False),
        Block(
            block=[Conv(conv=3, stride=2), Conv(conv=3)],
            shortcut=Conv(conv=3, kernel=1, stride=2, padding=0),
            add="currents",
        ),
        Block(block=[Conv(conv=3), Conv(conv=3)], add="currents"),
        AvgPool(avg_pool=2),
        Linear(linear=3),
    ],
    "spikes added, with a convolution and without": [
        Conv(conv=2, bias=False),
        Block(block=[Conv(conv=2), Conv(conv=2)], add="spikes"),
        Block(block=[Conv(conv=3, stride=2)], shortcut=Conv(conv=3, kernel=1, stride=2, padding=0), add="spikes"),
        Block(block=[Conv(conv=3)], add="spikes"),
        AvgPool(avg_pool="global"),
        Linear(linear=3),
    ],
    "sums of spikes behind a max pool": [
        Conv(conv=2),
        MaxPool(max_pool=3, stride=2, padding=1),
        Block(block=[Conv(conv=2)], add="spikes"),
        Block(block=[Conv(conv=2)], add="currents"),
    ],
    "currents added behind an average pool": [
        Conv(conv=2),
        AvgPool(avg_pool=2),
        Block(block=[Conv(conv=2)], add="currents"),
        Conv(conv=2),
    ],
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


RESIDUAL = {
    add: [
        Conv(conv=2),
        Block(block=[Conv(conv=2)], shortcut=Conv(conv=2, kernel=1, padding=0), add=add),
        Block(block=[Conv(conv=2), Conv(conv=2)], add=add),
        AvgPool(avg_pool=2),
        Linear(linear=3),
    ]
    for add in ("currents", "spikes")
}


@pytest.mark.parametrize("activation", [SMOOTH, Relu()], ids=["smooth", "ann"])
@pytest.mark.parametrize("layers", RESIDUAL.values(), ids=RESIDUAL)
def test_what_is_no_spike_is_multiplied_at_every_synapse_and_added_once_by_a_shortcut(layers, activation):
    steps = 1 if isinstance(activation, Relu) else 3
    net = build((1, 6, 6), layers, steps, activation)
    x = images(net, 2)
    found = count(net, x)
    assert_counts(found, by_hand(net, x))
    whole = total(found)
    assert whole.spikes == 0
    assert whole.macs_every_step == steps * whole.dense_macs
    sees_the_image = found[0].dense_macs
    assert whole.macs_once == steps * (whole.dense_macs - sees_the_image) + sees_the_image
    # the second block adds two maps of 6 x 6 numbers to currents; adding what is sent up is free
    assert whole.acs == (steps * 2 * 36 if layers is RESIDUAL["currents"] else 0)


@pytest.mark.parametrize("layers", RESIDUAL.values(), ids=RESIDUAL)
def test_a_shortcut_without_synapses_costs_one_addition_a_spike_and_a_sum_of_spikes_none(layers):
    net = build((1, 6, 6), layers, 4)
    x = images(net, 3)
    outputs = [y_TBX for _, y_TBX in net.walk(net.encode(x))]
    found = count(net, x)
    last_of_block = next(i for i, layer in enumerate(net.layers) if i > 3 and layer.addend is not None)
    block = net.layers[last_of_block]
    if isinstance(block.spec, Add):
        assert found[last_of_block].acs == 0
        assert outputs[last_of_block].max() == 3  # of the encoder's block, and two more
        spikes = outputs[last_of_block].sum((0, 1)).numpy()
        pooled = in_windows(spikes, (2, 2), 2, 0, np.sum)
        assert found[last_of_block + 2].acs == pytest.approx(3 * pooled.sum() / 3)
    else:
        through_synapses = events_reached(block.spec, outputs[block.source].sum((0, 1)).numpy()) / 3
        added_up = float(outputs[block.addend].sum()) / 3
        assert added_up > 0
        assert found[last_of_block].acs == pytest.approx(through_synapses + added_up)


def test_neunorm_is_split_into_spikes_that_add_and_a_state_that_multiplies():
    """W (s - U x) = W s, an addition a spike, - W (U x), a multiplication a synapse; U x and k x a position."""
    steps, layers = 4, [Conv(conv=3), Conv(conv=2), AvgPool(avg_pool=2), Conv(conv=2), Linear(linear=3)]
    net = build((1, 6, 6), layers, steps, neunorm=NEUNORM)
    x = images(net, 3)
    found, expected = count(net, x), by_hand(net, x)
    assert_counts(found, expected)
    encoder, first, conv, second, pool, behind, linear, _ = found
    assert [type(layer.spec) for layer in net.layers].count(NeuNorm) == 2
    assert first.acs == pytest.approx(encoder.spikes)
    assert first.macs_once == first.macs_every_step == steps * (3 * 36 + 36)
    assert second.macs_every_step == steps * (2 * 36 + 36)
    assert conv.macs_once == conv.macs_every_step == steps * 6 * 16**2
    assert conv.acs > 0
    assert pool.macs_every_step == 0
    assert behind.macs_every_step == steps * 4 * 7**2  # 7 taps of a 3-tap kernel fall on 3 pixels
    assert behind.acs > 0
    assert (linear.macs_every_step, linear.dense_macs) == (0, 2 * 9 * 3)
    plain = build((1, 6, 6), layers, steps)
    assert total(count(plain, x)).macs_every_step == steps * found[0].dense_macs


def test_frames_are_multiplied_at_every_step():
    net = build((1, 6, 6), [Conv(conv=2), Linear(linear=4)], 3)
    still, moving = count(net, images(net, 2))[0], count(net, frames(net, 2))[0]
    assert (still.macs_once, still.macs_every_step) == (2 * 16**2, 3 * 2 * 16**2)
    assert (moving.macs_once, moving.macs_every_step) == (3 * 2 * 16**2, 3 * 2 * 16**2)


def test_an_event_of_a_binary_frame_adds_and_does_not_multiply():
    net = build((1, 6, 6), [Conv(conv=2), Linear(linear=4)], 3)
    x_TBCHW = torch.zeros(3, 2, 1, 6, 6)
    x_TBCHW[0, 0, 0, 0, 0] = x_TBCHW[1, 1, 0, 2, 2] = x_TBCHW[2, 1, 0, 2, 2] = 1  # a corner once, the inside twice
    first = count(net, x_TBCHW, spikes_in=True)[0]
    assert (first.acs, first.macs_once, first.macs_every_step) == ((2 * 4 + 2 * 2 * 9) / 2, 0, 0)


def test_an_ann_sees_the_sum_of_binary_frames_and_multiplies():
    net = build((1, 6, 6), [Conv(conv=2), Linear(linear=4)], 1, activation=Relu())
    x_TBCHW = (torch.rand(5, 2, 1, 6, 6, generator=torch.Generator().manual_seed(0)) > 0.5).float()
    first = count(net, x_TBCHW, spikes_in=True)[0]
    assert (first.acs, first.macs_every_step) == (0, 2 * 16**2)
    assert torch.equal(net.predict(x_TBCHW), net.predict(x_TBCHW.sum(0)))


def test_a_max_pool_behind_neunorm_gives_numbers_and_not_spikes():
    net = build((1, 6, 6), [Conv(conv=3), MaxPool(max_pool=2), Conv(conv=2)], 4, neunorm=NEUNORM)
    *_, behind, _ = count(net, images(net, 3))
    assert behind.acs == 0
    assert behind.macs_every_step == 4 * behind.dense_macs


def test_spikes_are_counted_before_an_average_pool_whose_output_is_added_to_spikes():
    net = build(
        (1, 6, 6), [Conv(conv=2), AvgPool(avg_pool=2), Block(block=[Conv(conv=2)], add="spikes"), Linear(linear=3)], 4
    )
    x = images(net, 3)
    assert_counts(count(net, x), by_hand(net, x))


def test_the_spikes_of_a_read_out_of_current_and_spikes_are_counted():
    net = build((1, 6, 6), [Conv(conv=3)], 4, kind="current_and_spikes")
    x = images(net, 5)
    *_, (_, hidden_TBX), _ = [(None, None), *net.walk(net.encode(x))]
    last = net.layers[-1]
    spikes, _ = fire(last.current(hidden_TBX), LIF)
    assert spikes.sum() > 0
    assert count(net, x)[-1].spikes == pytest.approx(float(spikes.sum()) / 5)


def test_smooth_voters_emit_no_spikes():
    net = build((1, 6, 6), [Conv(conv=3)], 4, SMOOTH, voters=3)
    assert count(net, images(net, 5))[-1].spikes == 0


def default_network(activation, steps, name="digits_cnn"):
    described = params.load("networks", name)
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
        rest = {"macs_nonzero": work.macs_nonzero, "dense_macs_padded": work.dense_macs_padded}
        assert work == Operations(0, 0, 0, synapses, synapses, compares=0, dense_macs=synapses, **rest)
        assert work.macs_nonzero <= synapses
    assert 0.1 < total(found).macs_nonzero / total(found).macs_once < 0.9
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
    assert torch.equal(fanout(nets.alone((1, 4, 5), spec)), expected)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    space=st.tuples(st.integers(3, 9), st.integers(3, 9)),
    kernel=st.integers(1, 4),
    stride=st.integers(1, 3),
    padding=st.integers(0, 3),
    groups=st.sampled_from([1, 2]),
)
def test_the_fan_out_is_the_transposed_convolution_of_ones(space, kernel, stride, padding, groups):
    assume(min(space) + 2 * padding >= kernel)
    layer = nets.alone((2, *space), Conv(conv=4, kernel=kernel, stride=stride, padding=padding, groups=groups))
    x = torch.ones(1, 2, *space, requires_grad=True)
    with torch.enable_grad():
        y = torch.conv2d(x, torch.ones_like(layer.op.weight), None, stride, padding, groups=groups)
    (expected,) = torch.autograd.grad(y.sum(), x)
    assert torch.equal(fanout(layer), expected[0].double())


def test_a_spike_reaches_through_an_average_pool_what_its_window_reaches():
    pool = nets.alone((1, 5, 4), AvgPool(avg_pool=2))
    reached = fanout(nets.alone((1, 2, 2), Linear(linear=7)), [pool])
    assert (reached[:, :4] == 7).all()
    assert (reached[:, 4] == 0).all()


def test_a_pool_has_no_synapses():
    with pytest.raises(ValueError, match="MaxPool"):
        fanout(nets.alone((1, 4, 4), MaxPool(max_pool=2)))


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


def assert_one_run_is_all(net, ends):
    """Counts and scores of inferences of several lengths in one run are those of networks with so many steps."""
    x_BCHW = images(net, 3)
    together = Counter(net, ends=ends)
    for part_BCHW in x_BCHW.split(2):
        together.scores_at_ends(part_BCHW)
    for steps, scores_BK in zip(ends, Counter(net, ends=ends).scores_at_ends(x_BCHW), strict=True):
        alone = network.at_steps(net, steps)
        assert_counts(together.operations(steps), [asdict(work) for work in count(alone, x_BCHW)])
        torch.testing.assert_close(scores_BK, alone.predict(x_BCHW))
        torch.testing.assert_close(scores_BK, net.predict_at(x_BCHW, ends)[ends.index(steps)])


@settings(max_examples=60, deadline=None, derandomize=True)
@given(net=networks(), ends=st.sets(st.integers(1, 6), min_size=1, max_size=4).map(sorted))
def test_a_shorter_inference_is_the_beginning_of_a_longer_one(net, ends):
    assert_one_run_is_all(net, ends)


def test_so_is_one_whose_read_out_adds_spikes_to_currents():
    assert_one_run_is_all(
        build((1, 6, 6), [Conv(conv=3), Linear(linear=5)], 4, kind="current_and_spikes"), [1, 3, 4, 9]
    )


def test_counts_depend_on_the_source_of_an_input_and_not_on_its_values():
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
    assert total([]) == NOTHING


def both(name):
    """Our counts of a case of `neurobench_cases`, batch by batch, and those of NeuroBench, all steps."""
    case = neurobench_cases.CASES[name]
    net, x_BCHW = neurobench_cases.build(case)
    counter = Counter(net)
    for batch_BCHW in x_BCHW.split(case.batch):
        counter.scores(batch_BCHW)
    return counter.operations(), NEUROBENCH["cases"][name], net


@pytest.mark.parametrize("name", neurobench_cases.SAME)
def test_counts_equal_those_of_neurobench(name):
    found, theirs, net = both(name)
    ours = total(found)
    assert ours.acs == pytest.approx(theirs["Effective_ACs"], rel=1e-9)
    assert ours.macs_every_step == pytest.approx(theirs["Effective_MACs"], rel=1e-9)
    assert ours.dense_macs * net.architecture.steps == pytest.approx(theirs["Dense"], rel=1e-9)
    assert 0 < ours.acs < theirs["Dense"] - theirs["Effective_MACs"]


def test_neurobench_multiplies_behind_an_average_pool_where_spikes_add():
    """It sees numbers, a multiplication each; linear as the pool is, the spikes before it add."""
    found, theirs, net = both("average pool")
    ours = total(found)
    assert (ours.acs, ours.macs_every_step) == (24510.125, 41664)
    assert (theirs["Effective_ACs"], theirs["Effective_MACs"]) == (206.375, 58901.25)
    behind = found[2].acs
    assert theirs["Effective_ACs"] == ours.acs - behind
    assert 0 < theirs["Effective_MACs"] - ours.macs_every_step < behind
    assert ours.dense_macs * net.architecture.steps == theirs["Dense"]


def test_neurobench_counts_no_bias_either_but_bias_makes_spikes():
    found, theirs, _ = both("bias")
    assert total(found).acs == theirs["Effective_ACs"] == 36904
    assert theirs["Effective_ACs"] != NEUROBENCH["cases"]["stride 1"]["Effective_ACs"]


def test_neurobench_leaves_out_synapses_whose_weight_is_zero():
    """Half of them here; hardware that skips them has to store where they are."""
    found, theirs, net = both("zero weights")
    ours = total(found)
    left = [float((layer.op.weight != 0).double().mean()) for layer in net.layers if layer.programmable]
    assert 0.4 < min(left) < max(left) < 0.6
    assert ours.macs_every_step == 41664
    assert theirs["Effective_MACs"] == pytest.approx(left[0] * ours.macs_every_step, rel=0.05)
    assert 0.4 < theirs["Effective_ACs"] / ours.acs < 0.6


def test_neurobench_takes_an_image_of_zeros_and_ones_for_spikes():
    """It adds where we multiply, since an image is analog by declaration."""
    found, theirs, _ = both("binary image")
    ours = total(found)
    assert (ours.macs_every_step, theirs["Effective_MACs"]) == (41664, 0)
    assert (ours.acs, theirs["Effective_ACs"]) == (28893.625, 49200.625)


def test_a_network_with_a_norm_counts_like_any_other_in_evaluation_mode():
    net = build((1, 6, 6), [Conv(conv=3), Linear(linear=5)], 3)
    normed = Network(net.architecture.model_copy(update={"norm": Norm()})).eval()
    x_BCHW = images(net, 4)
    assert_counts(count(normed, x_BCHW), [asdict(work) for work in count(network.fold(normed), x_BCHW)])
