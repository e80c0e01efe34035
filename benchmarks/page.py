"""Write docs/results/speed.md and its figure from the rows in results/benchmarks. No torch.

    python -m benchmarks.page

A section per quantity on record, captioned by the docstring of its file.
"""

import ast
import math
from pathlib import Path

import pandas as pd

from benchmarks import FOLDER, figure, targets
from snn.core import files
from snn.core.paths import ROOT
from snn.report import canvas, markdown

HERE = Path(__file__).parent
PAGE, FIGURE = Path("docs", "results", "speed.md"), Path("docs", "results", "speed.svg")
WIDE = 0.15  # spread over median, beyond which a figure is marked
TABLES = ROOT / "results" / "tables"
DRAWN = ("neuron", "step", "memory", "inference", "epoch")
TEXT = dict.fromkeys(  # a commit such as 81e2873 is not a number
    (
        *("quantity", "case", "candidate", "reference", "unit", "equality_of", "model", "note"),
        *("cpu", "versions", "commit", "date", "instructions"),
    ),
    str,
)
NUMBERS = (
    "steps",
    "ratio",
    "lowest",
    "highest",
    "rounds",
    "value",
    "equality",
    "gradient",
    "load_before",
    "load_after",
    "cores",
)
TICKS = (0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 7, 10, 15, 20, 30)

INTRODUCTION = """\
# Speed and memory

Written by `make bench` (`python -m benchmarks.page`) from `results/benchmarks/*.csv`, do not edit.

Every figure without a unit is a ratio: the median over interleaved rounds, then the smallest and largest round in
brackets. Candidates of a table run one after the other in every round, and the first of a round rotates. The clock is
the processor time of the process, on one thread, with the settings of malloc and torch that jobs of the product use;
sections tell where they do otherwise. The smaller of two candidates is the faster, or needs less; in `neuron`, `epoch`
and `inference` ratios are to ours. Equality is checked in the same run, before the time: a candidate whose model is the
same but whose result is not stops the run. "model" tells how a candidate's model differs. *wide*: the rounds differ by
more than {wide:g} % of the median; measure such a row again.

Rules (README has them in words): STBP and TET learn by backpropagation through time, tandem learning by the gradient of
an ANN, LTL layer by layer. *ANN xT* is the bound of a training step: the same layers with ReLU in plain torch, on T
times as many images, since a spiking network of T steps needs as many products.

## Targets

`benchmarks/targets.py` names them; they were set before the work, some beyond what prototypes reached. Figures are of
the sections below: the median decides, the rounds are in brackets. Of several shapes or layouts of a peer, the one
decides that is best for the peer. CPU-seconds of an experiment are those of `costs.csv` in `results/tables`: processor
time of the jobs that made the results on record, trainings, evaluations and sets of chips, whatever else the machine
did meanwhile. The workflow itself, the parent from which jobs fork, data, tables, report and page are not among them.
*Why* has the shares of ours in `parts`, and what these leave of the figure on record; of memory, what `kept` found.

{targets}

## Machines

When, where, at which load and from which code rows were measured; an empty cell was not recorded. The load average
counts the benchmark itself as 1. *Neuron* is the form that spiking neurons took, `c` for compiled code; rows without it
are older than that form. Rows of different commits may measure different code: compare figures of one commit.

{machine}

![Ratios of every quantity, with the smallest and largest round](speed.svg)
"""


def main() -> None:
    """Write page and figure, from all quantities on record."""
    found = on_record(FOLDER)
    draw({name: rows for name, rows in found.items() if name in DRAWN}, FIGURE)
    print(files.write(PAGE, text(found)))


def quantities() -> list[str]:
    """Names of the files beside this one that define `rows`."""
    found = []
    for path in sorted(HERE.glob("*.py")):
        tree = ast.parse(path.read_text())
        if any(isinstance(node, ast.FunctionDef) and node.name == "rows" for node in tree.body):
            found.append(path.stem)
    return found


def on_record(folder: Path) -> dict[str, pd.DataFrame]:
    """The rows of each quantity that has a file in the folder."""
    paths = {name: folder / f"{name}.csv" for name in quantities()}
    return {name: read(path) for name, path in paths.items() if path.exists()}


def read(path: Path) -> pd.DataFrame:
    """The rows of a file; columns that it lacks, since it is older than they are, are empty."""
    rows = pd.read_csv(path, dtype=TEXT, keep_default_na=False, na_values={c: [""] for c in NUMBERS})
    return rows.assign(**{c: "" for c in TEXT if c not in rows}, **{c: math.nan for c in NUMBERS if c not in rows})


def text(found: dict[str, pd.DataFrame], tables: Path = TABLES) -> str:
    """The page; `tables`: the folder of collected tables."""
    sections = [section(name, rows) for name, rows in found.items()]
    reached = markdown.table(targets.columns(targets.Record(found, tables)))
    about = {"wide": 100 * WIDE, "targets": reached, "machine": markdown.table(machines(found))}
    return "\n".join([INTRODUCTION.format(**about), *sections])


