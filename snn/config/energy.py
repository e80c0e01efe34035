"""What operations cost, by convention. No torch."""

from typing import Annotated, Literal

from pydantic import Field

from snn.core.strict import Model


class Memory(Model):
    """Accesses of memory that come with an operation, and what one costs in picojoule."""

    access_pj: Annotated[float, Field(gt=0)]
    per_mac: Annotated[int, Field(ge=0)]
    per_ac: Annotated[int, Field(ge=0)]
    per_compare: Annotated[int, Field(ge=0)]
    per_neuron_update: Annotated[int, Field(ge=0)]


class Energy(Model):
    """A convention of what an operation costs, in picojoule, and of what is counted. `convention`: in one line.

    `first_layer`: the current of a constant image is multiplied once and held, or computed anew at every step.
    `precision`: of the numbers; mixed where two kinds of machine are compared.
    """

    source: str
    convention: Annotated[str, Field(max_length=120)]
    precision: Literal["fp32", "fp16", "int8", "mixed"]
    mac_pj: Annotated[float, Field(gt=0)]
    ac_pj: Annotated[float, Field(gt=0)]
    compare_pj: Annotated[float, Field(ge=0)]
    neuron_update_pj: Annotated[float, Field(ge=0)]
    first_layer: Literal["once", "every_step"]
    memory: Memory | None = None
