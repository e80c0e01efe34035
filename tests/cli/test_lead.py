"""README's figure says what `versus` says, and is that which the tables on record make."""

import pytest
from matplotlib import pyplot as plt

from snn.cli import by_case, lead, readme
from snn.cli.sets import Tables
from snn.cli.versus import Question, comparisons
from snn.pipeline import record
from snn.report.place import Place


@pytest.fixture(scope="module")
def shown() -> dict[str, record.TablesOnRecord]:
    return readme.on_record()


@pytest.fixture(scope="module")
def rows(shown) -> list[lead.Row]:
    return lead.rows(shown)


def test_the_figure_is_that_which_the_tables_on_record_make(shown, tmp_path):
    lead.write(shown, tmp_path / "again.svg")
    assert (tmp_path / "again.svg").read_bytes() == lead.FIGURE.read_bytes()


def test_every_case_is_there_at_every_level_on_the_data_of_readme(rows, shown):
    places = by_case.places_of(shown)
    known = {(case.words, at.level) for case, own in places.items() for at in own if at.dataset in by_case.DATA}
    assert len(rows) == len({(row.case, row.level) for row in rows})
    assert {(row.case, row.level) for row in rows} == known


@pytest.mark.parametrize(
    ("case", "level", "name", "place"),
    [
        ("no faults, no norm", "", "matched_fashion", Place(None, 0.0)),
        ("mismatch, as manufactured", "0.4", "hardware", Place("mismatch", 0.4, calibrated=False)),
        ("4 bits and mismatch, calibrated", "0.2", "hardware", Place("analog_chip", 0.2)),
        ("mismatch, fine-tuned on simulated chips", "0.4", "hardware", Place("mismatch", 0.4, noise_aware=True)),
    ],
)
def test_a_difference_is_that_of_versus(case, level, name, place, rows):
    (row,) = (row for row in rows if (row.case, row.level) == (case, level))
    (one,) = comparisons(Question(*lead.RULES, place), [Tables(record.TablesOnRecord(name))])
    assert row.compared["fashion_mnist"].found == one.found


def test_points_are_filled_where_a_rule_is_shown_to_be_better(rows):
    figure = lead.figure(rows)
    points = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 1 and line.get_marker() in "oD"]
    plt.close(figure)
    every = [(i, one) for data in by_case.DATA for i, row in enumerate(rows) if (one := row.compared.get(data))]
    assert len(points) == len(every)
    for line, (i, one) in zip(points, every, strict=True):
        assert line.get_xdata()[0] == pytest.approx(100 * one.found.behind)
        assert round(line.get_ydata()[0]) == i
        assert (line.get_markerfacecolor() != "white") == bool(one.winner)


def test_on_chips_with_mismatch_the_highest_mean_is_that_of_one_of_the_two_rules_as_readme_says(rows):
    assert "On all chips of the table the highest mean is that of tet or ltl_offline" in (readme.README.read_text())
    chips = [first for row in rows if row.level for first in row.firsts.values()]
    assert {first.split()[0] for first in chips} == set(lead.RULES)


def test_leads_that_readme_names_are_those_of_the_figure(rows):
    told = " ".join(readme.README.read_text().split())
    found = {(row.case, row.level, data): one for row in rows for data, one in row.compared.items()}
    calibrated = [one for (case, _, _), one in found.items() if case.endswith(", calibrated")]
    low, high = (f"{100 * edge(one.found.behind for one in calibrated):.1f}" for edge in (min, max))
    assert f"**tet**, by {low} to {high} points over ltl_offline, at some of the hardest levels not shown" in told
    hardest = {
        (case, data): max(float(level) for one, level, where in found if one == case and where == data)
        for case, _, data in found
        if case.endswith(", calibrated")
    }
    shown = {
        (case, data, float(level))
        for (case, level, data), one in found.items()
        if case.endswith(", calibrated") and one.winner == "tet"
    }
    every = {(case, data, float(level)) for case, level, data in found if case.endswith(", calibrated")}
    assert every > shown
    assert every - shown <= {(case, data, level) for (case, data), level in hardest.items()}
    chips = {key: one for key, one in found.items() if key[0].endswith(", as manufactured")}
    few = [one for (_, level, data), one in chips.items() if float(level) <= 0.2 and data == "digits"]
    assert {one.winner for one in few} == {"tet"}
    ends = (f"{100 * edge(one.found.behind for one in few):.1f}" for edge in (min, max))
    assert "**tet** up to level 0.2, by {} to {} points (on digits alone)".format(*ends) in told
    many = [one for (_, level, _), one in chips.items() if float(level) >= 0.4]
    ends = (f"{-100 * edge(one.found.behind for one in many):.1f}" for edge in (max, min))
    assert "**ltl_offline** from 0.4 on, by {} to {} points; nothing between".format(*ends) in told
