"""Networks as NIR files: the same spikes after a round trip, NIR's equations by hand, errors that name the node."""

import copy
import math

import h5py
import nir
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from snn.config import params
from snn.config.levels import noise_parts
from snn.hardware import chip
from snn.hardware.noise import mismatch
from snn.model.spec import AvgPool, Conv, Linear, MaxPool, NeuNorm, Readout, Relu
from snn.nir.read import read
from snn.nir.write import write
from tests import nets
from tests.refusals import refused

LIF = nets.leaky()
CONV = [Conv(conv=4), AvgPool(avg_pool=2), Conv(conv=3, stride=2, bias=False), Linear(linear=6)]
RESIDUAL = {add: nets.residual(add) for add in ("currents", "spikes")}


def build(layers=CONV, neuron=LIF, shape=(2, 8, 8), **changes):
    return nets.deployed(layers, neuron, shape=shape, loud=4.0, **({"steps": 3} | changes))


def images(net):
    return nets.some(5, *net.architecture.input_shape, seed=1)


def outputs(net, x):
    return [y_TBN for layer, y_TBN in net.walk(net.encode(x)) if layer.fires or layer is net.layers[-1]]


def assert_same_spikes(one, other):
    x = images(one)
    ours, theirs = outputs(one, x), outputs(other, x)
    assert len(ours) == len(theirs)
    assert ours[0].mean() > 0.05
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))
    assert torch.equal(one.predict(x), other.predict(x))


def through_a_file(net, tmp_path):
    return read(write(net, tmp_path / "net.nir"))


@st.composite
def networks(draw):
    decay = draw(st.sampled_from([1.0, 0.9, 0.904837418, 0.5, 0.0]))
    threshold = draw(st.sampled_from([0.3, 0.6, 1.0]))
    neuron = LIF.model_copy(
        update={"decay": decay, "threshold": threshold, "fires": draw(st.sampled_from(["above", "at"]))}
    )
    layers = list(draw(st.sampled_from([CONV, *RESIDUAL.values(), [Linear(linear=9)], [Conv(conv=4, groups=2)]])))
    readout = draw(st.sampled_from([Readout(), Readout(kind="votes", voters=2), Readout(over_steps="sum")]))
    changes = {"encoding": draw(st.sampled_from(["repeat", "once"])), "steps": draw(st.integers(1, 4))}
    return build(layers, neuron, readout=readout, seed=draw(st.integers(0, 50)), **changes)


@pytest.mark.slow
@settings(max_examples=60, deadline=None, derandomize=True)
@given(net=networks())
def test_a_network_sends_the_same_spikes_after_a_round_trip(net, tmp_path_factory):
    back = through_a_file(net, tmp_path_factory.mktemp("nir"))
    x = images(net)
    assert all(torch.equal(a, b) for a, b in zip(outputs(net, x), outputs(back, x), strict=True))
    assert torch.equal(net.predict(x), back.predict(x))


@pytest.mark.parametrize("layers", [CONV, *RESIDUAL.values()], ids=["chain", *RESIDUAL])
def test_layers_come_back_as_they_were(layers, tmp_path):
    net = build(layers)
    back = through_a_file(net, tmp_path)
    assert [layer.output_shape for layer in back.layers] == [layer.output_shape for layer in net.layers]
    assert back.architecture.steps == net.architecture.steps
    assert back.architecture.activation.decay == net.architecture.activation.decay
    assert_same_spikes(net, back)


def test_a_chip_with_its_own_time_constants_and_thresholds_goes_through(tmp_path):
    options = mismatch.Options(sigma=0.2, disturbs=("tau", "threshold"))
    made = chip.manufacture(build(), [(mismatch, options)], 0).network.requires_grad_(False)
    back = through_a_file(made, tmp_path)
    assert_same_spikes(made, back)
    assert len(back.layers[0].silicon.threshold_N.unique()) > 100


