"""Layers, and what their sizes are quoted for. No torch."""

from typing import Annotated, Literal

from pydantic import Field

from snn.core.strict import Many, Model, Positive, Shape
from snn.model.spec import LayerSpec


class Network(Model):
    """A list of hidden layers; `input_shape` and `outputs` are those its sizes are quoted for.

    `layout` published: a source states the layers. Only then is a result put beside a published figure.
    """

    source: str
    layout: Literal["published", "ours"]
    input_shape: Shape
    outputs: Positive
    layers: Annotated[Many[LayerSpec], Field(min_length=1)]
