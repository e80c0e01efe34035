"""Networks as data: closed-form sizes."""

from snn.model.graph import sizes, wire
from snn.model.spec import Conv, Linear


def test_vgg_first_layer_has_the_published_multiply_accumulates():
    (size,) = sizes((3, 32, 32), wire([Conv(conv=64)]))
    assert size.macs_padded == 1_769_472


def test_a_linear_layer_reaches_every_output_from_every_input():
    (size,) = sizes((2, 3, 3), wire([Linear(linear=5)]))
    assert (size.macs, size.parameters) == (90, 95)
