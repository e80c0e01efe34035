"""The command trace tells what made every seed of a number."""

import json
import re
from pathlib import Path

import pytest

from snn.cli import inspect
from snn.config import params
from snn.core import files
from snn.energy import prices
from snn.pipeline import record
from snn.pipeline.plan import Plan
from snn.report import collected
from snn.report.intervals import estimate
from snn.report.pairs import by_seed
from tests.cli.test_compare import put
from tests.cli.test_compare import run as command
from tests.refusals import refused
from tests.report.test_changes import some
from tests.report.test_recommend import chips


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with tables of `digits`, whose stamps are not asked for."""
    monkeypatch.chdir(tmp_path)
    put(tmp_path, "c" * 40, *some("tet", n=3), *chips("tet", 0.7, 0.8, 0.9))
    monkeypatch.setattr(record, "names", lambda: ["digits"])
    monkeypatch.setattr(record.TablesOnRecord, "prove", lambda _: None)
    monkeypatch.setattr(record.TablesOnRecord, "mark", "")


def run(capsys, *arguments: str, status: int = 0) -> str:
    return command(capsys, "trace", *arguments, status=status)


def test_every_seed_has_its_value_its_digest_and_what_made_it(here, capsys):
    told = run(capsys, "digits", "tet")
    assert told.startswith("digits, tet, value_test (%): on test data")
    assert "mean over 3 seeds: 80.5" in told
    for seed, value in enumerate(("80", "80.5", "81")):
        line = next(line for line in told.splitlines() if line.split()[:1] == [str(seed)])
        assert line.split()[-1] == value
        digest = line.split()[-2]
        assert f"\nresults/runs/d/n/tet/T4/s{seed}-{digest}, " in told
    assert told.count("commit: " + "c" * 40) == 1


def test_what_made_runs_is_told_once_for_those_that_agree(here, capsys):
    path = Path("results/tables/digits/costs.csv")
    lines = path.read_text().splitlines()
    changed = [i for i, line in enumerate(lines) if "/s1-" in line and "c" * 40 in line]
    for i in changed:
        lines[i] = lines[i].replace("c" * 40, "d" * 40)
    path.write_text("\n".join([*lines, ""]))
    assert changed
    told = run(capsys, "digits", "tet")
    groups = [part for part in told.split("\n\n") if "  commit: " in part]
    runs = [re.findall(r"/s(\d)-", part.partition("  commit: ")[0]) for part in groups]
    assert sorted(runs) == [["0", "2"], ["1"]]


@pytest.mark.parametrize(
    ("asked", "condition"),
    [((), "clean"), (("--noise", "mismatch", "--level", "0.2", "--steps", "4"), "calibrated")],
)
def test_the_mean_has_the_interval_that_the_summary_has(here, capsys, asked, condition):
    folder = Path("results/tables/digits")
    runs = collected.runs(folder)
    runs = runs[(runs.method == "tet") & (runs.condition == condition)]
    half = estimate(by_seed(runs, (0, 1, 2), collected.outcomes(folder, len(collected.runs(folder)))), True).half()
    mean = runs.groupby("seed").value_test.mean().mean()
    told = run(capsys, "digits", "tet", "value_test", *asked)
    new = "seeds and test samples" if condition == "clean" else "seeds, chips and test samples"
    assert f"mean over 3 seeds: {100 * mean:.1f} ± {100 * half:.1f} %, 95 % interval for new {new}" in told


def test_means_of_several_treatments_have_no_interval(here, capsys):
    put(Path(), "c" * 40, *chips("tet", 0.7, 0.8), *chips("tet", 0.6, 0.7, calibrator="bptt"))
    chip = ("--noise", "mismatch", "--level", "0.2", "--steps", "4")
    several = run(capsys, "digits", "tet", "value_test", *chip)
    assert "over several treatments" in several
    assert "±" not in several
    assert "±" in run(capsys, "digits", "tet", "value_test", *chip, "--calibrator", "bptt")


def test_a_run_that_is_on_record_alone_is_shown_with_the_way_to_have_it_here(here, capsys, monkeypatch):
    told = run(capsys, "digits", "tet")
    folder = next(line.split(",")[0] for line in told.splitlines() if line.startswith("results/runs/"))
    digest = folder.rpartition("-")[2]
    monkeypatch.setattr(record.TablesOnRecord, "runs_are_stale", False)
    for asked in (digest, digest[:11], folder):
        with refused(asked, "digits", "make reproduce EXPERIMENT=digits", "make fetch EXPERIMENT=digits"):
            inspect.show(Path(asked))
    for asked in ("f" * 12, "tet", f"{folder}/chips/mismatch-{digest}x"):
        with refused(asked, "is no run"):
            inspect.show(Path(asked))
    monkeypatch.setattr(record.TablesOnRecord, "runs_are_stale", True)
    with refused(digest, "commit ccccccc"):
        inspect.show(Path(digest))


def test_a_number_of_a_chip_has_a_row_per_chip(here, capsys):
    told = run(capsys, "digits", "tet", "--noise", "mismatch", "--level", "0.2", "--steps", "4")
    assert "mean over 3 seeds: 80" in told
    assert sum(line.endswith(("69", "71", "79", "81", "89", "91")) for line in told.splitlines()) == 6


def test_energy_is_priced_as_the_experiment_does(here, capsys):
    told = run(capsys, "digits", "tet", "energy_nj")
    assert told.startswith("digits, tet, energy_nj (nJ)")
    (row, *_) = [row for row in collected.runs(Path("results/tables/digits")).itertuples() if row.method == "tet"]
    price = prices.energy_nj(row, params.load("energy", params.load("experiments", "digits").energy))
    assert f"mean over 3 seeds: {float(price):.3g}" in told


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("digit", "tet"), "the nearest is 'digits'"),
        (("digits", "tett"), "the nearest is 'tet'"),
        (("digits", "tet", "value_tst"), "the nearest is 'value_test'"),
        (("digits", "tet", "--steps", "7"), "was not evaluated so in digits"),
        (("digits", "tet", "--level", "0.2"), "--level: is given without --noise"),
        (("digits", "tet", "--noise", "mismatch"), "--noise: is given without --level"),
    ],
)
def test_what_is_not_there_is_refused_in_one_line(arguments, line, here, capsys):
    told = run(capsys, *arguments, status=2)
    assert line in told
    assert told.count("\n") == 1


def test_without_steps_those_of_the_training_are_told_on_chips_too(here, capsys):
    chip = ("--noise", "mismatch", "--level", "0.2")
    assert run(capsys, "digits", "tet", "value_test", *chip) == run(capsys, "digits", "tet", *chip, "--steps", "4")


def test_energy_is_priced_by_the_table_that_is_named(here, capsys):
    runs = collected.runs(Path("results/tables/digits"))
    rows = runs[(runs.method == "tet") & (runs.condition == "clean")]
    told = run(capsys, "digits", "tet", "energy_nj", "--energy", "synop_77fj")
    assert told.startswith("digits, tet, energy_nj (nJ): energy of one inference under synop_77fj")
    for _, row in rows.iterrows():
        line = next(line for line in told.splitlines() if line.split()[:1] == [str(row.seed)])
        assert line.split()[-1] == f"{prices.energy_nj(row, params.load('energy', 'synop_77fj')):.6g}"


def test_parameters_of_a_run_and_of_its_chips_are_those_of_the_plan(capsys):
    told = run(capsys, "digits", "tet", "value_test", "--noise", "mismatch", "--level", "0.4")
    documents = re.findall(r"^parameters of .*\n(\{\n(?:.*\n)*?\})", told, re.MULTILINE)
    (first,) = (job for job in Plan("digits").students if job.method_name == "tet" and job.seed == 0)
    chips = [job for job in Plan("digits").calibrations if job.run.folder == first.folder]
    assert [json.loads(document) for document in documents] == [job.document for job in (first, *chips)]


def test_a_record_that_its_sums_deny_is_not_shown(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = Path("results/runs/d/n/tet/T4/s0-0123456789ab")
    for name in ("params.json", "provenance.json"):
        files.write_json(run / name, {"commit": "c" * 40})
    files.write_json(
        run / "sha256.json", {name: files.sha256(run / name) for name in ("params.json", "provenance.json")}
    )
    inspect.show(run)
    files.write_json(run / "provenance.json", {"commit": "d" * 40})
    with refused(run / "provenance.json", "sha256 is", "recorded is"):
        inspect.show(run)
