"""The evidence behind README's answer says what `versus` and `recommend` say of the same tables."""

import re

import pytest

from snn.cli import evidence
from snn.cli.sets import Tables
from snn.cli.versus import Question, comparisons
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
    monkeypatch.setattr(evidence, "PAIRS", (("tet", "stbp"), ("stbp", "tet")))
    one, other = evidence.sentences(evidence.pairs([here]))
    ahead = re.compile(r"tet is better in `digits` \(20\.0 points, (\d+\.\d) to (\d+\.\d)\)\.")
    assert one.startswith("* **tet or stbp?** tet is better")
    assert other.startswith("* **stbp or tet?** tet is better")
    (low, high), *again = (ahead.search(line).groups() for line in (one, other))
    assert float(low) < 20 < float(high)
    assert again == [(low, high)]


def test_an_end_that_is_rounded_to_zero_shows_the_digit_by_which_it_excludes_it(monkeypatch):
    monkeypatch.setattr(evidence, "PAIRS", (("ltl_offline", "tet"),))
    (line,) = evidence.sentences(evidence.pairs([record.TablesOnRecord("digits")]))
    (least,) = re.findall(r"points, ([\d.]+) to 2\.6\)", line)
    assert 0 < float(least) < 0.05


def test_where_no_rule_is_better_the_set_is_named_with_its_verdict(here, monkeypatch):
    monkeypatch.setattr(evidence, "PAIRS", (("tandem", "tet"),))
    assert list(evidence.sentences(evidence.pairs([here]))) == ["* **tandem or tet?** not resolved in `digits`."]


def test_a_pair_that_no_set_has_is_said_to_be_in_none(here, monkeypatch):
    monkeypatch.setattr(evidence, "PAIRS", (("tet", "sdt"),))
    assert list(evidence.sentences(evidence.pairs([here]))) == ["* **tet or sdt?** no set has both."]


def on_record() -> list[record.TablesOnRecord]:
    return [record.TablesOnRecord(name) for name in ("fashion_quick", "matched", "matched_fashion")]


def test_a_line_names_every_set_that_has_both_rules_once_under_the_verdict_of_versus(monkeypatch):
    monkeypatch.setattr(evidence, "FEW", 3)
    sets, told = [Tables(found) for found in on_record()], {}
    for pair, line in zip(evidence.PAIRS, evidence.sentences(evidence.pairs(on_record())), strict=True):
        parts = line.partition("?** ")[2].split("; ")
        told[pair] = {name: part.partition(" in ")[0] for part in parts for name in NAMED.findall(part)}
    expected = {
        pair: {one.tables.name: one.verdict for one in comparisons(Question(*pair, CLEAN), sets)} for pair in told
    }
    assert told == expected


def test_of_many_sets_without_a_better_rule_the_number_is_told(monkeypatch):
    monkeypatch.setattr(evidence, "PAIRS", (("ltl_offline", "stbp"),))
    monkeypatch.setattr(evidence, "FEW", 0)
    (line,) = evidence.sentences(evidence.pairs([record.TablesOnRecord("digits")]))
    assert line == "* **ltl_offline or stbp?** not resolved in 1 sets."


def lines(page: str) -> list[list[str]]:
    """The rows of a table in Markdown, its headings first."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines()]
    return [rows[0], *rows[2:]]


def test_differences_on_chips_are_those_of_versus_at_every_level_as_manufactured_and_calibrated(monkeypatch):
    monkeypatch.setattr(evidence, "COMPARED", (("digits", "mismatch"),))
    sets = {"digits": record.TablesOnRecord("digits")}
    (_, *headings), *rows = lines(evidence.pairs_on_chips(sets))
    assert "tet - sdt" not in headings  # sdt was not put on chips
    places = [Place("mismatch", level, calibrated=way) for way in (False, True) for level in (0.2, 0.4, 0.6)]
    for place, (where, *cells) in zip(places, rows, strict=True):
        assert where == f"`digits`, {place.words}"
        for heading, cell in zip(headings, cells, strict=True):
            (one,) = comparisons(Question(*heading.split(" - "), place), [Tables(sets["digits"])])
            assert cell == (f"**{one.difference}**" if one.winner else f"{one.difference}, {one.verdict}")


def test_energies_of_rules_are_those_of_the_report():
    found = record.TablesOnRecord("claims_fashion")
    headings, *rows = lines(evidence.energies([found]))
    table = collected.read(found.report / "energy.csv").set_index(["method", "convention"])
    assert [cells[1] for cells in rows] == list(
        table.loc[(slice(None), "horowitz45_fp32"), :].index.get_level_values(0)
    )
    for cells in (dict(zip(headings, cells, strict=True)) for cells in rows):
        for price in evidence.ENERGIES:
            one = table.loc[(cells["rule"], price)]
            assert cells[price].split()[0] == f"{one.of_teacher:.2f}"
    (line,) = evidence.energy(found)
    ratios = [
        float(number) for number in re.findall(r" ([\d.]+)[,;]", line.partition("horowitz45_fp32")[2])[: len(rows)]
    ]
    assert ratios == sorted(ratios)


@pytest.mark.parametrize(("name", "noise"), [("hardware_digits", "analog_chip"), ("digits", "mismatch")])
def test_chips_of_several_faults_or_of_the_only_kind_are_shown_at_every_level_as_recommend_ranks_them(
    name, noise, capsys
):
    shown = [one for one in standings.read(evidence.answer_of(record.TablesOnRecord(name)), "") if noise in one.where]
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
