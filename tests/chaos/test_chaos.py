"""The suite sees what it has to see; it is not run here."""

import random

import pytest

from snn.core import files
from tests.chaos import __main__ as suite
from tests.chaos import damage
from tests.chaos.campaign import PAGE, REPORT, TABLES, Campaign, sums


@pytest.fixture
def campaign(tmp_path) -> Campaign:
    """A tree with tables, a report and a page, without a workflow."""
    for path in (TABLES / "runs.csv", TABLES / "costs.csv", REPORT / "summary.md", REPORT / "figure.svg", PAGE):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(f"{path}\n")
    (tmp_path / PAGE.parent / "smoke.abc.stamp").write_text(files.sha256(tmp_path / PAGE))
    return Campaign(tmp_path, sums(tmp_path))


def test_an_undisturbed_tree_has_not_moved(campaign):
    (campaign.folder / TABLES / "costs.csv").write_text("another time\n")
    assert campaign.moved() == []


@pytest.mark.parametrize("path", [TABLES / "runs.csv", REPORT / "summary.md", REPORT / "figure.svg", PAGE], ids=str)
@pytest.mark.parametrize("way", ["flip", "cut", "empty", "delete"])
def test_damage_of_a_table_figure_or_page_is_a_wrong_number(path, way, campaign):
    damage.spoil(campaign.folder / path, random.Random(0), (way,))
    assert campaign.moved() == [str(path)]


def outcome(tries: int | None = 1, wrong: str = "") -> suite.Outcome:
    return suite.Outcome("a case", "told", tries, wrong, "a | message")


def test_a_round_holds_only_if_nothing_was_needed_and_no_number_moved():
    assert outcome().held
    assert not outcome(tries=None).held
    assert not outcome(wrong="runs.csv").held


def test_the_table_has_one_row_per_case_and_tells_of_every_round_that_did_not_hold():
    row = suite.table([outcome(), outcome(tries=None), outcome(tries=3, wrong="runs.csv")]).splitlines()[-1]
    assert row == "| a case | 3 | 3 | in 1 | runs.csv | a \\| message |"


def test_every_case_has_a_name_of_its_own_and_kills_are_as_many_as_rounds():
    found = list(suite.cases(50))
    assert len({case.name for case in found}) == len(found)
    assert sum(case.rounds for case in found if case.name.startswith("SIGKILL") and "mark" not in case.name) >= 50
    assert next(case.rounds for case in found if "mark" in case.name) == 20


@pytest.mark.parametrize("rounds", ["0", "-1", "x", "1.5"])
def test_nonsense_for_rounds_is_refused_before_anything_runs(rounds, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["chaos", f"--rounds={rounds}"])
    monkeypatch.setattr(suite, "undisturbed", lambda _: pytest.fail("it began"))
    assert suite.main() == 2
    assert rounds in capsys.readouterr().err
