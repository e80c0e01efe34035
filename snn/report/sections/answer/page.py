"""answer.md: the answer in words."""

from snn.report.answer import Answer
from snn.report.inputs import Inputs
from snn.report.sections import sections
from snn.report.units import for_files


def page(inputs: Inputs) -> str:
    """What was asked of which data, then a paragraph for each part of the answer, with its heading."""
    experiment = inputs.experiment
    about = f"{inputs.dataset}, {experiment.network}, T = {experiment.steps}, {inputs.outcomes.samples:,} test samples."
    parts = [f"**{heading}.** {text}" for heading, text in answer(inputs).sentences()]
    return "\n\n".join([f"# The answer of {inputs.name}", about, *(parts or ["No spiking method was run."])])


def answer(inputs: Inputs) -> Answer:
    """The answer, from the tables of the report as their files show them."""
    shown = {}
    for section in sections():
        if "table" in section.parts:
            table, columns = inputs.table(section.name), section.load("table").COLUMNS
            shown[section.name] = for_files(table, columns, inputs.metric_name, section.rows_in_metric(table))
    return Answer(inputs, shown)
