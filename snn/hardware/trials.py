"""What is done to a chip before it is evaluated again: arms. No torch.

An arm is a calibrator with targets: `teacher`, the activations of the teacher ANN with the labels, as in the paper; or
`own`, rates and scores of the clean network. Controls spend the same number of updates elsewhere:

    level_0        on the clean network, and evaluated there: what more training alone does
    clean_chip     on the clean network, then programmed into the chip: the same, not knowing the chip
    other_chip     on another chip of the same level, then programmed into this one
    noise_aware    on a fresh chip for every batch, then programmed into this one, without calibration
    shuffled       on the chip, with the targets of other samples
"""

from dataclasses import dataclass
from typing import NamedTuple

from snn.config import Calibration, Hardware, Noise

ANY = None  # the chip of a calibration that knows none


class Arm(NamedTuple):
    """A calibrator, its targets (own or teacher), and the control it is, if any."""

    calibrator: str
    targets: str
    control: str | None = None


@dataclass(frozen=True)
class Design:
    """Which chips of a noise model there are, and in which ways each of them is calibrated."""

    hardware: Hardware
    noise: Noise
    arms: tuple[Arm, ...]


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
    """One evaluation: a chip (of a level, or the clean network at level 0) programmed with what a trial found."""

    level: float
    chip: int | None
    arm: Arm
    trial: Trial


def arms(calibration: Calibration, teacher_by_rule: bool) -> list[Arm]:
    """The arms of a run; `by_rule` targets are the teacher's where its rule learns from one, else its own."""
    by_rule = "teacher" if teacher_by_rule else "own"
    targets = dict.fromkeys(by_rule if target == "by_rule" else target for target in calibration.targets)
    return [Arm(calibrator, target) for calibrator in calibration.calibrators for target in targets]


def verdicts(design: Design, level: float) -> list[Verdict]:
    """Every evaluation at a level: the arms chip by chip, then the controls of the first."""
    chips, controls = range(design.hardware.chips), design.hardware.controls
    found = [Verdict(level, chip, arm, Trial(arm, level, chip)) for chip in chips for arm in design.arms]
    if not controls or controls.level != level:
        return found
    for control in controls.kinds:
        arm = design.arms[0]._replace(control=control)
        clean = Trial(arm._replace(control="clean_chip"), 0, ANY)
        if control == "level_0":
            found.append(Verdict(0, ANY, arm, clean))
        for chip in chips if control != "level_0" else ():
            trial = {
                "clean_chip": clean,
                "other_chip": Trial(design.arms[0], level, (chip + 1) % len(chips)),
                "noise_aware": Trial(arm, level, ANY),
                "shuffled": Trial(arm, level, chip),
            }[control]
            found.append(Verdict(level, chip, arm, trial))
    return found


def trials(design: Design) -> list[Trial]:
    """Every calibration that is asked for, once."""
    return list(dict.fromkeys(verdict.trial for level in design.hardware.levels for verdict in verdicts(design, level)))
