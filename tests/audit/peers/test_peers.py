"""Audits of networks of snnTorch, norse, SpikingJelly and sinabs, by make peers-test: counts equal those by hand.

Skipped where a framework is missing. Each network is run a second time in a loop of the test, which keeps its spikes.
"""

import re
from importlib.metadata import version

import nir
import pytest
import torch
from torch import nn

import snn.audit
from snn.audit import inputs
from snn.audit.frameworks import INTEGRATING, SPIKING, TESTED
from snn.audit.requests import EXPORTERS
from snn.core.errors import InputError
from snn.core.paths import ROOT
from snn.energy.counter import Counter, total
from tests.audit import by_hand

snntorch = pytest.importorskip("snntorch")
norse = pytest.importorskip("norse.torch")
spikingjelly = pytest.importorskip("spikingjelly.activation_based")
sinabs = pytest.importorskip("sinabs")

from snntorch.export_nir import export_to_nir  # noqa: E402
from spikingjelly.activation_based import functional, layer, neuron, nir_exchange  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")
SAMPLES, STEPS = 3, 5


def images(*shape):
    return 4 * torch.rand(SAMPLES, *shape, generator=torch.Generator().manual_seed(0))


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(3)


def layers(net, x, **options):
    found = snn.audit.audit(net, x, **options)
    assert (found.steps, found.samples) == (STEPS, SAMPLES)
    return found.layers.set_index("layer")


def assert_like_hand(found, synapses, fired):
    """`synapses`: by name, the layer, its events (a map per sample and step; None for an image) and its input shape.
    `fired`: the spikes of neurons by name.
    """
    for name, (module, events, shape) in synapses.items():
        assert found.dense_macs[name] == by_hand.synapses(module, shape)
        assert found.macs_once[name] == (found.dense_macs[name] if events is None else 0)
        assert found.macs_every_step[name] == STEPS * found.macs_once[name]
        assert found.acs[name] == (0 if events is None else by_hand.reached(module, events) / SAMPLES)
        assert (found.acs[name] > 0) == (events is not None)
    for name, spikes in fired.items():
        assert found.spikes[name] == float(sum(one.sum() for one in spikes)) / SAMPLES > 0
        assert found.neuron_updates[name] == STEPS * spikes[0].numel()
    assert found.acs.sum() == found.acs[list(synapses)].sum()


class SnnTorchConv(nn.Module):
    """A network as the tutorials of snnTorch write it."""

    def __init__(self, reset):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 4, 3, stride=2, padding=1), nn.Conv2d(4, 6, 3, padding=1)
        self.norm, self.pool, self.fc = nn.BatchNorm2d(6), nn.AvgPool2d(2), nn.Linear(6 * 2 * 2, 5)
        self.lif1, self.lif2, self.lif3 = (snntorch.Leaky(0.9, reset_mechanism=reset) for _ in range(3))
        self.kept = [], [], []
        with torch.no_grad():
            self.conv2.weight.mul_(8)
            self.fc.weight.mul_(30)

    def forward(self, x):
        mem1, mem2, mem3 = self.lif1.init_leaky(), self.lif2.init_leaky(), self.lif3.init_leaky()
        recorded = []
        for _ in range(STEPS):
            spk1, mem1 = self.lif1(self.conv1(x), mem1)
            spk2, mem2 = self.lif2(self.norm(self.conv2(spk1)), mem2)
            spk3, mem3 = self.lif3(self.fc(self.pool(spk2).flatten(1)), mem3)
            recorded.append(spk3)
            for kept, spikes in zip(self.kept, (spk1, spk2, spk3), strict=True):
                kept.extend(spikes)
        return torch.stack(recorded), mem3


@pytest.mark.parametrize("reset", ["zero", "subtract", "none"])
def test_a_convolutional_network_of_snntorch_counts_as_by_hand(reset):
    net, x = SnnTorchConv(reset).eval(), images(1, 8, 8)
    found = layers(net, x, y=torch.zeros(SAMPLES, dtype=int))
    for kept in net.kept:
        kept.clear()
    net(x)
    one, two, three = net.kept
    pooled = [4 * net.pool(spikes[None])[0] for spikes in two]
    synapses = {
        "conv1": (net.conv1, None, (1, 8, 8)),
        "conv2": (net.conv2, one, (4, 4, 4)),
        "fc": (net.fc, pooled, (24,)),
    }
    assert_like_hand(found, synapses, {"lif1": one, "lif2": two, "lif3": three})
    assert found.acs["fc"] == by_hand.reached_behind(net.pool, net.fc, two) / SAMPLES


