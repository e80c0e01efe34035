"""Counts by hand, for tests: over every spike, every synapse and every window, in loops, without any of our code."""

import itertools
from collections.abc import Iterable

import numpy as np
from torch import Tensor, nn


def reached(layer: nn.Module, events: Iterable[Tensor]) -> float:
    """Synapses that events reach; each item holds the events of one sample at one step: maps (C, H, W), else (N,)."""
    return sum(_reached(layer, np.asarray(one.detach(), np.float64)) for one in events)


def _reached(layer: nn.Module, events: np.ndarray) -> float:
    if isinstance(layer, nn.Linear):
        return sum(float(event) for _ in range(layer.out_features) for event in events.ravel())
    total, groups = 0.0, layer.groups
    _, height, width = events.shape
    for output in range(layer.out_channels):
        first = output // (layer.out_channels // groups) * (layer.in_channels // groups)
        for channel in range(first, first + layer.in_channels // groups):
            for y, x in windows(layer, height, width):
                total += float(events[channel, y, x])
    return total


def windows(layer: nn.Module, height: int, width: int) -> Iterable[tuple[int, int]]:
    """The positions that every tap of every window lies on, without those on the padding."""
    (rows, columns), (down, right), (top, left), (dy, dx) = (
        value if isinstance(value, tuple) else (value, value)
        for value in (layer.kernel_size, layer.stride, layer.padding, getattr(layer, "dilation", 1))
    )
    for i in range((height + 2 * top - dy * (rows - 1) - 1) // down + 1):
        for j in range((width + 2 * left - dx * (columns - 1) - 1) // right + 1):
            for k, m in itertools.product(range(rows), range(columns)):
                y, x = i * down + k * dy - top, j * right + m * dx - left
                if 0 <= y < height and 0 <= x < width:
                    yield y, x


def reached_behind(pool: nn.AvgPool2d, layer: nn.Module, spikes: Iterable[Tensor]) -> float:
    """The same for spikes before an average pool: each spike goes alone through all windows that it falls into."""
    total = 0.0
    for one in spikes:
        channels = len(one)
        out = pool(one[None]).shape[2:]
        for channel, y, x in one.nonzero().tolist():
            behind = np.zeros((channels, *out))
            side, step, edge = pool.kernel_size, pool.stride, pool.padding
            for i, j in itertools.product(range(out[0]), range(out[1])):
                if i * step - edge <= y < i * step - edge + side and j * step - edge <= x < j * step - edge + side:
                    behind[channel, i, j] += float(one[channel, y, x])
            total += _reached(layer, behind if isinstance(layer, nn.Conv2d) else behind.ravel())
    return total


def synapses(layer: nn.Module, shape: tuple[int, ...]) -> int:
    """All synapses of a layer on an input of a shape."""
    return int(_reached(layer, np.ones(shape)))
