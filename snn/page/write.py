"""The page of an experiment as one HTML file, from collected tables and report: the same tables, the same bytes.

No torch.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
import pandas as pd
from markdown_it import MarkdownIt

from snn.config import Experiment
from snn.core.errors import reproduce
from snn.core.steps import doing
from snn.page import shown
from snn.page.behind import Behind, shared
from snn.page.choices import chips, choices
from snn.page.ingredients import ingredients
from snn.page.library import datatables
from snn.page.packed import packed
from snn.page.plots import plots
from snn.page.sources import script, text
from snn.report import standings
from snn.report.answer import Answer
from snn.report.canvas import COLOURS
from snn.report.chips import FEW
from snn.report.inputs import Inputs
from snn.report.recommend import SHOWN_COLUMNS
from snn.report.sections import Section, sections

ORDER = (  # of sections: name, heading, the section whose caption it has
    ("claims", "Claims", "claims"),
    ("comparisons", "Comparisons", "comparisons"),
    ("ratios", "Ratios", "ratios"),
    ("energy", "Energy", "energy"),
    ("hardware", "Chips", "hardware"),
    ("steps", "Steps", "steps"),
    ("convergence", "Convergence", "convergence"),
    ("layers", "Layers", "rates"),
    ("costs", "Costs", ""),
    ("published", "Published", "published"),
    ("summary", "All conditions", "summary"),
)
COSTS = (
    "Time, processor time and memory of the jobs, summed per method and stage. They are of the machine that ran them."
)


@dataclass(frozen=True)
class Made:
    """What made the tables that a page shows. `mark`: why they are stale, or empty. `documents`: see `Behind`.

    `network`: its layers in words.
    """

    tables: str
    report: str
    mark: str
    documents: Mapping[str, Any]
    network: str


class Written(NamedTuple):
    """The HTML of a page, and the first sentence of its answer."""

    html: str
    answer: str


def page(inputs: Inputs, report: Path, made: Made) -> Written:
    """The page. `inputs` hold the collected tables, the folder `report` the tables of the report."""
    doing(f"{inputs.name}: reading the tables of the report")
    tables = {s.name: pd.read_csv(report / s.file("table")) for s in sections() if "table" in s.parts}
    inputs = inputs.read_from(report)
    answer, behind = Answer(inputs, tables), Behind(inputs, made.documents)
    doing(f"{inputs.name}: finding the runs behind {sum(map(len, tables.values())):,} rows")
    extra = {"layers": shown.layers(behind), "costs": shown.costs(behind)}
    found = {name: shown.section(name, frame, behind) for name, frame in tables.items()} | extra
    ranked, drawn = shown.ranked(answer, behind), plots(answer, behind)
    captions = {name: caption(Section(source).caption if source else COSTS) for name, _, source in ORDER}
    doing(f"{inputs.name}: ranking rules for every kind of chip")
    data = _data(inputs, tables["energy"], answer, behind, drawn)
    sentences = answer.sentences()
    doing(f"{inputs.name}: writing the page")
    html = template("page.html").render(
        name=inputs.name,
        question=question(inputs.experiment),
        source="" if question(inputs.experiment) == source(inputs.experiment) else source(inputs.experiment),
        about=_about(inputs, answer, made.network),
        answer=sentences,
        standings=list(standings.rows(answer)),
        ranked=ranked,
        notes=_notes(inputs),
        order=[part for part in ORDER if part[0] not in found or found[part[0]].rows],
        empty=[heading for name, heading, _ in ORDER if name in found and not found[name].rows],
        tables=found,
        plots={plot["name"]: plot for plot in drawn},
        captions=captions,
        conventions=data["conventions"],
        convention=inputs.experiment.energy,
        methods=data["methods"],
        made=made,
        facts=_facts(inputs, inputs.collected["costs"]),
        reproduce=data["reproduce"],
        data=(words := json.dumps(data, separators=(",", ":")).replace("</", "<\\/")),
        parcel=packed(words),
        recommended=_heads_of_recommend(inputs),
        style=text("page.css"),
        script=f"{datatables()}\n{script()}",
    )
    return Written(html, sentences[0][1] if sentences else "")


def _data(
    inputs: Inputs, energy: pd.DataFrame, answer: Answer, behind: Behind, drawn: list[dict[str, Any]]
) -> dict[str, Any]:
    """What the scripts of the page read."""
    runs, values = shared(behind.runs(), ("commit", "machine", "versions", "platform", "parameters"))
    return {
        "experiment": inputs.name,
        "methods": _methods(inputs),
        "convention": inputs.experiment.energy,
        "conventions": list(inputs.energies),
        "energy": _energies(energy),
        "plots": drawn,
        "groups": behind.groups,
        "runs": runs,
        "values": values,
        "flags": _flags(answer.clean),
        "reproduce": reproduce(inputs.name),
        "unit": inputs.metric.unit,
        "points": inputs.metric.difference_unit,
        "teachers": inputs.spiking,
        "best": answer.best,
        "clean": {method: group for method in inputs.style for group in behind.of(method, condition="clean")},
        "choices": choices(inputs, behind),
    }


def question(experiment: Experiment) -> str:
    """What an experiment asks: its `source` where that is a question."""
    if (words := source(experiment)).endswith("?"):
        return words
    noises = list(dict.fromkeys(hardware.noise for hardware in experiment.hardware))
    chips = "" if not noises else f", and on chips with {noises[0]}" if len(noises) == 1 else ", and on noisy chips"
    return f"Which training rule is best for spiking networks on {experiment.dataset}{chips}?"


def source(experiment: Experiment) -> str:
    """Why an experiment is there, in its own words."""
    words = " ".join(experiment.source.split())
    asked = words.removeprefix("our choice; ")
    return words if asked == words else asked[:1].upper() + asked[1:]


def template(name: str) -> jinja2.Template:
    """A template of this package; what it is given is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(text),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["code"], environment.filters["packed"] = code, packed
    return environment.get_template(name)