def test_a_sequential_mlp_of_snntorch_that_is_called_once_per_step_counts_as_by_hand():
    hidden = snntorch.Leaky(0.8, init_hidden=True)
    last = snntorch.Leaky(0.8, init_hidden=True, output=True)
    net = nn.Sequential(nn.Flatten(), nn.Linear(16, 12), hidden, nn.Linear(12, 5), last)
    x = images(1, 4, 4)
    found = layers(net, x, time="calls", steps=STEPS)
    first, second = [], []
    for _ in range(STEPS):
        first.extend(hidden(net[1](x.flatten(1))))
        second.extend(last(net[3](torch.stack(first[-SAMPLES:])))[0])
    synapses = {"1": (net[1], None, (16,)), "3": (net[3], first, (12,))}
    assert_like_hand(found, synapses, {"2": first, "4": second})


def test_graded_spikes_of_snntorch_count_as_spikes():
    lif = snntorch.Leaky(0.8, init_hidden=True, graded_spikes_factor=0.3)
    found = layers(nn.Sequential(nn.Linear(6, 6), lif, nn.Linear(6, 3)), images(6), time="calls", steps=STEPS)
    assert found.acs["2"] == 3 * found.spikes["1"] > 0
    assert (3 * found.spikes["1"]).is_integer()


@pytest.mark.parametrize("lifted", [False, True])
def test_a_network_of_norse_counts_as_by_hand(lifted):
    conv, fc, p = nn.Conv2d(2, 4, 3, stride=2), nn.Linear(36, 5), norse.LIFParameters(v_th=torch.as_tensor(0.1))
    x = 10 * images(2, 8, 8)
    cell, read = norse.LIFCell(p), norse.LICell()
    if lifted:
        net = norse.SequentialState(norse.Lift(conv), norse.LIF(p), nn.Flatten(2), norse.Lift(fc), norse.LI())
        names = {"conv": "0.lifted_module", "fc": "3.lifted_module"}
    else:
        net = norse.SequentialState(conv, cell, nn.Flatten(1), fc, read)
        names = {"conv": "0", "fc": "3"}
    found = layers(net, x, time="first" if lifted else "calls", steps=STEPS)
    fired, state = [], None
    for _ in range(STEPS):
        spikes, state = cell(conv(x), state)
        fired.extend(spikes)
    synapses = {names["conv"]: (conv, None, (2, 8, 8)), names["fc"]: (fc, [one.flatten() for one in fired], (36,))}
    assert_like_hand(found, synapses, {"1": fired})
    assert (found.neuron_updates["4"], found.spikes["4"]) == (5 * STEPS, 0)


@pytest.mark.parametrize("mode", ["s", "m"])
@pytest.mark.parametrize("v_reset", [0.0, None])
def test_a_network_of_spikingjelly_counts_as_by_hand(mode, v_reset):
    lif, last = neuron.LIFNode(v_reset=v_reset), neuron.IFNode(v_reset=v_reset)
    conv, fc, pool = layer.Conv2d(1, 4, 3, padding=1, bias=False), layer.Linear(16, 5), layer.AvgPool2d(4)
    net = nn.Sequential(conv, layer.BatchNorm2d(4), lif, pool, layer.Flatten(), fc, last)
    with torch.no_grad():
        fc.weight.mul_(8)
    functional.set_step_mode(net, mode)
    x = images(1, 8, 8)
    found = layers(net, x, time="first" if mode == "m" else "calls", steps=STEPS)
    functional.set_step_mode(net, "s")
    functional.reset_net(net)
    net.eval()
    fired, out = [], []
    for _ in range(STEPS):
        fired.extend(net[:3](x))
        out.extend(net[3:](torch.stack(fired[-SAMPLES:])))
    pooled = [16 * pool(spikes[None])[0].flatten() for spikes in fired]
    synapses = {"0": (conv, None, (1, 8, 8)), "5": (fc, pooled, (16,))}
    assert_like_hand(found, synapses, {"2": fired, "6": out})


def test_a_network_of_spikingjelly_in_the_wrong_step_mode_is_refused():
    net = nn.Sequential(layer.Linear(6, 6), neuron.LIFNode())
    with pytest.raises(InputError, match="step_mode"):
        snn.audit.audit(net, images(6), time="first", steps=STEPS)


