"""An experiment becomes its jobs; whatever cannot be run together is refused before the first second of computing."""

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from snn import kinds, params
from snn.errors import InputError, PlanChanged
from snn.jobs import Calibrate, Evaluate, Figures, Job, Prepare, Tables, Train
from snn.provenance import DIGEST_LENGTH, ROOT
from snn.spec import sizes

DEFAULT_EXPERIMENT = "digits"


class Grid:
    """All jobs of an experiment. Raises InputError, naming file and key, for whatever cannot be run."""

    def __init__(self, name: str):
        experiment: kinds.Experiment = params.load("experiments", name)
        self.name, self.experiment = name, experiment
        where = params.path_of("experiments", name)
        for method in (experiment.teacher, *experiment.methods):
            params.path_of("methods", method)
        key = f"{where.relative_to(ROOT)}"
        if unused := sorted(set(experiment.overrides) - {*experiment.methods, experiment.teacher}):
            raise InputError(f"{key}: overrides.{unused[0]}", "overrides a method that is not run", "remove the key")
        self._methods = {
            method: params.load_method(method, experiment.overrides.get(method, {}), where)
            for method in (experiment.teacher, *experiment.methods)
        }
        self.data = Prepare(experiment.dataset, params.load("datasets", experiment.dataset))
        self._check_pairs(key)
        teachers = {seed: self._train(experiment.teacher, seed, None) for seed in experiment.seeds}
        students = [self._train(m, s, teachers[s]) for m in experiment.methods for s in experiment.seeds]
        self.runs = [*teachers.values(), *students]
        self.calibrations = [c for run in students for c in self._calibrations(run, teachers[run.seed])]
        self.evaluations = [Evaluate(run, tuple(c for c in self.calibrations if c.run is run)) for run in self.runs]
        energy = params.load("energy", experiment.energy)
        self.tables = Tables(name, experiment, energy, tuple(self.evaluations))
        self.figures = Figures(self.tables)

    def check(self) -> None:
        """Compute every digest now, so that whatever is wrong with the experiment is refused now."""
        _ = self.jobs

    @cached_property
    def jobs(self) -> dict[Path, Job]:
        """Every job by its folder."""
        return {job.folder: job for job in self._all()}

    @property
    def targets(self) -> list[Path]:
        """What `rule all` asks for: every run's rows AND the tables, or committed tables would pass for ours."""
        return [*(e.proof for e in self.evaluations), *self.tables.outputs, *self.figures.outputs]

    def inputs_of(self, pattern: str) -> Callable[[Any], list[str]]:
        """For a rule with wildcards: the inputs of the job whose folder the wildcards make of `pattern`."""

        def inputs(wildcards: Any) -> list[str]:
            return [str(path) for path in self.jobs[Path(pattern.format(**wildcards))].inputs]

        return inputs

    def find(self, stage: str, folder: Path) -> Any:
        """The job with this folder.

        Raises PlanChanged when parameters or code have changed since the folder was planned, InputError when no job of
        the experiment ever had such a folder.
        """
        jobs = [job for job in self._all() if job.stage == stage]
        for job in jobs:
            if job.folder == folder:
                return job
        for job in jobs:
            if _identity(job.folder) == _identity(folder):
                changed = f"was planned with other parameters or code, now it is {job.folder}"
                raise PlanChanged(folder, changed, "start the workflow again")
        raise InputError(folder, f"is no {stage} job of experiment {self.name}", "see python -m snn plan")

    def _all(self) -> Iterator[Job]:
        yield self.data
        yield from (*self.runs, *self.calibrations, *self.evaluations)
        yield from (self.tables, self.figures)

    def _rule(self, method: str) -> Any:
        return params.load_plugin("rules", self._methods[method].rule, method).Rule

    def _train(self, method: str, seed: int, teacher: Train | None) -> Train:
        rule, experiment = self._rule(method), self.experiment
        return Train(
            data=self.data,
            network_name=experiment.network,
            network=params.load("networks", experiment.network),
            method_name=method,
            method=self._methods[method],
            steps=1 if rule.static else experiment.steps,
            seed=seed,
            threads=experiment.threads,
            device=experiment.device,
            teacher=teacher if "teacher" in rule.parents else None,
        )

    def _calibrations(self, run: Train, teacher: Train) -> Iterator[Calibrate]:
        for hardware in self.experiment.hardware:
            targets = hardware.calibration.targets
            if targets == "by_rule":
                targets = "teacher" if run.teacher else "own"
            noise = params.load("noise", hardware.noise)
            yield Calibrate(run, hardware, noise, targets, teacher if targets == "teacher" else None)

    def _check_pairs(self, key: str) -> None:
        """Refuse what cannot be run together, before the first second of computing."""
        experiment, dataset = self.experiment, self.data.dataset
        network = params.load("networks", experiment.network)
        try:
            tuple(sizes(dataset.input_shape, network.layers))
        except ValueError as error:
            raise InputError(
                f"{key}: network",
                f"{experiment.network} on {experiment.dataset}: {error}",
                "choose a network for this data set",
            ) from None
        if not self._rule(experiment.teacher).static:
            raise InputError(
                f"{key}: teacher", f"{experiment.teacher} is no ANN", "choose a method whose rule is static"
            )
        for method in experiment.methods:
            if self._rule(method).static:
                raise InputError(f"{key}: methods", f"{method} trains an ANN", "name it as the teacher")
            try:
                self._rule(method).check(self._methods[method].options, experiment.steps)
            except ValueError as error:
                raise InputError(f"{key}: methods.{method}", str(error), "change the method or the steps") from None


def plan_or_exit(config: Mapping[str, Any]) -> Grid:
    """The grid that a workflow's configuration asks for; bad input ends the process in one line, with exit status 2."""
    try:
        if unknown := sorted(set(config) - {"experiment"}):
            raise InputError(f"--config {unknown[0]}", "is no setting of this workflow", "the only one is 'experiment'")
        grid = Grid(str(config.get("experiment", DEFAULT_EXPERIMENT)))
        grid.check()
        return grid
    except InputError as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        os._exit(error.exit_code)  # Snakemake would turn any exception into a page of its own and status 1


def _identity(folder: Path) -> str:
    """A folder without the digests in it."""
    return re.sub(rf"\b[0-9a-f]{{{DIGEST_LENGTH}}}\b", "", str(folder))
