"""Validation and test are one measure, which is what counting sample by sample gives, however scores are made."""

import dataclasses

import pytest
import torch

from snn.core import seeds
from snn.data.samples import Split
from snn.energy.counter import Counter
from snn.evaluation.evaluate import measure
from snn.model.network import Network
from snn.model.spec import Architecture, AvgPool, Conv, Linear, Neuron, Readout
from snn.training.validation import Rates, score

LIF = Neuron(decay=0.8, threshold=0.3, reset="zero", fires="above", surrogate="rectangle", width=0.4, height=1.0)
LAYERS = (Conv(conv=4), AvgPool(avg_pool=2), Conv(conv=6, stride=2), Linear(linear=12))
SHAPE, N, T = (1, 8, 8), 300, 4  # three batches, the last of them smaller


def net(outputs: int, kind="current") -> Network:
    torch.manual_seed(0)
    fixed = {"input_shape": SHAPE, "outputs": outputs, "layers": LAYERS, "norm": None, "readout": Readout(kind=kind)}
    return Network(Architecture(**fixed, steps=T, activation=LIF)).requires_grad_(False).eval()


def split(task: str) -> Split:
    x_NCHW = torch.randint(17, (N, *SHAPE), generator=seeds.generator("validation"), dtype=torch.uint8)
    own = Split(x_NCHW, torch.arange(N) % 3, torch.tensor([8.0]), torch.tensor([5.0]), white=16)
    return dataclasses.replace(own, task=task)


@pytest.mark.parametrize("kind", ["current", "votes", "current_and_spikes"])
@pytest.mark.parametrize("task", ["classification", "reconstruction"])
def test_it_is_the_same_to_the_bit_whatever_is_counted_on_the_way(task, kind):
    network, samples = net(3 if task == "classification" else 64, kind), split(task)
    plain = score(network.predict, samples)
    assert score(Rates(network).scores, samples) == plain
    assert score(Counter(network).scores, samples) == plain
    assert measure(network, samples)[0] == plain


def test_of_classes_it_is_the_accuracy_with_the_standard_error_of_a_share():
    network, samples = net(3), split("classification")
    right_N = network.predict(samples.shown(samples.x_NX)).argmax(1) == samples.y_N
    found = score(network.predict, samples)
    share = int(right_N.sum()) / N
    assert 0 < share < 1
    assert found.value == share
    assert found.sampling_error == pytest.approx((share * (1 - share) / N) ** 0.5)


def test_of_numbers_it_is_the_mean_squared_error_which_is_the_loss_too():
    network, samples = net(64), split("reconstruction")
    x_NCHW = samples.shown(samples.x_NX)
    error_N = ((network.predict(x_NCHW) - samples.x_NX.flatten(1) / 16).double() ** 2).mean(1)
    found = score(network.predict, samples)
    assert found.value == pytest.approx(float(error_N.mean()))
    assert found.loss == pytest.approx(found.value)
    assert found.sampling_error == pytest.approx(float(error_N.std(correction=0)) / N**0.5)


def test_rates_are_the_spikes_that_are_counted_per_neuron_and_step():
    network, samples = net(3), split("classification")
    rates, counter = Rates(network), Counter(network)
    for shown in (rates, counter):
        score(shown.scores, samples)
    expected = {
        i: work.spikes / work.neuron_updates
        for i, (layer, work) in enumerate(zip(network.layers, counter.operations(), strict=True), start=1)
        if layer.fires and layer is not network.layers[-1]
    }
    assert list(expected) == [1, 3, 4]
    assert rates.by_layer() == pytest.approx(expected)
