"""What each kind of parameter file may say, as typed models. No torch; the reading of them is in `params`."""

from math import prod
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, SerializeAsAny, model_validator

from snn.spec import LayerSpec, Many, Model, Positive, Shape


class Schedule(Model):
    """Learning rate over training, as a factor on `lr`: a linear rise over `warmup`, then the curve."""

    curve: Literal["constant", "cosine", "steps"] = "constant"
    warmup: Annotated[float, Field(ge=0, lt=1)] = 0.0  # share of all updates
    milestones: Many[Positive] = ()  # epochs at which a `steps` curve falls
    factor: Annotated[float, Field(gt=0, lt=1)] = 0.1  # by which it falls


class LrScale(Model):
    """Factors on the learning rate of weights and biases by kind of layer; norms and NeuNorm's U keep 1."""

    conv: Annotated[float, Field(ge=0)] = 1.0
    linear: Annotated[float, Field(ge=0)] = 1.0
    readout: Annotated[float, Field(ge=0)] = 1.0


class Training(Model):
    """The recipe of one training: what every rule leaves to the common loop."""

    epochs: Positive
    batch: Positive
    optimiser: Literal["sgd", "adam", "adamw"]
    lr: Annotated[float, Field(gt=0)]
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9  # of sgd
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    lr_scale: LrScale = LrScale()
    schedule: Schedule = Schedule()


class Augment(Model):
    """Random changes of training samples, drawn per sample and the same for all frames of it: crop after padding by
    `shift` zeros on every side, mirror left to right, roll by up to `roll` pixels in both directions (what leaves on
    one side enters on the other), and a square of side `cutout` around a random pixel set to the mean.
    """

    shift: Annotated[int, Field(ge=0)] = 0
    flip: bool = False
    roll: Annotated[int, Field(ge=0)] = 0
    cutout: Annotated[int, Field(ge=0)] = 0


