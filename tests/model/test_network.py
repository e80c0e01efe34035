"""Facts about networks: folding, time, voting, local gradients, files, sizes."""

from math import prod

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from snn.core import stored
from snn.energy.counter import fanout
from snn.model import network
from snn.model.graph import nodes, sizes, wire
from snn.model.neuron import fire
from snn.model.spec import AvgPool, Conv, Linear, MaxPool, Norm, Readout, Relu
from tests import nets
from tests.refusals import refused

LIF, IF = nets.triangular(), nets.integrate_and_fire()
LAYERS = (Conv(conv=4), AvgPool(avg_pool=2), Conv(conv=6, stride=2, groups=2), MaxPool(max_pool=2), Linear(linear=8))
T, B, SHAPE, K = 5, 3, (2, 9, 8), 4


def build(activation=LIF, voters=None, **changes):
    readout = Readout(kind="votes" if voters else "current", voters=voters or 1, over_steps="running", warm_up=1)
    fixed = {"shape": SHAPE, "outputs": K, "steps": T, "readout": readout}
    return nets.student(LAYERS, activation, **(fixed | changes))


def images():
    return nets.some(B, *SHAPE)


def frames(steps=T):
    return nets.some(steps, B, *SHAPE)


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("activation", [Relu(), Relu(clip=0.5), LIF, IF], ids=["relu", "clipped", "lif", "if"])
def test_a_folded_network_is_the_network_with_its_norms_in_evaluation_mode(activation):
    normed, x = build(activation, norm=Norm(eps=0.01)).eval(), images()
    folded = network.fold(normed)
    assert folded.architecture == normed.architecture.model_copy(update={"norm": None})
    assert not any(layer.norm for layer in folded.layers)
    expected = normed.predict(x)
    assert expected.std() > 0.01
    torch.testing.assert_close(folded.predict(x), expected, rtol=1e-11, atol=1e-11)


@pytest.mark.usefixtures("double")
def test_a_bias_spread_over_the_steps_gives_the_norm_of_the_summed_input():
    """sum_t (W' x[t] + b'/T) = norm(W sum_t x[t] + b)"""
    normed, x_TBX = build(norm=Norm()).eval(), frames()
    layer = normed.layers[0]
    summed = layer.current(x_TBX, folded=network.folded(layer, bias_share=1 / T)).sum(0)
    torch.testing.assert_close(summed, layer.current(x_TBX.sum(0, keepdim=True))[0], rtol=1e-11, atol=1e-11)


def test_folding_shares_no_memory_and_changes_nothing_in_its_source():
    for normed in (build(norm=Norm()), build()):
        normed.train()
        before = {name: tensor.clone() for name, tensor in normed.state_dict().items()}
        folded = network.fold(normed)
        assert normed.training
        assert not any(module.training for module in folded.modules())
        assert storages(folded).isdisjoint(storages(normed))
        assert all(torch.equal(tensor, before[name]) for name, tensor in normed.state_dict().items())


def storages(module):
    return {tensor.untyped_storage().data_ptr() for tensor in module.state_dict().values()}


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("norm", [None, Norm()], ids=["plain", "norm"])
def test_an_image_held_over_time_is_multiplied_once_and_gives_what_the_repeated_image_gives(norm):
    held, repeated = build(norm=norm).train(), build(norm=norm).train()
    x_TBX = held.encode(images())
    assert x_TBX.stride(0) == 0
    seen = []
    for net in (held, repeated):
        net.layers[0].op.register_forward_pre_hook(lambda _, inputs: seen.append(len(inputs[0])))
    outputs = [held(x_TBX)[0], repeated(x_TBX.clone(memory_format=torch.contiguous_format))[0]]
    assert seen == [B, T * B]
    torch.testing.assert_close(*outputs, rtol=1e-11, atol=1e-11)
    gradients = [
        torch.autograd.grad(net.scores(o).square().sum(), list(net.parameters()))
        for net, o in zip((held, repeated), outputs, strict=True)
    ]
    assert gradients[0][0].abs().max() > 1e-3
    torch.testing.assert_close(*gradients, rtol=1e-9, atol=1e-9)


def test_the_image_is_shown_at_every_step_or_once():
    x = images()
    assert torch.equal(build().encode(x), x.repeat(T, 1, 1, 1, 1))
    once = build(encoding="once").encode(x)
    assert torch.equal(once[0], x)
    assert once.shape == (T, *x.shape)
    assert (once[1:] == 0).all()


