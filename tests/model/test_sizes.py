"""Sizes of the networks in params/networks: against figures of their sources, and against counting by hand.

Parameters are weights and biases; those of norms and NeuNorm's U are not counted. Multiply-accumulates are of one step,
taps on the padding included.
"""

from itertools import pairwise
from math import prod

import pytest

from snn.config.params import load, names
from snn.model.graph import sizes, wire
from snn.model.spec import Conv, Linear


def measured(name, outputs=None):
    network = load("networks", name)
    readout = Linear(linear=outputs or network.outputs, norm=False)
    return sizes(network.input_shape, wire((*network.layers, readout)))


def conv(inputs, maps, side, kernel=3, bias=True):
    """Parameters and multiply-accumulates of a convolution whose maps are side x side."""
    weights = inputs * maps * kernel**2
    return weights + maps * bias, weights * side**2


def linear(inputs, outputs):
    return inputs * outputs + outputs, inputs * outputs


def linears(*widths):
    return [linear(inputs, outputs) for inputs, outputs in pairwise(widths)]


def stack(maps, sides, widths):
    """3x3 convolutions from maps to maps, each giving maps of its side, then linear layers from width to width."""
    return [conv(*channels, side) for channels, side in zip(pairwise(maps), sides, strict=True)] + linears(*widths)


def residual(inputs, maps, side, blocks):
    """Blocks of two 3x3 convolutions without bias, and a 1x1 one where the number of maps changes."""
    body = [conv(inputs, maps, side, bias=False)] + [conv(maps, maps, side, bias=False)] * (2 * blocks - 1)
    return body + ([conv(inputs, maps, side, 1, bias=False)] if inputs != maps else [])


RESNET34 = [
    conv(3, 64, 112, 7, bias=False),
    *(residual(64, 64, 56, 3) + residual(64, 128, 28, 4) + residual(128, 256, 14, 6) + residual(256, 512, 7, 3)),
    linear(512, 1000),
]
VGG13, VGG13_SIDES = [3, 64, 64, 128, 128, 256, 256, 512, 512, 512, 512], [64, 32, 32, 16, 16, 8, 8, 4, 4, 2]
VGG16 = [3, 64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512]
BY_HAND = {  # the 100 outputs of STBP's networks are its voters
    ("ltl_vgg11", 10): stack(
        [3, 64, 128, 256, 256, 512, 512, 512, 512], [32, 16, 16, 8, 8, 4, 4, 2], [2048, 512, 512, 10]
    ),
    ("ltl_vgg13", 200): stack(VGG13, VGG13_SIDES, [2048, 512, 512, 200]),
    ("ltl_vgg16", 10): stack(VGG16, [32, 32, 32, 16, 16, 16, 8, 8, 8, 4, 4, 4, 2], [2048, 512, 512, 10]),
    ("tandem_cifarnet", 10): stack([3, 128, 256, 512, 1024, 512], [32, 16, 8, 8, 8], [512 * 64, 1024, 10]),
    ("tandem_nmnist", 10): stack([1, 128, 256, 512, 1024, 512], [34, 17, 9, 9, 9], [512 * 81, 1024, 10]),
    ("tandem_alexnet_lif", 10): stack([3, 96, 256, 384, 384, 256], [32, 16, 8, 8, 8], [256 * 64, 1024, 10]),
    ("stbp_cifarnet", 100): stack([3, 128, 256, 512, 1024, 512], [32, 32, 16, 8, 8], [512 * 64, 1024, 512, 100]),
    ("stbp_alexnet", 100): stack([3, 96, 256, 384, 384, 256], [32, 32, 16, 8, 8], [256 * 64, 1024, 1024, 100]),
    ("stbp_cifar_s", 100): stack([3, 128, 256], [32, 16], [256 * 64, 256, 100]),
    ("stbp_cifar_m", 100): stack([3, 128, 256, 512], [32, 16, 16], [512 * 64, 512, 100]),
    ("stbp_dvs", 100): stack([2, 128, 128, 128, 256], [34, 34, 17, 17], [256 * 64, 1024, 100]),
    ("stbp_dvs_s", 100): stack([2, 128, 128], [34, 17], [128 * 64, 512, 100]),
    ("stbp_dvs_m", 100): stack([2, 128, 128, 256], [34, 34, 17], [256 * 64, 1024, 100]),
    ("stbp_dvs_l", 100): stack([2, 128, 128, 384, 384], [34, 34, 17, 17], [384 * 64, 1024, 512, 100]),
    ("vggsnn", 10): stack([2, 64, 128, 256, 256, 512, 512, 512, 512], [48, 48, 24, 24, 12, 12, 6, 6], [512 * 9, 10]),
    ("resnet19", 10): [
        conv(3, 64, 32, bias=False),
        *(residual(64, 128, 32, 3) + residual(128, 256, 16, 3) + residual(256, 512, 8, 2)),
        *linears(512, 256, 10),
    ],
    ("resnet20", 10): [
        conv(3, 16, 32, bias=False),
        *(residual(16, 16, 32, 3) + residual(16, 32, 16, 3) + residual(32, 64, 8, 3)),
        linear(64, 10),
    ],
    ("spiking_resnet34", 1000): RESNET34,
    ("sew_resnet34", 1000): RESNET34,
    ("autoencoder", 784): linears(784, 128, 64, 32, 64, 128, 784),
}


