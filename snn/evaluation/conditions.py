"""The conditions under which a run is evaluated: clean, in 8-bit integers, on every chip before and after calibration.

Each but the controls is also evaluated at other numbers of steps. If the parameters do not depend on the number of
steps, one run gives all of them: a shorter inference is the beginning of a longer one.
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

    The network is programmed when it is asked for, maybe into the chip of an earlier condition. `steps`: the numbers of
    steps at which it is evaluated. `last`: of a calibration, the network after the last epoch, unless that is the
    chosen epoch. Conditions with the same `key` have equal networks. `value_val`: on validation data at the network's
    own steps, if calibration has found it on the same chip.
    """

    columns: dict[str, Any]
    net: Callable[[], Network]
    key: Hashable
    steps: tuple[int, ...]
    last: Callable[[], Network] | None = None
    value_val: float | None = None


def conditions(
    clean: Network, sample: Tensor, calibrations: Sequence[Calibrated], steps_eval: Sequence[int]
) -> Iterator[Condition]:
    """Every condition that a run is evaluated under; clean at its own steps comes first. `sample`: training inputs."""
    own = (clean.architecture.steps,)
    yield Condition({"condition": "clean"}, lambda: clean, (chip.fingerprint(chip.programmable(clean)),), own)
    yield Condition({"condition": "int8"}, partial(int8.quantised, clean, sample), "int8", own)
    for steps in _together(clean, steps_eval):
        columns = {"extrapolated": clean.architecture.bias_share}
        clean_at = partial(network.at_steps, clean, steps[-1])
        yield Condition({"condition": "clean", **columns}, clean_at, ("clean", steps), steps)
        int8_at = partial(_int8_at, clean, steps[-1], sample)
        yield Condition({"condition": "int8", **columns}, int8_at, ("int8", steps), steps)
    for calibration in calibrations:
        for level in calibration.design.hardware.levels:
            yield from _on_chips(calibration, clean, level, steps_eval)


def _together(net: Network, steps: Sequence[int]) -> list[tuple[int, ...]]:
    """Numbers of steps that one run gives: all in rising order, or each alone if parameters depend on them."""
    return [(each,) for each in steps] if net.architecture.bias_share else [tuple(sorted(steps))] if steps else []


def _int8_at(clean: Network, steps: int, sample: Tensor) -> Network:
    return int8.quantised(network.at_steps(clean, steps), sample)


def number_of_rows(calibrations: Sequence[Calibrated], steps_eval: Sequence[int]) -> int:
    """The number of rows that `conditions` lead to, one per condition and number of steps."""
    found = [
        (design.hardware.chips, evaluations(design, level))
        for design, *_ in calibrations
        for level in design.hardware.levels
    ]
    controls = sum(bool(one.treatment.control) for _, evaluated in found for one in evaluated)
    others = 2 + sum(chips + len(evaluated) for chips, evaluated in found) - controls
    return others * (1 + len(steps_eval)) + controls


def _own(net: Network, steps_eval: Sequence[int]) -> tuple[int, ...]:
    """The numbers of steps that a chip is evaluated with in one run, its own among them."""
    own = net.architecture.steps
    return (own,) if net.architecture.bias_share else tuple(sorted({own, *steps_eval}))


class _Chip:
    """A chip that is manufactured once for all conditions on it; at level 0 a copy of the clean network."""

    def __init__(self, design: Design, clean: Network, level: float, number: int | None):
        self.made = chip.manufacture(clean, noise_parts(design.noise, level) if level else [], design.name(number))
        self.columns = {"noise": design.hardware.noise, "level": level, "chip": number, "draw": self.made.draw}
        self.first = {name: value.detach().clone() for name, value in chip.programmable(self.made.network).items()}
        self._place = (design.hardware.noise, level, number) if level else ()

    def conditions(
        self,
        columns: Mapping[str, Any],
        values: Mapping[str, Tensor],
        steps_eval: Sequence[int],
        last: Mapping[str, Tensor] | None = None,
        value_val: float | None = None,
    ) -> Iterator[Condition]:
        """The chip programmed with values, at its own steps and others; `value_val` holds if nothing is drawn afresh.

        If parameters depend on the number of steps, it is programmed with others for other steps.
        """
        columns, architecture = {**columns, **self.columns}, self.made.network.architecture
        yield Condition(
            columns,
            partial(self.made.reprogrammed, values),
            (*self._place, chip.fingerprint(values)),
            _own(self.made.network, steps_eval),
            partial(self.made.reprogrammed, last) if last else None,
            value_val if self.made.permanent else None,
        )
        for (steps,) in _together(self.made.network, steps_eval) if architecture.bias_share else ():
            scaled = network.parameters_at(architecture, values, steps)
            key = (*self._place, steps, chip.fingerprint(scaled))
            yield Condition({**columns, "extrapolated": True}, partial(self.made.reprogrammed, scaled), key, (steps,))


def _on_chips(calibration: Calibrated, clean: Network, level: float, steps_eval: Sequence[int]) -> Iterator[Condition]:
    """The chips of a level as manufactured, then after every calibration."""
    design, found, history = calibration
    tensors, metadata = stored.read_tensors(found, remake(found.parent))
    validated = _validated(history)
    chips: dict[tuple[float, int | None], _Chip] = {}
    for number in range(design.hardware.chips):
        made = chips[level, number] = _Chip(design, clean, level, number)
        before, *_ = validated[Trial(design.treatments[0], level, number)]
        yield from made.conditions({"condition": "noisy"}, made.first, steps_eval, value_val=before)
    for evaluation in evaluations(design, level):
        place, trial = (evaluation.level, evaluation.chip), evaluation.trial
        if place not in chips:
            chips[place] = _Chip(design, clean, *place)
        spent = metadata["trials"][trial.key]
        cost = {f"calibration_{name}": value for name, value in spent.items()}
        columns = {"condition": "calibrated", **evaluation.treatment._asdict(), **cost}
        chosen, last = (_values(tensors, f"{trial.key}/{which}/") for which in ("chosen", "last"))
        value_val = validated[trial][spent["epoch"]] if place == (trial.level, trial.chip) else None
        others = () if evaluation.treatment.control else steps_eval
        yield from chips[place].conditions(columns, chosen, others, last, value_val)


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