def test_scores_weigh_the_outputs_of_the_steps():
    net, o = build(), torch.randn(T, B, K, generator=torch.Generator().manual_seed(0))
    weights = [T - 1, T - 1, *range(T - 2, 0, -1)]  # running sums from step 1 on
    expected = [[sum(w * float(o[t, b, k]) for t, w in enumerate(weights)) for k in range(K)] for b in range(B)]
    torch.testing.assert_close(net.scores(o), torch.tensor(expected))


def test_a_prediction_is_the_score_of_the_walk_over_the_encoded_image():
    net, x = build(), images()
    *_, (_, o_TBK) = net.walk(net.encode(x))
    assert torch.equal(net.predict(x), net.scores(o_TBK))


def test_the_read_out_never_fires_unless_it_votes():
    assert [layer.fires for layer in build().layers] == [True, False, True, False, True, False]
    assert [layer.fires for layer in build(voters=3).layers] == [True, False, True, False, True, True]
    assert not any(layer.fires for layer in build(Relu()).layers)


def test_a_class_gets_the_share_of_its_voters_that_fire():
    voters = 3
    net, x_TBX = build(voters=voters), frames()
    outputs = [y for _, y in net.walk(x_TBX)]
    spikes, _ = net.layers[-1](outputs[-2])
    assert spikes.shape == (T, B, K * voters)
    assert 0.05 < spikes.mean() < 0.95
    for k in range(K):
        fired = sum(spikes[:, :, voters * k + i] for i in range(voters))
        torch.testing.assert_close(outputs[-1][:, :, k], fired / voters)


@pytest.mark.parametrize("cut", [True, False])
def test_no_gradient_crosses_a_cut_between_layers(cut):
    net = build()
    outputs = [(layer, y) for layer, y in net.walk(frames(), cut=cut) if layer.programmable]
    for i, (layer, y_TBN) in enumerate(outputs):
        net.zero_grad()
        (y_TBN * torch.randn_like(y_TBN)).sum().backward(retain_graph=True)
        reached = [
            other.op.weight.grad is not None and bool(other.op.weight.grad.abs().sum() > 0) for other, _ in outputs
        ]
        assert reached == [j == i if cut else j <= i for j in range(len(outputs))], layer.spec


@pytest.mark.parametrize("cut", [True, False])
def test_no_gradient_crosses_a_cut_between_chunks_of_time(cut):
    net, state = build(), [None] * len(LAYERS) + [None]
    first, second = (chunk.clone().requires_grad_() for chunk in frames(steps=2).split(1))
    (_, _), *_ = net.walk(first, state, cut)
    layer, y_TBN = next(net.walk(second, state, cut))
    assert layer is net.layers[0]
    by_first, by_second = torch.autograd.grad(y_TBN.sum(), (first, second), allow_unused=True)
    assert by_second.abs().sum() > 0
    assert by_first is None if cut else by_first.abs().sum() > 0


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("voters", [None, 3])
@pytest.mark.parametrize("chunks", [[1] * T, [2, 3], [4, 1]], ids=str)
def test_chunks_of_time_equal_the_whole(chunks, voters):
    net, x_TBX = build(IF, voters=voters), frames()
    whole, last = net(x_TBX)
    parts, state = [], None
    for chunk in x_TBX.split(chunks):
        o_TBK, state = net(chunk, state)
        parts.append(o_TBK)
    assert not torch.allclose(whole[0], whole[-1])
    torch.testing.assert_close(torch.cat(parts), whole, rtol=1e-12, atol=1e-12)
    assert [v is None for v in state] == [not layer.fires for layer in net.layers]
    torch.testing.assert_close([v for v in state if v is not None], [v for v in last if v is not None])


def test_a_state_passed_in_is_not_changed():
    net, x_TBX = build(), frames()
    _, state = net(x_TBX)
    kept = [v if v is None else v.clone() for v in state]
    first, _ = net(x_TBX, state)
    second, _ = net(x_TBX, state)
    assert torch.equal(first, second)
    assert all(v is w or torch.equal(v, w) for v, w in zip(state, kept, strict=True))


def test_a_norm_refuses_a_state_because_its_statistics_span_all_steps():
    net, x_TBX = build(norm=Norm()), frames()
    state = net(x_TBX)[1]
    with refused("network", "norm"):
        net(x_TBX, state)
    with refused("network", "norm"):
        next(net.walk(x_TBX, [None] * len(net.layers)))


