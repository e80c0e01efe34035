"""README's answer: what it says of two rules is what `versus` says, and what to take is what the cases say."""

import re

import pytest

from snn.cli import by_case, in_short, readme, two_rules
from snn.cli.evidence import pairs
from snn.cli.sets import Tables
from snn.cli.versus import Question, comparisons
from snn.config import params
from snn.pipeline import record
from snn.report import cases, recommend
from snn.report.place import Place

TET, LTL = two_rules.RULES


@pytest.fixture(scope="module")
def rows(on_record):
    return on_record.compared


def test_every_case_is_there_at_every_level_on_the_data_of_readme(rows, on_record):
    known = {
        (case.words, at.level) for case, own in on_record.places.items() for at in own if at.dataset in by_case.DATA
    }
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
    assert row.on["fashion_mnist"].comparison.found == one.found


def test_what_to_take_is_what_the_cases_say(rows, on_record):
    take = {case.words: cases.rules([at.evidence for at in own]) for case, own in on_record.places.items()}
    for row in rows:
        assert tuple(row.take.rules) == tuple(take[row.case].get(row.level, ()))


def test_on_chips_the_two_rules_lead_as_readme_says(on_record):
    """On every chip with mismatch the highest mean is that of one of them."""
    assert "On chips two rules lead." in readme.README.read_text()
    places = [at for case, own in on_record.places.items() for at in own if at.level and at.dataset in by_case.DATA]
    assert {at.row.no_worse[0] for at in places} == set(two_rules.RULES)


def cells(rows) -> list[dict[str, str]]:
    """The rows of the table side by side, by heading."""
    headings, _, *lines = two_rules.side_by_side(rows).splitlines()
    names = [cell.strip() for cell in headings.strip("|").split("|")]
    return [dict(zip(names, (cell.strip() for cell in line[1:-1].split("|")), strict=True)) for line in lines]


def test_accuracies_side_by_side_differ_by_the_difference_and_only_shown_ones_are_bold(rows):
    for row, told in zip(rows, cells(rows), strict=True):
        assert (told["your case"], told["level"]) == (row.case, row.level)
        for data, words in by_case.DATA.items():
            both, difference = told[f"{words}: {TET}, {LTL}"], told[f"difference on {words}"]
            if data not in row.on:
                assert both == difference == ""
                continue
            left, right = map(float, re.sub(r" \[[\d.]+\]", "", both).split(", "))
            mean, low, high = map(float, re.findall(r"[+-][\d.]+", difference))
            assert left - right == pytest.approx(mean, abs=0.11)
            assert difference.startswith("**") == (low > 0 or high < 0) == bool(row.on[data].comparison.winner)


@pytest.mark.parametrize(
    ("case", "level", "name"),
    [("mismatch, as manufactured", "0.2", "hardware"), ("4 bits and mismatch, calibrated", "0.4", "hardware_digits")],
)
def test_what_one_chip_reaches_is_that_of_recommend_and_clean_networks_have_none(case, level, name, rows, on_record):
    (row,) = (row for row in rows if (row.case, row.level) == (case, level))
    (at,) = (
        at
        for own, found in on_record.places.items()
        if own.words == case
        for at in found
        if at.chips == f"{at.noise} {level}" and at.tables.name == name
    )
    ranking = recommend.rules(on_record.sets[name].candidates(at.place), params.load("energy", "horowitz45_memory"))
    expected = dict(zip(ranking.method, ranking.one_chip, strict=True))
    assert row.on[at.dataset].one_chip == {rule: expected[rule] for rule in two_rules.RULES}
    assert not any(one.one_chip for own in rows if not own.level for one in own.on.values())


LEAD = re.compile(r"(\w+) \+([\d.]+)(?: to \+([\d.]+))?, (\d+) of (\d+) shown")


def test_leads_are_those_of_all_comparisons_each_counted_once(rows):
    told = [(rule, float(a), float(b or a), int(k), int(n)) for rule, a, b, k, n in LEAD.findall(in_short.leads(rows))]
    every = [one.comparison for row in rows for one in row.on.values()]
    assert sum(number for *_, number in told) == len(every)
    for rule, sign in zip(two_rules.RULES, (1, -1), strict=True):
        points = [round(sign * 100 * one.found.behind, 1) for one in every if sign * one.found.behind > 0]
        own = [one for one in told if one[0] == rule]
        assert sum(number for *_, number in own) == len(points)
        assert sum(shown for *_, shown, _ in own) == sum(one.winner == rule for one in every)
        assert (min(least for _, least, *_ in own), max(most for _, _, most, *_ in own)) == (min(points), max(points))


def of_leads(rows) -> list[tuple[list, dict[str, str]]]:
    """The rows behind every row of the table of leads, and its cells."""
    headings, _, *lines = in_short.leads(rows).splitlines()
    names = [cell.strip() for cell in headings.strip("|").split("|")]
    told = [dict(zip(names, (cell.strip() for cell in line[1:-1].split("|")), strict=True)) for line in lines]
    behind = [
        [
            row
            for row in rows
            if one["your case"].startswith(f"{row.way}, " if row.way else row.case)
            and (not row.way or one["take"].startswith(f"**{row.take.rules[0]}**"))
        ]
        for one in told
    ]
    assert sum(map(len, behind)) == len(rows)
    return list(zip(behind, told, strict=True))


