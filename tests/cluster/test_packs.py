"""Packs: what goes in one submission to a cluster, and what it asks for."""

from types import SimpleNamespace

import pytest

from snn.cluster import packs
from snn.cluster.packs import Packs
from snn.core.errors import InputError
from snn.pipeline.jobs.evaluate import Evaluate
from snn.pipeline.jobs.train import Train
from snn.pipeline.plan import Plan
from snn.pipeline.settings import PACK_MINUTES, pack_minutes

EXPERIMENTS = ("smoke", "matched", "hardware_digits", "claims_tit")


@pytest.fixture(scope="module", params=EXPERIMENTS)
def plan(request, tmp_path_factory) -> Plan:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("empty"))  # where no result is
        yield Plan(request.param)


def run_of(job) -> Train:
    return getattr(job, "run", job)


def test_a_pack_holds_whole_runs_and_every_job_of_a_run_is_in_one(plan):
    found = Packs(plan).packs
    where = {job: name for name, jobs in found.items() for job in jobs}
    assert set(where) == {job for job in plan.jobs.values() if job.stage in ("train", "calibrate", "evaluate")}
    assert sum(map(len, found.values())) == len(where)
    assert all(where[job] == where[run_of(job)] for job in where)


@pytest.mark.parametrize("minutes", [1, PACK_MINUTES])
def test_no_pack_waits_for_itself(plan, minutes):
    where = {job: name for name, jobs in Packs(plan, minutes).packs.items() for job in jobs}

    def outside(job, start, left):
        """Whether a path of dependencies has left the pack and come back."""
        if left and where.get(job) == start:
            return True
        return any(outside(parent, start, left or where.get(parent) != start) for parent in job.parents.values())

    assert not any(outside(job, name, False) for job, name in where.items())


def test_packs_hold_about_the_expected_work_unless_a_run_takes_longer(plan):
    chosen = Packs(plan)
    work = {name: chosen.expected_seconds(jobs) for name, jobs in chosen.packs.items()}
    jobs = [job for part in chosen.packs.values() for job in part]
    longest = max(chosen.expected_seconds(job for job in jobs if run_of(job) is run) for run in set(map(run_of, jobs)))
    assert max(work.values()) < 60 * PACK_MINUTES * 4 / 3 + longest


def test_matched_takes_at_most_forty_submissions(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert len(Packs(Plan("matched")).packs) <= 40


def test_finished_jobs_are_in_no_pack_and_without_minutes_there_is_none(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    plan = Plan("smoke")
    proof = plan.runs[0].proof
    proof.parent.mkdir(parents=True)
    proof.touch()
    assert plan.runs[0] not in {job for jobs in Packs(plan).packs.values() for job in jobs}
    assert Packs(plan, 0).packs == {}


def ask(chosen: Packs, job: Train, attempt: int) -> tuple[int, int]:
    wildcards = {"run": job.folder.relative_to("results/runs").as_posix()}
    pattern = "results/runs/{run}"
    return chosen.megabytes(pattern)(wildcards, attempt=attempt), chosen.limit(pattern)(wildcards, attempt=attempt)


def test_a_limit_is_shared_by_the_jobs_of_a_pack_and_grows_with_the_attempt(plan):
    chosen = Packs(plan)
    trained = [job for job in plan.jobs.values() if isinstance(job, Train)]
    for job in (trained[0], trained[-1]):
        (memory, limit), (more, longer) = (ask(chosen, job, attempt) for attempt in (1, 2))
        assert (more, longer) == (2 * memory, 2 * limit)
    for jobs in chosen.packs.values():
        expected = chosen.expected_seconds(jobs) / 60
        limit = sum(chosen._limit(job) for job in jobs)
        assert packs.MARGIN * expected <= limit - packs.FIXED_MINUTES <= packs.MARGIN * expected + 1


def test_a_job_is_in_the_pack_of_its_name_and_in_a_submission_all_jobs_are_in_one(plan):
    head = SimpleNamespace(remote_exec=False, parent_groupids={})
    inside = SimpleNamespace(remote_exec=True, parent_groupids={})
    job = next(job for job in plan.jobs.values() if isinstance(job, Evaluate))
    wildcards = {"run": job.run.folder.relative_to("results/runs").as_posix(), "digest": job.digest}
    pattern = "results/runs/{run}/rows/{digest}"
    name = Packs(plan, workflow=head).group(pattern)(wildcards)
    assert job in Packs(plan).packs[name]
    assert head.parent_groupids == {name: packs.PACK}
    assert Packs(plan, workflow=inside).group(pattern)(wildcards) == packs.PACK


@pytest.mark.parametrize("word", ["many", "-1", "inf", "nan", None])
def test_a_pack_of_no_number_of_minutes_is_refused(word):
    with pytest.raises(InputError, match="pack_minutes"):
        pack_minutes({"pack_minutes": word})
