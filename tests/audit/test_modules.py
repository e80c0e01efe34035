"""Audits of torch modules: counts equal those by hand, and whatever cannot be counted is refused by name.

The modules here imitate how frameworks take time; `peers` tries the frameworks themselves.
"""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

import snn.audit
from snn.audit import modules
from snn.audit.frameworks import SPIKING
from snn.core.errors import InputError
from snn.energy.counter import Counter, fanout
from snn.model.spec import Conv
from tests import nets
from tests.audit import by_hand
from tests.refusals import refused

SAMPLES, STEPS = 3, 4


class Fire(nn.Module):
    """Leaky neurons that keep their membrane, called once per step."""

    def __init__(self, reset="zero"):
        super().__init__()
        self.soft, self.v = reset == "subtract", None

    def reset(self):
        self.v = None

    def forward(self, x):
        v = x if self.v is None else 0.8 * self.v + x
        s = (v > 0.3).float()
        self.v = v - 0.3 * s if self.soft else v * (1 - s)
        return s


class AllSteps(Fire):
    """The same over (T, B, ...)."""

    def forward(self, x):
        self.reset()
        return torch.stack([super(AllSteps, self).forward(one) for one in x])


class Written(nn.Module):
    """A network with a forward() of its own that repeats the image."""

    def __init__(self, reset="zero", bias=True):
        super().__init__()
        self.conv = nn.Conv2d(2, 4, 3, stride=2, padding=1, bias=bias)
        self.deep = nn.Conv2d(4, 6, (3, 2), padding=(1, 0), groups=2, bias=bias)
        self.pool = nn.AvgPool2d(2, stride=1, padding=1)
        self.fc = nn.Linear(6 * 5 * 4, 5, bias=bias)
        self.fires = nn.ModuleList(Fire(reset) for _ in range(3))
        self.spikes = [[], [], []]

    def forward(self, x):
        out = 0
        for kept in self.spikes:
            kept.clear()
        for _ in range(STEPS):
            a = self.fires[0](self.conv(x))
            b = self.fires[1](self.deep(a))
            c = self.fires[2](self.fc(self.pool(b).flatten(1)))
            for kept, s in zip(self.spikes, (a, b, c), strict=True):
                kept.extend(s)
            out = out + c
        return out


def images(*shape, seed=0):
    return 3 * torch.rand(SAMPLES, *shape, generator=torch.Generator().manual_seed(seed)) - 1


def seeded(make, *args, **options):
    torch.manual_seed(1)
    return make(*args, **options)


def audited(module, x, **options):
    found = snn.audit.audit(module, x, neurons=(Fire,), **options)
    return found, found.layers.set_index("layer")


@pytest.mark.parametrize("reset", ["zero", "subtract"])
@pytest.mark.parametrize("bias", [True, False])
def test_counts_of_a_written_network_equal_those_over_every_spike_and_synapse(reset, bias):
    net, x = seeded(Written, reset, bias), images(2, 7, 7)
    found, layers = audited(net, x)
    a, b, c = net.spikes
    assert min(map(len, net.spikes)) == SAMPLES * STEPS
    assert layers.acs["deep"] == by_hand.reached(net.deep, a) / SAMPLES > 0
    assert layers.acs["fc"] == by_hand.reached_behind(net.pool, net.fc, b) / SAMPLES > 0
    assert layers.macs_once["conv"] == by_hand.synapses(net.conv, (2, 7, 7)) == layers.dense_macs["conv"]
    assert layers.macs_every_step["conv"] == STEPS * layers.macs_once["conv"]
    assert layers.dense_macs["deep"] == by_hand.synapses(net.deep, (4, 4, 4))
    assert layers.dense_macs_padded["conv"] == 4 * 4 * 4 * 2 * 9
    for i, spikes in enumerate((a, b, c)):
        assert layers.spikes[f"fires.{i}"] == float(torch.stack(spikes).sum()) / SAMPLES > 0
        assert layers.neuron_updates[f"fires.{i}"] == STEPS * spikes[0].numel()
    assert layers.acs.sum() == layers.acs["deep"] + layers.acs["fc"]
    assert layers.macs_once.sum() == layers.macs_once["conv"]
    assert (found.steps, found.samples, found.uncounted) == (STEPS, SAMPLES, ())


