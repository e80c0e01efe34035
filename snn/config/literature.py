"""The literature: claims of the papers, and their published figures. No torch."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from snn.core.strict import Many, Model, Positive


class Side(Model):
    """The rows on one side of a claim: of a method under a condition.

    Chips need `noise` and `level`, the highest or the lowest; calibrated ones also `calibrator` and `targets`.
    `steps`: a clean network evaluated with other steps than it was trained with. `minus_clean`: the change against
    the clean network of the same method and seed at the steps that it was trained with, in place of the value.
    `method`: a file or variant in params/methods. `condition`: on which network or chip. `noise`: a file of
    params/noise. `level`: which of the levels of the experiment. `calibrator`: a file of snn/hardware/calibrators.
    `targets`: what the chip imitates.
    """

    method: str
    condition: Literal["clean", "noisy", "calibrated"] = "clean"
    noise: str | None = None
    level: Literal["highest", "lowest"] | None = None
    calibrator: str | None = None
    targets: Literal["own", "teacher"] | None = None
    steps: Positive | None = None
    minus_clean: bool = False

    @model_validator(mode="after")
    def _one_thing(self) -> "Side":
        needed = {"clean": (), "noisy": ("noise", "level"), "calibrated": ("noise", "level", "calibrator", "targets")}
        for field in ("noise", "level", "calibrator", "targets"):
            if (getattr(self, field) is None) == (field in needed[self.condition]):
                raise ValueError(
                    f"{field} {'is needed by' if field in needed[self.condition] else 'does not fit'} "
                    f"condition: {self.condition}"
                )
        if self.steps and self.condition != "clean":
            raise ValueError(f"steps do not fit condition: {self.condition}; chips are evaluated at their own")
        if self.minus_clean and self.condition == "clean" and not self.steps:
            raise ValueError("minus_clean of the clean network itself is 0; name a condition or steps")
        return self


class Claim(Model):
    """A claim and its source: `column` of `left` minus that of `right` is at least `margin`.

    `why`: what the margin rests on. `answered_by`: the experiment that is sized to answer it; others that run both
    sides check it, too. `metric`: of the experiments in which outcomes are checked. `datasets`: the only ones that it
    is about.
    `claim`: in words. `source`: paper and place. `column`: what is compared, a column of the tables. `left`, `right`:
    the two sides. `margin`: in the unit of the column.
    """

    claim: str
    source: str
    column: str
    left: Side
    right: Side
    margin: float
    why: str
    answered_by: str
    metric: Literal["accuracy", "mse"] = "accuracy"
    datasets: Many[str] = ()

    @model_validator(mode="after")
    def _comparable(self) -> "Claim":
        if self.left.minus_clean != self.right.minus_clean:
            raise ValueError("minus_clean on one side alone compares a change with a value")
        return self


class Ratio(Model):
    """A claim on the cost of coming within a point of the teacher: `more` needs `times` as much as `fewer`.

    `why`: what the number rests on. `answered_by`: as of a `Claim`.
    `claim`: in words. `source`: paper and place. `column`: the cost. `more`, `fewer`: methods. `times`: the ratio of
    their costs.
    """

    claim: str
    source: str
    column: Literal["steps_eval", "acs", "energy_nj"]
    more: str
    fewer: str
    times: Annotated[float, Field(gt=0)]
    why: str
    answered_by: str


class Untested(Model):
    """A claim that no table can decide: the `reason`, and what would resolve it.

    `claim`: in words. `source`: paper and place. `reason`: why no table decides it. `resolved_by`: what would.
    """

    claim: str
    source: str
    reason: str
    resolved_by: str


class Claims(Model):
    """params/claims.yaml: claims of the papers, checked in every experiment that runs their methods.

    `source`: how claims were chosen. `claims`: on differences. `ratios`: on costs. `untested`: those that no table
    decides.
    """

    source: str
    claims: Many[Claim]
    ratios: Many[Ratio] = ()
    untested: Many[Untested] = ()


class Figure(Model):
    """A published number with its source.

    `trust`: read in the paper itself; quoted by a later paper; digitised from a plot, to within `tolerance`; memory,
    only remembered, which is shown but enters no gap and no verdict. `spread`: the standard deviation in the paper.
    `paper`: authors, venue and year. `table`: or figure of the paper. `dataset`, `network`, `method`: files of params
    that match it. `steps`: without it, no source states them. `metric`: of the value. `value`: an accuracy as a
    fraction. `tolerance`: of a digitised value, in its unit. `note`: what a reader has to know.
    """

    paper: str
    table: str
    dataset: str
    network: str
    method: str
    steps: Positive | None = None
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
    """params/published.yaml: published numbers, shown next to ours.

    `source`: how figures were taken. `figures`: one per published number.
    """

    source: str
    figures: Many[Figure]
