"""Validation and test are one measure, which is what counting sample by sample gives, however scores are made."""

import dataclasses

import pytest
import torch

from snn.data.samples import Samples
from snn.energy.counter import Counter
from snn.evaluation.evaluate import measure
from snn.model.network import Network
from snn.model.spec import Readout
from snn.training.validation import Rates, score
from tests import nets

N = 300  # three batches, the last of them smaller


def net(outputs: int, kind="current") -> Network:
    return nets.deployed(outputs=outputs, readout=Readout(kind=kind))


def split(task: str) -> Samples:
    return dataclasses.replace(nets.split("validation", samples=N), task=task, white=16)


@pytest.mark.parametrize("kind", ["current", "votes", "current_and_spikes"])
@pytest.mark.parametrize("task", ["classification", "reconstruction"])
def test_it_is_the_same_to_the_bit_whatever_is_counted_on_the_way(task, kind):
    network, samples = net(3 if task == "classification" else 64, kind), split(task)
    plain = score(network.predict, samples)
    again = score(Rates(network).scores, samples), score(Counter(network).scores, samples), measure(network, samples)[0]
    for found in again:
        assert found[:-1] == plain[:-1]
        assert torch.equal(found.outcomes_N, plain.outcomes_N)


def test_of_classes_it_is_the_accuracy_with_the_standard_error_of_a_share():
    network, samples = net(3), split("classification")
    right_N = network.predict(samples.shown(samples.x_NX)).argmax(1) == samples.y_N
    found = score(network.predict, samples)
    share = int(right_N.sum()) / N
    assert 0 < share < 1
    assert found.value == share
    assert torch.equal(found.outcomes_N, right_N.double())
    assert found.sampling_error == pytest.approx((share * (1 - share) / N) ** 0.5)


def test_of_numbers_it_is_the_mean_squared_error_which_is_the_loss_too():
    network, samples = net(64), split("reconstruction")
    x_NCHW = samples.shown(samples.x_NX)
    error_N = ((network.predict(x_NCHW) - samples.x_NX.flatten(1) / 16).double() ** 2).mean(1)
    found = score(network.predict, samples)
    assert found.value == pytest.approx(float(error_N.mean()))
    assert found.outcomes_N.numpy(force=True) == pytest.approx(error_N.numpy(force=True))
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
