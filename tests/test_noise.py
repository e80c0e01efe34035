"""Device mismatch: permanent, drawn by name, and calibrated without being seen."""

import math

import numpy as np
import pytest
import torch

from snn import data, hardware, kinds, local, params
from snn.network import Network
from snn.neuron import fire
from snn.noise import draw, mismatch
from snn.spec import Architecture, AvgPool, Conv, Linear, MaxPool, Neuron, Readout

T, K, SHAPE = 4, 3, (1, 8, 8)
LIF = Neuron(decay=0.8, threshold=0.6, reset="zero", fires="above", surrogate="rectangle", width=0.4, height=1.0)
IF = LIF.model_copy(update={"decay": 1.0, "reset": "subtract"})
EVERYTHING = mismatch.Options(disturbs=("weight", "bias", "tau", "threshold"))
LAYERS = (Conv(conv=4), AvgPool(avg_pool=2), Conv(conv=6), MaxPool(max_pool=2), Linear(linear=12))


def build(activation=LIF, voters=None):
    torch.manual_seed(0)
    readout = Readout(kind="votes" if voters else "current", voters=voters or 1)
    fixed = {"input_shape": SHAPE, "outputs": K, "layers": LAYERS, "steps": T, "norm": None, "readout": readout}
    net = Network(Architecture(**fixed, activation=activation)).requires_grad_(False).eval()
    for layer in net.layers:
        if layer.programmable:
            layer.op.weight *= 3
    return net


def made(clean, level, chip=0, options=EVERYTHING):
    return hardware.manufacture(clean, mismatch, options, level, chip)


def images(batch=8):
    return torch.randn(batch, *SHAPE, generator=torch.Generator().manual_seed(0))


def programmable(net):
    return [layer for layer in net.layers if layer.programmable]


def effective(chip):
    """What the hardware works with, layer by layer: {parameter: values}."""
    return [{name: getattr(layer.op, name).detach() for name in ("weight", "bias")} for layer in programmable(chip)]


def relative(chip, clean, level):
    """The normal numbers behind the effective weights and biases."""
    pairs = zip(effective(chip), effective(clean), strict=True)
    return torch.cat([((one[name] / other[name] - 1) / level).flatten() for one, other in pairs for name in one])


def test_a_draw_has_these_numbers_on_every_machine():
    assert draw(0, 0, "weight", (3,)).tolist() == pytest.approx(
        [-1.390666205594342, 1.5733774622540326, 0.7359270845889908], rel=1e-15
    )
    assert draw(3, 2, "tau", (2, 2)).ravel().tolist() == pytest.approx(
        [0.9739546527047955, -0.37302238282256595, -0.47109930404140793, 1.6456953283563784], rel=1e-15
    )


def test_a_draw_does_not_hang_on_what_was_drawn_before():
    np.random.seed(0)
    torch.manual_seed(0)
    first = draw(1, 2, "bias", (5,))
    draw(1, 3, "bias", (50,))
    assert (draw(1, 2, "bias", (5,)) == first).all()


def test_draws_are_standard_normal():
    N = 200_000
    e = draw(0, 0, "weight", (N,))
    assert abs(e.mean()) < 4 / math.sqrt(N)
    assert abs(e.var() - 1) < 4 * math.sqrt(2 / N)
    assert abs((e**3).mean()) < 4 * math.sqrt(15 / N)
    assert abs((e**4).mean() - 3) < 4 * math.sqrt(96 / N)


@pytest.mark.parametrize("other", [(1, 0, "weight"), (0, 1, "weight"), (0, 0, "bias"), (0, 0, "tau")])
def test_chips_layers_and_parameters_have_nothing_in_common(other):
    N = 50_000
    correlation = np.corrcoef(draw(0, 0, "weight", (N,)), draw(*other, (N,)))[0, 1]
    assert abs(correlation) < 4 / math.sqrt(N)


@pytest.mark.parametrize("level", [0.05, 0.3])
def test_effective_values_deviate_by_the_level(level):
    clean = build()
    e = torch.cat([relative(made(clean, level, chip), clean, level) for chip in range(8)]).double()
    assert e.mean().abs() < 4 / math.sqrt(len(e))
    assert (e.var() - 1).abs() < 4 * math.sqrt(2 / len(e))


def test_a_chip_at_two_levels_is_the_same_chip():
    clean = build()
    low, high = (relative(made(clean, level, chip=5), clean, level) for level in (0.1, 0.4))
    torch.testing.assert_close(low, high, rtol=1e-3, atol=1e-4)
    assert (low - relative(made(clean, 0.1, chip=6), clean, 0.1)).abs().max() > 0.1