ONE_STEP = {"steps": 1, "readout": Readout()}


@pytest.mark.parametrize(
    "kind",
    [{}, {"norm": Norm()}, {"activation": Relu(clip=2.0), **ONE_STEP}, {"voters": 3, "encoding": "once"}],
    ids=["spiking", "norm", "ann", "votes"],
)
def test_a_saved_network_comes_back_bit_by_bit(kind, tmp_path):
    made = build(**kind).eval()
    path = network.save(made, tmp_path / "net.safetensors", digest="abc")
    loaded = network.load(path, torch.device("cpu"))
    assert loaded.architecture == made.architecture
    assert not loaded.training
    assert loaded.state_dict().keys() == made.state_dict().keys()
    for name, tensor in made.state_dict().items():
        assert loaded.state_dict()[name].dtype == tensor.dtype
        assert torch.equal(loaded.state_dict()[name], tensor), name
    assert torch.equal(loaded.predict(images()), made.predict(images()))
    again = network.save(loaded, tmp_path / "again.safetensors", digest="abc")
    assert again.read_bytes() == path.read_bytes()
    assert stored.read_tensors(path, "")[1]["digest"] == "abc"


def test_a_file_that_holds_no_network_is_refused_by_name(tmp_path):
    path = stored.write_tensors(tmp_path / "other.safetensors", network.to_numpy({"x": torch.ones(2)}), {})
    with refused(path):
        network.load(path, torch.device("cpu"))
    whole = network.save(build(), tmp_path / "net.safetensors").read_bytes()
    (tmp_path / "torn.safetensors").write_bytes(whole[: len(whole) // 2])
    with refused(tmp_path / "torn.safetensors"):
        network.load(tmp_path / "torn.safetensors", torch.device("cpu"))


def test_sizes_are_those_of_the_layers_that_torch_builds():
    net = build()
    of_torch = [sum(p.numel() for p in layer.op.parameters()) for layer in net.layers]
    shapes = [tuple(y.shape[2:]) for _, y in net.walk(frames())]
    found = sizes(SHAPE, nodes(net.architecture))
    assert [size.parameters for size in found] == of_torch
    assert [size.output_shape for size in found] == shapes


@st.composite
def convolutions(draw):
    groups = draw(st.integers(1, 3))
    kernel, padding = draw(st.integers(1, 5)), draw(st.integers(0, 3))
    smallest = max(1, kernel - 2 * padding)
    shape = (groups * draw(st.integers(1, 2)), *draw(st.tuples(*[st.integers(smallest, smallest + 7)] * 2)))
    stride = draw(st.integers(1, 4))
    conv = Conv(conv=groups * draw(st.integers(1, 3)), kernel=kernel, stride=stride, padding=padding, groups=groups)
    return shape, conv


@settings(max_examples=150, deadline=None, derandomize=True)
@given(convolutions())
def test_the_closed_forms_of_a_convolution_are_exact(case):
    shape, spec = case
    layer, (size,) = nets.alone(shape, spec), sizes(shape, wire([spec]))
    x = torch.ones(1, 1, *shape)
    assert layer.current(x).shape[2:] == size.output_shape
    assert size.parameters == sum(p.numel() for p in layer.parameters())
    assert size.macs == fanout(layer).sum()
    assert size.macs_padded == prod(size.output_shape) * layer.op.weight[0].numel()
    assert size.macs <= size.macs_padded
    assert (size.macs == size.macs_padded) or spec.padding


@settings(max_examples=20, deadline=None, derandomize=True)
@given(shape=st.tuples(st.integers(1, 3), st.integers(1, 5), st.integers(1, 5)), outputs=st.integers(1, 7))
def test_the_closed_forms_of_a_linear_layer_are_exact(shape, outputs):
    spec = Linear(linear=outputs)
    layer, (size,) = nets.alone(shape, spec), sizes(shape, wire([spec]))
    assert size.parameters == sum(p.numel() for p in layer.parameters())
    assert size.macs == size.macs_padded == fanout(layer).sum()
    assert (fanout(layer) == outputs).all()


def test_neurons_answer_to_the_current_of_their_layer():
    net, x_TBX = build(), frames()
    layer = net.layers[0]
    current = nn.functional.conv2d(x_TBX.flatten(0, 1), layer.op.weight, layer.op.bias, padding=1).unflatten(0, (T, B))
    torch.testing.assert_close(layer(x_TBX)[0], fire(current, LIF)[0])
