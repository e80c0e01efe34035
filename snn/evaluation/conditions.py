"""The conditions under which a run is evaluated: clean, at other numbers of steps, in 8-bit integers, on every chip.

Chips are evaluated before and after calibration.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from torch import Tensor

from snn.config.levels import noise_parts
from snn.core import stored
from snn.core.errors import remake
from snn.hardware import chip, int8
from snn.hardware.trials import ANY, Design, Treatment, Trial, evaluations
from snn.model import network
from snn.model.network import Network


class Calibrated(NamedTuple):
    """A finished calibration: its design, and the files of the parameters that it found and of its epochs."""

    design: Design
    found: Path
    history: Path


class Condition(NamedTuple):
    """The columns that name a condition, and functions that return the network under it.

    The network is programmed when it is asked for, maybe into the chip of an earlier condition. `last`: of a
    calibration, the network after the last epoch, unless that is the chosen epoch. Conditions with the same `key` have
    equal networks. `value_val`: on validation data, if calibration has found it on the same chip.
    """

    columns: dict[str, Any]
    net: Callable[[], Network]
    key: Hashable
    last: Callable[[], Network] | None = None
    value_val: float | None = None


def conditions(
    clean: Network, sample: Tensor, calibrations: Sequence[Calibrated], steps_eval: Sequence[int]
) -> Iterator[Condition]:
    """Every condition that a run is evaluated under; clean comes first. `sample`: training inputs."""
    yield Condition({"condition": "clean"}, lambda: clean, (chip.fingerprint(chip.programmable(clean)),))
    yield Condition({"condition": "int8"}, partial(int8.quantised, clean, sample), "int8")
    for steps in steps_eval:
        columns = {"steps_eval": steps, "extrapolated": clean.architecture.bias_share}
        clean_at = partial(network.at_steps, clean, steps)
        yield Condition({"condition": "clean", **columns}, clean_at, ("clean", steps))
        int8_at = partial(_int8_at, clean, steps, sample)
        yield Condition({"condition": "int8", **columns}, int8_at, ("int8", steps))
    for calibration in calibrations:
        for level in calibration.design.hardware.levels:
            yield from _on_chips(calibration, clean, level)


def _int8_at(clean: Network, steps: int, sample: Tensor) -> Network:
    return int8.quantised(network.at_steps(clean, steps), sample)


def number_of(calibrations: Sequence[Calibrated], steps_eval: Sequence[int]) -> int:
    """The number of conditions that `conditions` yields."""
    on_chips = sum(
        design.hardware.chips + len(evaluations(design, level))
        for design, *_ in calibrations
        for level in design.hardware.levels
    )
    return 2 + 2 * len(steps_eval) + on_chips


class _Chip:
    """A chip that is manufactured once for all conditions on it; at level 0 a copy of the clean network."""

    def __init__(self, design: Design, clean: Network, level: float, number: int | None):
        self.made = chip.manufacture(clean, noise_parts(design.noise, level) if level else [], design.name(number))
        self.columns = {"noise": design.hardware.noise, "level": level, "chip": number, "draw": self.made.draw}
        self.first = {name: value.detach().clone() for name, value in chip.programmable(self.made.network).items()}
        self._place = (design.hardware.noise, level, number) if level else ()

    def condition(
        self,
        columns: Mapping[str, Any],
        values: Mapping[str, Tensor],
        last: Mapping[str, Tensor] | None = None,
        value_val: float | None = None,
    ) -> Condition:
        """The chip programmed with values; `value_val` holds only if nothing is drawn afresh."""
        return Condition(
            {**columns, **self.columns},
            partial(self.made.reprogrammed, values),
            (*self._place, chip.fingerprint(values)),
            partial(self.made.reprogrammed, last) if last else None,
            value_val if self.made.permanent else None,
        )


def _on_chips(calibration: Calibrated, clean: Network, level: float) -> Iterator[Condition]:
    """The chips of a level as manufactured, then after every calibration."""
    design, found, history = calibration
    tensors, metadata = stored.read_tensors(found, remake(found.parent))
    validated = _validated(history)
    chips: dict[tuple[float, int | None], _Chip] = {}
    for number in range(design.hardware.chips):
        made = chips[level, number] = _Chip(design, clean, level, number)
        before, *_ = validated[Trial(design.treatments[0], level, number)]
        yield made.condition({"condition": "noisy"}, made.first, value_val=before)
    for evaluation in evaluations(design, level):
        place, trial = (evaluation.level, evaluation.chip), evaluation.trial
        if place not in chips:
            chips[place] = _Chip(design, clean, *place)
        spent = metadata["trials"][trial.key]
        cost = {f"calibration_{name}": value for name, value in spent.items()}
        columns = {"condition": "calibrated", **evaluation.treatment._asdict(), **cost}
        chosen, last = (_values(tensors, f"{trial.key}/{which}/") for which in ("chosen", "last"))
        value_val = validated[trial][spent["epoch"]] if place == (trial.level, trial.chip) else None
        yield chips[place].condition(columns, chosen, last, value_val)


def _values(tensors: Mapping[str, np.ndarray], prefix: str) -> dict[str, Tensor]:
    found = {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
    return network.from_numpy(found)


def _validated(history: Path) -> dict[Trial, list[float]]:
    """The values on validation data that every trial found, by epoch."""
    found: dict[Trial, list[float]] = {}
    for row in stored.read_csv(history, remake(history.parent)):
        treatment = Treatment(row["calibrator"], row["targets"], row["control"] or None)
        trial = Trial(treatment, float(row["level"]), int(row["chip"]) if row["chip"] else ANY)
        found.setdefault(trial, []).append(float(row["value_val"]))
    return found
