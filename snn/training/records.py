"""The rows that training writes, epochs.csv and traces.csv, and the firing rate below which it warns. No torch."""

from typing import Annotated

from snn.core.columns import METRIC, Column, Columns

QUIET = 0.01  # spikes per neuron and step; a layer below this rate hardly learns


class Epoch(Columns):
    """A row of `epochs.csv` in the folder of a run: one epoch of training."""

    epoch: Annotated[int, Column("", "number of the epoch, from 1")]
    epoch_lr: Annotated[float, Column("", "scheduled learning rate of its last update")]
    loss: Annotated[float | None, Column("of the rule", "mean loss over training samples; empty if nothing is trained")]
    value_val: Annotated[float, Column(METRIC, "of the deployed network on validation data")]
    validation_loss: Annotated[float, Column("nats or mse", "of the deployed network on validation data")]


class Trace(Columns):
    """A row of `traces.csv` in the folder of a run: a quantity after an epoch of training."""

    epoch: Annotated[int, Column("", "number of the epoch; 0: untrained")]
    quantity: Annotated[str, Column("", "rate: spikes per neuron and step; others are those of the rule")]
    layer: Annotated[int | None, Column("", "number of the layer, from 1; empty for the whole network")] = None
    value: Annotated[float, Column("of quantity", "on validation data")]
