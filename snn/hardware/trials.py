"""What is done to a chip before it is judged again: arms. No torch.

An arm is a calibrator with targets: `teacher`, the activations of the teacher ANN with the labels, as in the paper; or
`own`, rates and scores of the clean network. Controls spend the same number of updates elsewhere:

    level_0        on the clean network, and judged there: what more training alone does
    clean_chip     on the clean network, then programmed into the chip: the same, not knowing the chip
    other_chip     on another chip of the same level, then programmed into this one
    noise_aware    on a fresh chip for every batch, then programmed into this one, without calibration
    shuffled       on the chip, with the targets of other samples
"""

from typing import Any, NamedTuple

from snn.config import Calibration

ANY = None  # the chip of a calibration that knows none


class Arm(NamedTuple):
    """A calibrator, its targets (own or teacher), and the control it is, if any."""

    calibrator: str
    targets: str
    control: str | None = None


class Trial(NamedTuple):
    """One calibration: of which arm, at which level, on which chip."""

    arm: Arm
    level: float
    chip: int | None

    @property
    def key(self) -> str:
        """How its parameters are named in a file."""
        chip = "any" if self.chip is ANY else self.chip
        return f"{self.level}/{chip}/{'/'.join(part or 'treated' for part in self.arm)}"


class Verdict(NamedTuple):
    """One judgement: a chip (of a level, or the clean network at level 0) programmed with what a trial found."""

    level: float
    chip: int | None
    arm: Arm
    trial: Trial


def arms(calibration: Calibration, teacher_by_rule: bool) -> list[Arm]:
    """The arms of a run; `by_rule` targets are the teacher's where its rule learns from one, else its own."""
    by_rule = "teacher" if teacher_by_rule else "own"
    targets = dict.fromkeys(by_rule if target == "by_rule" else target for target in calibration.targets)
    return [Arm(calibrator, target) for calibrator in calibration.calibrators for target in targets]


def verdicts(job: Any, level: float) -> list[Verdict]:
    """Every judgement at a level of a `jobs.Calibrate` job: the arms chip by chip, then the controls of the first."""
    chips, controls = range(job.hardware.chips), job.hardware.controls
    found = [Verdict(level, chip, arm, Trial(arm, level, chip)) for chip in chips for arm in job.arms]
    if not controls or controls.level != level:
        return found
    for control in controls.kinds:
        arm = job.arms[0]._replace(control=control)
        clean = Trial(arm._replace(control="clean_chip"), 0, ANY)
        if control == "level_0":
            found.append(Verdict(0, ANY, arm, clean))
        for chip in chips if control != "level_0" else ():
            trial = {
                "clean_chip": clean,
                "other_chip": Trial(job.arms[0], level, (chip + 1) % len(chips)),
                "noise_aware": Trial(arm, level, ANY),
                "shuffled": Trial(arm, level, chip),
            }[control]
            found.append(Verdict(level, chip, arm, trial))
    return found


def trials(job: Any) -> list[Trial]:
    """Every calibration of a job, once."""
    return list(dict.fromkeys(verdict.trial for level in job.hardware.levels for verdict in verdicts(job, level)))
