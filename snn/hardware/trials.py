"""Treatments and controls: which calibration runs on which chip. No torch.

A treatment is a calibrator with targets: `teacher`, the activations of the teacher ANN with the labels, as in the
paper; or `own`, rates and scores of the clean network. A control spends the same number of updates in another way:

    level_0        on the clean network, and evaluated there: the effect of more training alone
    clean_chip     on the clean network, then programmed into the chip: the same, without knowledge of the chip
                   (both with the teacher's targets, since the clean network has its own already: nothing would move)
    other_chip     on another chip of the same level, then programmed into this one
    noise_aware    on a fresh chip for every batch, then programmed into this one, without calibration
    shuffled       on the chip, with the targets of other samples
"""

from dataclasses import dataclass
from typing import NamedTuple

from snn.config import Calibration, Hardware, Noise

ON_THE_CLEAN_NETWORK = ("level_0", "clean_chip")
ANY = None  # in place of a chip's number: a calibration that uses no particular chip


class Treatment(NamedTuple):
    """A calibrator and its targets (own or teacher); of a control also its name."""

    calibrator: str
    targets: str
    control: str | None = None


@dataclass(frozen=True)
class Design:
    """The chips of a noise model under one seed, and the treatments of each of them.

    Every seed has chips of its own, which all methods share: a mean over seeds is then one over chips, too.
    """

    hardware: Hardware
    noise: Noise
    treatments: tuple[Treatment, ...]
    seed: int

    def name(self, number: int | None) -> str:
        """The name under which a chip is manufactured; at level 0, where nothing is drawn, there is no number."""
        return f"{self.seed}.{number or 0}"


class Trial(NamedTuple):
    """One calibration: its treatment, the level and the chip."""

    treatment: Treatment
    level: float
    chip: int | None

    @property
    def key(self) -> str:
        """The prefix of its parameters' names in a file."""
        chip = "any" if self.chip is ANY else self.chip
        return f"{self.level}/{chip}/{'/'.join(part or 'treated' for part in self.treatment)}"


class Evaluation(NamedTuple):
    """A chip (of a level, or the clean network at level 0) programmed with the parameters that a trial found."""

    level: float
    chip: int | None
    treatment: Treatment
    trial: Trial


def treatments(calibration: Calibration, teacher_by_rule: bool) -> list[Treatment]:
    """The treatments of a run's chips, without controls.

    Targets `by_rule` become `teacher` if the rule learns from one (`teacher_by_rule`), else `own`.
    """
    by_rule = "teacher" if teacher_by_rule else "own"
    targets = dict.fromkeys(by_rule if target == "by_rule" else target for target in calibration.targets)
    return [Treatment(calibrator, target) for calibrator in calibration.calibrators for target in targets]


def evaluations(design: Design, level: float) -> list[Evaluation]:
    """Every evaluation at a level: all treatments chip by chip, then the controls of the first treatment."""
    chips, controls = range(design.hardware.chips), design.hardware.controls
    found = [Evaluation(level, chip, each, Trial(each, level, chip)) for chip in chips for each in design.treatments]
    if not controls or controls.level != level:
        return found
    for control in controls.kinds:
        treatment = design.treatments[0]._replace(control=control)
        if control in ON_THE_CLEAN_NETWORK:
            treatment = treatment._replace(targets="teacher")
        clean = Trial(treatment._replace(control="clean_chip"), 0, ANY)
        if control == "level_0":
            found.append(Evaluation(0, ANY, treatment, clean))
        for chip in chips if control != "level_0" else ():
            trial = {
                "clean_chip": clean,
                "other_chip": Trial(design.treatments[0], level, (chip + 1) % len(chips)),
                "noise_aware": Trial(treatment, level, ANY),
                "shuffled": Trial(treatment, level, chip),
            }[control]
            found.append(Evaluation(level, chip, treatment, trial))
    return found


def trials(design: Design) -> list[Trial]:
    """Every calibration that the evaluations need, once."""
    needed = (evaluation.trial for level in design.hardware.levels for evaluation in evaluations(design, level))
    return list(dict.fromkeys(needed))


def taught(design: Design) -> bool:
    """Whether any calibration needs a teacher."""
    return any(trial.treatment.targets == "teacher" for trial in trials(design))
