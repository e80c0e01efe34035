"""Networks: a list of layers. No torch."""

from typing import Annotated, Literal

from pydantic import Field

from snn.core.strict import Many, Model, Positive, Shape
from snn.model.spec import LayerSpec


class Network(Model):
    """A list of hidden layers; `snn list networks` shows its sizes for `input_shape` and `outputs`.

    `layout`: published, a source states the layers, so that results may be compared with published figures; or ours.
    `source`: the paper and its table, or why these layers. `input_shape`: (C, H, W) of an image or a frame that it is
    made for. `outputs`: classes that it is made for. `layers`: hidden layers from input to output.
    A file may name another network as its `base` and state only the keys that differ; `layers` are stated as a whole.
    """

    source: str
    layout: Literal["published", "ours"]
    input_shape: Shape
    outputs: Positive
    layers: Annotated[Many[LayerSpec], Field(min_length=1)]
