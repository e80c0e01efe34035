"""The literature: claims of the papers, and their published figures. No torch."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from snn.core.strict import Many, Model, Positive


class Side(Model):
    """The rows on one side of a claim: of a method under a condition.

    Chips need `noise` and `level`, the highest or the lowest; calibrated ones also `calibrator` and `targets`.
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
    """A claim and its source: `column` of `left` minus that of `right` is at least `margin`."""

    claim: str
    source: str
    column: str
    left: Side
    right: Side
    margin: float


class Ratio(Model):
    """A claim on the cost of coming within a point of the teacher: `more` needs `times` as much as `fewer`."""

    claim: str
    source: str
    column: Literal["steps_eval", "acs", "energy_nj"]
    more: str
    fewer: str
    times: Annotated[float, Field(gt=0)]


class Claims(Model):
    """params/claims.yaml: claims of the papers, checked in every experiment that runs their methods."""

    source: str
    claims: Many[Claim]
    ratios: Many[Ratio] = ()


class Figure(Model):
    """A published number with its source.

    `trust`: read in the paper itself; quoted by a later paper; digitised from a plot, to within `tolerance`; memory,
    only remembered, which is shown but enters no gap and no verdict. `spread`: the standard deviation in the paper.
    """

    paper: str
    table: str
    dataset: str
    network: str
    method: str
    steps: Positive | None = None  # None: no source states it
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
    """params/published.yaml: published numbers, shown next to ours."""

    source: str
    figures: Many[Figure]
