"""Checks before anything is computed: an experiment that cannot run is refused in one line. No torch."""

import json
from math import prod
from pathlib import Path

from snn import config
from snn.config import params
from snn.config.documents import base_of
from snn.config.levels import noise_parts
from snn.core.errors import InputError
from snn.core.strict import MOST
from snn.data import shapes
from snn.hardware import calibrators
from snn.model.graph import sizes, with_readout
from snn.pipeline.jobs.prepare import Prepare
from snn.pipeline.recipes import Recipes

MOST_RUNS = 20_000  # of an experiment
MOST_BYTES = 1 << 40  # of the parameters of a network, and of one of its layers over a batch and all steps


def names(key: str, experiment: config.Experiment) -> None:
    """Check that all exists that an experiment names; `key` is its file. Raises InputError naming file and key."""
    named = [
        ("datasets", "dataset", experiment.dataset),
        ("networks", "network", experiment.network),
        ("methods", "teacher", experiment.teacher),
        *(("methods", "methods", name) for name in experiment.methods),
        *(("noise", f"hardware.{i}.noise", hardware.noise) for i, hardware in enumerate(experiment.hardware)),
        ("energy", "energy", experiment.energy),
    ]
    for kind, field, name in named:
        params.path_of(kind, name, f"{key}: {field}")