def test_every_way_to_take_time_gives_the_same_counts():
    def chain(fire):
        parts = [nn.Flatten(-2), nn.Linear(6, 9), fire(), nn.Linear(9, 4), fire()]
        return seeded(nn.Sequential, *parts)

    x, tables = images(2, 3), []
    lone, many = chain(Fire), chain(AllSteps)
    many.load_state_dict(lone.state_dict())
    frames = x[:, None].repeat(1, STEPS, 1, 1)
    second = nn.Sequential(Swapped(many))
    for module, options in (
        (lone, {"time": "calls", "steps": STEPS}),
        (many, {"time": "first", "steps": STEPS}),
        (second, {"time": "second", "steps": STEPS}),
    ):
        found = snn.audit.audit(module, x, neurons=(Fire,), **options)
        tables.append(found.layers.drop(columns=["layer", "kind"]))
    for table in tables[1:]:
        assert table.equals(tables[0])
    moving = snn.audit.audit(lone, frames, time="calls", neurons=(Fire,)).layers
    assert moving.acs.tolist() == tables[0].acs.tolist()
    assert moving.macs_once[0] == moving.macs_every_step[0] == tables[0].macs_every_step[0]


class Swapped(nn.Module):
    """(B, T, ...) around a module for (T, B, ...)."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return self.inner(x.transpose(0, 1)).transpose(0, 1)


@settings(max_examples=40)
@given(
    st.integers(1, 3), st.integers(1, 3), st.integers(0, 2), st.integers(1, 2), st.integers(4, 7), st.integers(0, 99)
)
def test_a_convolution_of_any_shape_counts_like_loops_and_like_our_counter(kernel, stride, padding, groups, size, seed):
    conv = nn.Conv2d(2, 4, kernel, stride, padding, groups=groups)
    spikes = (images(2, size, size, seed=seed) > 0.5).float()
    found, layers = audited(nn.Sequential(conv), spikes, time="calls", steps=1, spikes=True)
    assert layers.acs["0"] == by_hand.reached(conv, spikes) / SAMPLES
    spec = Conv(conv=4, kernel=kernel, stride=stride, padding=padding, groups=groups)
    ours = fanout(nets.alone((2, size, size), spec))
    assert layers.acs["0"] == float((ours * spikes.double().sum(0)).sum()) / SAMPLES
    assert layers.dense_macs["0"] == by_hand.synapses(conv, (2, size, size))
    assert found.layers.macs_once.sum() == 0


def test_a_network_of_ours_written_in_torch_has_the_counts_of_our_counter():
    net = nets.deployed(nets.CHAIN, shape=(1, 8, 8), outputs=3, steps=STEPS, loud=4.0)

    class Ours(nn.Module):
        def __init__(self):
            super().__init__()
            self.ops = nn.ModuleList(plain(layer) for layer in net.layers)
            self.fires = nn.ModuleList(Steps(net, i) for i, layer in enumerate(net.layers) if layer.fires)

        def forward(self, x):
            x, fires = net.encode(x).flatten(0, 1), iter(self.fires)
            for op, layer in zip(self.ops, net.layers, strict=True):
                x = op(x.flatten(1) if isinstance(op, nn.Linear) else x)
                x = next(fires)(x) if layer.fires else x
            return x.unflatten(0, (STEPS, -1))

    x = nets.some(SAMPLES, 1, 8, 8)
    counter = Counter(net)
    counter.scores(x)
    found = snn.audit.audit(Ours(), x, neurons=(Steps,), steps=STEPS).layers
    ours = counter.operations()
    for name in ("acs", "macs_once", "macs_every_step", "dense_macs", "dense_macs_padded", "spikes", "neuron_updates"):
        assert found[name].sum() == sum(getattr(work, name) for work in ours), name
    assert found.acs.sum() > 0


def plain(layer):
    op = layer.op
    if isinstance(op, nn.Conv2d):
        made = nn.Conv2d(
            op.in_channels, op.out_channels, op.kernel_size, op.stride, op.padding, bias=op.bias is not None
        )
    elif isinstance(op, nn.Linear):
        made = nn.Linear(op.in_features, op.out_features, bias=op.bias is not None)
    else:
        return nn.AvgPool2d(op.kernel_size)
    made.load_state_dict(op.state_dict())
    return made


class Steps(nn.Module):
    """Neurons of one of our layers over (T B, ...)."""

    def __init__(self, net, i):
        super().__init__()
        self.layers, self.i = [net], i

    def forward(self, x):
        neuron = self.layers[0].layers[self.i].activation
        v, out = 0.0, []
        for current in x.unflatten(0, (STEPS, -1)):
            u = neuron.decay * v + current
            s = (u > neuron.threshold).float() if neuron.fires == "above" else (u >= neuron.threshold).float()
            v = u * (1 - s) if neuron.reset == "zero" else u - neuron.threshold * s
            out.append(s)
        return torch.cat(out)


class Calls(nn.Module):
    """A module whose forward() is a function; its layers are arguments."""

    def __init__(self, forward, **layers):
        super().__init__()
        self.function = forward
        for name, layer in layers.items():
            setattr(self, name, layer)

    def forward(self, x):
        return self.function(self, x)


def spiking(forward, x=None, **layers):
    """The layers of an audit of a module that is called once with spikes."""
    x = (images(2, 4, 4) > 0.5).float() if x is None else x
    return x, audited(seeded(Calls, forward, **layers), x, time="calls", steps=1, spikes=True)[1]


def test_spikes_of_a_residual_sum_count_once_each():
    conv, fc = nn.Conv2d(2, 2, 3, padding=1), nn.Linear(32, 3)
    x, layers = spiking(lambda net, x: net.fc((net.fire(net.conv(x)) + x).flatten(1)), conv=conv, fc=fc, fire=Fire())
    fired = (conv(x) > 0.3).float()
    assert layers.acs["fc"] == 3 * float((fired + x).sum()) / SAMPLES


def test_a_shortcut_without_synapses_costs_one_accumulate_per_spike():
    conv = nn.Conv2d(2, 2, 3, padding=1)
    x, layers = spiking(lambda net, x: net.fire(net.conv(x) + x), conv=conv, fire=Fire())
    assert layers.acs["add"] == float(x.sum()) / SAMPLES > 0


def test_a_max_pool_costs_one_compare_per_input_and_passes_on_the_largest():
    x, layers = spiking(lambda net, x: net.fc(F.max_pool2d(x, 2).flatten(1)), fc=nn.Linear(8, 3))
    assert layers.compares["max_pool2d"] == 32
    assert layers.acs["fc"] == 3 * float(F.max_pool2d(x, 2).sum()) / SAMPLES


def test_a_max_pool_of_currents_leaves_their_synapses_counted_where_they_are():
    x, layers = spiking(
        lambda net, x: net.fire(net.pool(net.conv(x))), conv=nn.Conv2d(2, 3, 1), pool=nn.MaxPool2d(2), fire=Fire()
    )
    assert layers.acs["conv"] == 3 * float(x.sum()) / SAMPLES
    assert (layers.compares["pool"], layers.neuron_updates["fire"]) == (48, 12)


@pytest.mark.parametrize("pool", [nn.AdaptiveAvgPool2d(2), nn.AvgPool2d(2), nn.LPPool2d(1, 2)])
def test_every_linear_pool_passes_on_the_events_of_its_windows(pool):
    x, layers = spiking(lambda net, x: net.fc(net.pool(x).flatten(1)), pool=pool, fc=nn.Linear(8, 3))
    assert layers.acs["fc"] == 3 * float(x.sum()) / SAMPLES


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_pools_along_any_number_of_axes_count_spikes_in_overlapping_windows(axes):
    x = (images(2, *[4] * axes) > 0.5).float()
    pool, width = getattr(nn, f"AvgPool{axes}d")(3, stride=1, padding=1), 2 * 4**axes
    _, layers = spiking(lambda net, x: net.fc(net.pool(x).flatten(1)), x, pool=pool, fc=nn.Linear(width, 3))
    windows = {0: 2, 1: 3, 2: 3, 3: 2}
    reach = sum(torch.tensor([windows[i] for i in place[2:]]).prod() for place in x.nonzero().tolist())
    assert layers.acs["fc"] == 3 * int(reach) / SAMPLES


SHAPED = {
    "slices": lambda x: torch.cat([x[:, :1], x[:, 1:]], 1),
    "stack": lambda x: torch.stack([x, x]).unbind()[0],
    "permute": lambda x: x.permute(0, 2, 3, 1).contiguous(),
    "view": lambda x: x.view(len(x), -1).unsqueeze(1).squeeze(1),
    "scaled": lambda x: 0.5 * x / 2,
    "in place": lambda x: x.clone().mul_(2),
    "sum": lambda x: sum([x]),
    "padded": lambda x: F.pad(x, (0, 0, 0, 0)),
    "transposed": lambda x: x.mT,
    "dropout": lambda x: F.dropout(x, 0.5, False),
    "types": lambda x: x.to(torch.float64).float(),
}


@pytest.mark.parametrize("name", SHAPED)
def test_functions_that_move_or_scale_spikes_keep_their_number(name):
    x, layers = spiking(lambda net, x: net.fc(SHAPED[name](x).flatten(1)), fc=nn.Linear(32, 3))
    assert layers.acs.to_dict() == {"fc": 3 * float(x.sum()) / SAMPLES}


def test_batch_normalisation_of_currents_is_free_as_it_is_folded():
    _, layers = spiking(
        lambda net, x: net.fire(net.norm(net.conv(x))), conv=nn.Conv2d(2, 3, 1), norm=nn.BatchNorm2d(3), fire=Fire()
    )
    assert list(layers.index) == ["conv", "fire"]


def test_an_encoder_that_compares_data_makes_spikes_and_the_draw_is_the_same_each_time():
    net = Calls(lambda net, x: net.fc((torch.rand_like(x) < x).float()), fc=nn.Linear(6, 3))
    found = [audited(net, images(6), time="calls", steps=STEPS)[1] for _ in range(2)]
    assert found[0].acs["fc"] == found[1].acs["fc"] > 0
    assert found[0].macs_once["fc"] == 0


def test_an_ann_multiplies_once_and_its_zero_activations_can_be_skipped():
    net, x = seeded(nn.Sequential, nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3)), images(6)
    found, layers = audited(net, x)
    nonzero = float((net[0](x) > 0).sum()) / SAMPLES
    assert (found.steps, layers.macs_once["2"], layers.macs_nonzero["2"]) == (1, 24, pytest.approx(3 * nonzero))
    assert layers.acs.sum() == 0


def test_a_layer_that_is_called_once_on_the_image_and_one_used_twice_have_their_sizes():
    def forward(net, x):
        current = net.static(x)
        return sum(net.fires[1](net.shared(net.shared(net.fires[0](current)))) for _ in range(STEPS))

    net = seeded(Calls, forward, static=nn.Linear(6, 6), shared=nn.Linear(6, 6), fires=nn.ModuleList([Fire(), Fire()]))
    _, layers = audited(net, images(6))
    assert layers.dense_macs.to_dict() == {"static": 36, "fires.0": 0, "shared": 72, "fires.1": 0}
    assert (layers.macs_once["static"], layers.macs_every_step["static"]) == (36, STEPS * 36)
    assert layers.macs_once["shared"] == STEPS * 36  # of the second use: what the first sends is no spike


def test_many_batches_count_like_each_sample_alone_and_the_module_is_left_as_it_was(monkeypatch):
    monkeypatch.setattr("snn.audit.modules.BATCH", 4)
    net = seeded(nn.Sequential, nn.Linear(6, 9), Fire(), nn.Dropout(), nn.Linear(9, 4), Fire()).train()
    net[2].eval()
    x = torch.randn(10, 6, generator=torch.Generator().manual_seed(0))
    before = torch.get_rng_state()
    found, layers = audited(net, x, time="calls", steps=STEPS)
    alone = [audited(net, one[None], time="calls", steps=STEPS)[1].acs["3"] for one in x]
    assert layers.acs["3"] == pytest.approx(sum(alone) / 10)
    assert found.samples == 10
    assert [part.training for part in net.modules()] == [True, True, True, False, True, True]
    assert net[1].v is None
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in net.modules())
    assert torch.equal(before, torch.get_rng_state())


class Keeping(nn.Module):
    """Neurons without a reset: a membrane in an attribute, earlier ones in a list, a count in a buffer."""

    def __init__(self):
        super().__init__()
        self.membrane, self.earlier = None, []
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        self.calls += 1
        self.membrane = (0 if self.membrane is None else 0.5 * self.membrane) + x
        self.earlier.append(self.membrane)
        fired = (self.membrane >= 1).to(x)
        self.membrane = self.membrane - fired
        return fired


def test_states_that_a_module_keeps_in_attributes_do_not_reach_the_next_batch_nor_the_caller():
    x = 3 * torch.rand(2 * modules.BATCH, 6, generator=torch.Generator().manual_seed(0))
    net = seeded(lambda: nn.Sequential(nn.Linear(6, 5), Keeping(), nn.Linear(5, 3), Keeping()))
    options = {"time": "calls", "steps": 3, "neurons": (Keeping,)}
    whole, again, *halves = (
        snn.audit.audit(net, part, **options).layers.spikes for part in (x, x, x[: modules.BATCH], x[modules.BATCH :])
    )
    assert whole.equals(again)
    assert whole.sum() == pytest.approx(sum(half.sum() for half in halves) / 2)
    assert net[1].membrane is None
    assert net[1].earlier == []
    assert net[1].calls == 0


def test_accuracy_is_that_of_the_spikes_summed_over_steps():
    net, x = seeded(Written), images(2, 7, 7)
    y = net(x).argmax(1)
    for fire in net.fires:
        fire.reset()
    assert snn.audit.audit(net, x, y, neurons=(Fire,)).accuracy == 1
    assert snn.audit.audit(net, x, (y + 1) % 5, neurons=(Fire,)).accuracy == 0
    wrong = snn.audit.audit(net, x, y, neurons=(Fire,), scores=lambda out: -out)
    assert wrong.accuracy < 1


def test_the_text_of_an_audit_holds_its_numbers_and_every_convention():
    found = snn.audit.audit(seeded(Written), images(2, 7, 7), torch.zeros(SAMPLES, dtype=int), neurons=(Fire,))
    for fact in (
        f"{found.layers.macs_once.sum():,}",
        *found.energy.convention,
        "fires.2",
        f"{100 * found.accuracy:.1f} %",
    ):
        assert fact in str(found)


def of(package, name, base=nn.Module):
    """An empty class as a framework would have it."""
    return type(name, (base,), {"__module__": f"{package}.layers", "forward": lambda self, x: x})()


UNREADABLE = {
    "an LSTM": nn.LSTM(6, 6),
    "attention": nn.MultiheadAttention(6, 2),
    "a recurrent layer of snnTorch": of(
        "snntorch", "RLeaky", type("SpikingNeuron", (nn.Module,), {"__module__": "snntorch"})
    ),
    "a recurrent layer of norse": of(
        "norse", "LIFRecurrent", type("SNNRecurrent", (nn.Module,), {"__module__": "norse"})
    ),
    "an unknown neuron of SpikingJelly": of(
        "spikingjelly", "Odd", type("MemoryModule", (nn.Module,), {"__module__": "spikingjelly"})
    ),
    "a recurrent layer of sinabs": of(
        "sinabs", "LIFRecurrent", type("StatefulLayer", (nn.Module,), {"__module__": "sinabs"})
    ),
    "compiled code": of("torch", "OptimizedModule"),
}


def test_all_layers_that_cannot_be_read_are_listed_at_once_with_their_classes():
    parts = {f"part{i}": part for i, part in enumerate(UNREADABLE.values())}
    net = Calls(lambda net, x: x, fine=nn.Linear(6, 6), **parts)
    with refused("Calls", *(f"{path} ({type(part).__name__}" for path, part in parts.items())) as refusal:
        snn.audit.audit(net, images(6))
    assert "fine" not in str(refusal.value)


@pytest.mark.parametrize("package", SPIKING)
def test_a_class_derived_from_a_known_neuron_is_known(package):
    known = type(sorted(SPIKING[package])[0], (nn.Module,), {"__module__": package})
    derived = type(
        "Mine", (known,), {"__module__": "mine", "step_mode": "s", "forward": lambda self, x: (x > 0).float()}
    )
    x = images(6)[:, None] if package == "sinabs" else images(6)
    _, layers = audited(
        nn.Sequential(nn.Linear(6, 6), derived()), x, time="second" if package == "sinabs" else "inside"
    )
    assert layers.neuron_updates["1"] == 6


REFUSED = {
    "a product of weights that are no layer": (lambda net, x: net.fc(x) @ net.fc.weight, "matmul"),
    "a product of two signals": (lambda net, x: net.fc(x) * net.fc(x), "mul"),
    "neurons written in forward()": (lambda net, x: (net.fc(x) > 1).float(), "gt"),
    "an unknown function": (lambda net, x: torch.fft.fft(net.fc(x)).real, "fft"),
    "spikes that are changed place by place": (
        lambda net, x: net.fc(net.fire(net.fc(x)) * torch.arange(6.0)),
        "linear",
    ),
    "spikes that are subtracted": (lambda net, x: net.fc(1 - net.fire(net.fc(x))), "linear"),
    "normalised spikes": (lambda net, x: net.fc(net.norm(net.fire(net.fc(x)))), "linear"),
    "spikes that are written into": (lambda net, x: net.fc(written(net.fire(net.fc(x)))), "linear"),
    "spikes that are changed through a view": (lambda net, x: net.fc(viewed(net.fire(net.fc(x)))), "linear"),
    "an input from elsewhere": (lambda net, x: net.fc(torch.ones(len(x), 6)), "linear"),
    "an input from elsewhere beside another": (lambda net, x: net.fc(x) + net.fc(torch.ones(len(x), 6)), "linear"),
    "a detour through NumPy": (lambda net, x: net.fc(torch.from_numpy(net.fc(x).numpy())), "linear"),
    "active dropout": (lambda net, x: F.dropout(net.fc(x)), "dropout"),
    "statistics of the batch": (lambda net, x: F.batch_norm(net.fc(x), None, None, training=True), "batch_norm"),
    "layer normalisation": (lambda net, x: F.layer_norm(net.fc(x), (6,)), "layer_norm"),
    "smooth neurons": (lambda net, x: net.smooth(net.fc(x)), "Smooth"),
}


def written(x):
    x[0] = 1
    return x


def viewed(x):
    x.view(-1).mul_(2)
    return x


class Smooth(nn.Sigmoid):
    """Neurons that send numbers."""


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_counted_is_refused_where_it_is_called(name):
    forward, word = REFUSED[name]
    net = Calls(forward, fc=nn.Linear(6, 6), norm=nn.BatchNorm1d(6), fire=Fire(), smooth=Smooth())
    with pytest.raises(InputError) as refusal:
        snn.audit.audit(net, images(6), neurons=(Fire, Smooth))
    assert refusal.value.where.startswith("Calls")
    assert word in str(refusal.value)


def test_weights_that_no_function_uses_are_listed():
    class Hidden(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, weight):
            return torch.from_numpy(x.numpy() @ weight.numpy())

    net = Calls(
        lambda net, x: net.fc(x) + Hidden.apply(x, net.other.weight.detach().clone()),
        fc=nn.Linear(6, 6),
        other=nn.Linear(6, 6),
        more=nn.Linear(2, 2),
    )
    with refused("Calls", "more.weight"):
        snn.audit.audit(net, images(6))


def test_a_wrong_way_to_take_time_is_named():
    class Cell(type("SNNCell", (nn.Module,), {"__module__": "norse"})):
        __module__ = "norse"

        def forward(self, x):
            return (x > 0).float()

    Cell.__name__ = "LIFCell"
    net = nn.Sequential(nn.Linear(6, 6), Cell())
    with refused("Sequential", "1 took 1", "4 steps"):
        snn.audit.audit(net, images(6), time="first", steps=STEPS)
    with refused("Sequential", "time='second'"):
        snn.audit.audit(net, images(7), time="second", steps=STEPS)


@pytest.mark.parametrize("time", ["first", "flat", "calls"])
def test_samples_that_are_taken_for_frames_are_answered_with_the_missing_steps(time):
    net, x = nn.Sequential(nn.Conv2d(3, 2, 3), nn.Flatten(0)), torch.rand(4, 3, 6, 6)
    with refused("Sequential", "3 frames (4, 6, 6)", "give steps="):
        snn.audit.audit(net, x, time=time)
    assert snn.audit.audit(net, x, time="calls", steps=2).steps == 2


WRONG = {
    "x": {"x": torch.full((3, 6), torch.nan)},
    "y": {"y": torch.zeros(2, dtype=int)},
    "time": {"time": "third"},
    "steps": {"steps": 0},
}


@pytest.mark.parametrize("where", WRONG)
def test_a_wrong_argument_is_named(where):
    arguments = {"x": images(6), "y": None, **WRONG[where]}
    with refused(where):
        snn.audit.audit(nn.Linear(6, 6), **arguments)
    with refused("x"):
        snn.audit.audit(nn.Linear(6, 6), images(6), spikes=True)


def test_arrays_of_numpy_are_samples_and_classes_as_tensors_are():
    x, y = torch.rand(SAMPLES, 2, 5, 5), torch.tensor([0, 1, 4])
    net = nn.Sequential(nn.Conv2d(2, 4, 3), Fire(), nn.Flatten(), nn.Linear(36, 5))
    known = snn.audit.audit(net, x, y, neurons=[Fire])
    for kind in (">f8", "f4"):
        found = snn.audit.audit(net, x.numpy().astype(kind), y.numpy().astype("u1"), neurons=[Fire])
        assert found.layers.equals(known.layers)
        assert found.accuracy == known.accuracy


@pytest.mark.parametrize("x", [[[1.0, 2.0]], np.array([["a"]]), np.ones((2, 3), np.uint8), None], ids=repr)
def test_what_are_no_samples_is_refused_by_its_name(x):
    with refused("x"):
        snn.audit.audit(nn.Linear(3, 2), x)
    with refused("y"):
        snn.audit.audit(nn.Linear(3, 2), torch.rand(1, 3), [1])