def test_a_residual_block_of_spikingjelly_adds_events():
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second, self.fc = layer.Linear(6, 6), layer.Linear(6, 6), layer.Linear(6, 3)
            self.fire1, self.fire2 = neuron.IFNode(), neuron.IFNode()

        def forward(self, x):
            spikes = self.fire1(self.first(x))
            return self.fc(spikes + self.fire2(self.second(spikes)))

    found = layers(Block(), 3 * images(6), time="calls", steps=STEPS)
    assert found.acs["fc"] == 3 * round(SAMPLES * (found.spikes["fire1"] + found.spikes["fire2"])) / SAMPLES > 0


@pytest.mark.parametrize("squeezed", [True, False])
def test_a_network_of_sinabs_counts_every_spike_of_several_at_once(squeezed):
    layers_of = sinabs.layers
    conv, fc, pool = nn.Conv2d(1, 4, 3, padding=1), nn.Linear(64, 5), layers_of.SumPool2d(2)
    x = 4 * images(1, 8, 8)
    if squeezed:
        fires = [layers_of.IAFSqueeze(num_timesteps=STEPS) for _ in range(2)]
        net = nn.Sequential(conv, fires[0], pool, nn.Flatten(), fc, fires[1])
        names = ["0", "4"]
    else:
        fires, repeat = [layers_of.IAF() for _ in range(2)], layers_of.Repeat
        net = nn.Sequential(repeat(conv), fires[0], repeat(pool), nn.Flatten(2), repeat(fc), fires[1])
        names = ["0.module", "4.module"]
    found = layers(net, x, time="flat" if squeezed else "second", steps=STEPS)
    lone = [layers_of.IAF(), layers_of.IAF()]
    fired = lone[0](conv(x)[:, None].repeat(1, STEPS, 1, 1, 1)).flatten(0, 1)
    pooled = pool(fired).flatten(1)
    out = lone[1](fc(pooled).unflatten(0, (SAMPLES, STEPS))).flatten(0, 1)
    assert fired.max() > 1
    synapses = {names[0]: (conv, None, (1, 8, 8)), names[1]: (fc, list(pooled.round()), (64,))}
    assert_like_hand(found, synapses, {"1": list(fired), "5": list(out)})


ARGUMENTS = {
    "snntorch": {"Alpha": (0.9, 0.8), "Synaptic": (0.9, 0.8), "Leaky": (0.9,), "Lapicque": (0.9,)},
    "norse": {"Izhikevich": (norse.tonic_spiking,), "IzhikevichCell": (norse.tonic_spiking,)},
    "spikingjelly": {"SimpleLIFNode": (2.0, False)},
    "sinabs": {"LIF": (5.0,), "ALIF": (5.0, 5.0), "ExpLeak": (5.0,)},
}
HOME = {"snntorch": snntorch, "norse": norse, "spikingjelly": neuron, "sinabs": sinabs.layers}


def made(package, name):
    options = {"snntorch": {"init_hidden": True}}.get(package, {})
    if name.endswith("Squeeze"):
        options = {"num_timesteps": STEPS} | ({} if name.startswith("IAF") else {"tau_mem": 5.0})
    return getattr(HOME[package], name)(*ARGUMENTS[package].get(name, ()), **options)


def fed(package, name):
    """How a class takes time."""
    if package == "norse":
        return "calls" if name.endswith("Cell") else "first"
    if package == "sinabs":
        return "flat" if name.endswith("Squeeze") else "second"
    return "calls"


EVERY = [(package, name) for kinds in (SPIKING, INTEGRATING) for package in kinds for name in sorted(kinds[package])]


@pytest.mark.parametrize(("package", "name"), EVERY)
def test_every_known_neuron_runs_and_costs_one_update_per_step(package, name):
    module = made(package, name)
    chain = norse.SequentialState if package == "norse" else nn.Sequential
    net = chain(nn.Linear(6, 7), module, nn.Linear(7, 3))
    found = layers(net, 3 * images(6), time=fed(package, name), steps=STEPS)
    assert found.neuron_updates["1"] == 7 * STEPS
    spiking = name in SPIKING[package]
    assert found.macs_once["2"] == (0 if spiking else 21 * STEPS)
    assert found.acs["2"] == pytest.approx(3 * found.spikes["1"])


