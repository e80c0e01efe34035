"""The rows that training and tuning write, and the firing rate below which training warns. No torch."""

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


class Tuning(Columns):
    """A row of `tuning.csv` in the folder of a tuning: one learning rate under one tuning seed."""

    lr: Annotated[float, Column("", "learning rate that was tried")]
    seed: Annotated[int, Column("", "tuning seed, of which no result is reported")]
    value_val: Annotated[float | None, Column(METRIC, "on validation data at the best epoch; empty without any epoch")]
    diverged: Annotated[bool, Column("", "the training diverged before its last epoch")]
    chosen: Annotated[bool, Column("", "this learning rate has the best mean over the tuning seeds")]
