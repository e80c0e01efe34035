"""What commands do with their parsed arguments, where it is more than a call. No torch until a command needs it."""

import math
import os
from pathlib import Path
from typing import Any

from snn.cli.command import Options
from snn.core.errors import InputError
from snn.core.lazy import lazy
from snn.pipeline.settings import DEFAULT_EXPERIMENT, MIRROR_VARIABLE, OFFLINE_VARIABLE, is_yes

audits, requests = lazy("snn.audit.networks"), lazy("snn.audit.requests")
inputs, nir = lazy("snn.audit.inputs"), lazy("snn.nir.write")
params, noises = lazy("snn.config.params"), lazy("snn.cli.noises")
dataset, spec = lazy("snn.config.dataset"), lazy("snn.model.spec")
downloads, execute, pages = lazy("snn.data.download"), lazy("snn.pipeline.execute"), lazy("snn.cli.pages")
releases, versions = lazy("snn.pipeline.release"), lazy("snn.pipeline.versions")
workflow = lazy("snn.cli.reproduce")
inspect, recommending, pairs = lazy("snn.cli.inspect"), lazy("snn.cli.recommend"), lazy("snn.cli.versus")
places, tracing = lazy("snn.report.place"), lazy("snn.cli.trace")
rankings = lazy("snn.report.recommend")

MOST_CHIPS = 1000  # of a level in an audit


def reproduce(o: Options) -> int:
    """Run an experiment; a first word that is no option and no path names it."""
    experiment, more = o.experiment, list(o.more)
    if more and not more[0].startswith("-") and "/" not in more[0]:
        if experiment:
            raise InputError(f"reproduce {more[0]:.100}", "names a second experiment", "give one")
        experiment = more.pop(0)
    return workflow.reproduce(
        experiment or DEFAULT_EXPERIMENT, o.cores, o.profile, o.mirror, o.offline, o.verbose, more
    )


def plan(o: Options) -> int:
    """Count what is due in an experiment, or tell what is stale in all; raises InputError for both at a time."""
    if o.all and (o.why or o.experiment):
        raise InputError("--all", "is about all experiments", "leave out --experiment and --why, or --all")
    return inspect.plan_all() if o.all else inspect.plan(o.experiment or DEFAULT_EXPERIMENT, o.why)


def report(o: Options) -> None:
    """Make a report: the one of a job of the workflow, or from the tables that lie here."""
    if o.folder:
        execute.execute("report", o.experiment, o.folder)
    else:
        print(f"the report is in {execute.report_from_tables(o.experiment)}")


def page(o: Options) -> None:
    """Make the page of an experiment, or all pages and their index."""
    if o.experiment:
        print(f"the page is {execute.page_from_tables(o.experiment).html}")
    else:
        print(f"the index is {pages.index()}")


def download(o: Options) -> None:
    """Bring released files; the environment states what the arguments do not."""
    offline = o.offline or is_yes(os.environ.get(OFFLINE_VARIABLE), OFFLINE_VARIABLE)
    downloads.run(o.dataset, o.file, o.mirror or os.environ.get(MIRROR_VARIABLE), offline)


def audit(o: Options) -> None:
    """Audit a network; raises InputError for a number that is out of range."""
    most = {"steps": spec.MOST_STEPS, "chips": MOST_CHIPS, "limit": dataset.MOST_SAMPLES}
    for name, largest in most.items():
        value = getattr(o, name)
        if value is not None and not 1 <= value <= largest:
            raise InputError(f"--{name}", f"{value} is not in 1 to {largest}", "give another number")
    if o.dt is not None and not o.dt > 0:
        raise InputError("--dt", f"{o.dt:g} is not positive", "give the length of a step")
    requests.network_file(o.model, o.dt)
    chosen = requests.NOISES if o.noise is None else [noises.checked(name) for name in o.noise]
    requests.noise_models(chosen)
    if o.data:
        requests.samples_file(o.data)
    out = o.out or Path("results", "audit", o.model.resolve().name)
    made, text = audits.audit(o.model, o.data, out, o.steps, o.dt, chosen, o.chips, o.limit)
    print(f"{text}\n\ntables and figures are in {out}; open {made}")


def place(o: Options, steps: int | None) -> Any:
    """The kind of chips that is asked for; raises InputError for a level without a noise, or a noise without one.

    Both may be given several times, which is refused: several kinds of noise with what there is instead.
    """
    if o.level is not None and o.noise is None:
        raise InputError("--level", "is given without --noise", "name the noise, see python -m snn list noise")
    chip = None if o.noise is None else noises.checked("+".join(o.noise))
    if chip is not None and o.level is None:
        raise InputError("--noise", "is given without --level", noises.levels(chip))
    if len(o.level or []) > 1:
        raise InputError("--level", "is given twice", "give it once: a noise file has one")
    if o.noise_aware and (chip is None or o.no_calibration):
        what = "is given without --noise" if chip is None else "is given with --no-calibration"
        raise InputError("--noise-aware", what, "name the noise that networks were fine-tuned for, and nothing else")
    return places.Place(chip, *(o.level or [0.0]), steps, not (o.no_calibration or o.noise_aware), o.noise_aware)


def recommend(o: Options) -> None:
    """Rank rules on the chips that are asked for, within bounds; raises InputError for an energy that is none."""
    if o.noise and o.experiment in params.names("noise"):  # --noise takes one; the second was read as the experiment
        noises.checked("+".join([*o.noise, o.experiment]))
    if o.max_energy is not None and not 0 < o.max_energy < math.inf:
        raise InputError("--max-energy", f"{o.max_energy:g} is no energy above 0", "give a number of nJ")
    bounds = {"most_steps": o.max_steps, "most_nj": o.max_energy}
    within = rankings.Bounds(tuple(o.steps or ()), **{key: value for key, value in bounds.items() if value is not None})
    recommending.recommend(
        recommending.Question(place(o, None), within, o.energy, o.dataset, o.experiment, o.every_row)
    )


def versus(o: Options) -> None:
    """Compare two methods, as clean networks or on chips."""
    pairs.versus(pairs.Question(o.left, o.right, place(o, o.steps), o.dataset, o.experiment))


def trace(o: Options) -> None:
    """Show where a number comes from, of a clean network or on chips."""
    where = place(o, o.steps)
    treatment = {"calibrator": o.calibrator, "targets": o.targets}
    tracing.trace(o.experiment, o.method, o.column, where, treatment, o.energy)


def release(o: Options) -> None:
    """Push the results of experiments, or release a version; raises InputError if neither is named."""
    if o.version:
        versions.release(o.version, o.experiment, o.remote)
    elif not o.experiment:
        raise InputError("--experiment", "is not given", "name experiments, or a --version")
    for name in () if o.version else o.experiment:
        releases.release(name, o.remote)


def export(o: Options) -> None:
    """Write a network as a NIR file; raises InputError for a file of another name."""
    if o.file.suffix not in requests.NIR:
        raise InputError(o.file, "is no name of a NIR file", f"end it in one of {', '.join(requests.NIR)}")
    print(f"wrote {nir.write(inputs.load(o.run), o.file)}; next: python -m snn audit {o.file} --data FILE")
