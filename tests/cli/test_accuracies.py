"""The table of accuracies by case: what it shows of chips is what `recommend` and the reports say."""

import re

import pytest

from snn.cli import accuracies, by_case
from snn.config import params
from snn.report.recommend import rules

RULE = re.compile(r"(\w+?)\*{0,2} [\d.]+(?: ± [\d.]+ %)?(?: \[([\d.]+)\])?")


@pytest.fixture(scope="module")
def rows(on_record):
    return accuracies.by_level(on_record.places, on_record.sets)


def told(cell: str) -> dict[str, str]:
    """What one chip reaches, by rule, in the order of a cell."""
    return dict(RULE.findall(cell))


@pytest.mark.parametrize(
    ("case", "level", "name"),
    [
        ("mismatch, as manufactured", "0.2", "hardware"),
        ("4 bits and mismatch, calibrated", "0.4", "hardware"),
        ("mismatch, fine-tuned on simulated chips", "0.4", "hardware_digits"),
    ],
)
def test_what_one_chip_reaches_is_that_of_recommend(case, level, name, rows, on_record):
    (row,) = (row for row in rows if (row["your case"], row["level"]) == (case, level))
    (at,) = (
        at
        for own, places in on_record.places.items()
        for at in places
        if (own.words, at.level, at.tables.name) == (case, level, name)
    )
    ranking = rules(on_record.sets[name].candidates(at.place), params.load("energy", "horowitz45_memory"))
    expected = {one.method: f"{100 * one.one_chip:.1f}" for one in ranking.itertuples()}
    found = told(row[f"on {by_case.DATA[at.dataset]}"].partition("; worse: ")[0])
    assert found == {rule: expected[rule] for rule in found}
    assert list(found) == at.row.no_worse


def test_clean_networks_have_no_chip_and_all_chips_have_one(rows):
    for row in rows:
        cells = [row[f"on {words}"].partition("; worse: ")[0] for words in by_case.DATA.values()]
        assert all(bool(row["level"]) == bool(one_chip) for cell in cells for one_chip in told(cell).values())


def test_a_rule_that_is_not_in_a_row_of_the_reports_was_not_run(rows, on_record):
    by_row = {(row["your case"], row["level"]): row for row in rows}
    for case, places in on_record.places.items():
        firsts = {at.dataset: at for at in reversed(places) if (case.words, at.level) in by_row}
        for at in (at for at in places if firsts.get(at.dataset) is at and at.dataset in by_case.DATA):
            parts = [part.partition(" on ") for part in by_row[case.words, at.level]["not run"].split("; ") if part]
            told = [rules for rules, _, where in parts if where in ("", by_case.DATA[at.dataset])]
            missing = {rule.split()[0] for rules in told for rule in rules.split(", ")}
            assert missing == set(accuracies.RULES) - set(at.row.methods)
