"""What is due after which change: each consequence of naming results by what made them is a test.

One fixture runs `smoke` in a copy of the tree; each test takes a copy of that, edits it, and asks what is due.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
import yaml

from snn.cli import outcome, parent
from snn.core import files
from snn.core.lazy import lazy
from snn.pipeline.complete import complete_or_exit, required
from snn.pipeline.jobs.evaluate import Evaluate
from snn.pipeline.jobs.page import Page
from snn.pipeline.plan import Plan
from snn.pipeline.stamped import StampedJob
from tests import trees
from tests.trees import edit

types = lazy("snakemake.settings.types")  # not imported where this is only collected
ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.workflow

STUDENT = {"train": 1, "calibrate": 1, "evaluate": 1}
TABLES = {"collect": 1, "report": 1, "page": 1}
REPORT = {"report": 1, "page": 1}


def run(tree: Path, *arguments: str, status: int = 0) -> str:
    """What a command of the project prints in a tree."""
    done = trees.run(tree, "-m", *arguments, status=status)
    return done.stdout + done.stderr


def due(tree: Path, experiment: str = "smoke") -> dict[str, int]:
    """Due jobs by rule, as `python -m snn plan` counts them; its exit status says whether there are any."""
    done = trees.run(tree, "-m", "snn", "plan", "--experiment", experiment, status=None)
    counts = {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", done.stdout, re.MULTILINE)}
    assert done.returncode == bool(counts), done.stdout + done.stderr
    return counts


def dry_run(tree: Path) -> dict[str, int]:
    """Jobs by rule that a dry run of Snakemake would do."""
    table = run(tree, "snakemake", "-n", "-c1", "--config", "experiment=smoke").partition("Job stats:\n")[2]
    rows = dict(line.split() for line in table.partition("\n\n")[0].splitlines()[2:])
    return {rule: int(count) for rule, count in rows.items() if rule not in ("all", "total")}


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Path:
    """A tree in which `smoke` has run, its last student, tables and report by the workflow; in a folder with a space,
    since paths have them.
    """
    tree = trees.plant(tmp_path_factory.mktemp("finished") / "a tree")
    trees.compute(tree, "smoke", "ltl_online", "collect", "report")
    command = ("-m", "snn.cli.workflow", "-c2", "--logger", "spikeledger", "--config", "experiment=smoke")
    done = trees.run(tree, *command, environment={**os.environ, "PYTHONPROFILEIMPORTTIME": "1"})
    (tree.parent / "lines").write_text(done.stderr)
    return tree


@pytest.fixture
def tree(finished, tmp_path) -> Iterator[Path]:
    """A copy of the finished tree, to be edited."""
    with trees.copied(finished, tmp_path / "a tree") as tree:
        yield tree


def test_a_finished_experiment_has_nothing_due(tree):
    assert due(tree) == {}


def test_a_run_prints_a_line_per_job_with_its_result(finished):
    lines = [line for line in (finished.parent / "lines").read_text().splitlines() if line.startswith("[")]
    grid = Plan("smoke")
    made = [grid.students[-1], grid.calibrations[-1], grid.evaluations[-1], grid.collect, grid.report, grid.page]
    assert len(lines) == len(made)
    assert {outcome.label(job) for job in made} == {
        " ".join(line.split("]")[1].split("  ")[0].split()) for line in lines
    }
    assert [" % " in line for line in lines].count(True) == 2  # of the student, on validation and on test data


def test_comments_docstrings_sources_and_shell_cosmetics_cost_nothing(tree):
    edit(tree / "snn/training/loop.py", "import math\n", "import math  # for ceil\n")
    edit(tree / "snn/model/neuron.py", '"""The spiking neuron', '"""Edited. The spiking neuron')
    edit(tree / "params/methods/tet.yaml", "source: >-\n", "source: >-\n  Edited.\n")
    edit(tree / "workflow/rules/train.smk", "-m snn train", "-m  snn  train")
    assert due(tree) == {} == dry_run(tree)


def test_an_edited_rule_costs_its_own_runs(tree):
    edit(tree / "snn/rules/tet.py", "(1 - lam) * cross_entropy", "(1.0 - lam) * cross_entropy")
    assert due(tree) == STUDENT | TABLES


def test_edited_counting_costs_no_training(tree):
    edit(tree / "snn/energy/counter.py", "NOTHING = Operations(", "EDITED = True\nNOTHING = Operations(")
    assert due(tree) == {"evaluate": 6} | TABLES


def test_an_edited_energy_table_costs_the_report_alone(tree):
    edit(tree / "params/energy/horowitz45_fp32.yaml", "ac_pj: 0.9", "ac_pj: 0.8")
    assert due(tree) == REPORT


def test_an_edited_teacher_costs_its_students(tree):
    edit(tree / "params/experiments/smoke.yaml", "ann: {training: {epochs: 1}}", "ann: {training: {epochs: 2}}")
    assert due(tree) == {"train": 3, "calibrate": 2, "evaluate": 3} | TABLES


def test_an_edited_noise_model_costs_no_training(tree):
    edit(tree / "snn/hardware/noise/mismatch.py", "1 + sigma * foundry", "1.0 + sigma * foundry")
    assert due(tree) == {"calibrate": 5, "evaluate": 5} | TABLES


def test_an_edited_energy_table_or_a_removed_method_leaves_no_stale_table(tree):
    edit(tree / "params/experiments/smoke.yaml", "methods: [stbp, tet,", "methods: [tet,")
    edit(tree / "params/experiments/smoke.yaml", "  stbp: {training: {epochs: 1}}\n", "")
    assert due(tree) == TABLES
    tables = tree / "results/tables/smoke"
    (stamp,) = tables.glob("*.stamp")
    stamp.write_text(json.dumps({**json.loads(stamp.read_text()), "older.csv": "0" * 64}))
    for name in ("older.csv", "mine.csv"):
        (tables / name).write_text("of older code, or of the user\n")
    run(tree, "snakemake", "-c1", "--until", "collect", "--config", "experiment=smoke")
    assert not (tables / "older.csv").exists()
    assert (tables / "mine.csv").exists()
    assert "stbp" not in set(pd.read_csv(tree / "results/tables/smoke/runs.csv.bz2").method)
    assert len(list((tree / "results/tables/smoke").glob("*.stamp"))) == 1


def test_a_clone_with_scrambled_times_and_no_metadata_has_at_most_tables_due(finished, tmp_path):
    tree = shutil.copytree(finished, tmp_path / "a tree")
    shutil.rmtree(tree / ".snakemake")
    for number, path in enumerate(sorted(tree.rglob("*"), key=lambda path: hash(str(path)))):
        os.utime(path, (1_600_000_000 + number, 1_600_000_000 + number))
    assert set(dry_run(tree)) <= {"collect", "report", "page"}
    assert due(tree) == {}


def remove(*names: str, stage: str = "train", method: str = "tet"):
    """A situation: files that the last job of a method and stage has made are gone."""

    def remove(tree: Path, grid: Plan) -> None:
        jobs = [job for job in grid.jobs.values() if job.stage == stage]
        job = next(job for job in jobs if getattr(job, "run", job).method_name == method)
        for name in names or [path.name for path in job.outputs]:
            (tree / job.folder / name).unlink()

    return remove


def remove_table(tree: Path, grid: Plan) -> None:
    (tree / grid.collect.file("layers.csv")).unlink()


def remove_report(tree: Path, grid: Plan) -> None:
    shutil.rmtree(tree / grid.report.folder)


def remove_data(tree: Path, grid: Plan) -> None:
    shutil.rmtree(tree / grid.data.folder)


def both(*situations):
    def both(tree: Path, grid: Plan) -> None:
        for situation in situations:
            situation(tree, grid)

    return both


def edit_rule(tree: Path, grid: Plan) -> None:
    edit(tree / "snn/rules/tet.py", "(1 - lam) * cross_entropy", "(1.0 - lam) * cross_entropy")


ROWS = remove(stage="evaluate")
SITUATIONS = {
    "an edited rule": edit_rule,
    "an edited rule, without data": both(edit_rule, remove_data),
    "no run that nobody reads": remove(),
    "no rows, without data": both(ROWS, remove_data),
    "no rows, without the run": both(ROWS, remove()),
    "no rows, without the test data": both(ROWS, lambda tree, grid: (tree / grid.data.test_file).unlink()),
    "no rows and no run, without the teacher": both(
        remove(stage="evaluate", method="ltl_online"), remove(method="ltl_online"), remove(method="ann")
    ),
    "no rows, without a file that nobody reads": both(ROWS, remove("epochs.csv")),
    "no table": remove_table,
    "no report": remove_report,
}


OFTEN = ("an edited rule", "no rows, without the test data", "no table")


@pytest.mark.parametrize(
    "situation",
    [pytest.param(do, id=name, marks=() if name in OFTEN else pytest.mark.long) for name, do in SITUATIONS.items()],
)
def test_the_plan_counts_what_a_dry_run_of_snakemake_counts(situation, tree):
    situation(tree, Plan("smoke"))
    assert due(tree) == dry_run(tree)


def test_forged_tables_without_runs_are_not_believed(tree):
    shutil.rmtree(tree / "results/runs")
    for path in (tree / "results/tables/smoke").iterdir():
        path.write_text("forged\n")
    assert due(tree) == {"train": 6, "calibrate": 5, "evaluate": 6} | TABLES


@pytest.mark.long
def test_a_forged_table_is_not_shown_and_can_be_made_again(tree):
    summary = Path("results/report/smoke/summary.md")
    true = (tree / summary).read_text()
    (tree / summary).write_text("forged\n")
    assert run(tree, "snn", "summary", "--experiment", "smoke", status=2).startswith(f"error: {summary}: ")
    assert due(tree) == REPORT
    run(tree, "snn", "report", "--experiment", "smoke", str(summary.parent))
    assert (tree / summary).read_text() == true


def flipped(network: Path) -> bytes:
    """What a file holds after its last bit was flipped."""
    content = bytearray(network.read_bytes())
    content[-1] ^= 1
    network.write_bytes(content)
    return bytes(content)


def test_a_flipped_byte_in_a_run_is_refused_by_name_when_results_are_shown(tree):
    network = Path(folder_of("tet")) / "net.safetensors"
    content = flipped(tree / network)
    refusal = run(tree, "snn", "summary", "--experiment", "smoke", status=2)
    assert refusal.startswith(f"error: {network}: ")
    assert f" {network.parent} " in refusal.partition("; ")[2]
    assert due(tree) == STUDENT | TABLES == dry_run(tree)
    trees.compute(tree, "smoke", "report", "page")
    assert (tree / network).read_bytes() != content


@pytest.mark.long
def test_the_workflow_makes_a_run_with_a_flipped_byte_again_and_then_results_are_shown(tree):
    network = Path(folder_of("tet")) / "net.safetensors"
    content = flipped(tree / network)
    run(tree, "snn", "summary", "--experiment", "smoke", status=2)
    run(tree, "snakemake", "-c1", "--config", "experiment=smoke")
    assert (tree / network).read_bytes() != content
    run(tree, "snn", "summary", "--experiment", "smoke")


def test_a_run_that_was_removed_is_made_again_when_results_are_shown(tree):
    folder = Path(folder_of("tet"))
    shutil.rmtree(tree / folder)
    for evaluation in Plan("smoke").evaluations:
        if evaluation.run.folder == folder:
            files.write(tree / evaluation.proof, "of a run that is gone\n")
    assert due(tree) == {}
    run(tree, "snn", "summary", "--experiment", "smoke", status=2)
    assert due(tree) == STUDENT | TABLES == dry_run(tree)


def test_a_dropped_in_rule_is_listed_and_run(tree):
    rule = (tree / "snn/rules/tet.py").read_text().replace("(1 - lam) * cross_entropy", "0.9 * cross_entropy")
    (tree / "snn/rules/mine.py").write_text(rule)
    yaml = (
        (tree / "params/methods/tet.yaml")
        .read_text()
        .partition("variants:")[0]  # their names would be taken twice
        .replace("rule: tet", "rule: mine")
        .replace("epochs: 20", "epochs: 1")
    )
    (tree / "params/methods/mine.yaml").write_text(yaml)
    edit(tree / "params/experiments/smoke.yaml", "ltl_online]", "ltl_online, mine]")
    assert due(tree) == STUDENT | TABLES
    trees.compute(tree, "smoke")
    assert "| mine " in (tree / "results/report/smoke/summary.md").read_text()
    assert due(tree) == {}


def test_a_removed_seed_leaves_no_row_behind(tree):
    text = (tree / "params/experiments/smoke.yaml").read_text()
    text = re.sub(r"methods: .*", "methods: [tet]", text).replace("seeds: [0]", "seeds: [0, 1]")
    (tree / "params/experiments/seeds.yaml").write_text(re.sub(r"  (stbp|tandem|ltl_\w+): .*\n", "", text))
    trees.compute(tree, "seeds")
    edit(tree / "params/experiments/seeds.yaml", "seeds: [0, 1]", "seeds: [0]")
    assert due(tree, "seeds") == TABLES


def folder_of(method: str) -> str:
    """Where a run of `smoke` lies in a tree that was not edited."""
    return next(str(run.folder) for run in Plan("smoke").runs if run.method_name == method)


def test_a_job_planned_with_other_parameters_refuses_with_status_3(tree):
    planned = folder_of("tet")
    edit(tree / "params/methods/tet.yaml", "lam: 0.05", "lam: 0.06")
    assert run(tree, "snn", "train", "--experiment", "smoke", planned, status=3).startswith(f"error: {planned}: ")


def test_a_killed_training_is_resumed_and_ends_in_the_same_bits(tree):
    edit(tree / "params/experiments/smoke.yaml", "tandem: {training: {epochs: 1}}", "tandem: {training: {epochs: 8}}")
    runs = "r.folder for r in Plan('smoke').runs if r.method_name == 'tandem'"
    folder = trees.run(tree, "-c", f"from snn.pipeline.plan import Plan; print(*({runs}))").stdout.strip()
    command = ("-m", "snn", "train", "--experiment", "smoke", folder)
    trees.run(tree, *command)
    whole = (tree / folder / "net.safetensors").read_bytes(), (tree / folder / "epochs.csv").read_text()
    shutil.rmtree(tree / folder)

    resume = tree / folder / files.PROGRESS[0]
    killed = subprocess.Popen([sys.executable, *command], cwd=tree, stdout=subprocess.DEVNULL)
    while not resume.exists():
        assert killed.poll() is None, "the training ended before it could be killed"
        time.sleep(0.01)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert not (tree / folder / "net.safetensors").exists()

    again = trees.run(tree, *command).stdout
    assert "epoch 1/8 " not in again
    assert "epoch 8/8 " in again
    assert ((tree / folder / "net.safetensors").read_bytes(), (tree / folder / "epochs.csv").read_text()) == whole
    assert not any((tree / folder / name).exists() for name in files.PROGRESS)


def test_a_stale_resume_file_is_ignored(tree):
    folder = folder_of("tet")
    before = (tree / folder / "net.safetensors").read_bytes()
    shutil.copy(tree / folder / "net.safetensors", tree / folder / files.PROGRESS[0])
    (tree / folder / "net.safetensors").unlink()
    assert "epoch 1/1 " in run(tree, "snn", "train", "--experiment", "smoke", folder)
    assert (tree / folder / "net.safetensors").read_bytes() == before


def left_by_an_orphan(tree: Path, method: str) -> None:
    """A tree as it is when the head was killed in a training that ended later: the result is whole, Snakemake's mark of
    an incomplete one lies beside it, and there are no tables.
    """
    shutil.rmtree(tree / "results/tables")
    shutil.rmtree(tree / "results/report")
    run = next(run for run in Plan("smoke").runs if run.method_name == method)
    for path in run.outputs:
        name = urlsafe_b64encode(str(path).encode()).decode()
        (tree / ".snakemake/incomplete" / name).write_text('{"external_jobid": null}')


def test_a_result_that_an_orphaned_job_finished_is_used_and_tables_are_made(tree):
    left_by_an_orphan(tree, "tet")
    assert due(tree) == TABLES
    run(tree, "snakemake", "-c1", "collect", "--config", "experiment=smoke")
    assert all((tree / path).is_file() for path in Plan("smoke").collect.outputs)


@pytest.mark.parametrize("profile", ["default", "slurm"])
def test_no_profile_asks_snakemake_whether_a_result_is_incomplete(profile):
    """The proof of a result is renamed in last; a job that is run again only since it is marked ends the plan."""
    options = yaml.safe_load((ROOT / "profiles" / profile / "config.yaml").read_text())
    assert options["ignore-incomplete"] is True
    assert "rerun-incomplete" not in options


def test_a_run_without_its_tables_ends_with_status_1_and_leaves_no_lock(tree):
    shutil.rmtree(tree / "results/tables")
    command = ("snakemake", "-c1", "--config", "experiment=smoke")
    forced = run(tree, *command, "--forcerun", "prepare", status=1)
    assert forced.splitlines()[-1].startswith("error: results/tables/smoke/")
    run(tree, *command, "--forcerun", "prepare", "--until", "prepare")  # a lock would refuse it
    assert not (tree / "results/tables").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--dry-run",),
        ("--touch",),
        ("--unlock",),
        pytest.param(("--summary",), marks=pytest.mark.long),
        pytest.param(("--force", "prepared"), marks=pytest.mark.long),
    ],
    ids=" ".join,
)
def test_only_a_run_that_had_to_make_the_tables_misses_them(tree, arguments):
    shutil.rmtree(tree / "results/tables")
    targets = [str(Plan("smoke").data.proof)] if "prepared" in arguments else []
    options = [argument for argument in arguments if argument != "prepared"]
    run(tree, "snakemake", "-c1", "--config", "experiment=smoke", *options, "--", *targets)
    assert not (tree / "results/tables").exists()


def test_what_a_run_has_to_leave_behind_follows_its_targets():
    grid = Plan("smoke")

    def of(*targets: str, **settings: object) -> list[Path]:
        return required(grid, types.DAGSettings(targets=frozenset(targets), **settings))

    assert of() == of("all") == grid.targets
    assert of("collect") == grid.collect.outputs
    assert of("report", "a/file") == [Path("a/file"), *grid.report.outputs]
    assert of("page") == grid.page.outputs
    assert of("all", "a/file") == [Path("a/file"), *grid.targets]
    assert of(until={"train"}) == of(omit_from={"collect"}) == of(batch=types.Batch("all", 1, 2)) == []
    assert of(target_jobs={"train:"}) == of(allowed_rules={"train"}) == []


def test_a_run_is_complete_when_all_its_targets_exist(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    grid = Plan("smoke")
    made, touched = (SimpleNamespace(touch=touch, dag_settings=types.DAGSettings()) for touch in (False, True))
    for path in grid.targets:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    complete_or_exit(grid, made)
    gone = grid.report.folder / "summary.md"
    gone.unlink()
    with pytest.raises(SystemExit) as ended:
        complete_or_exit(grid, made)
    assert str(ended.value).startswith(f"error: {gone}: ")
    complete_or_exit(grid, touched)


@pytest.mark.parametrize("experiment", ["digits", "digits_all", "matched"])
def test_a_job_plans_no_more_than_it_may_need_and_finds_the_same_digest(experiment):
    whole = Plan(experiment)
    for job in whole.jobs.values():
        if job.stage in ("train", "calibrate", "evaluate") and getattr(job, "run", job).seed == 0:
            part = Plan(experiment, job.folder)
            assert part.find(job.stage, job.folder).digest == job.digest
            assert {run.seed for run in part.runs} == {0}
    assert len(part.runs) < len(whole.runs) / len(whole.experiment.seeds) + 1


def test_no_job_but_evaluate_has_test_data_among_its_inputs():
    for experiment in ("digits", "smoke"):
        grid = Plan(experiment)
        for job in grid.jobs.values():
            reads_test = grid.data.test_file in job.inputs
            assert reads_test == isinstance(job, Evaluate), job.folder


def test_training_and_calibration_do_without_the_test_file(tree):
    grid = Plan("smoke")
    (tree / grid.data.test_file).unlink()
    for stage, job in (("train", grid.runs[-1]), ("calibrate", grid.calibrations[-1])):
        (tree / job.proof).unlink()
        run(tree, "snn", stage, "--experiment", "smoke", str(job.folder))
        assert (tree / job.proof).exists()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems run every job cold")
def test_jobs_of_a_workflow_are_warm_and_their_parent_ends_with_it(finished):
    """Python writes to the log what it imports: a cold job imports `snn.cli.main`."""
    grid = Plan("smoke")
    jobs = (grid.students[-1], grid.calibrations[-1], grid.evaluations[-1], grid.collect, grid.report)
    logs = [(finished / job.log).read_text() for job in jobs]
    assert not [log for log in logs if " snn.cli.main\n" in log]
    assert all("import time: " in log for log in logs)  # some library is imported late
    while any(b"snn.cli.parent" in command for command in commands_in(finished)):
        time.sleep(0.01)


def commands_in(tree: Path) -> list[bytes]:
    """Commands of the processes whose working folder is a tree."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == tree:
                found.append((process / "cmdline").read_bytes())
        except OSError:  # it has ended, or belongs to somebody else
            pass
    return found


