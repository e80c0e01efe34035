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
    assert "the highest mean is that of tet or ltl_offline, so the figure" in (readme.README.read_text())
    chips = [first for row in rows if row.level for first in row.firsts.values()]
    assert {first.split()[0] for first in chips} == set(lead.RULES)


def test_readme_counts_the_places_of_the_figure_in_which_a_rule_is_better(rows):
    told = " ".join(readme.README.read_text().split())
    chips = [
        (row.case.partition(", ")[2], float(row.level), data, one.winner)
        for row in rows
        for data, one in row.compared.items()
        if row.level
    ]
    calibrated = [winner for way, _, _, winner in chips if way == "calibrated"]
    assert set(calibrated) == {"tet", ""}
    better = f"{calibrated.count('tet')} of {len(calibrated)}"
    assert f"**tet**, better than ltl_offline in {better} places (a place: kind of chip, level, data), worse in" in told
    few = [(data, winner) for way, level, data, winner in chips if way == "as manufactured" and level <= 0.2]
    assert {data for data, winner in few if winner == "tet"} == {"digits"}
    assert {winner for data, winner in few if data == "fashion_mnist"} == {""}
    better = f"{sum(winner == 'tet' for _, winner in few)} of {len(few)}"
    assert (
        f"up to level 0.2: **tet**, better in {better} places, all on digits; on Fashion-MNIST not told apart" in told
    )
    many = [winner for way, level, _, winner in chips if way == "as manufactured" and level >= 0.4]
    assert set(many) == {"ltl_offline", ""}
    better = f"{many.count('ltl_offline')} of {len(many)}"
    assert f"from level 0.4 on: **ltl_offline**, better than tet in {better} places, worse in none; nothing" in told
