"""The rows that `evaluate` writes: one typed class per table, checked on writing, each column with unit and meaning.

`value_*` are in the unit of the metric; in run folders and in memory, accuracy is a fraction. Operations are of one
inference: mean over the test samples, all steps. No torch.
"""

from typing import Annotated, Literal

from snn.core.columns import METRIC, Column, Columns

DatasetName = Annotated[str, Column("", "data set, with its limits")]
NetworkName = Annotated[str, Column("", "file in params/networks")]
MethodName = Annotated[str, Column("", "file or variant in params/methods")]
StepsTrained = Annotated[int, Column("steps", "trained with")]
Rate = Annotated[float, Column("", "learning rate: of the recipe, or chosen by tuning")]
Seed = Annotated[int, Column("", "of the initial draw, the order of the data and the split")]


class Condition(Columns):
    """A run under a condition, and its outcome."""

    task: Annotated[str, Column("", "classification or reconstruction")]
    dataset: DatasetName
    network: NetworkName
    method: MethodName
    rule: Annotated[str, Column("", "file in snn/rules")]
    protocol: Annotated[str, Column("", "held_out: epoch chosen on validation data, test data used once")]
    steps: StepsTrained
    steps_eval: Annotated[int, Column("steps", "evaluated with")]
    extrapolated: Annotated[bool, Column("", "parameters depend on the steps, and other steps were evaluated")] = False
    lr: Rate
    seed: Seed
    condition: Annotated[
        Literal["clean", "int8", "noisy", "calibrated"],
        Column("", "clean network; in 8-bit integers; on a chip; on a chip after calibration"),
    ]
    noise: Annotated[str | None, Column("", "file in params/noise")] = None
    level: Annotated[float | None, Column("of noise", "level of the noise")] = None
    chip: Annotated[int | None, Column("", "number of the chip")] = None
    draw: Annotated[str | None, Column("", "hash of all that was drawn for the chip")] = None
    calibrator: Annotated[str | None, Column("", "file in snn/hardware/calibrators")] = None
    targets: Annotated[str | None, Column("", "what the chip imitates: own, or its teacher")] = None
    control: Annotated[str | None, Column("", "how the budget was spent instead, see snn/hardware/trials.py")] = None
    status: Annotated[Literal["ok", "diverged"], Column("", "diverged: evaluated at its last good epoch")] = "ok"
    metric: Annotated[str, Column("", "what value_* is: accuracy or mse")]
    direction: Annotated[Literal["higher", "lower"], Column("", "which is better")]
    value_val: Annotated[float | None, Column(METRIC, "on validation data; empty for a chip at other steps")] = None
    value_test: Annotated[float, Column(METRIC, "on test data; of a calibration at its chosen epoch")]
    samples_test: Annotated[int, Column("samples", "of test data")]
    sampling_error: Annotated[float, Column(METRIC, "standard error of value_test from the finite test set")]
    value_test_last: Annotated[float | None, Column(METRIC, "on test data, after the last epoch of calibration")] = None
    calibration_epoch: Annotated[int | None, Column("epochs", "chosen epoch; 0: the chip is left as it was")] = None
    calibration_shown: Annotated[int | None, Column("samples", "learned from, each time counted")] = None
    calibration_validated: Annotated[int | None, Column("samples", "of validation data used, each time counted")] = None
    calibration_updates: Annotated[int | None, Column("updates", "times that parameters were written")] = None
    calibration_writes: Annotated[int | None, Column("values", "values written")] = None
    calibration_learning_macs: Annotated[
        int | None, Column("operations", "multiply-accumulates of learning, without inferences")
    ] = None
    parameters: Annotated[int, Column("parameters", "weights and biases of the deployed network")]


class Work(Columns):
    """Operations of one inference, mean over the test samples, all steps; see `snn.energy.counter`."""

    spikes: Annotated[float, Column("spikes", "emitted by neurons")]
    sparsity: Annotated[float | None, Column("fraction", "share of neuron-steps without a spike")] = None
    acs: Annotated[float, Column("operations", "accumulates: spikes times the synapses that they reach")]
    macs_once: Annotated[int, Column("operations", "multiply-accumulates, a constant image multiplied at step 1 only")]
    macs_every_step: Annotated[int, Column("operations", "multiply-accumulates, the image multiplied at every step")]
    macs_nonzero: Annotated[float, Column("operations", "as macs_once, without those by activations that are zero")]
    compares: Annotated[int, Column("operations", "comparisons of max pools")]
    neuron_updates: Annotated[int, Column("operations", "neurons times steps")]
    dense_macs: Annotated[int, Column("operations", "of the same layers as an ANN, one step, border-exact")]
    dense_macs_padded: Annotated[int, Column("operations", "as dense_macs, padding counted, as papers print it")]


class Training(Columns):
    """The cost of the training of the run, and its digest."""

    epochs: Annotated[int, Column("epochs", "of training, with the epochs of the run it started from")]
    samples_seen: Annotated[int, Column("samples", "of training, each time counted")]
    threads: Annotated[int, Column("threads", "of the job")]
    digest: Annotated[str, Column("", "that names the run")]


class Row(Training, Work, Condition):
    """A row of runs.csv: one run under one condition."""


class Run(Columns):
    """The columns that name a run."""

    dataset: DatasetName
    network: NetworkName
    method: MethodName
    steps: StepsTrained
    lr: Rate
    seed: Seed


class Layer(Run):
    """The columns that name a layer of a run."""

    layer: Annotated[int, Column("", "number of the layer, from 1")]
    kind: Annotated[str, Column("", "of layer: conv, linear, avg_pool, ...")]
    shape: Annotated[str, Column("", "of its output")]


class LayerRow(Work, Layer):
    """One layer of one run, clean."""
