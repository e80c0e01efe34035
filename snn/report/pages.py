"""The tables as pages to read, one a module, and the headline numbers. No torch.

Every page says what its columns mean, and shows a column only where there is something in it.
"""

import io
from collections.abc import Mapping
from typing import Any

import pandas as pd
from ruamel.yaml import YAML

from snn.report.metric import SHOWN
from snn.report.sections.claims.page import claims
from snn.report.sections.comparisons.page import comparisons
from snn.report.sections.energy.page import energy
from snn.report.sections.hardware.page import hardware
from snn.report.sections.summary.page import summary
from snn.report.select import own_steps


def written(job: Any, measured: Mapping[str, pd.DataFrame], derived: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    """Every page by its file name."""
    return {
        "summary.md": summary(job, measured["summary"], measured["costs"]),
        "comparisons.md": comparisons(job, derived["comparisons"], derived["steps"]),
        "energy.md": energy(job, derived["energy"], measured["summary"].metric.iloc[0]),
        "hardware.md": hardware(job, derived["hardware"]),
        "claims.md": claims(derived["claims"]),
        "metrics.yaml": _yaml(metrics(measured["summary"])),
    }


def metrics(summary: pd.DataFrame) -> dict[str, dict[str, float]]:
    """The headline numbers, for comparing releases."""
    clean = own_steps(summary).set_index("method")
    digits = SHOWN[clean.metric.iloc[0]].digits + 2
    return {
        "value_test": {method: round(value, max(4, digits)) for method, value in clean.value_test_mean.items()},
        "energy_nj": {method: round(value, 3) for method, value in clean.energy_nj.items()},
    }


def _yaml(document: Any) -> str:
    text = io.StringIO()
    YAML().dump(document, text)
    return text.getvalue()