def test_what_one_chip_reaches_is_the_range_over_the_levels_of_a_row(rows):
    for own, told in of_leads(rows):
        for data, words in by_case.DATA.items():
            for rule in two_rules.RULES if own[0].way else ():
                least = [round(100 * row.on[data].one_chip[rule], 1) for row in own if data in row.on]
                ends = " to ".join(f"{one:.1f}" for one in sorted({min(least), max(least)}))
                assert f"{rule} {ends}" in told[f"one chip on {words}"].split(", ")


def test_a_rule_is_better_than_all_others_where_nothing_else_is_in_front(rows):
    for own, told in of_leads(rows):
        fronts = [one.unbeaten for row in own for one in row.on.values()]
        for rule in {front[0] for front in fronts}:
            times = fronts.count([rule])
            assert (f"{rule} in {times} of {len(fronts)}" in told["shown to be better than every other rule"]) == bool(
                times
            )


def test_every_level_stands_behind_the_rules_to_take_there(rows):
    lines = in_short.lines(rows).splitlines()
    for row in rows:
        (line,) = (line for line in lines if line.startswith(f"* {(row.way or 'no faults').capitalize()}: "))
        parts = line.partition(": ")[2].rstrip(".").split("; ")
        (part,) = (
            (part for part in parts if f"{row.kind} " in part and _levels(part, row))
            if row.way
            else (part for part in parts if part.endswith(f"({row.case.partition(', ')[2]})"))
        )
        rules = re.findall(r"\*\*(\w+)\*\*", part)
        assert rules == list(row.take.rules or row.take.firsts.values())
        for data in row.take.open_on:
            (levels,) = re.findall(rf"open on {by_case.DATA[data]} at ([\d., and]+)", part)
            assert row.level in re.findall(r"[\d.]+\d", levels)


def _levels(part: str, row) -> bool:
    """Whether a part of a line names the level of a kind of chip."""
    kinds = part[part.rindex("(") + 1 : -1]
    named = dict(re.findall(r"((?:4 bits and )?mismatch) ([\d., and]+?)(?=, 4 bits|$)", kinds))
    return row.level in re.findall(r"[\d.]+\d", named.get(row.kind, ""))


def test_leads_with_the_same_targets_are_those_of_the_table_of_pairs(rows, on_record):
    page = pairs.by_targets([on_record.sets[name] for name in by_case.CHIPS])
    (told,) = re.findall(r"^\* \*\*Targets differ.*$", in_short.limits(rows, on_record.sets), re.MULTILINE)
    parts = dict(zip(("the teacher", "its own clean network"), told.split("; each those of its own"), strict=True))
    column = [cell.strip() for cell in page.splitlines()[0].split("|")].index(f"{LTL} - {TET}")
    for name, words in zip(by_case.CHIPS, by_case.DATA.values(), strict=True):
        for targets, part in parts.items():
            lines = [line for line in page.splitlines() if line.startswith(f"| `{name}`") and f"| {targets}" in line]
            cells = [line.split("|")[column].strip() for line in lines]
            counts = [sum(cell.startswith(f"**{sign}") for cell in cells) for sign in "-+"]
            assert f"{TET} {counts[0]} and {LTL} {counts[1]} of {len(cells)} on {words}" in part


def test_a_verdict_that_remains_in_all_comparisons_at_once_is_one_of_a_narrower_interval_and_is_marked(rows, on_record):
    every = [one for row in rows for one in row.on.values()]
    assert [one.remains(1) for one in every] == [bool(one.comparison.winner) for one in every]
    remain = [one for one in every if one.remains(len(every))]
    assert 0 < len(remain) < sum(bool(one.comparison.winner) for one in every)
    assert all(one.comparison.winner for one in remain)
    assert two_rules.side_by_side(rows).count(" ‡**") == len(remain)
    (named,) = re.findall(r"are shown: (.*)\.$", in_short.limits(rows, on_record.sets), re.MULTILINE)
    assert len(named.split("; ")) == len(remain)
    number, better = len(every), sum(bool(one.comparison.winner) for one in every)
    told = f"How sure: {better} of {number} leads are shown; {len(remain)} with intervals for all {number}"
    assert told in in_short.lines(rows)


def test_a_rule_that_is_taken_alone_is_not_shown_to_be_worse(rows):
    for row in rows:
        if len(row.take.rules) == 1 and row.take.rules[0] in two_rules.RULES:
            assert {one.comparison.winner for one in row.on.values()} <= {"", row.take.rules[0]}


def test_what_helps_are_the_means_of_one_set_on_plain_chips(rows):
    lines = [line for line in in_short.lines(rows).splitlines() if line.startswith("* What helps")]
    assert lines
    for line in lines:
        level, words = re.search(rf"at mismatch ([\d.]+) on ([\w -]+) {TET} and {LTL} reach", line).groups()
        (data,) = (data for data, own in by_case.DATA.items() if own == words)
        told = {way: [a, b] for a, b, way in re.findall(r"([\d.]+) and ([\d.]+) % ([a-z -]+?)(?=,|\.)", line)}
        own = {row.way: row.on[data].comparison for row in rows if row.kind == "mismatch" and row.level == level}
        assert told == {way: [f"{100 * value:.1f}" for value in one.values] for way, one in own.items()}
        assert len({one.tables.name for one in own.values()}) == 1


def test_what_to_take_is_open_where_another_rule_has_the_highest_mean(on_record):
    for places in on_record.places.values():
        for _, take, own in by_case.by_level(places):
            for data, at in own.items():
                assert (data in take.open_on) == bool(take.rules and at.row.no_worse[0] not in take.rules)
