"""Run one job: find it in the plan, compute in a temporary folder, move the files into place.

The file that proves the result is moved last. Beside the results are params.json (the resolved parameters that entered
the digest), provenance.json (who, where, with what, at what cost) and sha256.json (of every file).
"""

import shutil
from pathlib import Path

from snn.core import files
from snn.core.errors import InputError
from snn.core.locks import locked
from snn.core.observer import TERMINAL, Observer
from snn.core.steps import doing
from snn.pipeline import arrays, bfloat16, bounded, damage, failures, gpus
from snn.pipeline.job import Job
from snn.pipeline.jobs.page import Page
from snn.pipeline.plan import Plan
from snn.pipeline.record import TablesOnRecord
from snn.pipeline.settings import ON_DEVICE


def execute(stage: str, experiment: str, folder: Path, observer: Observer = TERMINAL) -> None:
    """Run the job of an experiment that has this folder.

    Raises InputError; PlanChanged if the folder was planned with other parameters or code; Stopped if the observer
    stopped a training.
    """
    plan = Plan(experiment, folder)
    job = plan.find(stage, folder)
    if stage in ON_DEVICE and gpus.may_use_gpus(plan):
        gpus.take_one()
    if slow := bfloat16.warning(stage, plan):
        observer.warning(slow)
    _run(job, observer)


def report_from_tables(experiment: str) -> Path:
    """Make the report of an experiment from its collected tables in this checkout, whichever code collected them.

    Needs no run. Returns the folder of the report. Raises InputError if the tables do not match their stamp, contradict
    each other or the plan, or lack a column that today's code reads.
    """
    plan, tables = Plan(experiment), TablesOnRecord(experiment)
    tables.refuse_inconsistent()
    _run(plan.report.of(tables.collected_digest), TERMINAL)
    return plan.report.folder


def page_from_tables(experiment: str) -> Page:
    """Make the page of an experiment from its tables and report in this checkout, whichever code collected the tables.

    Needs no run. Raises InputError if tables or report do not match their stamps, if tables contradict each other or
    the plan, or if the report is not what today's code makes of the tables.
    """
    doing(f"{experiment}: comparing tables with their stamps, the plan and git")
    plan, tables = Plan(experiment), TablesOnRecord(experiment)
    tables.refuse_inconsistent()
    page = Page(plan.report.of(tables.collected_digest), tables.mark.strip().strip("*"))
    page.make(page.folder, TERMINAL)
    return page


def _run(job: Job, observer: Observer) -> None:
    """Make the result of a job, unless another process makes it meanwhile: an orphan of a workflow that was killed.

    Raises InputError. If a result on which the job depends is damaged, that is set aside before.
    """
    files.make_folder(job.folder)
    with locked(damage.lock_of(job)) as waited:
        if waited and all(path.exists() for path in job.outputs):
            observer.result("made by another process meanwhile")
            return
        partial = job.folder / f".{job.stage}.partial"
        try:
            shutil.rmtree(partial, ignore_errors=True)
            files.make_folder(partial)
            arrays.check(job)
            with bounded.written(job):
                job.make(partial, observer)
        except InputError as error:
            made_from = list(damage.ancestors(job)) if type(error) is InputError else []
            damage.ask_for_lost(made_from)
            damaged = damage.set_aside(made_from)
            if damaged:
                raise damage.explained(error, damaged, "start the workflow again") from error
            raise
        except Exception as error:
            failures.explain(error, job)
            raise
        finally:
            shutil.rmtree(partial, ignore_errors=True)
