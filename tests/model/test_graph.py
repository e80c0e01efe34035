"""Networks as data: closed-form sizes."""

from hypothesis import assume, given
from hypothesis import strategies as st

from snn.model.graph import sizes, wire
from snn.model.spec import Conv, Linear


def test_vgg_first_layer_has_the_published_multiply_accumulates():
    (size,) = sizes((3, 32, 32), wire([Conv(conv=64)]))
    assert size.macs_padded == 1_769_472


def test_a_linear_layer_reaches_every_output_from_every_input():
    (size,) = sizes((2, 3, 3), wire([Linear(linear=5)]))
    assert (size.macs, size.parameters) == (90, 95)


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 5), st.integers(0, 6))
def test_multiply_accumulates_are_the_taps_that_do_not_fall_on_padding(n, kernel, stride, padding):
    assume(n + 2 * padding >= kernel)
    (size,) = sizes((1, n, n), wire([Conv(conv=1, kernel=kernel, stride=stride, padding=padding)]))
    starts = range(-padding, n + padding - kernel + 1, stride)
    taps = sum(0 <= start + tap < n for start in starts for tap in range(kernel))
    assert size.macs == taps**2