def test_a_neuron_is_that_of_nir_in_euler_steps(tmp_path):
    """tau dv/dt = v_leak - v + R I; z = 1 where v > threshold; then v = 0."""
    tau, r, leak, threshold, dt, steps = 20e-3, 3.0, 0.1, 0.4, 1e-3, 60
    weight, bias = np.array([[2.0], [0.7], [-1.0]]), np.array([0.1, 0.2, 0.3])
    full = {name: np.full(3, value) for name, value in (("tau", tau), ("r", r), ("v_leak", leak))}
    nodes = {
        "in": nir.Input({"input": np.array([1])}),
        "w": nir.Affine(weight, bias),
        "n": nir.LIF(**full, v_threshold=np.full(3, threshold), v_reset=np.zeros(3)),
        "r": nir.Linear(np.eye(3)),
        "out": nir.Output({"output": np.array([3])}),
    }
    edges = [("in", "w"), ("w", "n"), ("n", "r"), ("r", "out")]
    nir.write(tmp_path / "lif.nir", nir.NIRGraph(nodes, edges))
    net = read(tmp_path / "lif.nir", steps=steps, dt=dt)
    x = torch.tensor([[0.4]])
    spikes = outputs(net, x)[0][:, 0].double().numpy()

    v, expected = np.zeros(3), []
    for _ in range(steps):
        v = v + dt / tau * (leak - v + r * (weight[:, 0] * 0.4 + bias))
        z = v > threshold
        v = np.where(z, 0, v)
        expected.append(z)
    assert 5 < np.sum(expected) < 100
    np.testing.assert_array_equal(spikes, np.array(expected, dtype=float))


def test_a_sum_over_windows_is_an_average_times_their_size(tmp_path):
    path = write(build(), tmp_path / "average.nir")
    summed = tmp_path / "sum.nir"
    graph = nir.read(path, type_check=False)
    pool = next(name for name, node in graph.nodes.items() if isinstance(node, nir.AvgPool2d))
    node = graph.nodes[pool]
    graph.nodes[pool] = nir.SumPool2d(node.kernel_size, node.stride, node.padding)
    behind = next(target for source, target in graph.edges if source == pool)
    graph.nodes[behind].weight = graph.nodes[behind].weight / 4
    nir.write(summed, graph)
    assert_same_spikes(read(path), read(summed))


@pytest.mark.parametrize(("padding", "number"), [("same", 1), ("valid", 0)])
def test_padding_in_words_is_padding_in_numbers(padding, number, tmp_path):
    path = write(build([Conv(conv=4, padding=number)]), tmp_path / "number.nir")
    graph = nir.read(path, type_check=False)
    conv = next(node for node in graph.nodes.values() if isinstance(node, nir.Conv2d))
    conv.padding = padding
    nir.write(tmp_path / "word.nir", graph)
    assert_same_spikes(read(path), read(tmp_path / "word.nir"))


def test_steps_that_are_given_take_the_place_of_those_in_the_file(tmp_path):
    path = write(build(steps=3), tmp_path / "net.nir")
    assert read(path, steps=7).architecture.steps == 7


IMPOSSIBLE = {
    "subtracting neuron": ("neuron", {"neuron": LIF.model_copy(update={"reset": "subtract"})}),
    "ANN": ("network", {"neuron": Relu(), "steps": 1}),
    "max pool": ("layer 2", {"layers": [Conv(conv=3), MaxPool(max_pool=2)]}),
    "smooth neuron": ("neuron", {"neuron": LIF.model_copy(update={"smooth": 3.0})}),
    "NeuNorm": (
        "layer 2",
        {"layers": [Conv(conv=3), Conv(conv=3)], "neunorm": NeuNorm(decay=0.5, gain="average")},
    ),
    "current and spikes": ("read-out", {"readout": Readout(kind="current_and_spikes")}),
}


