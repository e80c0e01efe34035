"""The layers of a network in words, for people. No torch."""

from collections.abc import Sequence
from itertools import groupby

from snn.core.strict import Shape
from snn.model.graph import sizes, with_readout
from snn.model.spec import AvgPool, Block, Conv, LayerSpec, Linear


def described(layers: Sequence[LayerSpec], outputs: int, input_shape: Shape) -> str:
    """Hidden layers and read-out in one line, equal neighbours once, and the number of parameters.

    Convolutions are 3 x 3 with stride 1 unless told; numbers are output channels or neurons.
    """
    runs = [(word, len(list(same))) for word, same in groupby(map(_word, layers))]
    words = [f"{count} x {word}" if count > 1 else word for word, count in runs]
    parameters = sum(size.parameters for size in sizes(input_shape, with_readout(layers, outputs)))
    shape = "x".join(map(str, input_shape))
    return f"{', '.join(words)}, linear {outputs} as read-out; {parameters:,} parameters, input {shape}"


def _word(layer: LayerSpec) -> str:
    if isinstance(layer, Block):
        return f"block ({' + '.join(map(_word, layer.block))})"
    if isinstance(layer, Linear):
        return f"linear {layer.linear}"
    if isinstance(layer, Conv):
        kernel = f" {layer.kernel}x{layer.kernel}" if layer.kernel != 3 else ""
        return f"conv {layer.conv}{kernel}" + (f" stride {layer.stride}" if layer.stride > 1 else "")
    if isinstance(layer, AvgPool):
        return "global average pool" if layer.avg_pool == "global" else f"average pool {layer.avg_pool}"
    return f"max pool {layer.max_pool}"
