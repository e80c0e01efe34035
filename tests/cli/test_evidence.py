"""The evidence behind README's answer says what `versus` and `recommend` say of the same tables."""

import re
from pathlib import Path

import pandas as pd
import pytest

from snn.cli import front, readme
from snn.cli.evidence import answer_of, chips, costs, pairs
from snn.cli.sets import Tables
from snn.cli.versus import Question, comparisons
from snn.config import params
from snn.pipeline import record
from snn.report import collected, standings
from snn.report.place import Place
from tests.cli.test_compare import put
from tests.cli.test_compare import run as command
from tests.report.test_recommend import BAD, GOOD, SAME
from tests.rows import row

CLEAN = Place(None, 0.0)
NAMED = re.compile(r"`(\w[\w-]*)`")


@pytest.fixture
def here(tmp_path, monkeypatch) -> record.TablesOnRecord:
    """Tables of `digits` in which tet is better than stbp, and not told apart from tandem."""
    monkeypatch.chdir(tmp_path)
    values = {"tet": GOOD, "stbp": BAD, "tandem": SAME}
    put(tmp_path, "c" * 40, *(row(m, s, test=v) for m, own in values.items() for s, v in enumerate(own)))
    return record.TablesOnRecord("digits")


def test_a_line_names_the_better_rule_and_how_far_it_is_ahead_whatever_the_order(here, monkeypatch):
    monkeypatch.setattr(pairs, "PAIRS", (("tet", "stbp"), ("stbp", "tet")))
    one, other = pairs.sentences(pairs.pairs([Tables(here)]))
    ahead = re.compile(r"tet is better in `digits` \(20\.0 points, (\d+\.\d) to (\d+\.\d)\)\.")
    assert one.startswith("* **tet or stbp, no faults?** tet is better")
    assert other.startswith("* **stbp or tet, no faults?** tet is better")
    (low, high), *again = (ahead.search(line).groups() for line in (one, other))
    assert float(low) < 20 < float(high)
    assert again == [(low, high)]


def test_an_end_that_is_rounded_to_zero_shows_the_digit_by_which_it_excludes_it(monkeypatch):
    monkeypatch.setattr(pairs, "PAIRS", (("ltl_offline", "tet"),))
    (line,) = pairs.sentences(pairs.pairs([Tables(record.TablesOnRecord("digits"))]))
    (least,) = re.findall(r"points, ([\d.]+) to 2\.6\)", line)
    assert 0 < float(least) < 0.05


def test_where_no_rule_is_better_the_set_is_named_with_its_verdict(here, monkeypatch):
    monkeypatch.setattr(pairs, "PAIRS", (("tandem", "tet"),))
    assert list(pairs.sentences(pairs.pairs([Tables(here)]))) == [
        "* **tandem or tet, no faults?** not resolved in `digits`."
    ]


def test_a_pair_that_no_set_has_is_said_to_be_in_none(here, monkeypatch):
    monkeypatch.setattr(pairs, "PAIRS", (("tet", "sdt"),))
    assert list(pairs.sentences(pairs.pairs([Tables(here)]))) == ["* **tet or sdt, no faults?** no set has both."]


def on_record() -> list[record.TablesOnRecord]:
    return [record.TablesOnRecord(name) for name in ("fashion_quick", "matched", "matched_fashion")]


def test_a_line_names_every_set_that_has_both_rules_once_under_the_verdict_of_versus(monkeypatch):
    monkeypatch.setattr(pairs, "FEW", 3)
    sets, told = [Tables(found) for found in on_record()], {}
    for pair, line in zip(
        pairs.PAIRS, pairs.sentences(pairs.pairs([Tables(found) for found in on_record()])), strict=True
    ):
        parts = line.partition("?** ")[2].split("; ")
        told[pair] = {name: part.partition(" in ")[0] for part in parts for name in NAMED.findall(part)}
    expected = {
        pair: {one.tables.name: one.verdict for one in comparisons(Question(*pair, CLEAN), sets)} for pair in told
    }
    assert told == expected


def test_of_many_sets_without_a_better_rule_the_number_is_told(monkeypatch):
    monkeypatch.setattr(pairs, "PAIRS", (("ltl_offline", "stbp"),))
    monkeypatch.setattr(pairs, "FEW", 0)
    (line,) = pairs.sentences(pairs.pairs([Tables(record.TablesOnRecord("digits"))]))
    assert line == "* **ltl_offline or stbp, no faults?** not resolved in 1 sets."


