"""What the papers say: claims to be checked, numbers to stand beside ours. No torch."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from snn.core.strict import Many, Model, Positive


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
