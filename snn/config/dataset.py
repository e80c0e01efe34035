"""Data sets: released files, split, frames of events, shape and scale of samples. No torch."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, SerializeAsAny, model_validator

from snn.core.strict import Many, Model, Neutral, Pixels, Positive, Seed, Shape
from snn.model.spec import Steps

MOST_SAMPLES = 1_000_000_000
Limit = Annotated[int, Field(gt=0, le=MOST_SAMPLES)]


class Augment(Model):
    """Random changes of training samples, drawn per sample; all frames of a sample change alike.

    `shift`: crop after padding with so many zeros on every side. `flip`: mirror left to right. `roll`: cyclic shift by
    up to so many pixels in both directions. `rotation`: turn around the centre by up to so many degrees in both
    directions, to the nearest pixel, with zeros from outside. `cutout`: side of a square around a random pixel, set to
    the mean.
    """

    shift: Pixels = 0
    flip: bool = False
    roll: Pixels = 0
    rotation: Annotated[float, Field(ge=0, le=180), Neutral(0.0)] = 0.0
    cutout: Pixels = 0


class Statistics(Model):
    """Mean and standard deviation per channel, as shares of `white`.

    `mean`, `std`: one number per channel.
    """

    mean: Many[float]
    std: Many[Annotated[float, Field(gt=0)]]


class File(Model):
    """A released file of a data set: its name here, its URLs and its published checksum.

    `name`: in data/raw/NAME and in mirrors. `urls`: addresses, tried in this order. `md5`, `sha256`: the checksum of
    the file as it is stored, packed; sha256 is compared if both are given.
    """

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
    """Which samples are test data and which are validation data.

    `test`: official, as released; else the share `test_share` of every class, the last samples or random ones (`seed`).
    `validation`: share of every class in the rest, drawn by `seed`, unless the release names its validation data.
    `test_share`: of every class, for test: last and random. `seed`: of the draws.
    """

    test: Literal["official", "last", "random"] = "official"
    test_share: Annotated[float, Field(gt=0, lt=1)] | None = None
    validation: Annotated[float, Field(gt=0, lt=1)] = 0.1
    seed: Seed = 0

    @model_validator(mode="after")
    def _share_fits(self) -> "Split":
        if (self.test == "official") != (self.test_share is None):
            raise ValueError("test_share is needed by test: last and random, and does not fit official")
        return self


class Frames(Model):
    """How recordings of events become frames, see `data/formats/event_frames.py`.

    `size`: height and width of a frame; by default those of the sensor.
    `steps`: number of slices. `slices`: of equal count, of equal duration, or bins of `bin_us`. `bin_us`: microseconds.
    `value`: a pixel is the count of its events, or 1 if there is any. `resize`: from sensor to `size`.
    """

    steps: Steps
    slices: Literal["count", "duration", "bins"]
    bin_us: Annotated[int, Field(gt=0, le=MOST_SAMPLES)] | None = None
    value: Literal["count", "binary"] = "count"
    resize: Literal["none", "pool", "bilinear", "released"] = "none"
    size: Annotated[Many[Positive], Field(min_length=2, max_length=2)] | None = None

    @model_validator(mode="after")
    def _what_belongs_together(self) -> "Frames":
        if (self.slices == "bins") != (self.bin_us is not None):
            raise ValueError("bin_us belongs to slices: bins, which needs it")
        if (self.resize == "none") != (self.size is None):
            raise ValueError("size belongs to resize: pool, bilinear or released, which need it")
        if self.resize == "released" and self.value != "binary":
            raise ValueError("the released code makes binary frames: say value: binary")
        return self


class Dataset(Model):
    """A data set: its released files, its loader with options, its split, and the form of its samples.

    `raw`: folder below data/raw with the files; by default that of the base, or the name of the data set.
    `frames`: number of frames of events in a sample; a network sees one per step.
    `task`: reconstruction has the image itself as its target, divided by `white`, the largest stored number.
    `normalise`: standard, (x - mean) / std per channel of the training data; white, x / white; none, x as stored.
    `statistics`: mean and std to take in place of those of the training data.
    `spikes`: frames hold only zeros and ones, so that the first layer adds and does not multiply.
    `train_limit`, `test_limit`: use at most so many samples, in equal numbers per class as far as possible.
    `source`: where the data come from, their licence, and why this split. `loader`: a file of snn/data/loaders.
    `options`: the keys of the loader. `files`: released files to download or to bring by hand.
    `split`: test and validation data.
    `input_shape`: (C, H, W) of an image or a frame. `classes`: their number. `white`: the largest stored number.
    `augment`: random changes of training samples.
    A file may name another data set as its `base` and state only the keys that differ.
    """

    source: str
    loader: str
    options: SerializeAsAny[BaseModel]
    raw: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    files: Many[File] = ()
    split: Split = Split()
    task: Literal["classification", "reconstruction"] = "classification"
    input_shape: Shape
    frames: Steps | None = None
    classes: Positive
    white: Annotated[int, Field(gt=0, le=255)] = 255
    normalise: Literal["standard", "white", "none"] = "standard"
    statistics: Annotated[Statistics | None, Neutral(None)] = None
    spikes: bool = False
    augment: Augment = Augment()
    train_limit: Limit | None = None
    test_limit: Limit | None = None

    @model_validator(mode="after")
    def _spikes_stay_spikes(self) -> "Dataset":
        if self.spikes and (self.frames is None or self.normalise != "none"):
            raise ValueError("spikes: true needs frames and normalise: none")
        if self.frames and self.task == "reconstruction":
            raise ValueError("frames do not fit task: reconstruction")
        return self

    @model_validator(mode="after")
    def _statistics_fit(self) -> "Dataset":
        if self.statistics is None:
            return self
        if self.normalise != "standard":
            raise ValueError("statistics belong to normalise: standard")
        if {len(self.statistics.mean), len(self.statistics.std)} != {self.input_shape[0]}:
            raise ValueError(f"statistics need one mean and one std for each of {self.input_shape[0]} channels")
        return self

    @model_validator(mode="after")
    def _frames_are_those_that_are_made(self) -> "Dataset":
        made = getattr(self.options, "frames", None)
        if made and made.steps != self.frames:
            raise ValueError(f"options.frames.steps is {made.steps}, frames is {self.frames}: make them agree")
        if made and made.size and tuple(made.size) != tuple(self.input_shape[1:]):
            raise ValueError(f"options.frames.size is {made.size}, input_shape {self.input_shape}: make them agree")
        return self