def test_a_chip_is_made_the_same_twice():
    clean = build()
    assert torch.equal(relative(made(clean, 0.2), clean, 0.2), relative(made(clean, 0.2), clean, 0.2))


@pytest.mark.parametrize("activation", [LIF, IF], ids=["leaky", "not leaky"])
def test_without_mismatch_a_chip_is_its_clean_network(activation):
    clean, x_BCHW = build(activation, voters=4), images()
    chip = made(clean, 0.0)
    for one, other in zip(effective(chip), effective(clean), strict=True):
        assert all(torch.equal(one[name], other[name]) for name in one)
    for layer in programmable(chip):
        decay, threshold = (v.mean() if v is not None else None for v in layer.silicon)
        torch.testing.assert_close(threshold, torch.tensor(activation.threshold))
        torch.testing.assert_close(decay, torch.tensor(activation.decay) if activation.decay < 1 else None)
    assert clean.predict(x_BCHW).std() > 0
    torch.testing.assert_close(chip.predict(x_BCHW), clean.predict(x_BCHW))


def test_as_mismatch_vanishes_effective_values_approach_the_programmed_ones_in_proportion():
    clean = build()
    off = [
        max(
            (one[n] - other[n]).abs().max()
            for one, other in zip(effective(made(clean, level)), effective(clean), strict=True)
            for n in one
        )
        for level in (1e-1, 1e-2, 1e-3)
    ]
    assert off[0] / off[1] == pytest.approx(10, rel=1e-2)
    assert off[1] / off[2] == pytest.approx(10, rel=1e-2)
    decays = [(made(clean, level).layers[0].silicon.decay_N - LIF.decay).abs().max() for level in (1e-2, 1e-3)]
    assert decays[0] / decays[1] == pytest.approx(10, rel=0.1)


def test_manufacture_leaves_what_is_programmed_and_the_clean_network_as_they_were():
    clean = build()
    before = {name: tensor.clone() for name, tensor in clean.state_dict().items()}
    chip = made(clean, 0.3)
    assert all(torch.equal(tensor, before[name]) for name, tensor in clean.state_dict().items())
    assert all(layer.silicon is None for layer in clean.layers)
    for layer, source in zip(programmable(chip), programmable(clean), strict=True):
        for name in ("weight", "bias"):
            programmed = layer.op.parametrizations[name].original
            assert torch.equal(programmed, getattr(source.op, name))
            assert programmed.data_ptr() != getattr(source.op, name).data_ptr()
            assert not torch.allclose(getattr(layer.op, name), programmed)
            assert programmed.requires_grad
    originals = {id(layer.op.parametrizations[n].original) for layer in programmable(chip) for n in ("weight", "bias")}
    assert {id(parameter) for parameter in chip.parameters()} == originals
    assert chip.state_dict().keys() == {name for name, _ in chip.named_parameters()}


@pytest.mark.parametrize("kind", ["weight", "bias", "tau", "threshold"])
def test_only_what_is_named_is_disturbed(kind):
    clean = build()
    chip = made(clean, 0.3, options=mismatch.Options(disturbs=(kind,)))
    one, other = effective(chip)[0], effective(clean)[0]
    disturbed = {name for name in one if not torch.equal(one[name], other[name])}
    decay, threshold = chip.layers[0].silicon
    disturbed |= ({"tau"} if decay is not None else set()) | ({"threshold"} if threshold is not None else set())
    assert disturbed == {kind}
    assert not torch.equal(chip.predict(images()), clean.predict(images()))


@pytest.mark.parametrize("voters", [None, 4])
def test_every_neuron_has_its_own_time_constant_and_threshold(voters):
    level, clean = 0.2, build(voters=voters)
    chip = made(clean, level, chip=2)
    for i, layer in enumerate(chip.layers):
        if not layer.fires:
            assert layer.silicon is None
            continue
        tau = abs(1 + level * draw(2, i, "tau", layer.output_shape)) * (-1 / math.log(LIF.decay))
        expected_decay = torch.tensor(np.exp(-1 / tau), dtype=torch.float32)
        expected_threshold = LIF.threshold * (1 + level * draw(2, i, "threshold", layer.output_shape))
        torch.testing.assert_close(layer.silicon.decay_N, expected_decay, rtol=1e-5, atol=1e-7)
        torch.testing.assert_close(layer.silicon.threshold_N, torch.tensor(expected_threshold, dtype=torch.float32))
        assert len(layer.silicon.threshold_N.unique()) == layer.silicon.threshold_N.numel()


