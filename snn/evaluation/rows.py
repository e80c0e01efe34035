"""What a row of the tables says: one typed class, checked on writing. No torch."""

from typing import Literal

from snn.core.strict import Model


class Row(Model):
    """One run under one condition, as `evaluate` measures it."""

    # identity
    task: str
    dataset: str
    network: str
    method: str
    rule: str
    protocol: str
    steps: int  # trained with
    steps_eval: int  # evaluated with
    extrapolated: bool = False  # parameters depend on the steps trained with, and others were evaluated
    lr: float  # learning rate of the recipe
    seed: int
    condition: Literal["clean", "int8", "noisy", "calibrated"]  # int8: clean, in 8-bit integers
    noise: str | None = None
    level: float | None = None  # in the unit of the noise model
    chip: int | None = None
    draw: str | None = None  # hash of all that was drawn for the chip
    calibrator: str | None = None
    targets: str | None = None  # of the calibration: own, teacher
    control: str | None = None  # where the budget of a calibration was spent otherwise, see snn/hardware/trials.py
    status: Literal["ok", "diverged"] = "ok"  # diverged: evaluated at its best epoch before, or untrained
    # outcome
    metric: str  # what `value_*` is
    direction: Literal["higher", "lower"]  # which is better
    value_val: float
    value_test: float
    samples_test: int
    sampling_error: float  # of value_test, one standard deviation, from the finite test set
    value_test_last: float | None = None  # after the last epoch of calibration; value_test is after the best one
    # cost of the calibration
    calibration_epoch: int | None = None  # the chosen one; 0: the chip is left as it was
    calibration_shown: int | None = None  # samples, every time that one is shown
    calibration_judged: int | None = None  # validation samples, every time that one is looked at
    calibration_updates: int | None = None  # times that parameters were written
    calibration_writes: int | None = None  # values written
    calibration_learning_macs: int | None = None  # multiply-accumulates besides those of the inferences
    # size
    parameters: int
    # work of one inference: mean over the test samples, all steps
    spikes: float  # emitted by neurons
    sparsity: float | None = None  # share of neuron-steps without a spike
    acs: float  # accumulates: spikes x synapses they reach
    macs_once: int  # multiply-accumulates of analog inputs, a constant image multiplied at the first step only
    macs_every_step: int  # the same, multiplied at every step
    macs_nonzero: float  # as once, without those by activations of an ANN that are zero
    compares: int  # of max pools
    neuron_updates: int  # neurons x steps
    dense_macs: int  # of the same layers as an ANN, one step, border-exact
    dense_macs_padded: int  # the same as papers print it
    # training
    epochs: int
    samples_seen: int
    threads: int
    digest: str  # of the run


class RunRow(Row):
    """A row of runs.csv: what was measured, what an energy table makes of it, and whether this learning rate is the one
    that is best on validation data.
    """

    energy_nj: float
    energy_table: str
    chosen: bool = True


class LayerRow(Model):
    """One layer of one run, clean; work as in `Row`."""

    dataset: str
    network: str
    method: str
    steps: int
    lr: float
    seed: int
    layer: int
    kind: str
    shape: str  # of its output
    spikes: float
    sparsity: float | None = None
    acs: float
    macs_once: int
    macs_every_step: int
    macs_nonzero: float
    compares: int
    neuron_updates: int
    dense_macs: int
    dense_macs_padded: int
