"""Warnings reach the reader: which rows of the summary carry which, and where pages show them."""

import pandas as pd
import pytest

from snn.report import flags
from snn.report.sections.comparisons import page as comparisons_page
from snn.report.sections.summary import page as summary_page
from snn.report.sections.summary import table as summary_section
from tests.report_inputs import inputs
from tests.rows import frame, row


def seeds(method, n=5, **changes):
    return [row(method, seed, val=0.9, test=changes.pop("test", 0.9), **changes) for seed in range(n)]


def layers(**rates) -> pd.DataFrame:
    """Rows of layers.csv: three layers a method, of which the first two have these rates; the last is the read-out."""
    return pd.DataFrame(
        [
            {"method": method, "lr": 0.1, "seed": 0, "layer": i + 1, "spikes": 100 * rate, "neuron_updates": 100}
            for method, own in rates.items()
            for i, rate in enumerate((*own, 0.0))
        ]
    )


def summary(*rows, collected=None, **changes) -> pd.DataFrame:
    found = inputs(frame(*seeds("ann", steps=1, lr=0.1), *rows), collected=collected, **changes)
    return summary_section.table(found).set_index("method")["flags"]


def test_five_seeds_that_went_well_carry_no_flag_and_fewer_do():
    assert summary(*seeds("a"))["a"] is None
    assert summary(*seeds("a", n=4))["a"] == "n < 5"


def test_a_network_that_guesses_is_at_chance_and_one_that_is_just_better_is_not():
    chance = [row("a", seed, test=value) for seed, value in enumerate((0.09, 0.11, 0.10, 0.12, 0.10))]
    assert summary(*chance)["a"] == "at chance"
    assert summary(*(row("a", seed, test=0.2) for seed in range(5)))["a"] is None
    assert summary(*chance, classes=None)["a"] is None


def test_diverged_seeds_and_a_choice_at_the_edge_of_a_grid_are_told():
    rows = [row("a", seed, status="diverged" if seed < 2 else "ok", lr=0.2) for seed in range(5)]
    tuning = pd.DataFrame({"method": "a", "lr": [0.05, 0.1, 0.2], "seed": 100})
    assert summary(*rows, collected={"tuning": tuning})["a"] == "2 diverged, lr at the edge"


@pytest.mark.parametrize(
    ("rates", "expected"),
    [((0.1, 0.2), None), ((0.1, 0.009), "layer 2 silent"), ((0.995, 0.0), "layer 1 saturated, layer 2 silent")],
)
def test_silent_and_saturated_layers_are_named_and_a_read_out_that_sends_nothing_is_not(rates, expected):
    assert summary(*seeds("a"), collected={"layers": layers(a=rates)})["a"] == expected
    assert flags.of_layers(layers(a=rates)).get("a") == expected


def test_pages_and_figures_mark_what_carries_flags():
    rows = frame(*seeds("ann", steps=1), *seeds("a", n=3), *seeds("b"))
    given = inputs(rows, methods=("a", "b"))
    assert "**Flags:** a: n < 5." in summary_page.page(given)
    text = comparisons_page.page(given)
    assert "| a † " in text
    assert "| b  " in text
    assert "† has flags" in text
    assert (given.style["a"].name, given.style["b"].name) == ("a †", "b")
    clean = inputs(frame(*seeds("ann", steps=1), *seeds("b")), methods=("b",))
    assert "†" not in comparisons_page.page(clean)
    assert "Flags" not in summary_page.page(clean)


def test_a_seed_that_is_nearer_to_chance_than_to_the_best_one_has_collapsed():
    values = (0.95, 0.94, 0.53, 0.52, 0.10)  # halfway from 0.1 to 0.95 is 0.525
    assert summary(*(row("a", seed, test=value) for seed, value in enumerate(values)))["a"] == "2 collapsed"
    assert summary(*(row("a", seed, test=value) for seed, value in enumerate(values)), classes=None)["a"] is None