def test_neurons_of_a_chip_run_with_their_own_constants():
    chip = made(build(), 0.4)
    layer, x_TBX = chip.layers[0], chip.encode(images())
    z_TBN = layer.current(x_TBX).detach()
    s_TBN, v_BN = layer(x_TBX)
    for n in [(0, 0, 0), (1, 3, 4), (3, 7, 7)]:
        its = LIF.model_copy(
            update={"decay": layer.silicon.decay_N[n].item(), "threshold": layer.silicon.threshold_N[n].item()}
        )
        s_TB, v_B = fire(z_TBN[(slice(None), slice(None), *n)], its)
        assert torch.equal(s_TBN[(slice(None), slice(None), *n)], s_TB)
        torch.testing.assert_close(v_BN[(slice(None), *n)].detach(), v_B)


@pytest.mark.parametrize("decay", [0.0, 1.0])
def test_neurons_that_do_not_leak_or_do_not_remember_have_no_time_constant(decay):
    activation = LIF.model_copy(update={"decay": decay})
    assert all(layer.silicon.decay_N is None for layer in made(build(activation), 0.3).layers if layer.fires)


# Calibration

SETTINGS = kinds.Calibration(samples=64, epochs=8, batch=16, lr=5e-3, targets="own")


def split(samples=64):
    x_NCHW = torch.randint(17, (samples, *SHAPE), generator=data.generator("test_noise"), dtype=torch.uint8)
    return data.Split(x_NCHW, torch.arange(samples) % K, torch.tensor([8.0]), torch.tensor([5.0]))


def distance(chip, clean, x_BCHW):
    """Mean squared difference of the firing rates of hidden layers."""
    pairs = zip(local.own_rates(chip, x_BCHW)[0], local.own_rates(clean, x_BCHW)[0], strict=True)
    return sum(float(((one - other) ** 2).mean()) for one, other in pairs)


@pytest.mark.parametrize("by_teacher", [False, True], ids=["own", "teacher"])
def test_calibration_lowers_its_loss_and_never_touches_what_the_hardware_does(by_teacher):
    clean, samples = build(), split()
    teacher = build(params.load("methods", "ann").options.activation) if by_teacher else None
    chip = made(clean, 0.3)
    kept = {name: tensor.clone() for name, tensor in chip.named_buffers()}
    constants = [tuple(v.clone() for v in layer.silicon) for layer in chip.layers if layer.silicon]
    programmed = {name: tensor.clone() for name, tensor in chip.state_dict().items()}
    reference = hardware.Reference(clean, teacher, percentile=99.0)
    clean_before = {name: tensor.clone() for name, tensor in clean.state_dict().items()}
    before = distance(chip, clean, samples.shown(samples.x_NX))
    losses = list(hardware.calibrate(chip, reference, samples, SETTINGS, data.generator("calibration")))

    assert len(losses) == SETTINGS.epochs
    assert losses[-1] < 0.9 * losses[0]
    if not by_teacher:
        assert distance(chip, clean, samples.shown(samples.x_NX)) < 0.9 * before
    assert len(kept) == 2 * len(programmable(clean))
    assert all(torch.equal(tensor, kept[name]) for name, tensor in chip.named_buffers())
    found = [layer.silicon for layer in chip.layers if layer.silicon]
    assert all(
        torch.equal(v, w) for one, other in zip(found, constants, strict=True) for v, w in zip(one, other, strict=True)
    )
    assert all(torch.equal(tensor, clean_before[name]) for name, tensor in clean.state_dict().items())
    assert not any(torch.equal(tensor, programmed[name]) for name, tensor in chip.state_dict().items())


def test_a_chip_programmed_with_what_calibration_found_is_the_calibrated_chip():
    clean, x_BCHW = build(), images()
    chip = made(clean, 0.25, chip=1)
    list(hardware.calibrate(chip, hardware.Reference(clean, None, 100.0), split(), SETTINGS, data.generator("again")))
    tensors = {f"{hardware.key(0.25, 1)}/{name}": tensor for name, tensor in chip.state_dict().items()}
    tensors |= {f"{hardware.key(0.25, 10)}/{name}": 0 * tensor for name, tensor in chip.state_dict().items()}
    fresh = made(clean, 0.25, chip=1)
    assert not torch.equal(fresh.predict(x_BCHW), chip.predict(x_BCHW))
    hardware.program(fresh, tensors, 0.25, 1)
    assert torch.equal(fresh.predict(x_BCHW), chip.predict(x_BCHW))
