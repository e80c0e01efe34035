"""The conditions under which a run is evaluated: clean, at other numbers of steps, in 8-bit integers, on every chip.

Chips are evaluated before and after calibration.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor

from snn.config.levels import noise_parts
from snn.core import stored
from snn.core.errors import remake
from snn.hardware import chip, int8
from snn.hardware.trials import Design, evaluations
from snn.model import network
from snn.model.network import Network


class Calibrated(NamedTuple):
    """A finished calibration: its design, and the file of the parameters that it found."""

    design: Design
    found: Path


class Condition(NamedTuple):
    """The columns that name a condition, and the network under it.

    `last`: of a calibration, the network after the last epoch, unless that is the chosen epoch.
    """

    columns: dict[str, Any]
    net: Network
    last: Network | None = None


def conditions(
    clean: Network, sample: Tensor, calibrations: Sequence[Calibrated], steps_eval: Sequence[int]
) -> Iterator[Condition]:
    """Every condition that a run is evaluated under; clean comes first. `sample`: training inputs."""
    yield Condition({"condition": "clean"}, clean)
    yield Condition({"condition": "int8"}, int8.quantised(clean, sample))
    for steps in steps_eval:
        columns = {"steps_eval": steps, "extrapolated": clean.architecture.bias_share}
        other = network.at_steps(clean, steps)
        yield Condition({"condition": "clean", **columns}, other)
        yield Condition({"condition": "int8", **columns}, int8.quantised(other, sample))
    for calibration in calibrations:
        for level in calibration.design.hardware.levels:
            yield from _on_chips(calibration, clean, level)


def number_of(calibrations: Sequence[Calibrated], steps_eval: Sequence[int]) -> int:
    """The number of conditions that `conditions` yields."""
    on_chips = sum(
        design.hardware.chips + len(evaluations(design, level))
        for design, _ in calibrations
        for level in design.hardware.levels
    )
    return 2 + 2 * len(steps_eval) + on_chips


def _on_chips(calibration: Calibrated, clean: Network, level: float) -> Iterator[Condition]:
    """The chips of a level as manufactured, then after every calibration."""
    design, found = calibration
    tensors, metadata = stored.read_tensors(found, remake(found.parent))
    parts = noise_parts(design.noise, level)
    for number in range(design.hardware.chips):
        made = chip.manufacture(clean, parts, number)
        yield Condition({"condition": "noisy", **_chip(design, level, number, made)}, made.network)
    for evaluation in evaluations(design, level):
        spent = metadata["trials"][evaluation.trial.key]
        nets = {}
        for name in ("chosen", "last"):
            made = chip.manufacture(clean, parts if evaluation.level else [], evaluation.chip or 0)
            prefix = f"{evaluation.trial.key}/{name}/"
            values = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
            if values:
                chip.program(made.network, network.from_numpy(values))
                nets[name] = made.network
        cost = {f"calibration_{name}": value for name, value in spent.items()}
        columns = {**_chip(design, evaluation.level, evaluation.chip, made), **evaluation.treatment._asdict(), **cost}
        yield Condition({"condition": "calibrated", **columns}, nets["chosen"], nets.get("last"))


def _chip(design: Design, level: float, number: int | None, made: chip.Chip) -> dict[str, Any]:
    return {"noise": design.hardware.noise, "level": level, "chip": number, "draw": made.draw}
