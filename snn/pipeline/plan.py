"""An experiment becomes its jobs; whatever cannot be run together is refused before the first second of computing."""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from snn import config, rules
from snn.config import params
from snn.core.errors import InputError, PlanChanged
from snn.core.paths import ROOT
from snn.hardware import calibrators
from snn.hardware.trials import arms as arms_of
from snn.model.graph import sizes, wire
from snn.pipeline.job import Job, place
from snn.pipeline.jobs import Calibrate, Evaluate, Figures, Prepare, Tables, Train
from snn.pipeline.settings import DEFAULT_EXPERIMENT, SETTINGS, download_environment
from snn.rules import Rule


class Grid:
    """All jobs of an experiment. Raises InputError, naming file and key, for whatever cannot be run."""

    def __init__(self, name: str):
        experiment: config.Experiment = params.load("experiments", name)
        self.name, self.experiment = name, experiment
        where = params.path_of("experiments", name)
        key = f"{where.relative_to(ROOT)}"
        for method in (experiment.teacher, *experiment.methods):
            params.path_of("methods", method)
        self._where, self._methods = where, {}
        self.data = self._prepare()
        self._check_pairs(key)
        self._trained: dict[tuple, Train] = {}
        self.teachers = [self._train(experiment.teacher, seed) for seed in experiment.seeds]
        self.students = [
            self._train(method, seed, lr=lr)
            for method in experiment.methods
            for lr in self._learning_rates(method)
            for seed in experiment.seeds
        ]
        own = {run.teacher: None for run in self.students if run.teacher}  # teachers that methods bring
        self.runs = list(dict.fromkeys((*self.teachers, *own, *self.students)))
        if unused := sorted(set(experiment.overrides) - {name for name, *_ in self._trained}):
            raise InputError(f"{key}: overrides.{unused[0]}", "overrides a method that is not run", "remove the key")
        self.calibrations = [c for run in self.students for c in self._calibrations(run)]
        chips: dict[Train, list[Calibrate]] = {}
        for calibration in self.calibrations:
            chips.setdefault(calibration.run, []).append(calibration)
        self.evaluations = [Evaluate(run, tuple(chips.get(run, ())), self._steps_eval(run)) for run in self.runs]
        params.path_of("energy", experiment.energy)
        energies = {energy: params.load("energy", energy) for energy in params.names("energy")}
        self.tables = Tables(name, experiment, energies, tuple(self.evaluations))
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
        jobs = [job for job in self._all() if job.stage == stage and job.place == place(folder)]
        for job in jobs:
            if job.folder == folder:
                return job
        if jobs:
            changed = f"was planned with other parameters or code, now it is {jobs[0].folder}"
            raise PlanChanged(folder, changed, "start the workflow again")
        raise InputError(folder, f"is no {stage} job of experiment {self.name}", "see python -m snn plan")

    def _all(self) -> Iterator[Job]:
        yield self.data
        yield from (*self._trained.values(), *self.calibrations, *self.evaluations)
        yield from (self.tables, self.figures)

    def _prepare(self) -> Prepare:
        """The data set; a smaller version of it goes under a name of its own."""
        name, dataset = self.experiment.dataset, params.load("datasets", self.experiment.dataset)
        for part in ("train", "test"):
            if limit := getattr(self.experiment, f"{part}_limit"):
                name, dataset = f"{name}-{part}{limit}", dataset.model_copy(update={f"{part}_limit": limit})
        return Prepare(name, dataset)

    def _method(self, name: str) -> config.Method:
        if name not in self._methods:
            change = self.experiment.overrides.get(name, {})
            if self.experiment.epochs:
                change = {**change, "training": {"epochs": self.experiment.epochs, **change.get("training", {})}}
            self._methods[name] = params.load_method(name, change, self._where)
        return self._methods[name]

    def _rule(self, method: str) -> type[Rule]:
        return rules.load(self._method(method).rule, method)

    def _learning_rates(self, method: str) -> Sequence[float | None]:
        return (self._rule(method).trains and self.experiment.learning_rates) or (None,)

    def _train(self, name: str, seed: int, lr: float | None = None, steps: int | None = None) -> Train:
        """The run of a method, made once; its teacher and the run it starts from are made with it."""
        made = self._trained.get((name, seed, lr, steps))
        if made:
            return made
        rule, method, experiment = self._rule(name), self._method(name), self.experiment
        if lr is not None:
            method = method.model_copy(update={"training": method.training.model_copy(update={"lr": lr})})
        start = method.start and self._train(method.start.method, seed, steps=method.start.steps)
        teacher = "teacher" in rule.parents and self._train(method.teacher or experiment.teacher, seed)
        run = Train(
            data=self.data,
            network_name=experiment.network,
            network=params.load("networks", experiment.network),
            method_name=name,
            method=method,
            steps=1 if rule.static else steps or method.steps or experiment.steps,
            seed=seed,
            threads=experiment.threads,
            device=experiment.device,
            teacher=teacher or None,
            start=start,
        )
        return self._trained.setdefault((name, seed, lr, steps), run)

    def _steps_eval(self, run: Train) -> tuple[int, ...]:
        static = self._rule(run.method_name).static
        return () if static else tuple(steps for steps in self.experiment.steps_eval if steps != run.steps)

    def _calibrations(self, run: Train) -> Iterator[Calibrate]:
        if self._rule(run.method_name).static:
            return
        by_teacher = bool(run.teacher and self._rule(run.method_name).trains)
        teacher = run.teacher or self._train(self.experiment.teacher, run.seed)
        for hardware in self.experiment.hardware:
            noise = params.load("noise", hardware.noise)
            hardware = hardware.model_copy(update={"levels": hardware.levels or noise.levels})
            arms = tuple(arms_of(hardware.calibration, by_teacher))
            needed = teacher if any(arm.targets == "teacher" for arm in arms) else None
            yield Calibrate(run, hardware, noise, arms, needed)

    def _with_neunorm(self) -> str | None:
        """A method whose networks have NeuNorm."""
        methods = self.experiment.methods
        return next((m for m in methods if self._rule(m)(self._method(m).options).has_neunorm), None)

    def _most_samples(self) -> int | None:
        """No more training samples than these are there, as far as can be known before data are prepared."""
        try:
            return json.loads((self.data.folder / "provenance.json").read_text())["facts"]["samples"]["train"]
        except (OSError, ValueError, KeyError, TypeError):  # not prepared yet, or damaged, which stages refuse by name
            return self.data.dataset.train_limit

    def _check_hardware(self, key: str) -> None:
        for i, hardware in enumerate(self.experiment.hardware):
            noise = params.load("noise", hardware.noise)
            levels = hardware.levels or noise.levels
            for level in levels:
                try:
                    params.noise_parts(noise, level)
                except InputError as error:
                    found = f"{level:g} does not fit noise {hardware.noise} ({error.what})"
                    raise InputError(f"{key}: hardware.{i}.levels", found, "change the level") from None
            wanted, most = hardware.calibration.samples, self._most_samples()
            if most and wanted > most:
                found = f"{wanted} of at most {most} training samples"
                raise InputError(f"{key}: hardware.{i}.calibration.samples", found, "say fewer")
            if hardware.controls and hardware.controls.level not in levels:
                found = f"{hardware.controls.level:g} is none of the levels"
                raise InputError(f"{key}: hardware.{i}.controls.level", found, "name one of them")
            if "bptt" in hardware.calibration.calibrators and (name := self._with_neunorm()):
                found = f"bptt sends errors through the NeuNorm of {name} as the chip has it, which no one may know"
                raise InputError(f"{key}: hardware.{i}.calibration.calibrators", found, "leave it out")
            for calibrator in hardware.calibration.calibrators:
                calibrators.load(calibrator, f"{key}: hardware.{i}.calibration.calibrators")

    def _check_pairs(self, key: str) -> None:
        """Refuse what cannot be run together, before the first second of computing."""
        experiment, dataset = self.experiment, self.data.dataset
        network = params.load("networks", experiment.network)
        try:
            sizes(dataset.input_shape, wire(network.layers))
        except ValueError as error:
            raise InputError(
                f"{key}: network",
                f"{experiment.network} on {experiment.dataset}: {error}",
                "choose a network for this data set",
            ) from None
        if dataset.frames and any(steps != dataset.frames for steps in experiment.steps_eval):
            found = f"{experiment.dataset} has {dataset.frames} frames, one a step"
            raise InputError(f"{key}: steps_eval", found, "remove the key")
        self._check_hardware(key)
        self._check_teacher(f"{key}: teacher", experiment.teacher)
        if experiment.teacher in experiment.methods:
            raise InputError(f"{key}: methods", f"{experiment.teacher} is the teacher", "name it once")
        for pair in experiment.comparisons:
            for side in (pair.left, pair.right):
                if side not in (experiment.teacher, *experiment.methods):
                    raise InputError(f"{key}: comparisons", f"{side} is not run", "name it in methods")
        for name in (experiment.teacher, *experiment.methods):
            self._check_method(f"{key}: methods.{name}", name, self._method(name).steps or experiment.steps)

    def _check_method(self, key: str, name: str, steps: int, above: tuple[str, ...] = ()) -> None:
        rule, method, task = self._rule(name), self._method(name), self.data.dataset.task
        if task not in rule.tasks:
            raise InputError(key, f"does not do {task}", f"choose methods of other rules than {method.rule}")
        frames = self.data.dataset.frames
        if frames and not rule.static and steps != frames:
            found = f"{steps} steps, but data set {self.data.name} has {frames} frames, one a step"
            raise InputError(key, found, f"choose steps: {frames}")
        if method.teacher:
            self._check_teacher(f"{key}: teacher", method.teacher)
        if method.start:
            if method.start.steps >= steps or method.start.method in (name, *above):
                raise InputError(f"{key}: start", "is no run with fewer steps", "name another method, of fewer steps")
            self._check_method(f"{key}: start", method.start.method, method.start.steps, (name, *above))
        try:
            rule.check(method.options, steps)
        except ValueError as error:
            raise InputError(key, str(error), "change the method or the steps") from None

    def _check_teacher(self, key: str, name: str) -> None:
        if not self._rule(name).static:
            raise InputError(key, f"{name} is no ANN", "choose a method whose rule is static")


def plan_or_exit(settings: Mapping[str, Any]) -> Grid:
    """The grid that a workflow's configuration asks for; bad input ends the process in one line, with exit status 2."""
    try:
        if unknown := sorted(set(settings) - SETTINGS):
            known = ", ".join(sorted(SETTINGS))
            raise InputError(f"--config {unknown[0]}", "is no setting of this workflow", f"there are {known}")
        grid = Grid(str(settings.get("experiment", DEFAULT_EXPERIMENT)))
        grid.check()
        os.environ |= download_environment(settings)
        return grid
    except InputError as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        os._exit(error.exit_code)  # Snakemake would turn any exception into a page of its own and status 1