@pytest.mark.parametrize(("where", "changes"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_what_nir_cannot_express_is_refused_and_nothing_is_written(where, changes, tmp_path):
    with refused(where):
        write(build(**changes), tmp_path / "net.nir")
    assert list(tmp_path.iterdir()) == []


def edited(tmp_path, edit, layers=CONV):
    """A file whose graph is edited without the checks of nir."""
    path = write(build(layers), tmp_path / "net.nir")
    with h5py.File(path, "r+") as file:
        edit(file["node"])
    return path


def put(group, name, value):
    del group[name]
    group[name] = value


EACH_NEURON = {"tau": 4.0, "r": 1.0, "v_leak": 0.0, "v_threshold": 1.0, "v_reset": 0.0}
REFUSED = [  # where, facts, edit of a file that is read without it
    ("neurons_1", ["CubaLIF"], lambda node: put(node["nodes/neurons_1"], "type", "CubaLIF")),
    ("neurons_1", ["Whatever"], lambda node: put(node["nodes/neurons_1"], "type", "Whatever")),
    ("neurons_1", ["v_reset"], lambda node: put(node["nodes/neurons_1"], "v_reset", np.ones((4, 8, 8)))),
    ("neurons_1", ["threshold"], lambda node: put(node["nodes/neurons_1"], "v_threshold", np.zeros((4, 8, 8)))),
    ("neurons_1", ["threshold"], lambda node: put(node["nodes/neurons_1"], "v_threshold", np.full((4, 8, 8), np.inf))),
    ("neurons_1", ["--dt"], lambda node: put(node["nodes/neurons_1"], "tau", np.full((4, 8, 8), 0.1))),
    ("neurons_1", ["--dt"], lambda node: put(node["nodes/neurons_1"], "tau", np.zeros((4, 8, 8)))),
    ("synapses_1", ["dilat"], lambda node: put(node["nodes/synapses_1"], "dilation", np.array([2, 2]))),
    ("synapses_1", ["stride"], lambda node: put(node["nodes/synapses_1"], "stride", np.array([1, 2]))),
    ("pool_2", ["windows"], lambda node: put(node["nodes/pool_2"], "stride", np.array([1, 1]))),
    ("synapses_5", ["3x7", "3x6"], lambda node: put(node["nodes/synapses_5"], "weight", np.ones((3, 7), np.float32))),
    ("synapses_1", ["map"], lambda node: put(node["nodes/neurons_1"], "r", np.linspace(1, 2, 256).reshape(4, 8, 8))),
    ("synapses_5", [], lambda node: put(node["nodes/synapses_5"], "weight", np.full((3, 6), np.nan, np.float32))),
    ("synapses_1", ["2 biases"], lambda node: put(node["nodes/synapses_1"], "bias", np.zeros(2))),
    ("again", [], lambda node: node.copy("nodes/pool_2", "nodes/again")),
    ("neurons_1", ["3 nodes"], lambda node: connect(node, ("neurons_1", "synapses_5"), ("neurons_1", "output"))),
]
REFUSED_AS_A_WHOLE = [
    ("", ["--steps"], lambda node: put(node["metadata"], "steps", "0")),
    ("", ["--steps"], lambda node: put(node["metadata"], "steps", "four")),
    ("", ["--steps"], lambda node: put(node["metadata"], "steps", "\u00b2")),
    ("", ["--steps"], lambda node: put(node["metadata"], "steps", "1" * 5001)),
    ("", ["1000 nodes"], lambda node: [node.create_group(f"nodes/{i}") for i in range(1000)]),
    ("", ["4000 edges"], lambda node: put(node, "edges", np.zeros((4001, 2), "S20"))),
    (": 2", ["8 GiB"], lambda node: [node.create_dataset(name, (5 << 27,), "f8", chunks=(1,)) for name in "12"]),
    (": metadata dt", ["--dt"], lambda node: put(node["metadata"], "dt", "nan")),
    (": metadata dt", ["--dt"], lambda node: put(node["metadata"], "dt", "-1")),
    ("", ["2 Input"], lambda node: node.copy("nodes/input", "nodes/again")),
    ("", ["(7,)"], lambda node: [put(node["nodes/neurons_1"], name, np.full(7, v)) for name, v in EACH_NEURON.items()]),
    ("", [], lambda node: put(node["nodes/synapses_1"], "groups", 3)),
    ("", [], lambda node: put(node["nodes/synapses_1"], "stride", np.array([np.inf, np.inf]))),
    (": edge neurons_1 -> nowhere", [], lambda node: connect(node, ("neurons_1", "nowhere"))),
    (": outside", [], lambda node: node.__setitem__("outside", h5py.ExternalLink("/etc/passwd", "/"))),
]


def connect(node, *edges):
    put(node, "edges", np.array([*node["edges"][()], *(tuple(map(str.encode, edge)) for edge in edges)], dtype="S20"))


@pytest.mark.parametrize(("name", "facts", "edit"), REFUSED)
def test_a_node_that_is_not_supported_is_named(name, facts, edit, tmp_path):
    path = edited(tmp_path, edit)
    with refused(f"{path}: node {name}", *facts):
        read(path)


@pytest.mark.parametrize(("where", "facts", "edit"), REFUSED_AS_A_WHOLE)
def test_a_graph_that_is_no_network_is_refused(where, facts, edit, tmp_path):
    path = edited(tmp_path, edit)
    with refused(f"{path}{where}", *facts):
        read(path)


def test_steps_and_dt_may_be_stored_as_numbers(tmp_path):
    path = edited(tmp_path, lambda node: [put(node["metadata"], name, 2) for name in ("steps", "dt")])
    assert read(path, dt=1.0).architecture.steps == 2


def test_a_read_out_of_votes_needs_neurons(tmp_path):
    votes = Readout(kind="votes").model_dump_json()
    path = edited(tmp_path, lambda node: put(node["metadata"], "readout", votes))
    with refused(f"{path}: node synapses_5"):
        read(path)


def euler(graph: nir.NIRGraph, x: np.ndarray, steps: int) -> np.ndarray:
    """The mean of what reaches the output of a small graph of linear nodes, LIF and Scale: NIR's equations, dt = 1."""
    order, done = [], {"in"}
    while len(done) <= len(graph.nodes) - 1:
        ready = [n for n in graph.nodes if n not in done and all(a in done for a, b in graph.edges if b == n)]
        order, done = order + ready, done | set(ready)
    v, total = {}, 0.0
    for _ in range(steps):
        sent = {"in": x}
        for name in order:
            node, z = graph.nodes[name], sum(sent[a] for a, b in graph.edges if b == name)
            match type(node).__name__:
                case "Conv2d":  # one by one
                    z = np.einsum("oi,ihw->ohw", node.weight[:, :, 0, 0], z) + node.bias[:, None, None]
                case "SumPool2d":
                    z = z.reshape(len(z), z.shape[1] // 2, 2, z.shape[2] // 2, 2).sum((2, 4))
                case "LIF":
                    u = v.get(name, 0.0) + 1 / node.tau * (node.v_leak - v.get(name, 0.0) + node.r * z)
                    z = (u > node.v_threshold).astype(float)
                    v[name] = u * (1 - z)
                case "Scale":
                    z = node.scale * z
                case "Affine":
                    z = node.weight @ z + node.bias
                case "Flatten":
                    z = z.ravel()
            sent[name] = z
        total = total + sent["out"]
    return total / steps


def residual(add="currents", shortcut=True, r=4.0, scale=1.0, pool=False) -> nir.NIRGraph:
    """A block of 1x1 convolutions on maps of 4x4 (2x2 behind a pool)."""
    draw, size = np.random.default_rng(0), 2 if pool else 4
    lif = lambda gain: nir.LIF(  # noqa: E731
        **{name: np.full((3, size, size), value) for name, value in (("tau", 4.0), ("r", gain), ("v_leak", 0.1))},
        v_threshold=np.full((3, size, size), 0.5),
        v_reset=np.zeros((3, size, size)),
    )
    conv = lambda: nir.Conv2d((size, size), draw.normal(size=(3, 3, 1, 1)), 1, 0, 1, 1, draw.normal(size=3))  # noqa: E731
    nodes = {"in": nir.Input({"input": np.array([3, 4, 4])}), "a": conv(), "m": lif(r)}
    edges = [("a", "m")]
    entry = "in"
    if pool:
        nodes["pool"], entry = nir.SumPool2d(np.array([2, 2]), np.array([2, 2]), np.zeros(2, int)), "pool"
        edges.append(("in", "pool"))
    else:  # the block begins behind neurons
        nodes |= {"first": conv(), "spikes": lif(4.0)}
        edges += [("in", "first"), ("first", "spikes")]
        entry = "spikes"
    edges.append((entry, "a"))
    meets = "m"
    if add == "spikes":
        nodes["add"], meets = nir.Scale(np.full((3, size, size), scale)), "add"
        edges.append(("m", "add"))
    if shortcut:
        nodes["s"] = conv()
        edges += [(entry, "s"), ("s", meets)]
    else:
        edges.append((entry, meets))
    nodes["flat"] = nir.Flatten({"input": np.array([3, size, size])}, start_dim=0, end_dim=-1)
    nodes["read"] = nir.Affine(draw.normal(size=(2, 3 * size**2)), draw.normal(size=2))
    nodes["out"] = nir.Output({"output": np.array([2])})
    return nir.NIRGraph(nodes, [*edges, (meets, "flat"), ("flat", "read"), ("read", "out")], type_check=False)


@pytest.mark.parametrize(
    "block",
    [
        {},
        {"r": 8.0},
        {"shortcut": False},
        {"add": "spikes", "shortcut": False},
        {"pool": True},
        {"pool": True, "r": 8.0},
    ],
    ids=str,
)
def test_a_residual_block_is_that_of_nir_in_euler_steps(block, tmp_path):
    graph = residual(**block)
    nir.write(tmp_path / "block.nir", graph)
    net = read(tmp_path / "block.nir", steps=5, dt=1.0)
    x = np.random.default_rng(1).normal(size=(3, 4, 4))
    found = net.predict(torch.from_numpy(x[None]).float())[0].numpy()
    np.testing.assert_allclose(found, euler(graph, x, 5), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("block", "name"),
    [
        ({"shortcut": False, "r": 8.0}, "m"),
        ({"add": "spikes", "shortcut": False, "scale": 2.0}, "add"),
        ({"shortcut": False, "pool": True}, "a"),
        ({"r": math.inf}, "a"),
    ],
)
def test_a_residual_block_that_is_not_supported_is_refused(block, name, tmp_path):
    nir.write(tmp_path / "block.nir", residual(**block))
    with refused(f"{tmp_path}/block.nir: node {name}"):
        read(tmp_path / "block.nir", steps=5, dt=1.0)


def test_a_step_neuron_needs_a_positive_threshold(tmp_path):
    path = write(build(neuron=LIF.model_copy(update={"decay": 0.0})), tmp_path / "net.nir")
    with h5py.File(path, "r+") as file:
        put(file["node/nodes/neurons_1"], "threshold", np.full((4, 8, 8), -1.0))
    with refused(f"{path}: node neurons_1", "threshold"):
        read(path)


def test_a_pool_over_a_map_that_is_not_square_goes_through(tmp_path):
    net = build([Conv(conv=4), AvgPool(avg_pool="global")], shape=(2, 9, 8))
    assert_same_spikes(net, through_a_file(net, tmp_path))
    path = write(net, tmp_path / "other.nir")
    with h5py.File(path, "r+") as file:
        for name in ("kernel_size", "stride"):
            put(file["node/nodes/pool_2"], name, np.array([3, 4]))
    with refused(f"{path}: node pool_2", "kernel_size"):
        read(path)


def test_a_network_that_feeds_itself_is_refused(tmp_path):
    path = write(build([Linear(linear=4)]), tmp_path / "net.nir")
    graph = nir.read(path, type_check=False)
    graph.edges = [edge for edge in graph.edges if edge[0] != "neurons_1"] + [("neurons_1", "synapses_1")]
    nir.write(path, graph)
    with refused(f"{path}: node synapses_1"):
        read(path)


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.9, 0.99])
def test_a_truncated_file_is_refused(share, tmp_path):
    path = write(build(), tmp_path / "net.nir")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with refused(path):
        read(path)


def test_a_file_that_is_not_there_and_one_that_is_text_are_refused(tmp_path):
    with refused(tmp_path / "none.nir"):
        read(tmp_path / "none.nir")
    (tmp_path / "text.nir").write_text("no graph")
    with refused(tmp_path / "text.nir"):
        read(tmp_path / "text.nir")


def test_mismatch_disturbs_the_constants_that_a_foreign_network_brings(tmp_path):
    net, noise = build([Linear(linear=6)]), params.load("noise", "mismatch_thresholds")
    layer = net.layers[0]
    chip.set_silicon(layer, decay_N=torch.linspace(0.5, 0.9, 6), threshold_N=torch.linspace(0.2, 0.7, 6))
    before = copy.deepcopy(layer.silicon)
    ideal = chip.manufacture(net, noise_parts(noise, 0), 0).network.layers[0].silicon
    torch.testing.assert_close((ideal.decay_N, ideal.threshold_N), (before.decay_N, before.threshold_N))
    made = chip.manufacture(net, noise_parts(noise, 0.2), 0).network.layers[0].silicon
    ratio = made.threshold_N / before.threshold_N
    assert ratio.std() > 0.05
    assert abs(ratio.mean() - 1) < 0.3
