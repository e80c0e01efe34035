"""The command recommend answers from tables on record, and says what there is instead."""

import re
import shutil
import textwrap
from pathlib import Path

import pandas as pd
import pytest

from snn.config import params
from snn.core.paths import ROOT
from snn.pipeline import record
from tests.cli.test_compare import put
from tests.cli.test_compare import run as command
from tests.report.test_recommend import BAD, GOOD, SAME, chips
from tests.rows import row


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with tables of `digits`, on record there; its digests are not asked for."""
    monkeypatch.chdir(tmp_path)
    rows = *chips("stbp", *BAD, acs=10.0), *chips("tet", *GOOD, acs=1e6), *chips("tandem", *SAME)
    put(tmp_path, "c" * 40, *rows)
    monkeypatch.setattr(record, "names", lambda: ["digits"])
    monkeypatch.setattr(record.TablesOnRecord, "mark", "")


CONDITIONS = "own settings, batch norm but for ltl_offline and ltl_online"


def run(capsys, *arguments: str, status: int = 0) -> str:
    return command(capsys, "recommend", *arguments, status=status)


CHIP = ("--noise", "mismatch", "--level", "0.2")


def test_the_answer_comes_first_and_counts_rules_and_the_ranking_follows(here, capsys):
    lines = run(capsys, *CHIP).splitlines()
    assert lines[0] == "mismatch at level 0.2, calibrated, energy under horowitz45_fp32:"
    answer = "tet with calibrator ltl_offline (own targets) at T = 4: 91.0 % (95 % interval"
    assert lines[2].startswith(f"digits (d, n; {CONDITIONS}; 8,000 test samples, 3 seeds, 2 chips each): {answer}")
    assert lines[3] == "  Not resolved against 1 of 2 other rules: tandem (90.3)."
    assert lines[4] == "  Better than 1 of 2 other rules: stbp (71.0)."
    assert lines[5].startswith(
        "  Cheaper, its mean within a point: tandem with calibrator ltl_offline (own targets) at T = 4, "
    )
    table = lines.index(f"digits (d, n; {CONDITIONS}; 8,000 test samples, 3 seeds, 2 chips each)")
    assert [line.split()[0] for line in lines[table + 2 : table + 5]] == ["tet", "tandem", "stbp"]
    assert "mismatch: mismatch (sigma level, disturbs weight, bias, tau), level: relative standard deviation" in lines


def test_without_arguments_clean_networks_are_answered_and_how_to_name_a_chip_is_told(here, capsys, tmp_path):
    put(tmp_path, "c" * 40, *(row(m, s, test=v) for m, v in (("tet", 0.9), ("stbp", 0.8)) for s in range(3)))
    told = run(capsys)
    assert told.startswith("by case, as in README, at the T of the training:\n")
    assert "\nclean networks, energy under horowitz45_fp32:" in told
    assert f"digits (d, n; {CONDITIONS}; 8,000 test samples, 3 seeds): tet at T = 4: 90.0 %" in told
    assert "--noise mismatch --level 0.2" in told


def test_what_is_first_without_calibration_is_told_beside_calibrated_chips(here, capsys, tmp_path):
    made = {"condition": "noisy", "calibrator": None, "targets": None}
    put(tmp_path, "c" * 40, *chips("tet", *GOOD), *chips("tet", *BAD, **made), *chips("stbp", *SAME, **made))
    told = run(capsys, *CHIP)
    assert re.search(r"\n  As manufactured \(--no-calibration\) first is stbp at T = 4, 90.3 %, [\d.]+ nJ\.\n", told)
    assert "As manufactured" not in run(capsys, *CHIP, "--no-calibration")


def test_every_row_shows_all_calibrators_of_a_rule(here, capsys, tmp_path):
    rows = *chips("tet", *GOOD), *chips("tet", *SAME, calibrator="bptt"), *chips("stbp", *BAD)
    put(tmp_path, "c" * 40, *rows)
    assert "bptt" not in run(capsys, *CHIP)
    told = run(capsys, *CHIP, "--every-row")
    assert re.search(r"^tet +4 +bptt own .* not resolved ", told, re.MULTILINE)
    assert "Better than the other rule: stbp (71.0)." in told


def test_accuracies_beside_prices_of_8_bits_are_said_to_be_those_of_32_bits(here, capsys):
    asked = ("--noise", "mismatch", "--level", "0.2", "--steps", "4", "--energy")
    told = {energy: run(capsys, *asked, energy).splitlines() for energy in params.names("energy")}
    said = {energy for energy, lines in told.items() if any("32-bit" in line and energy in line for line in lines)}
    assert said == {energy for energy in told if params.load("energy", energy).precision == "int8"}
    assert "horowitz45_int8" in said


def test_a_bound_on_energy_leaves_out_the_rules_above_it_and_names_them(here, capsys):
    told = run(capsys, *CHIP, "--max-energy", "800")
    heading = f"digits (d, n; {CONDITIONS}; 8,000 test samples, 3 seeds, 2 chips each)"
    assert f"{heading}: tandem with calibrator" in told
    assert re.search(r"\n  Above 800 nJ, with what they need at the least: tet \([\d.]+ nJ\)\.\n", told)
    assert not re.search(r"^tet ", told, re.MULTILINE)


def test_a_bound_on_energy_says_what_would_be_first_without_it(here, capsys):
    told = run(capsys, *CHIP, "--max-energy", "800")
    unbound = r"\n  Without the bound on energy: tet with calibrator .* at T = 4, 91.0 %, 900.0 nJ; \+0.7 \("
    assert re.search(unbound, told)
    assert "Without the bound" not in run(capsys, *CHIP)
    assert "Without the bound" not in run(capsys, *CHIP, "--max-energy", "901")


def test_the_set_with_most_seeds_is_first_of_those_with_as_many_samples(here, capsys, tmp_path, monkeypatch):
    put(tmp_path / "other", "c" * 40, *chips("stbp", *GOOD, *GOOD[:1]))
    (tmp_path / "other/results/tables/digits").rename(tmp_path / "results/tables/hardware_digits")
    monkeypatch.setattr(record, "names", lambda: ["digits", "hardware_digits"])
    told = run(capsys, *CHIP)
    assert 0 < told.index("hardware_digits (d, n; ") < told.index("\ndigits (d, n; ")
    assert f"hardware_digits (d, n; {CONDITIONS}; 8,000 test samples, 4 seeds, " in told


def test_what_a_bound_on_energy_leaves_under_other_tables_is_told_with_the_same_rule_first_as_if_asked(here, capsys):
    told = run(capsys, *CHIP, "--max-energy", "800")
    (line,) = (line for line in told.splitlines() if "first under others: " in line)
    firsts = line.partition("first under others: ")[2].rstrip(".").split("; ")
    named = {
        name: first.partition(" under ")[0] for first in firsts for name in params.names("energy") if name in first
    }
    for energy, first in named.items():
        answer = run(capsys, *CHIP, "--max-energy", "800", "--energy", energy, status=2 * (first == "none"))
        assert first == "none" or f": {first}: " in answer
    assert named
    assert "first under others" not in run(capsys, *CHIP)


def test_chips_that_quantise_weights_are_not_said_to_have_floats_of_32_bits(here, capsys, tmp_path, monkeypatch):
    put(tmp_path, "c" * 40, *(one | {"noise": "analog_chip"} for one in chips("tet", *GOOD)))
    (tmp_path / "results/tables/digits").rename(tmp_path / "results/tables/hardware_digits")
    monkeypatch.setattr(record, "names", lambda: ["hardware_digits"])  # which has such chips
    told = run(capsys, "--noise", "analog_chip", "--level", "0.2", "--energy", "horowitz45_int8")
    assert "32-bit" not in told
    assert "not about the bits of this chip's weights" in told


def test_that_sets_of_tables_differ_is_said_where_several_answer(here, capsys, tmp_path, monkeypatch):
    assert "sets differ" not in run(capsys, *CHIP)
    folder = tmp_path / "results/tables"
    shutil.copytree(folder / "digits", folder / "hardware_digits")
    monkeypatch.setattr(record, "names", lambda: ["digits", "hardware_digits"])
    assert "sets differ in chips and settings" in run(capsys, *CHIP)


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
    put(tmp_path / "other", "c" * 40, *chips("stbp", *GOOD), *chips("tet", *BAD), digest="1")
    (tmp_path / "other/results/tables/digits").rename(folder / "hardware_digits")
    assert "the first rule on d depends on more than the rule: " in run(capsys, *clean)


def test_a_bound_that_no_row_keeps_is_answered_with_one_that_some_row_keeps(here, capsys):
    asked = ("--noise", "mismatch", "--level", "0.2", "--steps", "4", "--max-energy")
    told = run(capsys, *asked, "0.0001", status=2)
    assert "stbp with calibrator ltl_offline (own targets) at T = 4 in digits" in told
    lowest = told.partition("the lowest is ")[2].partition(" nJ")[0]
    assert "stbp" in run(capsys, *asked, lowest)


def test_a_set_in_which_every_run_diverged_ranks_nothing(here, capsys, tmp_path, monkeypatch):
    put(tmp_path, "c" * 40, *chips("tet", *GOOD, status="diverged"))
    assert "is in no set of tables" in run(capsys, "--noise", "mismatch", "--level", "0.2", "--steps", "4", status=2)


def test_a_level_that_was_not_run_is_answered_with_what_is_first_below_and_above_it(here, capsys, tmp_path):
    above = chips("stbp", *GOOD, level=0.4), chips("tet", *BAD, level=0.4)
    put(tmp_path, "c" * 40, *chips("tet", *GOOD), *chips("stbp", *SAME), *(row for rows in above for row in rows))
    told = run(capsys, "--noise", "mismatch", "--level", "0.3", status=2)
    assert (
        "mismatch at level 0.3, calibrated: is in no set of tables; first at 0.2 is tet (digits, 2 methods); first"
        in told
    )
    assert "first at 0.4 is stbp (digits, 2 methods); choose a level of 0.2, 0.4, and T of 4" in told
    outside = run(capsys, "--noise", "mismatch", "--level", "0.5", status=2)
    assert "no set of tables; first at 0.4 is stbp (digits, 2 methods); choose" in outside


def test_without_a_choice_each_data_set_has_one_answer_and_the_tables_wait(here, capsys, tmp_path, monkeypatch):
    names = ["digits", "hardware_digits", "matched", "digits_all", "smoke"]
    for name in names[1:]:
        shutil.copytree(tmp_path / "results/tables/digits", tmp_path / "results/tables" / name)
    monkeypatch.setattr(record, "names", lambda: names)
    put(tmp_path, "c" * 40, *(row(m, s, test=v) for m, v in (("tet", 0.9), ("stbp", 0.8)) for s in range(3)))
    for name in names[1:]:
        shutil.copy(tmp_path / "results/tables/digits/runs.csv.bz2", tmp_path / "results/tables" / name)
        shutil.copy(tmp_path / "results/tables/digits/outcomes.safetensors", tmp_path / "results/tables" / name)
    told = run(capsys)
    assert told.count("tet at T = 4") == 1
    assert "more sets, with --experiment or --dataset, which show the tables, too: hardware_digits, matched" in told
    told = run(capsys, "--dataset", "digits")
    assert told.count("tet at T = 4") == len(names)
    assert told.count("Its networks are those of digits: no independent evidence.") == len(names) - 1
    assert "verdict  " not in told
    assert "verdict  " in run(capsys, "--experiment", "smoke")


@pytest.fixture
def grown(here, tmp_path):
    """The same tables with two steps, at which tet is better and needs less."""
    at_2 = {"steps_eval": 2, "extrapolated": False}
    rows = *chips("tet", *GOOD, acs=1e6), *chips("tandem", *SAME)
    put(tmp_path, "c" * 40, *rows, *chips("tet", 0.95, 0.96, 0.97, acs=1e5, **at_2), *chips("tandem", *BAD, **at_2))


def test_any_number_of_steps_is_answered_unless_one_or_a_highest_is_asked_for(grown, capsys):
    assert "at T = 2: 96.0 %" in run(capsys, *CHIP, "--max-steps", "3")
    assert "at T = 4: 91.0 %" in run(capsys, *CHIP, "--steps", "4", "--steps", "2")
    told = run(capsys, *CHIP)
    assert "tet with calibrator ltl_offline (own targets) at T = 4: 91.0 %" in told
    assert "\n  A higher mean at another T: tet with calibrator ltl_offline (own targets) at T = 2, 96." in told
    assert "+5.0 (" in told
    assert "another T" not in run(capsys, *CHIP, "--steps", "2")


def test_a_bound_that_rules_keep_at_another_t_names_it(grown, capsys, tmp_path):
    put(tmp_path, "c" * 40, *chips("tet", *GOOD, acs=1e6), *chips("tet", *GOOD, acs=1e3, steps_eval=2))
    told = run(capsys, *CHIP, "--max-energy", "100", "--steps", "4", status=2)
    assert "at another T tet with calibrator ltl_offline (own targets) at T = 2, 91.0 %" in told
    assert "at T = 2: 91.0 %" in run(capsys, *CHIP, "--max-energy", "100", "--steps", "2", "4")


def test_a_set_without_a_rule_within_the_bound_says_so_beside_one_that_has_some(here, capsys, tmp_path, monkeypatch):
    folder = tmp_path / "results/tables"
    put(tmp_path / "other", "c" * 40, *chips("stbp", *GOOD, acs=1e6))
    (tmp_path / "other/results/tables/digits").rename(folder / "hardware_digits")
    monkeypatch.setattr(record, "names", lambda: ["digits", "hardware_digits"])
    told = run(capsys, *CHIP, "--max-energy", "800")
    told = told.replace(f"; {CONDITIONS}", "")
    assert "hardware_digits (d, n; 8,000 test samples, 3 seeds, 2 chips each): no rule is within 800 nJ; the" in told


def test_data_are_named_with_or_without_the_limits_of_their_experiment(here, capsys, monkeypatch, tmp_path):
    folder = tmp_path / "results/tables"
    put(tmp_path, "c" * 40, *(row("tet", seed) for seed in range(3)))
    (folder / "digits").rename(folder / "fashion_quick")
    monkeypatch.setattr(record, "names", lambda: ["fashion_quick"])
    answers = {run(capsys, "--dataset", name) for name in ("fashion_mnist", "fashion_mnist-train6000")}
    assert len(answers) == 1
    assert "nearest is 'fashion_mnist-train6000'" in run(capsys, "--dataset", "fashion_mnist-train600", status=2)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--noise", "mismatch", "--level", "0.3", "--steps", "4"), "choose a level of 0.2, and T of 4"),
        (("--noise", "mismatch", "--level", "0.2", "--steps", "5"), "choose a level of 0.2, and T of 4"),
        (("--noise", "mismtch", "--level", "0.2", "--steps", "4"), "the nearest is 'mismatch'"),
        (("--noise", "dead neurons", "--level", "0.2", "--steps", "4"), "the nearest is 'dead_neurons'"),
        (("--noise", "mismatch+thermal", "--level", "0.2", "--steps", "4"), "docs/how-to/own-chip.md"),
        (("--noise", "mismatch, silencing", "--level", "0.2", "--steps", "4"), "take the nearest, analog_chip: "),
        (("--noise", "quantisation_channel+mismatch", "--level", "0.2"), "take the nearest, analog_chip: "),
        (("--noise", "quantisation_chanel+mismach", "--level", "0.2"), "take the nearest, analog_chip: "),
        (("--noise", "mismatch", "--noise", "quantisation", "--level", "0.2"), "take the nearest, analog_chip: "),
        (
            ("--noise", "quantisation", "--level", "4", "--noise", "mismatch", "--level", "0.2"),
            "take the nearest, analog_chip: ",
        ),
        (("--noise", "mismatch", "quantisation", "--level", "0.2"), "take the nearest, analog_chip: "),
        (("--noise", "mismatch", "--level", "4+0.2"), "--level 4+0.2: is several levels"),
        (("--noise", "mismatch", "--level", "much"), "--level much: is no number"),
        (("--noise", "mismatch", "--level", "0.2", "--level", "0.4"), "--level: is given twice"),
        (("--noise", "mismatch", "--level", "0.2", "--max-steps", "0"), "and T of 4"),
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


def test_the_ranking_is_that_of_the_lines_of_pandas_in_the_documentation(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    page = Path("docs/hardware.md").read_text()
    code = textwrap.dedent(page[page.index("    rows = pd.read_csv") :].partition("\n\n")[0])
    *lines, last = code.strip().splitlines()
    known = {"pd": pd}
    exec("\n".join([*lines, f"shown = {last}"]), known)  # noqa: S102
    told = run(capsys, "--noise", "mismatch", "--level", "0.4", "--experiment", "digits").splitlines()
    table = next(i for i, line in enumerate(told) if line.startswith("rule "))
    shown = known["shown"]
    assert told[table + 1 + len(shown)] == ""
    for line, one in zip(told[table + 1 :], shown.itertuples(), strict=False):
        rule, steps, calibrator, targets, mean, *_ = line.split()
        assert (rule, int(steps), calibrator, targets) == (one.method, one.steps_eval, one.calibrator, one.targets)
        assert mean == f"{one.value_test_mean:.1f}"


def test_what_to_take_by_several_sets_is_told_first_and_sets_of_few_rules_have_no_say(capsys):
    told = run(capsys, "--noise", "mismatch", "--level", "0.2", "--no-calibration").splitlines()
    take, *higher = told[1].split("; ")
    assert take == "take tet: shown to be worse in none of 2 sets"
    assert higher == ["open in hardware, where ltl_offline has the highest mean"]
    named = [line.partition(" (")[0] for line in told if "test samples" in line]
    assert {"claims_calibration", "claims_robust"} < set(named)  # of which one has LTL alone, the other two rules
    told = run(capsys, "--noise", "analog_chip", "--level", "0.2").splitlines()
    assert told[1] == "take tet: shown to be worse in none of 2 sets"


def test_it_depends_on_the_data_if_every_rule_is_worse_in_one_of_two_sets(here, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(record, "names", lambda: ["digits", "hardware_digits"])
    put(tmp_path, "c" * 40, *chips("tet", *GOOD), *chips("stbp", *BAD))
    shutil.move(tmp_path / "results/tables/digits", tmp_path / "results/tables/hardware_digits")
    put(tmp_path, "d" * 40, *chips("stbp", *GOOD), *chips("tet", *BAD), digest="1")
    told = run(capsys, *CHIP).splitlines()[1]
    assert told == "it depends on the data: no rule is in more than half of 2 sets and worse in none"


def test_one_set_has_no_line_over_sets(here, capsys):
    assert "shown to be worse in none of" not in run(capsys, *CHIP)
