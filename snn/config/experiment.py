"""Experiments: methods, seeds, chips with their calibrations and controls, comparisons. No torch."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from snn.config.dataset import Limit
from snn.core.strict import Chips, Count, Epochs, Level, Many, Model, Neutral, Positive, Seed
from snn.model.spec import Steps


class Calibration(Model):
    """How chips are calibrated: every calibrator with every kind of targets, all with the same budget.

    `calibrators`: files of snn/hardware/calibrators. `warm_up`: steps before an online calibrator learns.
    `targets`: teacher, activations of the teacher ANN; own, those of the clean network; by_rule, the teacher's if the
    rule of the run learns from a teacher, else its own.
    `samples`: training samples that teach. `epochs`: passes over them. `batch`: samples per update. `lr`: learning
    rate.
    """

    samples: Limit
    epochs: Epochs
    batch: Positive
    lr: Annotated[float, Field(gt=0)]
    calibrators: Annotated[Many[str], Field(min_length=1)]
    targets: Annotated[Many[Literal["own", "teacher", "by_rule"]], Field(min_length=1)]
    warm_up: Count = 0

    @model_validator(mode="after")
    def _no_repetition(self) -> "Calibration":
        for field in ("calibrators", "targets"):
            if len(set(getattr(self, field))) < len(getattr(self, field)):
                raise ValueError(f"{field} names something twice")
        return self


class Controls(Model):
    """Controls of calibration: the same budget spent in another way, see `snn/hardware/trials.py`.

    They run at one level, with the first calibrator and the first targets.
    `level`: of the noise. `kinds`: which controls run.
    """

    level: Level
    kinds: Annotated[
        Many[Literal["level_0", "clean_chip", "other_chip", "noise_aware", "shuffled"]], Field(min_length=1)
    ]


class Hardware(Model):
    """Chips of one kind of noise at several levels, before and after calibration.

    `levels`: by default those of the noise file.
    `noise`: a file of params/noise. `chips`: per seed and level. `calibration`: how chips are calibrated. `controls`:
    by default none.
    """

    noise: str
    levels: Annotated[Many[Level], Field(max_length=100)] = ()
    chips: Chips
    calibration: Calibration
    controls: Controls | None = None

    @model_validator(mode="after")
    def _fits(self) -> "Hardware":
        if list(self.levels) != sorted(set(self.levels)):
            raise ValueError("levels must rise from one to the next")
        if self.controls and len(set(self.controls.kinds)) < len(self.controls.kinds):
            raise ValueError("controls.kinds names something twice")
        if self.controls and "other_chip" in self.controls.kinds and self.chips < 2:
            raise ValueError("control other_chip needs two chips or more")
        return self


class Comparison(Model):
    """Two methods that are compared per seed.

    `left`, `right`: methods of the experiment; the difference is left minus right.
    """

    left: str
    right: str


class Experiment(Model):
    """An experiment: every method with every seed on one data set and network, with one teacher ANN per seed.

    `train_limit`, `test_limit`: use a smaller version of the data set; its name then contains the limit.
    `learning_rates`: every method except the teacher gets the one that is best on validation data, over runs with
    `tuning_seeds`, of which no result is reported; a run that another one starts from keeps the rate of its recipe.
    `steps_eval`: numbers of steps at which networks and chips are evaluated besides their own.
    `comparisons`: pairs of methods, the primary ones, whose verdicts are corrected for their number; `secondary`: more
    pairs, uncorrected. Every method is compared with its teacher in any case.
    `epochs`: of every method, in place of those of its recipe; `overrides` come last.
    `overrides`: changes to the recipe of a method, by its name.
    `source`: the question, and where the settings come from. `dataset`, `network`: files of params/datasets and
    params/networks. `steps`: of an inference. `teacher`: the ANN of every seed, a method whose rule is static.
    `methods`: files or variants in params/methods. `seeds`: of the runs that are reported. `tuning_seeds`: see
    learning_rates. `hardware`: chips, one entry per kind of noise. `energy`: a file of params/energy, the convention of
    the summary. `device`: auto takes cuda, or else the CPU. `threads`: per job; gradients at 1 and 2 threads
    differ in bits. `precision`: of convolutions and products in training.
    A file may name another experiment as its `base` and state only the keys that differ.
    """

    source: str
    dataset: str
    train_limit: Limit | None = None
    test_limit: Limit | None = None
    network: str
    steps: Steps
    teacher: str
    methods: Annotated[Many[str], Field(min_length=1)]
    seeds: Annotated[Many[Seed], Field(min_length=1, max_length=1000)]
    learning_rates: Annotated[Many[Annotated[float, Field(gt=0)]], Field(max_length=100)] = ()
    tuning_seeds: Annotated[Many[Seed], Field(max_length=100)] = ()
    steps_eval: Annotated[Many[Steps], Field(max_length=100)] = ()
    comparisons: Annotated[Many[Comparison], Field(max_length=8)] = ()
    secondary: Many[Comparison] = ()
    hardware: Many[Hardware] = ()
    energy: str
    epochs: Epochs | None = None
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    threads: Annotated[int, Field(gt=0, le=1024)] = 1
    precision: Annotated[Literal["float32", "bf16"], Neutral("float32")] = "float32"
    overrides: dict[str, dict[str, Any]] = {}

    @model_validator(mode="after")
    def _no_repetition(self) -> "Experiment":
        for field in ("methods", "seeds", "learning_rates", "tuning_seeds", "steps_eval"):
            if len(set(getattr(self, field))) < len(getattr(self, field)):
                raise ValueError(f"{field} names something twice")
        if bool(self.learning_rates) != bool(self.tuning_seeds):
            raise ValueError("learning_rates and tuning_seeds need each other")
        if both := sorted(set(self.tuning_seeds) & set(self.seeds)):
            raise ValueError(f"tuning_seeds has {both[0]}, which is one of the seeds that are reported")
        pairs = [frozenset((pair.left, pair.right)) for pair in (*self.comparisons, *self.secondary)]
        if len(set(pairs)) < len(pairs) or any(len(pair) < 2 for pair in pairs):
            raise ValueError("comparisons and secondary name a pair twice, or a method with itself")
        if len({hardware.noise for hardware in self.hardware}) < len(self.hardware):
            raise ValueError("hardware names a noise model twice")
        return self
