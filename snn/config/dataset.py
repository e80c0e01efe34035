"""Data: released files, split, frames of events, what samples look like to a network. No torch."""

from math import prod
from typing import Annotated, Literal

from pydantic import BaseModel, Field, SerializeAsAny, model_validator

from snn.core.strict import Many, Model, Positive, Shape

Steps = Annotated[int, Field(gt=0, le=10_000)]
Limit = Annotated[int, Field(gt=0, le=1_000_000_000)]  # a number of samples


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
    """How recordings of events become frames, see `data/formats/frames.py`.

    `size`: height and width of a frame; those of the sensor if none is given.
    """

    steps: Steps
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
    train_limit: Limit | None = None
    test_limit: Limit | None = None

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

    @model_validator(mode="after")
    def _frames_are_those_that_are_made(self) -> "Dataset":
        made = getattr(self.options, "frames", None)
        if made and made.steps != self.frames:
            raise ValueError(f"options.frames.steps is {made.steps}, frames is {self.frames}: make them agree")
        if made and made.size and tuple(made.size) != tuple(self.input_shape[1:]):
            raise ValueError(f"options.frames.size is {made.size}, input_shape {self.input_shape}: make them agree")
        return self
