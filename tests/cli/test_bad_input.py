"""Bad input: one line on stderr, `error: <where>: <what>; <what to do>`, exit status 2, and nothing half-written."""

import errno
import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from matplotlib import pyplot

from snn.cli import parse
from snn.cli.main import main
from snn.config import params
from snn.core import files, stored
from snn.pipeline.plan import AGAIN, Plan, plan_or_exit
from tests import trees

LINE = re.compile(r"error: [^:]+: .+; .+")
pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
STAGES = ["prepare", "train", "tune", "calibrate", "evaluate", "collect", "report"]


@pytest.fixture(scope="module")
def grid() -> Plan:
    """One rule at a tuned learning rate, one seed, one epoch, one chip."""
    document = params.read_yaml(params.FOLDER / "experiments" / "smoke.yaml")
    document |= {"methods": ["tet"], "overrides": {m: {"training": {"epochs": 1}} for m in ("ann", "tet")}}
    document |= {"learning_rates": [0.01], "tuning_seeds": [100]}
    original = params.load
    with pytest.MonkeyPatch.context() as patch:
        tiny = params.parse("experiments", document, Path("tiny"))
        patch.setattr(params, "load", lambda kind, name: tiny if name == "smoke" else original(kind, name))
        yield Plan("smoke")


@pytest.fixture(scope="module")
def finished(grid, tmp_path_factory) -> Path:
    """A folder in which every stage of it has run."""
    folder = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for job in grid.jobs.values():
            if job is grid.page:
                assert main(["page", "smoke"]) == 0
                continue
            assert main([job.stage, "--experiment", "smoke", str(job.folder)]) == 0
    return folder