def test_few_jobs_other_executors_and_several_threads_start_no_parent(monkeypatch):
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("a parent was started"))
    due = [SimpleNamespace(rule=SimpleNamespace(name=name)) for name in ("train", "train", "evaluate")]

    def workflow(jobs=due, **changes):
        whole = {"is_main_process": True, "local_exec": True, "touch": False, **changes}
        return SimpleNamespace(**whole, dag=SimpleNamespace(needrun_jobs=lambda: jobs))

    grid = Plan("smoke")
    for told in (workflow(due[1:]), workflow(local_exec=False), workflow(touch=True), workflow(is_main_process=False)):
        parent.start(grid, told)
    threads = grid.experiment.model_copy(update={"threads": 2})
    parent.start(SimpleNamespace(name="smoke", experiment=threads), workflow())


def test_every_declared_file_of_a_result_is_there_with_its_sum(finished):
    for job in Plan("smoke").jobs.values():
        assert all((finished / path).is_file() for path in job.outputs)
        if not isinstance(job, StampedJob | Page):
            sums = json.loads((finished / job.folder / "sha256.json").read_text())
            assert set(sums) == {path.name for path in job.outputs} - {"sha256.json"}


def test_runs_that_start_from_others_can_be_planned_in_an_empty_tree():
    run(ROOT, "snakemake", "-n", "-c1", "--config", "experiment=digits_all")


def test_show_tells_parameters_provenance_and_the_command_that_recreates_a_run(tree):
    folder = folder_of("stbp")
    shown = run(tree, "snn", "show", folder)
    assert '"voters": 10' in shown
    assert '"commit"' in shown
    command = shown.strip().splitlines()[-1].split(" -- ")[1]
    assert command == f"{folder}/net.safetensors"
    assert run(tree, "snn", "show", Path(folder).name.removeprefix("s0-")[:6]).startswith(folder)


def test_parsing_executes_no_heavy_library():
    code = "import sys; from snn.pipeline.plan import Plan; Plan('digits').jobs; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"torch", "torchvision", "sklearn", "matplotlib", "pandas", "scipy", "numpy"} & set(loaded)


def test_the_lint_of_snakemake_finds_only_what_is_meant():
    """No rule names an environment: every job runs in the one that the lock makes."""
    linted = trees.run(ROOT, "-m", "snakemake", "--lint", status=None).stderr
    found = set(re.findall(r"^ +\* (.*):$", linted, re.MULTILINE))
    assert found == {"Specify a conda environment or container for each rule."}, linted