def machines(found: dict[str, pd.DataFrame]) -> dict[str, list[str]]:
    """When, where, with what and at which load rows were measured: cells by heading, a row per run of a quantity."""
    keys = ["quantity", "date", "commit", "cpu", "instructions", "cores", "versions"]
    rows = pd.concat(found.values()) if found else pd.DataFrame(columns=[*TEXT, *NUMBERS])
    cells: dict[str, list[str]] = {name: [] for name in (*keys[:3], "load", *keys[3:6], "neuron", "versions")}
    for values, group in rows.groupby(keys, sort=False, dropna=False):
        about = dict(zip(keys, values, strict=True))
        loads = pd.concat([group["load_before"], group["load_after"]]).dropna()
        versions = [part for part in about["versions"].split("; ") if not part.startswith("neuron ")]
        neuron = [part.removeprefix("neuron ") for part in about["versions"].split("; ") if part.startswith("neuron ")]
        commit = about["commit"].rstrip("+") + (" with changes" if about["commit"].endswith("+") else "")
        row = about | {
            "commit": commit,
            "load": f"{loads.min():g} to {loads.max():g}" if len(loads) else "",
            "cores": number(about["cores"]),
            "neuron": "".join(neuron),
            "versions": ", ".join(versions),
        }
        for name, column in cells.items():
            column.append(row[name])
    return cells


def section(name: str, rows: pd.DataFrame) -> str:
    """The table of a quantity below its caption."""
    columns = {
        "case": rows["case"],
        "T": [number(steps) for steps in rows["steps"]],
        "candidate": rows["candidate"],
        "ratio": [ratio(row) for row in rows.itertuples()],
        "to": rows["reference"],
        "value": ["" if pd.isna(v) else f"{v:,.4g} {u}" for v, u in zip(rows["value"], rows["unit"], strict=True)],
        "equality": [equality(row) for row in rows.itertuples()],
        "model": rows["model"],
        "rounds": [number(rounds) if rounds else "" for rounds in rows["rounds"]],
    }
    return f"## {name}\n\n{caption(name)}\n\n{markdown.table(columns)}\n"


def caption(name: str) -> str:
    """The docstring of a quantity's file, as Markdown."""
    return ast.get_docstring(ast.parse((HERE / f"{name}.py").read_text())) or ""


def number(value: float) -> str:
    """A whole number, or nothing."""
    return "" if pd.isna(value) else f"{value:g}"


def ratio(row) -> str:
    """Median and range of a row, or why it was not measured."""
    if pd.isna(row.ratio):
        return row.note
    wide = " *wide*" if row.highest - row.lowest > WIDE * row.ratio else ""
    return f"{figure(row.ratio)} ({figure(row.lowest)} to {figure(row.highest)}){wide}"


def equality(row) -> str:
    """What was compared, and how much differs."""
    if pd.isna(row.equality):
        return ""
    gradient = "" if pd.isna(row.gradient) else f"; gradient {row.gradient:.1g}"
    return f"{row.equality:.2g} {row.equality_of}{gradient}"


def draw(found: dict[str, pd.DataFrame], path: Path) -> None:
    """A panel per quantity, a line per row: median and range, on a logarithmic axis."""
    shown = {
        name: rows[rows["ratio"].notna() & (rows["candidate"] != rows["reference"])] for name, rows in found.items()
    }
    shown = {name: rows for name, rows in shown.items() if len(rows)}
    if not shown:
        return
    heights = [len(rows) for rows in shown.values()]
    size = (10, 0.22 * sum(heights) + len(heights))
    drawing, panels = canvas.plt.subplots(
        len(shown), figsize=size, height_ratios=heights, layout="constrained", squeeze=False
    )
    for axes, (name, rows) in zip(panels.flat, shown.items(), strict=True):
        panel(axes, name, rows.iloc[::-1])
    canvas.save(drawing, path)


def panel(axes, name: str, rows: pd.DataFrame) -> None:
    """One quantity."""
    places = range(len(rows))
    labels = [label(row) for row in rows.itertuples()]
    below, above = rows["ratio"] - rows["lowest"], rows["highest"] - rows["ratio"]
    ours = rows["candidate"].str.startswith(("ours", "exact", "again", "T ="))
    for mine, colour in ((True, canvas.COLOURS[0]), (False, canvas.COLOURS[1])):
        at = [i for i, own in zip(places, ours, strict=True) if own == mine]
        bars = [below.iloc[at], above.iloc[at]]
        axes.errorbar(rows["ratio"].iloc[at], at, xerr=bars, fmt="o", ms=4, color=colour, capsize=2)
    axes.axvline(1, color="0.5", lw=1)
    axes.set_xscale("log")
    ticks = [tick for tick in TICKS if rows["lowest"].min() / 1.3 <= tick <= rows["highest"].max() * 1.3]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set_yticks(list(places), labels, fontsize=8)
    axes.set_title(f"{name}: ratio to {', '.join(rows['reference'].unique())}", fontsize=10)
    canvas.bare(axes)


def label(row: object) -> str:
    """Case, steps and candidate."""
    steps = "" if pd.isna(row.steps) else f", T = {row.steps:g}"
    return f"{row.case}{steps}: {row.candidate}"


if __name__ == "__main__":
    main()