class File(Model):
    """A file of a data set as it was released: its name here, where it is served, and its published checksum."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    urls: Many[Annotated[str, Field(pattern=r"^https?://")]] = ()
    md5: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")] | None = None
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None

    @model_validator(mode="after")
    def _proven(self) -> "File":
        if self.urls and not (self.md5 or self.sha256):
            raise ValueError("a file that is downloaded needs an md5 or a sha256")
        return self


class Split(Model):
    """Which samples are test data and which validation data.

    `test`: as released, or of every class `test_share` of the samples, the last ones or drawn by `seed`. `validation`:
    the share of what is left, class by class, drawn by `seed`. A release that names its validation data keeps them.
    """

    test: Literal["official", "last", "random"] = "official"
    test_share: Annotated[float, Field(gt=0, lt=1)] | None = None
    validation: Annotated[float, Field(gt=0, lt=1)] = 0.1
    seed: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _share_of_what_is_carved(self) -> "Split":
        if (self.test == "official") != (self.test_share is None):
            raise ValueError("test_share belongs to test: last or random, and these need it")
        return self


class Frames(Model):
    """How recordings of events become frames, see `formats/frames.py`. `size`: height and width of a frame, that of the
    sensor if none is said.
    """

    steps: Positive
    slices: Literal["count", "duration", "bins"]
    bin_us: Positive | None = None
    value: Literal["count", "binary"] = "count"
    resize: Literal["none", "pool", "bilinear", "released"] = "none"
    size: Annotated[Many[Positive], Field(min_length=2, max_length=2)] | None = None

    @model_validator(mode="after")
    def _what_belongs_together(self) -> "Frames":
        if (self.slices == "bins") != (self.bin_us is not None):
            raise ValueError("bin_us belongs to slices: bins, and these need it")
        if (self.resize == "none") != (self.size is None):
            raise ValueError("size belongs to resize: pool, bilinear or released, and these need it")
        if self.resize == "released" and self.value != "binary":
            raise ValueError("the released code made frames of ones: say value: binary")
        return self


class Dataset(Model):
    """A data set: its released files, its loader with the loader's own options, its split, and what it looks like to a
    network.

    `raw`: the folder below data/raw that holds the files; if none is said, that of the base or the data set's own name.
    `frames`: samples are that many frames of events, shown one a step. `task` reconstruction: the goal is the image
    itself, as shares of `white`, the largest number that is stored. `normalise`: standard, (x - mean) / std a channel
    of the training part; white, x / white; none, x as it is stored. `spikes`: frames hold zeros and ones only, which a
    first layer adds and does not multiply. `train_limit`, `test_limit`: so many samples at most, as many of each class
    as can be.
    A file may name another data set as its `base` and say only what differs.
    """

    source: str
    loader: str
    options: SerializeAsAny[BaseModel]
    raw: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    files: Many[File] = ()
    split: Split = Split()
    task: Literal["classification", "reconstruction"] = "classification"
    input_shape: Shape
    frames: Positive | None = None
    classes: Positive
    white: Positive = 255
    normalise: Literal["standard", "white", "none"] = "standard"
    spikes: bool = False
    augment: Augment = Augment()
    train_limit: Positive | None = None
    test_limit: Positive | None = None

    @property
    def outputs(self) -> int:
        """How many numbers a network has to give."""
        return self.classes if self.task == "classification" else prod(self.input_shape)

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """A sample as it is stored: an image (C, H, W), or frames (T, C, H, W)."""
        return (self.frames, *self.input_shape) if self.frames else self.input_shape

    @model_validator(mode="after")
    def _spikes_stay_spikes(self) -> "Dataset":
        if self.spikes and (self.frames is None or self.normalise != "none"):
            raise ValueError("spikes: true needs frames and normalise: none")
        if self.frames and self.task == "reconstruction":
            raise ValueError("frames cannot be given back: choose task: classification")
        return self


class Network(Model):
    """A list of hidden layers; `input_shape` and `outputs` are those its sizes are quoted for.

    `layout` published: a source states the layers. Only then is a result put beside a published figure.
    """

    source: str
    layout: Literal["published", "ours"]
    input_shape: Shape
    outputs: Positive
    layers: Annotated[Many[LayerSpec], Field(min_length=1)]


class Init(Model):
    """How weights of synapses start: as torch starts them, or those of convolutions normal with variance 2 / fan-out
    (kaiming), times `gain`. Biases start as torch starts them.
    """

    scheme: Literal["torch", "kaiming_fan_out"] = "torch"
    gain: Annotated[float, Field(gt=0)] = 1.0


class Start(Model):
    """A finished run to start from: the same method trained with fewer steps, or another one of the same layers."""

    method: str
    steps: Positive


class Method(Model):
    """A training rule with its options, and the recipe of the common loop.

    A file may name another method as its `base` and say only what differs. `steps`, `teacher`: its own, in place of the
    experiment's. `start`: the run whose weights it starts from (TIT).
    """

    source: str
    rule: str
    options: SerializeAsAny[BaseModel]
    training: Training
    init: Init = Init()
    steps: Positive | None = None
    teacher: str | None = None
    start: Start | None = None


class NoiseModel(Model):
    """One model of imperfect hardware; an option that says `level` takes the value of the level."""

    model: str
    options: dict[str, Any] = {}

    def at(self, level: float) -> dict[str, Any]:
        """The options at a level."""
        return {name: level if value == "level" else value for name, value in self.options.items()}


class Noise(Model):
    """Imperfect hardware: models that a programmed value and a neuron meet one after the other.

    `level`: what the level is, in words; `levels`: those to use where an experiment says none; `better`: which of two
    levels is the better chip.
    """

    source: str
    level: str
    levels: Annotated[Many[Annotated[int | float, Field(ge=0)]], Field(min_length=1)]
    better: Literal["lower", "higher"] = "lower"
    models: Annotated[Many[NoiseModel], Field(min_length=1)]

    @model_validator(mode="after")
    def _sorted(self) -> "Noise":
        if list(self.levels) != sorted(set(self.levels)):
            raise ValueError("levels must rise from one to the next")
        return self


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

    def pj(self, operation: Literal["mac", "ac", "compare", "neuron_update"]) -> float:
        """What one operation costs, with the memory that it takes."""
        accesses = getattr(self.memory, f"per_{operation}") if self.memory else 0
        return getattr(self, f"{operation}_pj") + (accesses * self.memory.access_pj if accesses else 0.0)


class Calibration(Model):
    """How chips are calibrated: every calibrator with every kind of targets, all with the same budget.

    `calibrators` are files of snn/calibrators. `targets`: of the teacher, their own, or by_rule: the teacher's where
    the rule of the run learns from one, else their own. `warm_up`: steps before an online calibrator learns.
    """

    samples: Positive
    epochs: Positive
    batch: Positive
    lr: Annotated[float, Field(gt=0)]
    calibrators: Annotated[Many[str], Field(min_length=1)]
    targets: Annotated[Many[Literal["own", "teacher", "by_rule"]], Field(min_length=1)]
    warm_up: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _no_repetition(self) -> "Calibration":
        for field in ("calibrators", "targets"):
            if len(set(getattr(self, field))) < len(getattr(self, field)):
                raise ValueError(f"{field} names something twice")
        return self


class Controls(Model):
    """Where the same budget is spent otherwise, at one level, with the first calibrator and the first targets; see
    `snn/arms.py`.
    """

    level: Annotated[int | float, Field(gt=0)]
    kinds: Annotated[
        Many[Literal["level_0", "clean_chip", "other_chip", "noise_aware", "shuffled"]], Field(min_length=1)
    ]


class Hardware(Model):
    """Chips of one kind of noise, at several levels, before and after calibration. `levels`: those of the noise file
    unless said otherwise.
    """

    noise: str
    levels: Many[Annotated[int | float, Field(gt=0)]] = ()
    chips: Positive
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
    """Two methods to be compared seed by seed."""

    left: str
    right: str


class Experiment(Model):
    """What to run: every method with every seed on one data set and network, with one teacher ANN a seed.

    `learning_rates`: every method but the teacher is trained with each of them, and judged by the one that is best on
    validation data; a run to start from keeps its own. `steps_eval`: numbers of steps at which the clean networks are
    judged besides their own. `train_limit`, `test_limit`: a smaller version of the data set, whose name then says so.
    `comparisons`: pairs of methods, beside the pairs of every method with its teacher.
    `epochs`: of every method, in place of those of its recipe; `overrides` may still say otherwise.
    A file may name another experiment as its `base` and say only what differs.
    """

    source: str
    dataset: str
    train_limit: Positive | None = None
    test_limit: Positive | None = None
    network: str
    steps: Positive
    protocol: Literal["held_out"] = "held_out"  # model chosen on validation data, test data looked at once
    teacher: str
    methods: Annotated[Many[str], Field(min_length=1)]
    seeds: Annotated[Many[Annotated[int, Field(ge=0)]], Field(min_length=1)]
    learning_rates: Many[Annotated[float, Field(gt=0)]] = ()
    steps_eval: Many[Positive] = ()
    comparisons: Many[Comparison] = ()
    hardware: Many[Hardware] = ()
    energy: str
    epochs: Positive | None = None
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    threads: Positive = 1  # per job; gradients at 1 and 2 threads differ in bits
    overrides: dict[str, dict[str, Any]] = {}  # method -> changes to its recipe

    @model_validator(mode="after")
    def _no_repetition(self) -> "Experiment":
        for field in ("methods", "seeds", "learning_rates", "steps_eval"):
            if len(set(getattr(self, field))) < len(getattr(self, field)):
                raise ValueError(f"{field} names something twice")
        pairs = [frozenset((pair.left, pair.right)) for pair in self.comparisons]
        if len(set(pairs)) < len(pairs) or any(len(pair) < 2 for pair in pairs):
            raise ValueError("comparisons names a pair twice, or a method with itself")
        if len({hardware.noise for hardware in self.hardware}) < len(self.hardware):
            raise ValueError("hardware names a noise model twice")
        return self


class Side(Model):
    """Which rows: a method, a condition; for chips the noise, the level (the highest or the lowest) and, of calibrated
    ones, the calibrator and its targets.
    """

    method: str
    condition: Literal["clean", "noisy", "calibrated"] = "clean"
    noise: str | None = None
    level: Literal["highest", "lowest"] | None = None
    calibrator: str | None = None
    targets: Literal["own", "teacher"] | None = None

    @model_validator(mode="after")
    def _one_thing(self) -> "Side":
        needed = {"clean": (), "noisy": ("noise", "level"), "calibrated": ("noise", "level", "calibrator", "targets")}
        for field in ("noise", "level", "calibrator", "targets"):
            if (getattr(self, field) is None) == (field in needed[self.condition]):
                raise ValueError(
                    f"{field} {'is needed by' if field in needed[self.condition] else 'does not fit'} "
                    f"condition: {self.condition}"
                )
        return self


class Claim(Model):
    """One claim, with where it is made."""

    claim: str
    source: str
    column: str
    left: Side
    right: Side
    margin: float


class Ratio(Model):
    """One claim on what it takes to come within a point of the teacher: `more` needs `times` the column of `fewer`."""

    claim: str
    source: str
    column: Literal["steps_eval", "acs", "energy_nj"]
    more: str
    fewer: str
    times: Annotated[float, Field(gt=0)]


class Claims(Model):
    """params/claims.yaml: what the papers claim, to be checked on every experiment that runs the methods."""

    source: str
    claims: Many[Claim]
    ratios: Many[Ratio] = ()


class Figure(Model):
    """A published number, with where it stands and how far it can be trusted.

    `trust`: read in the paper itself; quoted by a later one; digitised from a plot, to within `tolerance`; or only
    remembered (memory), which is shown and enters no gap and no verdict. `spread` is the paper's standard deviation.
    """

    paper: str
    table: str
    dataset: str
    network: str
    method: str
    steps: Positive | None = None  # None: no source says how many
    metric: Literal["accuracy", "error", "synops_ratio", "energy_ratio"] = "accuracy"
    value: float
    spread: Annotated[float, Field(gt=0)] | None = None
    trust: Literal["read", "quoted", "digitised", "memory"]
    tolerance: Annotated[float, Field(gt=0)] | None = None
    note: str | None = None

    @model_validator(mode="after")
    def _digitised_to_within(self) -> "Figure":
        if (self.trust == "digitised") != (self.tolerance is not None):
            raise ValueError("a digitised figure has a tolerance, and no other has one")
        return self


class Published(Model):
    """params/published.yaml: numbers to stand beside ours."""

    source: str
    figures: Many[Figure]