def code(words: str) -> str:
    """A text as HTML, escaped, in which what stands between backticks is code."""
    return MarkdownIt("zero").enable("backticks").renderInline(words)


def caption(words: str) -> str:
    """A caption in Markdown as HTML."""
    return MarkdownIt().render(words)


def _heads_of_recommend(inputs: Inputs) -> list[tuple[str, str, str, str]]:
    """Title, unit, meaning and ingredients of the columns of the answer for a chip."""
    metric = inputs.metric
    units = {
        "test": metric.unit,
        "95 % interval": metric.unit,
        "one chip": metric.unit,
        "behind": metric.difference_unit,
    }
    units["energy nJ"] = "nJ"
    return [
        (name.removesuffix(" nJ"), units.get(name, ""), meaning, ingredients("recommend", name))
        for name, meaning in SHOWN_COLUMNS.items()
    ]


def _methods(inputs: Inputs) -> dict[str, dict[str, Any]]:
    """Colour and marker of every method, as in all figures."""
    return {
        method: {"colour": COLOURS.index(look.colour), "marker": look.marker, "flagged": look.name != method}
        for method, look in inputs.style.items()
    }


def _energies(energy: pd.DataFrame) -> dict[str, dict[str, list[float | None]]]:
    """Energy and its ratio to that of the teacher, by convention and method; of the teachers as well."""
    found: dict[str, dict[str, list[float | None]]] = {}
    for row in energy.itertuples():
        own = found.setdefault(row.convention, {})
        own[row.method] = [row.energy_nj, row.of_teacher if pd.notna(row.of_teacher) else None]
        if pd.notna(row.teacher_nj):
            own[row.teacher] = [row.teacher_nj, 1.0]
    return found


def _flags(clean: pd.DataFrame) -> dict[str, str]:
    return {row.method: row.flags for row in clean.itertuples() if isinstance(row.flags, str)}


def _about(inputs: Inputs, answer: Answer, network: str) -> str:
    n = int(answer.clean.n.max())
    kinds = list(inputs.noises)
    chips = f", chips with {', '.join(kinds) if len(kinds) <= FEW else f'{len(kinds)} kinds of noise'}" if kinds else ""
    seeds = f"{n} seed{'s' * (n > 1)}"
    return (
        f"Data set {inputs.dataset}, {len(answer.clean)} methods, {seeds}{chips}. "
        f"Network {inputs.experiment.network}: {network}."
    )


def _facts(inputs: Inputs, costs: pd.DataFrame) -> list[tuple[str, str]]:
    """What the section about the page tells of the results."""
    dirty = int(costs.dirty.astype(bool).sum())
    shown_once = {
        "commit": "commits",
        "machine": "machines",
        "versions": "versions",
        "platform": "platforms",
        "device": "devices",
    }
    facts = [
        (title, "; ".join(dict.fromkeys(costs[name].fillna("not recorded")))) for name, title in shown_once.items()
    ]
    return [*facts, ("results with code that was not committed", str(dirty)), ("cost", _cost(costs))]


def _notes(inputs: Inputs) -> dict[str, list[tuple[str, str]]]:
    """What names in sections stand for, in terms and texts, by section: models of noise, energy conventions, costs."""
    costs = inputs.collected["costs"]
    stages = costs.path.str.extract(r"/(rows|chips)/", expand=False).fillna("training")
    names = {"rows": "evaluation of networks and chips", "chips": "calibration", "training": "training and preparation"}
    parts = {names[stage]: f"{_cost(own)}" for stage, own in costs.groupby(stages, sort=False)}
    most = f"{costs.peak_mb.max():,.0f} MB at most in a process"
    return {
        "hardware": list(chips(inputs).items()),
        "energy": [(name, energy.source) for name, energy in inputs.energies.items()],
        "costs": [*parts.items(), ("in sum", f"{_cost(costs)}, {most}")],
    }


def _cost(costs: pd.DataFrame) -> str:
    return f"{costs.seconds.sum():,.0f} s of jobs, {costs.cpu_seconds.sum():,.0f} s of processors, {len(costs)} results"