@pytest.mark.parametrize(
    "module",
    [
        snntorch.RLeaky(0.9, linear_features=6),
        snntorch.SLSTM(6, 6),
        norse.LIFRecurrentCell(6, 6),
        norse.LSNNRecurrent(6, 6),
        layer.LinearRecurrentContainer(neuron.IFNode(), 6, 6),
        layer.SynapseFilter(),
        layer.NeuNorm(6, 2, 2),
        neuron.PSN(STEPS),
        neuron.NonSpikingLIFNode(2.0),
        sinabs.layers.LIFRecurrent(5.0, rec_connect=nn.Linear(6, 6)),
    ],
    ids=lambda module: type(module).__name__,
)
def test_layers_with_other_states_are_refused_by_name(module):
    with pytest.raises(InputError, match=re.escape(f"1 ({type(module).__name__}: ")):
        snn.audit.audit(nn.Sequential(nn.Linear(6, 6), module), images(6))


def snntorch_file(path):
    def leaky(*shape, output=False):
        options = {"threshold": torch.ones(shape), "reset_mechanism": "zero", "init_hidden": True, "output": output}
        return snntorch.Leaky(torch.full(shape, 0.9), **options)

    net = nn.Sequential(nn.Conv2d(1, 4, 3), leaky(4, 6, 6), nn.Flatten(), nn.Linear(144, 5), leaky(5, output=True))
    nir.write(path, export_to_nir(net, images(1, 8, 8)[:1], ignore_dims=[0]))
    return net, 1e-4


def spikingjelly_file(path):
    fires = [neuron.LIFNode(v_reset=0.0, decay_input=False), neuron.IFNode(v_reset=0.0)]
    net = nn.Sequential(layer.Conv2d(1, 4, 3), fires[0], layer.Flatten(), layer.Linear(144, 5), fires[1])
    nir_exchange.export_to_nir(net, images(1, 8, 8)[:1], path)
    return net, 1e-4


def norse_file(path):
    def boxes(*shape):
        constants = {"tau_mem_inv": 100.0, "v_th": 0.05, "v_leak": 0.0}
        return norse.LIFBoxCell(norse.LIFBoxParameters(**{k: torch.full(shape, v) for k, v in constants.items()}))

    net = norse.SequentialState(nn.Linear(64, 8), boxes(8), nn.Linear(8, 5), boxes(5))
    nir.write(path, norse.to_nir(net, images(64)[0]))
    return net, 1e-6


def counts_of_file(path, x, dt):
    read = inputs.load(path, STEPS, dt)
    counter = Counter(read)
    counter.scores(x)
    work = total(counter.operations())
    return [work.acs, work.macs_once, work.spikes]


@pytest.mark.parametrize(
    ("write", "shape"), [(snntorch_file, (1, 8, 8)), (spikingjelly_file, (1, 8, 8)), (norse_file, (64,))]
)
def test_a_file_that_an_exporter_wrote_has_the_counts_of_its_module(write, shape, tmp_path):
    net, dt = write(tmp_path / "net.nir")
    x = images(*shape)
    found = layers(net, x, time="calls", steps=STEPS)[["acs", "macs_once", "spikes"]].sum()
    assert counts_of_file(tmp_path / "net.nir", x, dt) == pytest.approx(found.tolist(), rel=1e-12)
    assert found.acs > 0


def test_a_file_of_sinabs_loses_its_reset_and_has_other_counts(tmp_path):
    def net(**options):
        torch.manual_seed(3)
        fires = (sinabs.layers.IAFSqueeze(**options) for _ in range(2))
        return nn.Sequential(nn.Linear(64, 8), next(fires), nn.Linear(8, 3), next(fires))

    x = images(64)
    nir.write(tmp_path / "net.nir", sinabs.to_nir(net(batch_size=1), x[:1]))
    found = layers(net(num_timesteps=STEPS), x, time="flat", steps=STEPS)
    assert counts_of_file(tmp_path / "net.nir", x, None)[0] < found.acs.sum()


def test_the_versions_that_are_named_are_those_that_are_tested():
    assert {name: version(name) for name in TESTED} == TESTED
    assert dict(name.split() for name in EXPORTERS).items() <= TESTED.items()


@pytest.mark.parametrize("name", ["snnTorch", "norse", "SpikingJelly", "sinabs"])
def test_the_example_in_the_documentation_runs_and_prints_its_numbers(name, tmp_path, monkeypatch, capsys):
    page = (ROOT / "docs" / "audit.md").read_text()
    (code,) = re.findall(rf"### {name}\n.*?```python\n(.*?)```", page, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(compile(code, name, "exec"), {"__name__": name})  # noqa: S102
    assert "steps of an inference" in capsys.readouterr().out
