"""Tuning: the learning rate with the best mean on validation data, over seeds that no result uses.

Test data have no part in it: a tuning run is trained and never evaluated.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from snn.core import stored
from snn.core.errors import InputError, remake
from snn.model.losses import METRICS
from snn.training.records import Tuning
from snn.training.validation import Scored, better

SAME = 12  # decimals to which means are rounded before they are compared
CHOICE = "tuning.csv"


class Tried(NamedTuple):
    """A tuning run: its learning rate and seed, the file of its epochs, and how many of them were planned."""

    lr: float
    seed: int
    history: Path
    epochs: int


def run(tried: Sequence[Tried], task: str, out: Path) -> dict[str, float]:
    """Write tuning.csv into the folder `out`, one row per tuning run; returns the chosen learning rate.

    Raises InputError naming a file that cannot be read, or the first run if no learning rate trains.
    """
    courses = [_course(one.history) for one in tried]
    values = [_value(course, task) for course in courses]
    by_rate: dict[float, list[float | None]] = {}
    for one, value in zip(tried, values, strict=True):
        by_rate.setdefault(one.lr, []).append(value)
    lr = best(by_rate, METRICS[task][1])
    if lr is None:
        what = "diverged in its first epoch, and some run of every other learning rate, too"
        raise InputError(tried[0].history.parent, what, "try smaller learning_rates")
    rows = [
        Tuning(lr=one.lr, seed=one.seed, value_val=value, diverged=len(course) < one.epochs, chosen=one.lr == lr)
        for one, value, course in zip(tried, values, courses, strict=True)
    ]
    stored.write_csv(out / CHOICE, [row.model_dump() for row in rows])
    return {"lr": lr}


def best(by_rate: Mapping[float, Sequence[float | None]], direction: str) -> float | None:
    """The learning rate whose values have the best mean; of equal ones the first.

    A rate that lacks a value is never chosen; None if every rate does.
    """
    sign = 1 if direction == "higher" else -1
    means = {lr: round(sign * sum(v) / len(v), SAME) for lr, values in by_rate.items() if (v := _complete(values))}
    return max(means, key=lambda lr: means[lr]) if means else None


def chosen(path: Path) -> float:
    """The learning rate that a tuning.csv chose; raises InputError naming the file if it holds no choice."""
    found = {row["lr"] for row in stored.read_csv(path, remake(path.parent)) if row.get("chosen") == "True"}
    if len(found) != 1:
        raise InputError(path, "does not name one chosen learning rate", remake(path.parent))
    return float(found.pop())


def _complete(values: Sequence[float | None]) -> list[float]:
    """The values, or nothing if one is missing."""
    known = [value for value in values if value is not None]
    return known if len(known) == len(values) else []


def _course(path: Path) -> list[Scored]:
    rows = stored.read_csv(path, remake(path.parent))
    return [{"value_val": float(row["value_val"]), "validation_loss": float(row["validation_loss"])} for row in rows]


def _value(course: Sequence[Scored], task: str) -> float | None:
    """The validation value of the epoch that training keeps; None without any."""
    kept: Scored | None = None
    for epoch in course:
        if kept is None or better(epoch, kept, task):
            kept = epoch
    return kept["value_val"] if kept else None
