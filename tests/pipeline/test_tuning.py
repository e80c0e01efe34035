"""Tuning apart from reporting: what chooses a learning rate is never evaluated, and what is reported never chose."""

import re
from pathlib import Path

import pandas as pd
import pytest

from snn.config import params
from snn.pipeline.jobs.train import Train
from snn.pipeline.plan import Plan
from tests import trees

TINY = """\
source: a grid of two learning rates, small enough for a test
base: matched
methods: [stbp]
seeds: [0]
learning_rates: [1.0e-4, 1.0e-2]
tuning_seeds: [100, 101]
comparisons: []
overrides: {stbp: {training: {epochs: 1}}, ann: {training: {epochs: 1}}}
"""


@pytest.fixture
def plan(monkeypatch):
    """Plans `matched` with changes to its experiment."""
    load = params.load

    def planned(only: Path | None = None, **changes) -> Plan:
        with monkeypatch.context() as patch:
            patch.setattr(
                params,
                "load",
                lambda kind, name: load(kind, name).model_copy(update=changes if kind == "experiments" else {}),
            )
            return Plan("matched", only)

    return planned


def digests(jobs) -> set[str]:
    return {job.digest for job in jobs}


def reported(planned: Plan) -> set[str]:
    return digests(run for run in planned.runs if run.tuning)


def test_test_data_are_read_for_reported_seeds_alone(plan):
    planned = plan()
    tried = [run for tuning in planned.tunings for run in tuning.runs]
    assert {run.seed for run in tried} == {100, 101, 102}
    assert {evaluation.run.seed for evaluation in planned.evaluations} == set(range(10))
    readers = [job for job in planned.jobs.values() if planned.data.test_file in job.inputs]
    assert {job.stage for job in readers} == {"evaluate"}


def test_every_trained_student_is_tuned_and_neither_the_teacher_nor_conversion(plan):
    planned = plan()
    assert {run.method_name for run in planned.runs if not run.tuning} == {"ann", "conversion"}
    assert {tuning.runs[0].method_name for tuning in planned.tunings} == {
        run.method_name for run in planned.runs if run.tuning
    }
    assert all(len(tuning.runs) == 5 * 3 for tuning in planned.tunings)


def test_students_of_tuning_seeds_learn_from_teachers_of_tuning_seeds(plan):
    tried = [run for tuning in plan().tunings for run in tuning.runs if run.teacher]
    assert tried
    assert all(run.teacher.seed == run.seed for run in tried)


def test_more_reported_seeds_rename_nothing_and_another_grid_or_tuning_seed_renames_what_is_tuned(plan):
    before, more = plan(), plan(seeds=(*range(12),))
    assert digests(before.tunings) == digests(more.tunings)
    assert reported(before) < reported(more)
    for change in ({"learning_rates": (1e-3, 1e-2)}, {"tuning_seeds": (100, 101, 103)}):
        other = plan(**change)
        assert not reported(before) & reported(other)
        assert digests(before.teachers) == digests(other.teachers)


def test_the_rate_in_the_recipe_of_a_tuned_method_is_in_no_digest(plan):
    overrides = {"stbp": {**params.load("experiments", "matched").overrides["stbp"]}}
    overrides["stbp"]["training"] = {**overrides["stbp"]["training"], "lr": 0.5}
    others = {name: value for name, value in params.load("experiments", "matched").overrides.items() if name != "stbp"}
    assert reported(plan()) == reported(plan(overrides=overrides | others))


@pytest.mark.parametrize("stage", ["train", "tune", "evaluate"])
def test_a_job_that_is_planned_alone_has_the_folder_it_has_in_the_whole_plan(plan, stage):
    jobs = [job for job in plan().jobs.values() if job.stage == stage]
    for job in (jobs[0], jobs[len(jobs) // 2], jobs[-1]):
        alone = plan(job.folder)
        assert alone.find(stage, job.folder).folder == job.folder
        others = {run.method_name for run in alone.jobs.values() if isinstance(run, Train)}
        assert len(others) < 5 or job.folder.match("*/ann/*/*") or stage == "evaluate"


@pytest.mark.workflow
def test_the_workflow_chooses_on_tuning_seeds_and_reports_the_others(tmp_path):
    tree = trees.plant(tmp_path / "tree")
    (tree / "params/experiments/tiny.yaml").write_text(TINY)
    trees.compute(tree, "tiny", "report", "page")
    planned = trees.run(tree, "-m", "snakemake", "-n", "-c1", "--config", "experiment=tiny")
    rules = re.findall(r"^(\w+) +\d+$", planned.stdout + planned.stderr, re.MULTILINE)
    assert set(rules) == {"all", "page", "report", "total"}

    def rows(name: str) -> list[dict[str, str]]:
        return pd.read_csv(tree / "results/tables/tiny" / name, dtype=str).to_dict("records")

    tuning = rows("tuning.csv")
    assert {row["seed"] for row in tuning} == {"100", "101"}
    means = {lr: sum(float(row["value_val"]) for row in tuning if row["lr"] == lr) / 2 for lr in ("0.0001", "0.01")}
    best = max(means, key=means.get)
    assert {row["lr"] for row in tuning if row["chosen"] == "True"} == {best}
    assert {row["lr"] for row in rows("runs.csv.bz2") if row["method"] == "stbp"} == {best}
    first = next(row for row in rows("epochs.csv") if row["method"] == "stbp")
    assert float(first["epoch_lr"]) <= float(best)
    assert {row["seed"] for row in rows("runs.csv.bz2")} == {"0"}
    assert sum("/tuning-" in row["path"] for row in rows("costs.csv")) == 1
