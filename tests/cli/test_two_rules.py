"""README's answer: what it says of two rules is what `versus` says, and what to take is what the cases say."""

import re

import pytest

from snn.cli import by_case, readme, two_rules
from snn.cli.sets import Tables
from snn.cli.versus import Question, comparisons
from snn.pipeline import record
from snn.report import cases
from snn.report.place import Place

TET, LTL = two_rules.RULES


@pytest.fixture(scope="module")
def shown():
    return readme.on_record()


@pytest.fixture(scope="module")
def rows(shown):
    return shown.compared


def test_every_case_is_there_at_every_level_on_the_data_of_readme(rows, shown):
    known = {(case.words, at.level) for case, own in shown.places.items() for at in own if at.dataset in by_case.DATA}
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
    (one,) = comparisons(Question(*two_rules.RULES, place), [Tables(record.TablesOnRecord(name))])
    assert row.compared["fashion_mnist"].found == one.found


def test_what_to_take_is_what_the_cases_say(rows, shown):
    take = {case.words: cases.rules([at.evidence for at in own]) for case, own in shown.places.items()}
    assert {(row.case, row.level): row.take for row in rows} == {
        (row.case, row.level): tuple(take[row.case].get(row.level, ())) for row in rows
    }


def test_the_two_rules_that_lead_have_a_front_place_in_every_row_of_readme(rows, shown):
    """Each of them is not shown to be worse than the first rule; the first is one of them, or not told apart."""
    assert "Two rules lead." in readme.README.read_text()
    for case, own in shown.places.items():
        for at in own:
            if at.dataset in by_case.DATA and any(row.case == case.words for row in rows):
                assert set(at.row.no_worse) & set(two_rules.RULES)


def test_accuracies_side_by_side_differ_by_the_difference_and_only_shown_ones_are_bold(rows):
    headings, _, *lines = two_rules.side_by_side(rows).splitlines()
    headings = [cell.strip() for cell in headings.strip("|").split("|")]
    told = [dict(zip(headings, (cell.strip() for cell in line.strip("|").split("|")), strict=True)) for line in lines]
    assert {(row["your case"], row["level"]) for row in told} == {
        (row.case, row.level) for row in rows if len(row.compared) == 2 and not row.case.startswith("4 bits")
    }
    for one in told:
        (row,) = (row for row in rows if (row.case, row.level) == (one["your case"], one["level"]))
        for data, words in by_case.DATA.items():
            left, right = map(float, one[f"{words}: {TET}, {LTL}"].split(", "))
            cell = one[f"difference on {words}"]
            (mean, low, high) = map(float, re.findall(r"[+-][\d.]+", cell))
            assert left - right == pytest.approx(mean, abs=0.11)
            assert cell.startswith("**") == (low > 0 or high < 0) == bool(row.compared[data].winner)


def told_in_short(rows) -> list[tuple[str, int, int, int]]:
    """The rule that a line in short counts, and in how many comparisons it is better, of how many, and worse."""
    found = []
    for line in two_rules.in_short(rows).splitlines():
        counted = re.search(r"(\w+) is better than \w+ in (\d+) of (\d+) comparisons, worse in (\w+)", line)
        if counted:
            rule, better, among, worse = counted.groups()
            found.append((rule, int(better), int(among), 0 if worse == "none" else int(worse)))
        else:
            (among,) = re.findall(r"not told apart in any of (\d+) comparisons", line)
            found.append(("", 0, int(among), 0))
    return found


def test_comparisons_in_short_are_all_of_the_figure_each_counted_once(rows):
    told = told_in_short(rows)
    winners = [one.winner for row in rows for one in row.compared.values()]
    assert sum(among for *_, among, _ in told) == len(winners)
    for rule, other in (two_rules.RULES, two_rules.RULES[::-1]):
        better = sum(better for own, better, *_ in told if own == rule)
        assert better + sum(worse for own, *_, worse in told if own == other) == winners.count(rule)


def test_a_rule_that_is_taken_alone_is_never_the_one_that_is_worse_more_often(rows):
    for line, (rule, *_) in zip(two_rules.in_short(rows).splitlines(), told_in_short(rows), strict=True):
        taken = re.findall(r"\*\*(\w+)\*\*", line)
        assert rule in {*taken, ""} or not taken