class Checks:
    """Checks of one experiment; `key` is its file. All of them raise InputError naming file and key."""

    def __init__(self, key: str, experiment: config.Experiment, data: Prepare, recipes: Recipes):
        self._key, self._experiment, self._data, self._recipes = key, experiment, data, recipes

    def all(self) -> None:
        """Check everything that is known before a job is planned."""
        self._number_of_runs()
        self._network()
        self._steps_eval()
        for i, hardware in enumerate(self._experiment.hardware):
            self._hardware(f"{self._key}: hardware.{i}", hardware)
        self._teacher(f"{self._key}: teacher", self._experiment.teacher)
        if self._experiment.teacher in self._experiment.methods:
            raise InputError(f"{self._key}: methods", f"{self._experiment.teacher} is the teacher", "name it once")
        for key in ("comparisons", "secondary"):
            for pair in getattr(self._experiment, key):
                for side in (pair.left, pair.right):
                    if side not in self._recipes.names:
                        raise InputError(f"{self._key}: {key}", f"{side} is not run", "add it to methods")
        for name in self._recipes.names:
            self._method(f"{self._key}: methods.{name}", name, self._recipes.steps(name))

    def overrides(self, planned: set[str]) -> None:
        """Check that all overrides belong to methods that are run, if only as a teacher or start of another one.

        Those that stand in the base as well are ignored, so that an experiment may leave out methods of its base.
        """
        base = base_of("experiments", Path(self._key).stem)
        inherited = params.load("experiments", base).overrides if base else {}
        own = {name for name, change in self._experiment.overrides.items() if change != inherited.get(name)}
        if unused := sorted(own - planned):
            where = f"{self._key}: overrides.{unused[0]}"
            raise InputError(where, "overrides a method that is not run", "remove the key")

    def _number_of_runs(self) -> None:
        seeds, names = len(self._experiment.seeds), self._experiment.methods
        tried = sum(len(self._recipes.learning_rates(name)) for name in names)
        runs = seeds * (1 + len(names)) + len(self._experiment.tuning_seeds) * (1 + tried)
        if runs > MOST_RUNS:
            found = f"are {runs:,} with all methods and tuning, more than {MOST_RUNS:,}"
            raise InputError(f"{self._key}: seeds", f"runs {found}", "use fewer of them")

    def _network(self) -> None:
        experiment, network = self._experiment, params.load("networks", self._experiment.network)
        dataset, where = self._data.dataset, f"{self._key}: network"
        try:
            found = sizes(dataset.input_shape, with_readout(network.layers, shapes.outputs(dataset)))
        except ValueError as error:
            what = f"{experiment.network} on {experiment.dataset}: {error}"
            raise InputError(where, what, "choose a network for this data set") from None
        if (needed := 4 * sum(size.parameters for size in found)) > MOST_BYTES:
            what = f"{experiment.network} has {needed:,} bytes of parameters, more than {MOST_BYTES:,}"
            raise InputError(where, what, "choose a smaller network")
        widest, samples = max(prod(size.output_shape) for size in found), self._training_samples() or MOST
        for name in self._recipes.names:
            steps = 1 if self._recipes.rule(name).static else self._recipes.steps(name)
            needed = 4 * widest * steps * min(self._recipes.method(name).training.batch, samples)
            if needed > MOST_BYTES:
                what = f"a layer of {experiment.network} takes {needed:,} bytes in a batch of {name}, over all steps"
                raise InputError(where, f"{what}, more than {MOST_BYTES:,}", "choose a smaller network or batch")

    def _steps_eval(self) -> None:
        frames = self._data.dataset.frames
        if frames and any(steps != frames for steps in self._experiment.steps_eval):
            found = f"{self._experiment.dataset} has {frames} frames, one per step"
            raise InputError(f"{self._key}: steps_eval", found, "remove the key")

    def _hardware(self, key: str, hardware: config.Hardware) -> None:
        noise = params.load("noise", hardware.noise)
        levels = hardware.levels or noise.levels
        for level in levels:
            try:
                noise_parts(noise, level)
            except InputError as error:
                found = f"{level:g} does not fit noise {hardware.noise} ({error.what})"
                raise InputError(f"{key}.levels", found, "change the level") from None
        wanted, most = hardware.calibration.samples, self._training_samples()
        if most and wanted > most:
            found = f"{wanted} is more than the {most} training samples that there are at most"
            raise InputError(f"{key}.calibration.samples", found, "choose fewer")
        if hardware.controls and hardware.controls.level not in levels:
            found = f"{hardware.controls.level:g} is none of the levels"
            raise InputError(f"{key}.controls.level", found, "choose one of them")
        if "bptt" in hardware.calibration.calibrators and (name := self._with_neunorm()):
            found = f"bptt would need the values of the NeuNorm of {name} on the chip, which are not known"
            raise InputError(f"{key}.calibration.calibrators", found, "remove bptt")
        for calibrator in hardware.calibration.calibrators:
            calibrators.load(calibrator, f"{key}.calibration.calibrators")

    def _training_samples(self) -> int | None:
        """The number of training samples, or an upper bound before data are prepared; None if there is none."""
        try:
            provenance = json.loads(Path(self._data.folder / "provenance.json").read_text())
            return provenance["facts"]["samples"]["train"]
        except (OSError, ValueError, KeyError, TypeError):  # not prepared, or damaged: stages refuse that by name
            return self._data.dataset.train_limit

    def _with_neunorm(self) -> str | None:
        """The first method whose networks have NeuNorm, if any."""
        return next((name for name in self._experiment.methods if self._recipes.rule(name).has_neunorm), None)

    def _method(self, key: str, name: str, steps: int, above: tuple[str, ...] = ()) -> None:
        rule, method, dataset = self._recipes.rule(name), self._recipes.method(name), self._data.dataset
        if dataset.task not in rule.tasks:
            raise InputError(key, f"rule {method.rule} cannot do {dataset.task}", "choose a method of another rule")
        if dataset.frames and not rule.static and steps != dataset.frames:
            found = f"{steps} steps, but data set {self._data.name} has {dataset.frames} frames, one per step"
            raise InputError(key, found, f"choose steps: {dataset.frames}")
        if method.teacher:
            self._teacher(f"{key}: teacher", method.teacher)
        if method.start:
            if method.start.steps >= steps or method.start.method in (name, *above):
                raise InputError(f"{key}: start", "is no other method with fewer steps", "choose one")
            params.path_of("methods", method.start.method, f"{key}: start.method")
            self._method(f"{key}: start", method.start.method, method.start.steps, (name, *above))
        try:
            rule.check(method.options, steps)
        except ValueError as error:
            raise InputError(key, str(error), "change the method or the steps") from None

    def _teacher(self, key: str, name: str) -> None:
        params.path_of("methods", name, key)
        if not self._recipes.rule(name).static:
            raise InputError(key, f"{name} is no ANN", "choose a method whose rule is static")