def lines(page: str) -> list[list[str]]:
    """The rows of a table in Markdown, its headings first."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines()]
    return [rows[0], *rows[2:]]


def test_differences_on_chips_are_those_of_versus_at_every_level_as_manufactured_and_calibrated(monkeypatch):
    monkeypatch.setattr(pairs, "ON_CHIPS", (("digits", "mismatch"),))
    sets = {"digits": record.TablesOnRecord("digits")}
    (_, *headings), *rows = lines(pairs.on_chips(sets))
    assert "tet - sdt" not in headings  # sdt was not put on chips
    places = [Place("mismatch", level, calibrated=way) for way in (False, True) for level in (0.2, 0.4, 0.6)]
    for place, (where, *cells) in zip(places, rows, strict=True):
        assert where == f"`digits`, {place.words}"
        for heading, cell in zip(headings, cells, strict=True):
            (one,) = comparisons(Question(*heading.split(" - "), place), [Tables(sets["digits"])])
            assert cell == (f"**{one.difference}**" if one.winner else f"{one.difference}, {one.verdict}")


def test_energies_of_rules_are_those_of_the_report():
    found = record.TablesOnRecord("claims_fashion")
    headings, *rows = lines(costs.energies([found]))
    table = collected.read(found.report / "energy.csv").set_index(["method", "convention"])
    assert [cells[1] for cells in rows] == list(
        table.loc[(slice(None), "horowitz45_fp32"), :].index.get_level_values(0)
    )
    for cells in (dict(zip(headings, cells, strict=True)) for cells in rows):
        for price in costs.ENERGIES:
            one = table.loc[(cells["rule"], price)]
            assert cells[price].split()[0] == f"{one.of_teacher:.2f}"
    (line,) = costs.energy(found)
    ratios = [
        float(number) for number in re.findall(r" ([\d.]+)[,;]", line.partition("horowitz45_fp32")[2])[: len(rows)]
    ]
    assert ratios == sorted(ratios)


def by_targets(tables: Tables) -> pd.Series:
    """Accuracies in percent of chips with mismatch that the one calibrator tuned, by level, targets and method."""
    runs = tables.runs[(tables.runs.condition == "calibrated") & (tables.runs.calibrator == pairs.CALIBRATOR)]
    runs = runs[runs.control.isna() & (runs.steps_eval == runs.steps) & (runs.noise == "mismatch")]
    return 100 * runs.groupby(["level", "targets", "method"]).value_test.mean()


def test_calibrated_chips_by_targets_are_the_means_of_the_runs_with_these_targets():
    tables = Tables(record.TablesOnRecord("hardware_digits"))
    headings, *rows = lines(chips.targets([tables.found]))
    means = by_targets(tables)
    kinds = {"its own clean network": "own", "the teacher, labels": "teacher"}
    assert len(rows) == 2 * means.index.get_level_values("level").nunique()
    for cells in (dict(zip(headings, cells, strict=True)) for cells in rows):
        level, kind = float(cells["chips"].rpartition(" ")[2]), kinds[cells["targets"]]
        for method in headings[2:]:
            assert cells[method] == f"{means[level, kind, method]:.1f} %"


def test_rules_with_the_same_targets_are_compared_by_seed_and_chip():
    tables = Tables(record.TablesOnRecord("hardware_digits"))
    headings, *rows = lines(pairs.by_targets([tables.found]))
    means = by_targets(tables)
    kinds = {words: kind for kind, words in pairs.TARGETS.items()}
    assert len(rows) == 2 * means.index.get_level_values("level").nunique()
    for cells in (dict(zip(headings, cells, strict=True)) for cells in rows):
        own = means[float(cells["chips"].rpartition(" ")[2]), kinds[cells["targets"]]]
        for left, right in (heading.split(" - ") for heading in headings[2:]):
            mean, low, high = map(float, re.findall(r"[+-][\d.]+", cells[f"{left} - {right}"]))
            assert mean == pytest.approx(own[left] - own[right], abs=0.051)
            assert low < mean < high
            assert cells[f"{left} - {right}"].startswith("**") == (low > 0 or high < 0)


def test_the_least_and_the_most_gain_are_told_with_their_rules():
    found = record.TablesOnRecord("hardware_digits")
    headings, *rows = lines(chips.ways([found]))
    rules = [cells[headings.index("rule")] for cells in rows]
    (line,) = chips.gains([found])
    for way in ("fine-tuned", "calibrated"):
        told = [cells[headings.index(way)].partition(", ")[2].split()[0] for cells in rows]
        by_rule = sorted(zip(map(float, told), rules, strict=True))
        for gain, rule in (by_rule[0], by_rule[-1]):
            assert f"{gain:+.1f} ({rule})" in line


def test_the_time_of_a_training_is_that_of_the_costs_of_its_runs():
    found = record.TablesOnRecord("claims_fashion")
    costs_csv = pd.read_csv(found.tables / "costs.csv")
    headings, *rows = lines(costs.of_training(found))
    assert [cells[1] for cells in rows][:2] == ["ann", "stbp"]
    for cells in rows:
        own = costs_csv[costs_csv.path.str.contains(rf"/{cells[1]}/T\d+/s\d+-[0-9a-f]+$")].cpu_seconds
        assert cells[headings.index("CPU-seconds")] == f"{own.median():.0f} ({own.min():.0f} to {own.max():.0f})"


def test_prices_hold_the_accesses_to_memory_of_an_operation():
    energy = params.load("energy", "horowitz45_memory")
    headings, cells = lines(costs.prices({"x": energy}))
    told = dict(zip(headings, cells, strict=True))
    assert float(told["MAC, pJ"]) == pytest.approx(4.6 + 2 * 5)
    assert float(told["AC, pJ"]) == pytest.approx(0.9 + 3 * 5)
    assert float(told["neuron update, pJ"]) == pytest.approx(0.9 + 2 * 5)


def test_every_set_of_tables_behind_the_answer_is_marked_if_it_is_stale(monkeypatch):
    monkeypatch.setattr(record.TablesOnRecord, "mark", "\n*Made before.*\n")
    told = front.texts(readme.on_record())
    named = set(front.experiments())
    for text in ("answer", "behind"):
        assert set(re.findall(r"^`([\w-]+)`: \*Made before\.\*$", told[text], re.MULTILINE)) == named
    assert set(NAMED.findall(told["short"].splitlines()[-1])) == named


def test_what_docs_say_of_targets_stands_in_the_table():
    page = Path("docs/hardware.md").read_text()
    (told,) = re.findall(
        r"they leave STBP at ([\d.]+) % and tandem learning at ([\d.]+) %, where .* ([\d.]+) and ([\d.]+) %", page
    )
    headings, *rows = lines(chips.targets([record.TablesOnRecord("hardware_digits")]))
    at = {
        cells[1]: dict(zip(headings, cells, strict=True))
        for cells in rows
        if cells[0].endswith("mismatch at level 0.4")
    }
    found = [
        at[kind][method] for kind in ("the teacher, labels", "its own clean network") for method in ("stbp", "tandem")
    ]
    assert [f"{number} %" for number in told] == found


@pytest.mark.parametrize(("name", "noise"), [("hardware_digits", "analog_chip"), ("digits", "mismatch")])
def test_chips_of_several_faults_or_of_the_only_kind_are_shown_at_every_level_as_recommend_ranks_them(
    name, noise, capsys
):
    shown = [one for one in standings.read(answer_of(record.TablesOnRecord(name)), "") if noise in one.where]
    shown = [one for one in shown if standings.FINE_TUNED not in one.where]
    assert len(shown) == len({one.where for one in shown}) == 6
    for one in (one for one in shown if one.where.endswith(" 0.4")):
        level = one.where.rpartition(" ")[2]
        way = () if "calibrated" in one.where else ("--no-calibration",)
        asked = ("--noise", noise, "--level", level, "--experiment", name, *way)
        lines = command(capsys, "recommend", *asked, status=0).splitlines()
        ranked = lines[next(i for i, line in enumerate(lines) if line.startswith("rule ")) + 1 :]
        ranked = [(line.split()[0], line) for line in ranked[: ranked.index("")]]
        assert one.no_worse == [rule for rule, line in ranked if " worse " not in line]
        assert set(one.methods) == {rule for rule, _ in ranked}