@pytest.mark.parametrize("name", names("networks"))
def test_every_network_fits_its_input_and_gives_its_outputs(name):
    network = load("networks", name)
    assert measured(name)[-1].output_shape == (network.outputs,)


@pytest.mark.parametrize(("name", "outputs"), BY_HAND)
def test_sizes_are_those_counted_by_hand(name, outputs):
    found = measured(name, outputs)
    by_hand = [sum(column) for column in zip(*BY_HAND[name, outputs], strict=True)]
    assert [sum(size.parameters for size in found), sum(size.macs_padded for size in found)] == by_hand


@pytest.mark.parametrize(
    ("name", "outputs", "parameters", "macs", "first"),
    [  # millions, to the digits of the source
        ("ltl_vgg11", 10, "10.54", "295.6", "1.77"),  # arithmetic on the released code, as all of these
        ("ltl_vgg16", 10, "16.03", "767.5", "1.77"),
        ("tandem_cifarnet", 10, "44.48", "792.1", "3.54"),
        ("stbp_cifarnet", 100, "45.05", "1245.6", "3.54"),
        ("stbp_alexnet", 100, "21.25", "615.1", "2.65"),
        ("resnet19", 10, "12.62", "2216.5", "1.77"),
        ("vggsnn", 10, "9.27", "1361.7", "2.65"),  # 9.27 is also what the Spikformer paper prints
        ("sew_resnet34", 1000, "21.78", "3663.8", "118.01"),  # the Spikformer paper prices 118.0 M in the first layer
    ],
)
def test_sizes_round_to_the_figures_known_of_them(name, outputs, parameters, macs, first):
    found = measured(name, outputs)
    assert f"{sum(size.parameters for size in found) / 1e6:.2f}" == parameters
    assert f"{sum(size.macs_padded for size in found) / 1e6:.1f}" == macs
    assert f"{found[0].macs_padded / 1e6:.2f}" == first


def test_resnet19_has_the_printed_12_63_million_parameters_only_with_gain_and_shift_of_its_norms():
    network = load("networks", "resnet19")
    normed = [node.layer.conv for node in wire(network.layers) if isinstance(node.layer, Conv) and node.layer.norm]
    weights_and_biases = sum(size.parameters for size in measured("resnet19"))
    assert (weights_and_biases, weights_and_biases + 2 * sum(normed)) == (12_620_234, 12_630_858)


@pytest.mark.parametrize(
    ("name", "inputs"),
    [("ltl_vgg11", 2048), ("tandem_cifarnet", 32768), ("tandem_nmnist", 41472), ("vggsnn", 4608), ("resnet19", 512)],
)
def test_the_first_linear_layer_has_as_many_inputs_as_its_source_states(name, inputs):
    found = measured(name)
    assert prod(next(size.input_shape for size in found if len(size.output_shape) == 1)) == inputs


@pytest.mark.parametrize(("side", "share"), [(32, "0.959"), (16, "0.918"), (8, "0.840")])
def test_taps_off_the_padding_are_the_known_share_of_a_3x3_convolution(side, share):
    (size,) = sizes((1, side, side), wire([Conv(conv=1)]))
    assert f"{size.macs / size.macs_padded:.3f}" == f"{(1 - 2 / (3 * side)) ** 2:.3f}" == share
