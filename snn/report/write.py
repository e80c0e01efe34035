"""From collected tables to the report: the table, page and figure of every section, and the headline numbers.

It needs no run, so that it can be made again in a fresh clone. The same tables give the same bytes. No torch.
"""

import io
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from snn.core import files
from snn.report.canvas import save
from snn.report.inputs import Inputs
from snn.report.sections import ABOUT, HEADLINE, sections
from snn.report.select import own_steps
from snn.report.units import for_files, shifted

DIGITS = "%.10g"  # of a number in a table: the last ones depend on the machine


def write(inputs: Inputs, out: Path) -> None:
    """Write all files of all sections into a folder: tables first, from which pages and figures are made."""
    for section in sections():
        if "table" in section.parts:
            module, table = section.load("table"), inputs.table(section.name)
            shown = for_files(table, module.COLUMNS, inputs.metric_name, section.rows_in_metric(table))
            files.write(out / section.file("table"), shown.to_csv(index=False, float_format=DIGITS))
    for section in sections():
        if "page" in section.parts:
            page = section.load("page").page(inputs).rstrip()
            files.write(out / section.file("page"), f"{page}\n\n## {ABOUT}\n\n{section.caption}\n")
    files.write(out / HEADLINE, _yaml(headline(inputs)))
    drawn = inputs.read_from(out)
    for section in sections():
        if "figure" in section.parts:
            save(section.load("figure").figure(drawn), out / section.file("figure"))


def headline(inputs: Inputs) -> dict[str, dict[str, float]]:
    """Test value, in percent if it is an accuracy, and energy of every method, for comparing releases."""
    clean, metric = own_steps(inputs.table("summary")).set_index("method"), inputs.metric
    values = {name: shifted(value, metric.decimals) for name, value in clean.value_test_mean.items()}
    return {
        "value_test": {name: round(value, metric.digits + 2) for name, value in values.items()},
        "energy_nj": {name: round(value, 3) for name, value in clean.energy_nj.items()},
    }


def _yaml(document: Any) -> str:
    text = io.StringIO()
    YAML().dump(document, text)
    return text.getvalue()
