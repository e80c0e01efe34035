"""answer.md: the answer as a table and in words."""

from snn.report import standings
from snn.report.answer import Answer
from snn.report.inputs import Inputs
from snn.report.sections import sections
from snn.report.units import for_files


def page(inputs: Inputs) -> str:
    """What was asked of which data, which rule is first where, then a paragraph for each part of the answer."""
    experiment = inputs.experiment
    about = f"{inputs.dataset}, {experiment.network}, T = {experiment.steps}, {inputs.outcomes.samples:,} test samples."
    found = answer(inputs)
    parts = [f"**{heading}.** {text}" for heading, text in found.sentences()] or ["No spiking method was run."]
    table = standings.table(list(standings.rows(found)))
    return "\n\n".join(filter(None, [f"# The answer of {inputs.name}", about, table, *parts]))


def answer(inputs: Inputs) -> Answer:
    """The answer, from the tables of the report as their files show them."""
    shown = {}
    for section in sections():
        if "table" in section.parts:
            table, columns = inputs.table(section.name), section.load("table").COLUMNS
            shown[section.name] = for_files(table, columns, inputs.metric_name, section.rows_in_metric(table))
    return Answer(inputs, shown)
