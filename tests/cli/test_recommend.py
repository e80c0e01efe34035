"""The command recommend answers from tables on record, and says what there is instead."""

import re
import shutil

import pytest

from snn.cli.main import main
from snn.config import params
from snn.pipeline import record
from tests.cli.test_compare import put
from tests.report.test_recommend import BAD, GOOD, SAME, chips


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with tables of `digits`, on record there; its digests are not asked for."""
    monkeypatch.chdir(tmp_path)
    rows = *chips("stbp", *BAD, acs=10.0), *chips("tet", *GOOD, acs=1e6), *chips("tandem", *SAME)
    put(tmp_path, "c" * 40, *rows)
    monkeypatch.setattr(record, "names", lambda: ["digits"])
    monkeypatch.setattr(record.TablesOnRecord, "mark", "")


def run(capsys, *arguments: str, status: int = 0) -> str:
    assert main(["recommend", *arguments]) == status
    told = capsys.readouterr()
    return told.err if status else told.out


def test_the_answer_names_the_first_row_what_is_alike_and_what_is_cheapest(here, capsys):
    told = run(capsys, "--noise", "mismatch", "--level", "0.2", "--steps", "4")
    lines = told.splitlines()
    assert lines[0] == "mismatch: mismatch (sigma level, disturbs weight, bias, tau)"
    assert lines[3] == "digits: d, n, mismatch at level 0.2, T = 4, calibrated, horowitz45_fp32"
    assert [line.split()[0] for line in lines[6:9]] == ["tet", "tandem", "stbp"]
    assert "tet (ltl_offline, own targets) is first; against 1 of 2 others this is not resolved" in told
    assert "; of it and that, tandem (ltl_offline, own targets) needs the least energy" in told


def test_accuracies_beside_prices_of_8_bits_are_said_to_be_those_of_32_bits(here, capsys):
    asked = ("--noise", "mismatch", "--level", "0.2", "--steps", "4", "--energy")
    told = {energy: run(capsys, *asked, energy).splitlines() for energy in params.names("energy")}
    said = {energy for energy, lines in told.items() if any("32-bit" in line and energy in line for line in lines)}
    assert said == {energy for energy in told if params.load("energy", energy).precision == "int8"}
    assert "horowitz45_int8" in said


def test_a_bound_on_energy_leaves_out_the_rows_above_it_and_names_them(here, capsys):
    asked = ("--noise", "mismatch", "--level", "0.2", "--steps", "4")
    ranked = [re.split("  +", line) for line in run(capsys, *asked).splitlines()[5:9]]
    at = ranked[0].index("energy nJ")
    energies = {row[0]: float(row[at]) for row in ranked[1:]}
    assert energies["tet"] > 800 > energies["tandem"]
    lines = run(capsys, *asked, "--max-energy", "800").splitlines()
    cut = next(i for i, line in enumerate(lines) if line.startswith("left out"))
    assert [line.split()[0] for line in lines[6:8]] == ["tandem", "stbp"]
    assert lines[cut] == "left out, since their mean energy is above 800 nJ:"
    assert lines[cut + 3].split()[0] == "tet"
    assert "tet" not in "".join(lines[:cut])


def test_sets_that_older_code_collected_are_left_out_by_name_and_refused_alone(here, capsys, tmp_path, monkeypatch):
    folder = tmp_path / "results/tables"
    shutil.copytree(folder / "digits", folder / "hardware_digits")
    (folder / "hardware_digits/outcomes.safetensors").unlink()
    monkeypatch.setattr(record, "names", lambda: ["digits", "hardware_digits"])
    asked = ("--steps", "4", "--noise", "mismatch", "--level", "0.2")
    assert "\nleft out, since older code made the tables: hardware_digits\n" in run(capsys, *asked)
    assert "older code" in run(capsys, *asked, "--experiment", "hardware_digits", status=2)
    assert "left out" not in run(capsys, *asked, "--experiment", "digits")


def test_sets_on_one_data_set_that_have_different_rules_first_are_named(here, capsys, tmp_path, monkeypatch):
    clean = ("--steps", "4", "--noise", "mismatch", "--level", "0.2")
    assert "depends on more than the rule" not in run(capsys, *clean)
    folder = tmp_path / "results/tables"
    shutil.copytree(folder / "digits", folder / "hardware_digits")
    monkeypatch.setattr(record, "names", lambda: ["digits", "hardware_digits"])
    assert "depends on more than the rule" not in run(capsys, *clean)
    shutil.rmtree(folder / "hardware_digits")
    put(tmp_path / "other", "c" * 40, *chips("stbp", *GOOD), *chips("tet", *BAD))
    (tmp_path / "other/results/tables/digits").rename(folder / "hardware_digits")
    assert "the first rule on d depends on more than the rule: " in run(capsys, *clean)


def test_a_bound_that_no_row_keeps_is_answered_with_one_that_some_row_keeps(here, capsys):
    asked = ("--noise", "mismatch", "--level", "0.2", "--steps", "4", "--max-energy")
    told = run(capsys, *asked, "0.0001", status=2)
    assert "stbp (ltl_offline, own targets) in digits" in told
    lowest = told.partition("the lowest is ")[2].partition(" nJ")[0]
    assert "stbp" in run(capsys, *asked, lowest)


def test_a_set_in_which_every_run_diverged_ranks_nothing(here, capsys, tmp_path, monkeypatch):
    put(tmp_path, "c" * 40, *chips("tet", *GOOD, status="diverged"))
    assert "is in no set of tables" in run(capsys, "--noise", "mismatch", "--level", "0.2", "--steps", "4", status=2)


def test_several_numbers_of_steps_are_answered_one_after_the_other(here, capsys):
    told = run(capsys, "--noise", "mismatch", "--level", "0.2", "--steps", "4", "4")
    assert told.count("digits: d, n, mismatch at level 0.2, T = 4") == 2
    assert "over T" not in told


@pytest.fixture
def grown(here, tmp_path):
    """The same tables with two steps, at which tet is better and needs less."""
    at_2 = {"steps_eval": 2, "extrapolated": False}
    rows = *chips("tet", *GOOD, acs=1e6), *chips("tandem", *SAME)
    put(tmp_path, "c" * 40, *rows, *chips("tet", 0.95, 0.96, 0.97, acs=1e5, **at_2), *chips("tandem", *BAD, **at_2))


def test_over_several_steps_the_best_row_within_the_bound_is_told_with_its_steps_and_energy(grown, capsys):
    asked = ("--noise", "mismatch", "--level", "0.2", "--steps", "4", "2")
    told = run(capsys, *asked)
    (last,) = [line for line in told.splitlines() if line.startswith("digits, over T = 2, 4: ")]
    assert told.rindex(last) > told.rindex("digits: d, n")
    energies = [cell for line in told.splitlines() if line.startswith("tet ") for cell in line.split("  ")]
    needed = re.search(r"tet \(ltl_offline, own targets\) at T = 2 has the highest mean, 96.0 % with (\S+) nJ", last)[1]
    assert needed in [cell.strip() for cell in energies]
    assert "not compared by intervals" in last
    bound = f"{float(needed) - 1:g}"
    told = run(capsys, *asked, "--max-energy", bound)
    assert f"digits, over T = 2, 4, at most {bound} nJ: tandem (ltl_offline, own targets) at T = 4 has" in told


def test_a_bound_that_rows_keep_at_one_of_several_steps_is_answered(grown, capsys, tmp_path):
    at_2 = {"steps_eval": 2, "extrapolated": False}
    put(tmp_path, "c" * 40, *chips("tet", *GOOD, acs=1e6), *chips("tet", *GOOD, acs=1e3, **at_2))
    asked = ("--noise", "mismatch", "--level", "0.2", "--max-energy", "100", "--steps")
    run(capsys, *asked, "4", status=2)
    assert "tet (ltl_offline, own targets) at T = 2 has" in run(capsys, *asked, "2", "4")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--noise", "mismatch", "--level", "0.3", "--steps", "4"), "choose a level of 0.2, and T of 4"),
        (("--noise", "mismatch", "--level", "0.2", "--steps", "5"), "choose a level of 0.2, and T of 4"),
        (("--noise", "mismtch", "--level", "0.2", "--steps", "4"), "the nearest is 'mismatch'"),
        (("--noise", "dead neurons", "--level", "0.2", "--steps", "4"), "the nearest is 'dead_neurons'"),
        (("--noise", "mismatch+thermal", "--level", "0.2", "--steps", "4"), "docs/how-to/own-chip.md"),
        (("--noise", "mismatch, silencing", "--level", "0.2", "--steps", "4"), "or take analog_chip"),
        (("--noise", "stuck", "--level", "0.1", "--steps", "4"), "run an experiment that has it under `hardware`"),
        (("--noise", "mismatch", "--steps", "4"), "give the level of the noise"),
        (("--level", "0.2", "--steps", "4"), "name the noise"),
        (("--steps", "4", "--dataset", "digit"), "the nearest is 'digits'"),
        (("--steps", "4", "--energy", "horowitz"), "horowitz45"),
        (("--steps", "4", "--max-energy", "0"), "--max-energy: 0 is no energy above 0"),
        (("--steps", "4", "--max-energy", "nan"), "--max-energy: nan is no energy above 0"),
        (("--steps", "4", "--max-energy", "inf"), "--max-energy: inf is no energy above 0"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_one_line_that_says_what_to_ask(arguments, line, here, capsys):
    told = run(capsys, *arguments, status=2)
    assert line in told
    assert told.count("\n") == 1
