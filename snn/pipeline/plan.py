"""All jobs of an experiment, from its parameter files. No torch."""

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from snn import config
from snn.config import params
from snn.core.errors import InputError, PlanChanged
from snn.core.paths import ROOT
from snn.hardware.trials import Design, taught
from snn.hardware.trials import treatments as treatments_of
from snn.pipeline import checks
from snn.pipeline.job import Job, place
from snn.pipeline.jobs.calibrate import Calibrate
from snn.pipeline.jobs.collect import Collect
from snn.pipeline.jobs.evaluate import Evaluate
from snn.pipeline.jobs.page import Page
from snn.pipeline.jobs.prepare import Prepare
from snn.pipeline.jobs.report import Report
from snn.pipeline.jobs.train import Train
from snn.pipeline.jobs.tune import Tune
from snn.pipeline.recipes import Recipes
from snn.pipeline.settings import DEFAULT_EXPERIMENT, SETTINGS, download_environment, jobs_per_gpu, pack_minutes

RUN = re.compile(r"results/runs/[^/]+/[^/]+/(?P<method>[^/]+)/T\d+/(s(?P<seed>\d{1,10})|tuning)-")
AGAIN = ".again"  # a folder in that of a result which is asked for again; the damaged files are kept in it


class Plan:
    """All jobs of an experiment. Raises InputError naming the file and key of whatever cannot be run.

    `only`: plan no runs but those that the job with this folder may need; then tables and report are not complete.
    """

    def __init__(self, name: str, only: Path | None = None):
        experiment: config.Experiment = params.load("experiments", name)
        where = params.path_of("experiments", name)
        key = str(where.relative_to(ROOT))
        checks.names(key, experiment)
        self.name, self.experiment = name, experiment
        self._recipes = Recipes(experiment, where)
        self.data = self._prepare()
        check = checks.Checks(key, experiment, self.data, self._recipes)
        check.all()
        check.overrides(set().union(*map(self._recipes.needed, self._recipes.names)))
        seeds, methods = self._wanted(only)
        self._trained: dict[tuple[str, int, float | None, int | None, bool], Train] = {}
        tuned = {method: self._tune(method) for method in methods if self._recipes.learning_rates(method)}
        self.tunings = tuple(tuned.values())
        self.teachers = [self._train(experiment.teacher, seed) for seed in seeds]
        self.students = [self._train(method, seed, tuning=tuned.get(method)) for method in methods for seed in seeds]
        own = {run.teacher: None for run in self.students if run.teacher}  # named by methods
        self.runs = list(dict.fromkeys((*self.teachers, *own, *self.students)))
        self.calibrations = [c for run in self.students for c in self._calibrations(run)]
        chips: dict[Train, list[Calibrate]] = {}
        for calibration in self.calibrations:
            chips.setdefault(calibration.run, []).append(calibration)
        self.evaluations = [Evaluate(run, tuple(chips.get(run, ())), self._steps_eval(run)) for run in self.runs]
        self.collect = Collect(name, tuple(self.evaluations), self.tunings)
        self.report = self._report()
        self.page = Page(self.report)

    def check(self) -> None:
        """Compute all digests; raises InputError naming a file that they need and that cannot be read."""
        _ = self.jobs

    @cached_property
    def jobs(self) -> dict[Path, Job]:
        """Every job by its folder."""
        return {job.folder: job for job in self._all()}

    @property
    def targets(self) -> list[Path]:
        """The targets of `rule all`: rows of every run, tables, report, page, and every result that is asked for again.

        Without the rows, committed tables would count as computed here.
        """
        again = [job.proof for job in self.jobs.values() if (job.folder / AGAIN).is_dir() and not job.proof.exists()]
        rows = [evaluation.proof for evaluation in self.evaluations]
        return [*dict.fromkeys((*rows, *again)), *self.collect.outputs, *self.report.outputs, *self.page.outputs]

    def inputs_of(self, pattern: str) -> Callable[[Any], list[str]]:
        """An input function for a rule with wildcards: `pattern`, filled with them, is the folder of a job."""

        def inputs(wildcards: Any) -> list[str]:
            return [str(path) for path in self.jobs[Path(pattern.format(**wildcards))].inputs]

        return inputs

    def find(self, stage: str, folder: Path) -> Any:
        """The job of a stage with this folder.

        Raises PlanChanged if the job has another digest now, InputError if the experiment has no such job.
        """
        jobs = [job for job in self._all() if job.stage == stage and job.place == place(folder)]
        for job in jobs:
            if job.folder == folder:
                return job
        if jobs:
            changed = f"was planned with other parameters or code, and is now {jobs[0].folder}"
            raise PlanChanged(folder, changed, "start the workflow again")
        raise InputError(folder, f"is no {stage} job of experiment {self.name}", "see python -m snn plan")

    def _all(self) -> Iterator[Job]:
        """Every job, behind its parents."""
        yield self.data
        by_recipe = [run for run in self._trained.values() if not run.tuning]
        tuned = [run for run in self._trained.values() if run.tuning]
        yield from (*by_recipe, *self.tunings, *tuned, *self.calibrations, *self.evaluations)
        yield from (self.collect, self.report, self.page)

    def _wanted(self, only: Path | None) -> tuple[Sequence[int], Sequence[str]]:
        """The seeds and methods to plan: all of them, or for a folder of results/runs those that its job may need.

        Tunings are planned for every method, with their seeds.
        """
        seeds, methods = self.experiment.seeds, self.experiment.methods
        found = RUN.match(only.as_posix()) if only else None
        seed = int(found["seed"]) if found and found["seed"] else None
        if not found or seed not in (None, *seeds, *self.experiment.tuning_seeds):
            return seeds, methods
        needed = [name for name in methods if found["method"] in self._recipes.needed(name)]
        return [seed] if seed in seeds else [], needed

    def _prepare(self) -> Prepare:
        """The job of the data set; a limit of the experiment is part of its name."""
        own = {f"{part}_limit": limit for part, limit in _limits(self.experiment).items()}
        dataset = params.load("datasets", self.experiment.dataset)
        return Prepare(data_name(self.experiment), dataset.model_copy(update=own))

    def _tune(self, name: str) -> Tune:
        """The job that chooses the learning rate of a method, and with it the jobs of its runs."""
        rates, seeds = self._recipes.learning_rates(name), self.experiment.tuning_seeds
        return Tune(tuple(self._train(name, seed, lr=lr) for lr in rates for seed in seeds))

    def _train(
        self, name: str, seed: int, lr: float | None = None, steps: int | None = None, tuning: Tune | None = None
    ) -> Train:
        """The job that trains a method, made once, and with it the jobs of its teacher and its start.

        Its learning rate is `lr`, or the one that `tuning` chooses, or that of the recipe.
        """
        key = (name, seed, lr, steps, tuning is not None)
        if made := self._trained.get(key):
            return made
        experiment, rule, method = self.experiment, self._recipes.rule(name), self._recipes.with_learning_rate(name, lr)
        start = self._train(method.start.method, seed, steps=method.start.steps) if method.start else None
        by = self._recipes.teacher(name)
        teacher = self._train(by, seed) if by else None
        run = Train(
            data=self.data,
            network_name=experiment.network,
            network=params.load("networks", experiment.network),
            method_name=name,
            method=method,
            steps=1 if rule.static else steps or self._recipes.steps(name),
            seed=seed,
            threads=experiment.threads,
            device=experiment.device,
            precision=experiment.precision,
            teacher=teacher,
            start=start,
            tuning=tuning,
        )
        return self._trained.setdefault(key, run)

    def _steps_eval(self, run: Train) -> tuple[int, ...]:
        static = self._recipes.rule(run.method_name).static
        return () if static else tuple(steps for steps in self.experiment.steps_eval if steps != run.steps)

    def _calibrations(self, run: Train) -> Iterator[Calibrate]:
        if self._recipes.rule(run.method_name).static:
            return
        by_teacher = bool(run.teacher and self._recipes.rule(run.method_name).trains)
        teacher = run.teacher or self._train(self.experiment.teacher, run.seed)
        for hardware in self.experiment.hardware:
            noise = params.load("noise", hardware.noise)
            hardware = hardware.model_copy(update={"levels": hardware.levels or noise.levels})
            treatments = tuple(treatments_of(hardware.calibration, by_teacher))
            needed = teacher if taught(Design(hardware, noise, treatments, run.seed)) else None
            yield Calibrate(run, hardware, noise, treatments, needed)

    def _report(self) -> Report:
        energies = {name: params.load("energy", name) for name in params.names("energy")}
        noises = {hardware.noise: params.load("noise", hardware.noise) for hardware in self.experiment.hardware}
        return Report(self.experiment, energies, noises, self.collect)


