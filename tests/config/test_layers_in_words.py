"""The layers of a network in words: equal neighbours once, and the parameters that the network has."""

import pytest

from snn.config import params
from snn.config.layers import described
from snn.model.graph import sizes, with_readout


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "digits_cnn",
            "conv 32, 2 x conv 64 stride 2, linear 128, linear 10 as read-out; 89,930 parameters, input 1x8x8",
        ),
        ("resnet20", "conv 16, 3 x block (conv 16 + conv 16), block (conv 32 stride 2 + conv 32), "),
        ("sew_resnet34", "conv 64 7x7 stride 2, max pool 3, "),
    ],
)
def test_a_network_is_described_by_its_layers(name, words):
    network = params.load("networks", name)
    assert described(network.layers, network.outputs, network.input_shape).startswith(words)


@pytest.mark.parametrize("name", params.names("networks"))
def test_the_parameters_in_words_are_those_of_the_network(name):
    network = params.load("networks", name)
    total = sum(size.parameters for size in sizes(network.input_shape, with_readout(network.layers, network.outputs)))
    assert f"; {total:,} parameters" in described(network.layers, network.outputs, network.input_shape)
