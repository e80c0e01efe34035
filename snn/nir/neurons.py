"""Convert neurons from and to NIR by the equations in `snn/nir/__init__.py`."""

import math
from typing import NamedTuple

import nir
import numpy as np
import torch
from torch import Tensor

from snn.core.errors import InputError
from snn.model.layer import Layer
from snn.model.neuron import Silicon
from snn.model.spec import Neuron
from snn.nir import DT

NEURONS = {"LIF", "IF", "Threshold"}
Values = np.ndarray | float  # one per neuron, or one for all


class Constants(NamedTuple):
    """Constants of the neurons of a node: u[t] = decay v[t-1] + gain I[t] + drive, and the threshold."""

    decay: Values
    threshold: Values
    gain: Values
    drive: Values


def constants_of(where: str, node: nir.NIRNode, dt: float) -> Constants:
    """The constants of a node in steps of `dt`; raises InputError at `where`, the name of the node."""
    step = isinstance(node, nir.Threshold)
    threshold = np.asarray(node.threshold if step else node.v_threshold, np.float64)
    if not ((threshold > 0) & np.isfinite(threshold)).all():
        raise InputError(where, "has a threshold that is not positive and finite", "give another")
    if step:
        return Constants(0.0, threshold, 1.0, 0.0)
    if np.any(np.asarray(node.v_reset) != 0):
        raise InputError(where, "has a v_reset other than 0", "shift its potentials")
    if isinstance(node, nir.IF):
        return Constants(1.0, threshold, dt * np.asarray(node.r, np.float64), 0.0)
    tau = np.asarray(node.tau, np.float64)
    share = dt / np.where(tau > 0, tau, np.nan)
    if not ((share > 0) & (share <= 1)).all():
        raise InputError(where, f"has a time constant shorter than a step of {dt:g}", "give a smaller --dt")
    return Constants(1 - share, threshold, share * node.r, share * node.v_leak)


def neuron_of(constants: Constants) -> Neuron:
    """The neuron of a network, from the constants of its first layer; see `silicon_of` for layers that differ."""
    decay, threshold = (_short(np.ravel(value)[0]) for value in (constants.decay, constants.threshold))
    return Neuron(
        decay=decay,
        threshold=threshold,
        reset="zero",
        fires="above",
        surrogate="rectangle",
        width=threshold / 2,
        height=1 / threshold,
    )


def silicon_of(constants: Constants, neuron: Neuron, layer: Layer) -> Silicon:
    """The constants of a layer that differ from `neuron`."""
    decay_N, threshold_N = (spread(value, layer.output_shape) for value in (constants.decay, constants.threshold))
    same_decay = np.allclose(decay_N, neuron.decay, rtol=0, atol=1e-11)
    same_threshold = (threshold_N.astype(np.float32) == np.float32(neuron.threshold)).all()
    return Silicon(
        decay_N=None if same_decay else torch.from_numpy(decay_N).float(),
        threshold_N=None if same_threshold else torch.from_numpy(threshold_N).float(),
    )


def _short(value: float) -> float:
    """Round to 12 digits: 1 - 1 / (1 / (1 - 0.9)) becomes 0.9."""
    return float(f"{value:.12g}")


def spread(value: Values, shape: tuple[int, ...]) -> np.ndarray:
    """A number or an array as float64 of `shape`; raises ValueError if the shapes differ."""
    array = np.asarray(value, np.float64)
    if array.size > 1 and array.shape != tuple(shape):
        raise ValueError(f"{array.shape} values for neurons of shape {tuple(shape)}")
    return np.broadcast_to(array if array.size > 1 else array.reshape(()), shape).copy()


def node_of(neuron: Neuron, layer: Layer) -> nir.NIRNode:
    """The neurons of a layer as a node. A threshold a that fires at u >= a is written as the float32 below it."""
    silicon, shape = layer.silicon, layer.output_shape
    threshold = _own(silicon.threshold_N, neuron.threshold, shape).astype(np.float32)
    if neuron.fires == "at":
        threshold = np.nextafter(threshold, np.float32(-math.inf))
    if neuron.decay == 0:
        return nir.Threshold(threshold)
    decay, zeros = _own(silicon.decay_N, neuron.decay, shape), np.zeros(shape)
    if (decay == 1).all():
        return nir.IF(np.full(shape, 1 / DT), threshold, zeros)
    tau = DT / (1 - decay)
    return nir.LIF(tau, tau / DT, zeros, threshold, zeros)


def _own(own: Tensor | None, ideal: float, shape: tuple[int, ...]) -> np.ndarray:
    return np.full(shape, ideal) if own is None else own.detach().cpu().double().numpy()