def data_name(experiment: config.Experiment) -> str:
    """The name of an experiment's data, of which its limits are part."""
    return "-".join([experiment.dataset, *(f"{part}{limit}" for part, limit in _limits(experiment).items())])


def _limits(experiment: config.Experiment) -> dict[str, int]:
    """At most so many samples of the parts of the data that an experiment limits."""
    limits = {"train": experiment.train_limit, "test": experiment.test_limit}
    return {part: limit for part, limit in limits.items() if limit}


def plan_or_exit(settings: Mapping[str, Any]) -> Plan:
    """The plan for a workflow's configuration; bad input ends the process with one line and exit status 2."""
    try:
        if unknown := sorted(set(settings) - SETTINGS):
            known = ", ".join(sorted(SETTINGS))
            raise InputError(f"--config {unknown[0]}", "is no setting of this workflow", f"choose one of {known}")
        name = settings.get("experiment", DEFAULT_EXPERIMENT)
        if not isinstance(name, str):
            what = f"is {name!r:.100} to Snakemake, which is no name"
            raise InputError("--config experiment", what, "give one name, and rename a file that has a number for it")
        plan = Plan(name)
        plan.check()
        pack_minutes(settings)
        jobs_per_gpu(settings)
        os.environ |= download_environment(settings)
        return plan
    except InputError as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        os._exit(error.exit_code)  # for an exception, Snakemake prints a traceback and exits with status 1