@pytest.fixture
def here(finished, tmp_path, monkeypatch) -> Path:
    """A copy of the finished folder, as the working directory."""
    subprocess.run(["cp", "-a", f"{finished}/.", str(tmp_path)], check=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def job_of(grid: Plan, stage: str):
    return [job for job in grid.jobs.values() if job.stage == stage][-1]


def command(job) -> list[str]:
    return [job.stage, "--experiment", "smoke", str(job.folder)]


def refusal(capsys, arguments: list[str], status: int = 2) -> str:
    """The last line of stderr of a command that must be refused."""
    capsys.readouterr()
    assert main(arguments) == status
    error = capsys.readouterr().err
    assert "Traceback" not in error
    last = error.splitlines()[-1]
    assert LINE.fullmatch(last), last
    return last


class Disk:
    """Lets `good` writes through and fails every later one; counts them all."""

    def __init__(self, patch: pytest.MonkeyPatch, code: int, good: int):
        self.count, self.good, self.code = 0, good, code
        for owner, name in ((Path, "replace"), (Path, "write_bytes"), (Path, "mkdir"), (stored, "save_file")):
            patch.setattr(owner, name, self.guard(getattr(owner, name)))

    def guard(self, write):
        def guarded(*arguments, **options):
            self.count += 1
            if self.count > self.good:
                raise OSError(self.code, os.strerror(self.code))
            return write(*arguments, **options)

        return guarded


@pytest.fixture(scope="module")
def counts() -> dict[str, int]:
    """How often a stage writes, once that was counted."""
    return {}


@pytest.mark.parametrize(
    ("stage", "code"),
    [*((stage, errno.ENOSPC) for stage in STAGES), ("prepare", errno.EACCES), ("collect", errno.EACCES)],
    ids=lambda one: one if isinstance(one, str) else os.strerror(one),
)
def test_a_failing_write_is_named_wherever_it_happens_and_nothing_half_written_remains(
    stage, code, grid, here, counts, capsys
):
    job = job_of(grid, stage)
    before = {path: path.read_bytes() for path in here.rglob("*") if path.is_file() and here / job.proof != path}
    (here / job.proof).unlink()
    if stage not in counts:
        with pytest.MonkeyPatch.context() as patch:
            disk = Disk(patch, code, good=10**6)
            assert main(command(job)) == 0
        counts[stage] = disk.count
        (here / job.proof).unlink()
    writes = counts[stage]
    assert writes >= 3
    within = {0, 1, writes // 2} if code == errno.ENOSPC else set()  # both take the same way
    for good in sorted({writes - 1} | within):
        with pytest.MonkeyPatch.context() as patch:
            Disk(patch, code, good)
            line = refusal(capsys, command(job))
        pyplot.close("all")  # a process that failed would have ended
        assert os.strerror(code) in line
        assert not (here / job.proof).exists()
        for name in files.PROGRESS:
            (here / job.folder / name).unlink(missing_ok=True)  # or the next try would write less
        left = [path for path in here.rglob("*") if ".tmp" in path.name or ".partial" in path.name]
        assert not left
    assert main(command(job)) == 0
    assert (here / job.proof).exists()
    assert set(before) <= {path for path in here.rglob("*") if path.is_file()}


@pytest.mark.parametrize("damage", ["missing", "truncated", "of another make"])
@pytest.mark.parametrize("stage", ["train", "calibrate", "evaluate"])
def test_damaged_prepared_data_are_named(stage, damage, grid, here, capsys):
    path = grid.data.training_file
    spoil(here / path, damage)
    assert str(path) in refusal(capsys, command(job_of(grid, stage)))


@pytest.mark.parametrize("damage", ["missing", "truncated", "of another make"])
@pytest.mark.parametrize("stage", ["calibrate", "evaluate"])
def test_an_unreadable_checkpoint_is_named(stage, damage, grid, here, capsys):
    path = job_of(grid, "train").proof
    spoil(here / path, damage)
    line = refusal(capsys, command(job_of(grid, stage)))
    assert str(path) in line
    assert str(path.parent) in line.partition("; ")[2]


def spoil(path: Path, damage: str) -> None:
    content = path.read_bytes()
    path.unlink()
    if damage != "missing":
        path.write_bytes(content[: len(content) // 2] if damage == "truncated" else b"PK\x03\x04 no tensors")


def test_a_flipped_byte_of_a_result_is_refused_by_name(grid, here, capsys):
    path = job_of(grid, "train").proof
    content = bytearray((here / path).read_bytes())
    content[-1] ^= 1
    (here / path).write_bytes(content)
    assert str(path) in refusal(capsys, command(grid.collect))


@pytest.mark.parametrize("stage", ["train", "calibrate", "evaluate"])
def test_no_stage_computes_from_data_that_are_not_those_recorded(stage, grid, here, capsys):
    path = grid.data.training_file
    content = bytearray((here / path).read_bytes())
    content[-1] ^= 1
    (here / path).write_bytes(content)
    line = refusal(capsys, command(job_of(grid, stage)))
    assert line.startswith(f"error: {path}: ")
    assert f" {path.parent} " in line.partition("; ")[2]


@pytest.mark.parametrize("record", ["", "{}", "[]", '{"facts": null}'])
def test_a_damaged_record_of_prepared_data_does_not_keep_an_experiment_from_being_planned(record, grid, here):
    (here / grid.data.folder / "provenance.json").write_text(record)
    assert Plan("smoke").data.folder == grid.data.folder


@pytest.mark.parametrize("record", ["{}", "[]", "{", ""], ids=["empty", "a list", "broken", "nothing"])
def test_a_stamp_that_records_nothing_proves_no_table(record, grid, here, capsys):
    (here / grid.collect.stamp_file).write_text(record)
    assert str(grid.collect.folder) in refusal(capsys, command(grid.report))


def test_a_summary_can_be_shown_after_prepared_data_were_removed(grid, here, capsys):
    shutil.rmtree(here / grid.data.folder)
    assert main(["summary", "--experiment", "smoke"]) == 0
    assert "tet" in capsys.readouterr().out


def test_a_summary_of_tables_that_were_not_computed_here_is_that_of_git_once_it_is_proven(grid, here, capsys):
    shutil.rmtree(here / "results/runs")
    assert main(["summary", "--experiment", "smoke"]) == 0
    assert "no network of it was trained here: these are the tables in git" in capsys.readouterr().out
    (here / grid.report.folder / "summary.md").write_text("forged\n")
    assert str(grid.report.folder / "summary.md") in refusal(capsys, ["summary", "--experiment", "smoke"])


@pytest.mark.parametrize("record", ["{}", "[]", "{", ""], ids=["empty", "a list", "broken", "nothing"])
def test_a_record_of_sums_that_records_nothing_is_refused(record, grid, here, capsys):
    path = job_of(grid, "train").folder
    (here / path / "sha256.json").write_text(record)
    assert str(path) in refusal(capsys, command(grid.collect))


def test_a_training_whose_loss_is_no_number_becomes_a_row_that_says_so(grid, here, capsys, monkeypatch):
    from snn.rules import tet

    losses = tet.Tet.losses
    monkeypatch.setattr(tet.Tet, "losses", lambda self, *a: (loss * float("nan") for loss in losses(self, *a)))
    job = job_of(grid, "train")
    (here / job.proof).unlink()
    evaluation = next(e for e in grid.evaluations if e.run is job)
    (here / evaluation.proof).unlink()
    assert main(command(job)) == 0
    assert re.search(r"diverged .* 1\b.* nan\b", capsys.readouterr().out)
    assert main(command(evaluation)) == 0
    rows = stored.read_csv(here / evaluation.proof, "")
    assert {row["status"] for row in rows} == {"diverged"}
    assert all(0 <= float(row["value_test"]) <= 1 for row in rows)


@pytest.mark.workflow
def test_an_unknown_experiment_stops_the_workflow_with_the_nearest_name():
    for arguments in (["snakemake", "-n", "--config", "experiment=digit"], ["snn", "plan", "--experiment", "digit"]):
        done = trees.run(ROOT, "-m", *arguments, status=2)
        line = done.stderr.splitlines()[-1]
        assert line.startswith("error: experiment 'digit': ")
        assert "'digits'" in line


@pytest.mark.workflow
def test_an_unknown_setting_stops_the_workflow():
    done = trees.run(ROOT, "-m", "snakemake", "-n", "--config", "experimnt=digits", status=2)
    assert LINE.fullmatch(done.stderr.splitlines()[-1])


@pytest.mark.parametrize("value", [1e5, 7, None, True, {"x": ""}, ["smoke"]], ids=str)
def test_a_name_that_yaml_reads_as_no_text_is_refused_with_that_reason(value, capsys, monkeypatch):
    def end(status):
        raise SystemExit(status)

    monkeypatch.setattr(os, "_exit", end)
    with pytest.raises(SystemExit) as ended:
        plan_or_exit({"experiment": value})
    assert ended.value.code == 2
    line = capsys.readouterr().err.strip()
    assert LINE.fullmatch(line)
    assert repr(value) in line


def test_a_job_that_another_process_finished_meanwhile_is_not_done_again(grid, here, capsys, monkeypatch):
    @contextmanager
    def waited(_):
        yield True

    monkeypatch.setattr("snn.pipeline.execute.locked", waited)
    job = job_of(grid, "train")
    before = (here / job.folder / "provenance.json").read_bytes()
    assert main(command(job)) == 0
    assert (here / job.folder / "provenance.json").read_bytes() == before
    (here / job.proof).unlink()
    assert main(command(job)) == 0
    assert (here / job.folder / "provenance.json").read_bytes() != before


def test_a_damaged_network_is_set_aside_and_made_again_with_the_same_bytes(grid, here, capsys):
    job = job_of(grid, "train")
    right = (here / job.proof).read_bytes()
    (here / job.proof).write_bytes(right[:-1])
    assert f" {job.folder / AGAIN}" in refusal(capsys, command(grid.collect))
    assert not (here / job.proof).exists()
    assert job.proof in grid.targets
    assert main(command(job)) == 0
    assert (here / job.proof).read_bytes() == right
    assert job.proof not in grid.targets


def test_a_folder_that_is_no_job_is_refused(capsys):
    line = refusal(capsys, ["train", "--experiment", "smoke", "results/runs/elsewhere"])
    assert line.startswith("error: results/runs/elsewhere: ")


def test_a_device_that_is_not_there_is_refused(grid, here, capsys, monkeypatch):
    job = job_of(grid, "train")
    monkeypatch.setattr(type(job), "device", "mps" if sys.platform != "darwin" else "cuda", raising=False)
    object.__setattr__(job, "device", "mps" if sys.platform != "darwin" else "cuda")
    monkeypatch.setattr("snn.pipeline.execute.Plan", lambda *_: grid)
    assert refusal(capsys, command(job)).startswith("error: device: ")
    object.__setattr__(job, "device", "cpu")


@pytest.mark.parametrize("command", ["show", "audit", "export"])
def test_a_name_that_is_too_long_for_a_file_is_refused_in_one_short_line(command, capsys):
    line = refusal(capsys, [command, "x" * 5000, *(["out.nir"] if command == "export" else [])])
    assert len(line) < 600


def test_more_threads_than_four_per_core_are_refused(grid, here, capsys, monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    job = job_of(grid, "train")
    monkeypatch.setattr("snn.pipeline.execute.Plan", lambda *_: grid)
    object.__setattr__(job, "threads", 5)
    try:
        assert refusal(capsys, [job.stage, "--experiment", "smoke", str(job.folder)]).startswith("error: threads: ")
    finally:
        object.__setattr__(job, "threads", 1)


def test_a_run_is_shown_alike_by_its_absolute_path_its_relative_one_and_its_digest(grid, here, capsys):
    job = job_of(grid, "train")
    shown = []
    for run in (job.folder, here / job.folder, job.digest):
        capsys.readouterr()
        assert main(["show", str(run)]) == 0
        shown.append(capsys.readouterr().out)
    assert len(set(shown)) == 1
    assert "to make it again" in shown[0]


@pytest.mark.parametrize("arguments", [[], ["trian"], ["list", "things"], ["audit"], ["plan", "--nope"]])
def test_a_wrong_command_line_is_refused_in_one_line(arguments, capsys):
    assert main(arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("--help")


@pytest.mark.parametrize("option", ["--stepss 4", "--stepss=4", "--noise mismatch --stepss 4"])
def test_an_unknown_option_is_told_before_a_missing_one_with_the_nearest_name(option, capsys):
    assert main(["recommend", *option.split()]) == 2
    told = capsys.readouterr().err
    assert "recommend --stepss: " in told
    assert "'--steps'" in told


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        ("download digits --file a --file b", "--file"),
        ("recommend --energy horowitz45_fp32 --energy=synop_77fj", "--energy"),
        ("reproduce --prof a --profile b", "--profile"),
    ],
)
def test_one_value_that_is_given_twice_is_refused_and_not_the_last_one_taken(arguments, option, capsys):
    assert main(arguments.split()) == 2
    assert f"{option}: is given twice" in capsys.readouterr().err


def test_what_stands_behind_two_dashes_and_the_beginning_of_an_option_are_not_unknown():
    options = parse.parse(["reproduce", "--verb", "smoke", "--", "--forceall"], parse.MODULE, None)
    assert (options.verbose, options.more) == (True, ["smoke", "--forceall"])
