"""Conventions of energy: the price of an operation. No torch."""

from typing import Annotated, Literal

from pydantic import Field

from snn.core.strict import Count, Model


class Memory(Model):
    """Memory accesses per operation, and the energy of one access in picojoule.

    `access_pj`: of one access, in picojoule. `per_mac`, `per_ac`, `per_compare`, `per_neuron_update`: accesses per
    operation.
    """

    access_pj: Annotated[float, Field(gt=0)]
    per_mac: Count
    per_ac: Count
    per_compare: Count
    per_neuron_update: Count


class Energy(Model):
    """A convention of energy: the price of each operation in picojoule, and what is counted.

    `convention`: a description in one line.
    `precision`: of the numbers; mixed where two kinds of machine are compared.
    `first_layer`: once, the current of a constant image is computed once and kept; every_step, again at every step.
    `source`: where the values come from, or why they were chosen. `mac_pj`, `ac_pj`, `compare_pj`, `neuron_update_pj`:
    price of a multiply-accumulate, an accumulate, a comparison in a max pool and a step of a neuron, in picojoule.
    `memory`: accesses and their price; without it, arithmetic alone is priced.
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
