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
from snn.report.metric import SHOWN
from snn.report.sections import ABOUT, HEADLINE, sections
from snn.report.select import own_steps

DERIVED = "%.10g"  # digits that a test or an interval keeps: the last ones are the machine's


def write(inputs: Inputs, out: Path) -> None:
    """Write all files of all sections into a folder: tables first, from which pages and figures are made."""
    for section in sections():
        if "table" in section.parts:
            digits = getattr(section.load("table"), "FLOAT_FORMAT", DERIVED)
            files.write(
                out / section.file("table"), inputs.table(section.name).to_csv(index=False, float_format=digits)
            )
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
    """Test value and energy of every method, for comparing releases."""
    clean = own_steps(inputs.table("summary")).set_index("method")
    digits = SHOWN[clean.metric.iloc[0]].digits + 2
    return {
        "value_test": {method: round(value, max(4, digits)) for method, value in clean.value_test_mean.items()},
        "energy_nj": {method: round(value, 3) for method, value in clean.energy_nj.items()},
    }


def _yaml(document: Any) -> str:
    text = io.StringIO()
    YAML().dump(document, text)
    return text.getvalue()
