"""README's figure is that which the tables on record make."""

import pytest
from matplotlib import pyplot as plt

from snn.cli import by_case, lead


@pytest.fixture(scope="module")
def rows(on_record):
    return on_record.compared


def test_the_figure_is_that_which_the_tables_on_record_make(rows, tmp_path):
    lead.write(rows, tmp_path / "again.svg")
    assert (tmp_path / "again.svg").read_bytes() == lead.FIGURE.read_bytes()


def test_points_are_filled_where_a_rule_is_shown_to_be_better(rows):
    figure = lead.figure(rows)
    points = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 1 and line.get_marker() in "oD"]
    plt.close(figure)
    every = [(i, row.on[data].comparison) for data in by_case.DATA for i, row in enumerate(rows) if data in row.on]
    assert len(points) == len(every)
    for line, (i, one) in zip(points, every, strict=True):
        assert line.get_xdata()[0] == pytest.approx(100 * one.found.behind)
        assert round(line.get_ydata()[0]) == i
        assert (line.get_markerfacecolor() != "white") == bool(one.winner)


def test_the_figure_says_what_to_take_in_every_row(rows):
    figure = lead.figure(rows)
    told = {
        round(text.get_position()[1]): text.get_text() for text in figure.axes[0].texts if text.get_position()[1] >= 0
    }
    plt.close(figure)
    for i, row in enumerate(rows):
        rules = told[i].partition(" (open")[0].replace(" or ", ", ").replace(" / ", ", ").split(", ")
        assert rules == list(row.take.rules or row.take.firsts.values())
        assert (f"(open on {len(row.take.open_on)} of {len(row.on)})" in told[i]) == bool(row.take.open_on)
