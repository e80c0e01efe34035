"""What sets of tables are about: conditions, data, network, epochs and seeds."""

from collections.abc import Sequence

from snn.cli import conditions
from snn.cli.evidence import answer_of, reported
from snn.config import params
from snn.pipeline import record

SUMMARY = ("acs", "epochs", "n")


def sets(shown: Sequence[record.TablesOnRecord]) -> dict[str, list[str]]:
    """What sets are about, by the headings of a table; seeds and epochs are those of spiking networks."""
    summaries = [reported(found, "summary.csv", SUMMARY) for found in shown]
    spiking = [summary[summary.acs > 0] for summary in summaries]
    return {
        "set": [f"`{found.name}`" for found in shown],
        "conditions": [conditions.described(params.load("experiments", found.name)) for found in shown],
        "data, network, T": [_data(found) for found in shown],
        "epochs, seeds": [f"{own.epochs.max()}, {own.n.max()}" for own in spiking],
    }


def _data(found: record.TablesOnRecord) -> str:
    """What the answer of a set of tables is about: data, network, steps, test samples."""
    return answer_of(found).split("\n\n")[1].rstrip(".")
