"""What the product is to reach in speed and memory, and what the rows on record say of it: met, missed, not measured.

The one place of the targets. Figures are read from `results/benchmarks` and from the costs of collected tables, reasons
from the rows of `parts`; a verdict compares the median as it is on record, unrounded. No torch.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from benchmarks import figure

MET, MISSED, NOT_MEASURED = "met", "missed", "not measured"
NO_PARTS = "no parts on record"
PEERS = ("SpikingJelly", "snnTorch", "norse")
COPIES = "copies of the same bytes"  # a candidate of `neuron`
DEFAULT, HARDWARE = "digits", "hardware"
PARTS = {"train": "trainings", "rows": "evaluations", "chips": "sets of chips"}  # folders of results
KINDS = ("convolutions", "neurons", "norms", "linear", "bits", "copies", "rest")  # of `parts`
REDUCIBLE = ("neurons", "norms")
GROWN_SINCE = {DEFAULT: "the target was set when it had 54 jobs"}


@dataclass(frozen=True)
class Record:
    """Rows by quantity, and the folder of collected tables."""

    rows: Mapping[str, pd.DataFrame]
    tables: Path

    def of(self, quantity: str, **wanted: object) -> pd.DataFrame:
        """The measured rows of a quantity whose columns have these values."""
        if quantity not in self.rows:
            return pd.DataFrame(columns=["case", "steps", "candidate", "ratio"])
        found = self.rows[quantity]
        for column, value in wanted.items():
            found = found[found[column] == value]
        return found[found["ratio"].notna()]

    def costs(self, experiment: str) -> pd.DataFrame:
        """What each result of an experiment cost; no rows if its tables are not on record.

        "part": "train" for a training, else the folder below it, "rows" of an evaluation or "chips".
        """
        path = self.tables / experiment / "costs.csv"
        if not path.exists():
            return pd.DataFrame()
        found = pd.read_csv(path)
        below = found["path"].str.extract(r"/s\d+-[0-9a-f]+(?:/(?P<part>\w+))?")["part"]
        return found.assign(part=below.fillna("train"))


class Figure(NamedTuple):
    """A figure on record, as a number and as text; `lowest` and `highest`: those of its rounds."""

    value: float
    text: str
    lowest: float | None = None
    highest: float | None = None


Reading = Callable[[Record], Figure | None]
Reason = Callable[[Record], str]


@dataclass(frozen=True)
class Target:
    """A figure that is to be at most `limit`. `why`: what is known of a miss. `absent`: why there is no figure."""

    quantity: str
    limit: float
    reading: Reading
    why: Reason = lambda record: NO_PARTS
    unit: str = ""
    absent: str = "no row on record"

    def cells(self, record: Record) -> dict[str, str]:
        """Its row of the table, by heading."""
        found, limit = self.reading(record), f"{self.limit:,g} {self.unit}".strip()
        if found is None:
            on_record, verdict, why = "", NOT_MEASURED, self.absent
        elif found.value <= self.limit:
            over = found.highest is not None and found.highest > self.limit
            on_record, verdict, why = found.text, MET + (", not in every round" if over else ""), ""
        else:
            excess = figure(found.value - self.limit) if self.limit < 10 else f"{found.value - self.limit:,.0f}"
            on_record, verdict, why = found.text, f"{MISSED} by {excess}", self.why(record)
        return {
            "quantity": self.quantity,
            "on record": on_record,
            "target": limit,
            "verdict": verdict,
            "why": why,
        }


def ratio(quantity: str, case: str, candidate: str, steps: int | None = None, on: str = "") -> Reading:
    """The ratio of a row to its reference. `on`: among the instructions of the processor."""

    def read(record: Record) -> Figure | None:
        found = record.of(quantity, case=case, candidate=candidate, **({} if steps is None else {"steps": steps}))
        found = found if found.empty else found[found["instructions"].str.contains(on)]
        return None if found.empty else _ratio(found.iloc[0])

    return read


def value(quantity: str, case: str, candidate: str) -> Reading:
    """The quantity itself, in its unit."""

    def read(record: Record) -> Figure | None:
        found = record.of(quantity, case=case, candidate=candidate)
        return (
            None
            if found.empty
            else Figure(found["value"].iloc[0], f"{found['value'].iloc[0]:,.3g} {found.unit.iloc[0]}")
        )

    return read


def over_best(quantity: str, case: str, peer: str) -> Reading:
    """Ours over the fastest layout of a peer, in cases that begin so; of several cases the worst, and it is named."""

    def read(record: Record) -> Figure | None:
        found = record.of(quantity)
        found = found[found["case"].str.startswith(case) & found["candidate"].str.startswith(peer)]
        if found.empty:
            return None
        worst = found.loc[found["ratio"].idxmin()]
        at = f", worst of {found['case'].nunique()}: {worst.case}" if found["case"].nunique() > 1 else ""
        turned = worst.copy()
        turned["ratio"], turned["lowest"], turned["highest"] = 1 / worst.ratio, 1 / worst.highest, 1 / worst.lowest
        return _ratio(turned)._replace(text=_ratio(turned).text + at)

    return read


def cpu_seconds(experiment: str, *columns: str, parts: tuple[str, ...] = tuple(PARTS), seeds: int = 0) -> Reading:
    """Processor time of the results of an experiment. `seeds`: scaled to so many, if the target was set for these."""

    def read(record: Record) -> Figure | None:
        costs = record.costs(experiment)
        if costs.empty:
            return None
        found = costs[costs["part"].isin(parts)]
        seconds = float(found[list(columns)].sum().sum())
        if seeds:
            seconds *= seeds / found["path"].str.extract(r"/s(\d+)-")[0].nunique()
        scaled = f", scaled to {seeds} seeds" if seeds else ""
        return Figure(seconds, f"{seconds:,.4g} CPU-s of {len(found)} results{scaled}")

    return read


def divided(case: str, reading: Reading, steps: int, who: str = "ours") -> Reason:
    """The shares of a step or an epoch, and what is left of the figure on record without some of them."""

    def tell(record: Record) -> str:
        found, whole = record.of("parts", case=case, steps=steps), reading(record)
        parts = {kind: found[found["candidate"] == f"{who}, {kind}"] for kind in KINDS}
        if whole is None or any(part.empty for part in parts.values()):
            return NO_PARTS
        sizes = {kind: float(part["ratio"].iloc[0]) for kind, part in parts.items()}
        shares = {kind: size / sum(sizes.values()) for kind, size in sizes.items() if size}
        told = ", ".join(f"{kind} {100 * share:.3g} %" for kind, share in shares.items())
        free = [kind for kind in REDUCIBLE if kind in shares]
        left = whole.value * (1 - sum(shares[kind] for kind in free))
        alone = whole.value * shares["convolutions"]
        return f"{told}; {figure(left)} without {' and '.join(free)}, {figure(alone)} of convolutions alone"

    return tell


def held(case: str, who: str) -> Reason:
    """What the memory of a step holds at its peak."""

    def tell(record: Record) -> str:
        found = record.of("kept", case=case)
        parts = found[found["candidate"].str.startswith(f"{who}, ")]
        told = (
            f"{name.removeprefix(f'{who}, ')} {figure(share)}"
            for name, share in zip(parts["candidate"], parts["ratio"], strict=True)
        )
        return f"parts: {', '.join(told)}" if len(parts) else NO_PARTS

    return tell


def others(quantity: str, peer: str, bound: str) -> Reason:
    """The best case, where the worst decides; and ours in that one, beside what bounds it."""

    def tell(record: Record) -> str:
        found = record.of(quantity)
        of_peer = found[found["candidate"] == peer]
        best, worst = (of_peer.loc[at] for at in (of_peer["ratio"].idxmax(), of_peer["ratio"].idxmin()))
        told = f"best of them: {figure(1 / best.ratio)}, {best.case}"
        least = found[(found["candidate"] == bound) & (found["case"] == worst.case)]
        if least.empty:
            return told
        times = 1 / float(least["ratio"].iloc[0])
        speed = figure(1 / worst.ratio / times)
        return f"{told}; in the worst ours takes {times:.2g} times {bound}: at their speed {speed}"

    return tell


def spent(experiment: str) -> Reason:
    """Processor time by kind of job."""

    def tell(record: Record) -> str:
        costs = record.costs(experiment)
        parts = ((name, costs[costs["part"] == part]["cpu_seconds"]) for part, name in PARTS.items())
        told = "CPU-s: " + ", ".join(f"{len(seconds)} {name} {seconds.sum():,.0f}" for name, seconds in parts)
        return "; ".join(filter(None, (told, GROWN_SINCE.get(experiment, ""))))

    return tell


def _ratio(row: pd.Series) -> Figure:
    told = f"{figure(row.ratio)} ({figure(row.lowest)} to {figure(row.highest)})"
    return Figure(float(row.ratio), told, float(row.lowest), float(row.highest))


def _step(case: str, steps: int, limit: float) -> Target:
    reading = ratio("step", case, "ours", steps)
    return Target(f"step: {case}, T = {steps}, to ANN xT", limit, reading, divided(case, reading, steps))


STEPS = (
    ("STBP", 4, 0.98),
    ("STBP", 8, 0.98),
    ("TET", 4, 0.98),
    ("TET", 8, 0.98),
    ("STBP, norm", 4, 0.93),
    ("STBP, norm", 8, 0.93),
    ("TET, norm", 4, 0.93),
    ("TET, norm", 8, 0.93),
    ("tandem, norm", 4, 0.60),
    ("tandem, norm", 8, 0.47),
    ("LTL offline", 4, 0.78),
    ("LTL offline", 8, 0.70),
    ("LTL online", 4, 0.90),
    ("LTL online", 8, 0.88),
)
TARGETS: tuple[Target, ...] = (
    *(
        Target(
            f"neuron, forward and backward, to {peer}",
            1 / 8,
            over_best("neuron", "", peer),
            others("neuron", peer, COPIES),
        )
        for peer in PEERS
    ),
    *(_step(*about) for about in STEPS),
    *(
        Target(
            f"step: STBP, T = {steps}, products in bfloat16, to ANN xT in float32",
            0.55,
            ratio("step", "STBP", "ours, bf16", steps),
            divided("STBP", ratio("step", "STBP", "ours, bf16", steps), steps, "ours, bf16"),
        )
        for steps in (4, 8)
    ),
    *(
        Target(
            f"step: STBP, T = {steps}, products in bfloat16 on AMX, to ANN xT in float32",
            0.30,
            ratio("step", "STBP", "ours, bf16", steps, on="amx"),
            absent="no row of a processor with AMX on record",
        )
        for steps in (4, 8)
    ),
    Target("memory of STBP, T = 16, to SpikingJelly", 0.30, ratio("memory", "no norm", "ours, STBP", 16)),
    Target(
        "memory of TET with norm, T = 16, to SpikingJelly",
        0.33,
        ratio("memory", "norm", "ours, TET, norm", 16),
        held("norm", "ours, TET, norm"),
    ),
    Target(
        "memory of LTL online, T = 64 to T = 4, equal in two decimals",
        1.005,
        ratio("memory", "growth, LTL online", "T = 64"),
    ),
    Target("inference with exact counts, to without", 1.02, ratio("inference", "ours", "exact counts")),
    *(
        Target(
            f"epoch of {network}, to SpikingJelly's better layout",
            limit,
            over_best("epoch", network, PEERS[0]),
            divided(f"epoch, {network}", over_best("epoch", network, PEERS[0]), 4),
        )
        for network, limit in (("small_cnn", 0.50), ("digits_cnn", 0.60))
    ),
    Target(
        f"default experiment `{DEFAULT}`, all jobs",
        170,
        cpu_seconds(DEFAULT, "cpu_seconds", "start_cpu_seconds"),
        spent(DEFAULT),
        "CPU-s",
        f"no tables of `{DEFAULT}` on record",
    ),
    Target(
        f"default experiment `{DEFAULT}`, starts of its jobs, forks alone",
        25,
        cpu_seconds(DEFAULT, "start_cpu_seconds"),
        spent(DEFAULT),
        "CPU-s",
        f"no tables of `{DEFAULT}` on record",
    ),
    Target(
        f"evaluations of `{HARDWARE}`, three seeds",
        1500,
        cpu_seconds(HARDWARE, "cpu_seconds", parts=("rows",), seeds=3),
        spent(HARDWARE),
        "CPU-s",
        f"no tables of `{HARDWARE}` on record",
    ),
    Target("tables of 1,002 runs of `smoke`", 8, value("tables", "collect", "1,002 runs"), unit="CPU-s"),
    Target("plan of 10,000 runs", 25, value("planning", "plan", "10,000 runs"), unit="CPU-s"),
    Target("plan of one job among 10,000 runs, to among 100", 1.25, ratio("planning", "one job", "10,000 runs")),
)


def columns(record: Record, targets: tuple[Target, ...] = TARGETS) -> dict[str, list[str]]:
    """The cells of the table by heading, a row per target."""
    rows = [target.cells(record) for target in targets]
    return {heading: [row[heading] for row in rows] for heading in rows[0]}
