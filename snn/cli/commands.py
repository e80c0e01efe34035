"""The commands of python -m snn: name, help, function, arguments. No torch until a command needs it."""

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from snn.config.dataset import MOST_SAMPLES
from snn.config.params import KINDS
from snn.core.errors import InputError
from snn.core.lazy import lazy
from snn.model.spec import MOST_STEPS
from snn.pipeline import execute
from snn.pipeline.plan import STAGES
from snn.pipeline.settings import DEFAULT_EXPERIMENT, MIRROR_VARIABLE, OFFLINE_VARIABLE, is_yes

renaming, release = lazy("snn.pipeline.renaming"), lazy("snn.pipeline.release")
fetch, versions = lazy("snn.pipeline.fetch"), lazy("snn.pipeline.versions")
audits, inputs, nir = lazy("snn.audit.networks"), lazy("snn.audit.inputs"), lazy("snn.nir.write")
requests = lazy("snn.audit.requests")
downloads = lazy("snn.data.download")
pages = lazy("snn.cli.pages")
inspect, listing, readme = lazy("snn.cli.inspect"), lazy("snn.cli.listing"), lazy("snn.cli.readme")
claims = lazy("snn.cli.claims")
compare, trace, prune = lazy("snn.cli.compare"), lazy("snn.cli.trace"), lazy("snn.cli.prune")
recommend, places = lazy("snn.cli.recommend"), lazy("snn.report.recommend")
share = lazy("snn.cli.share")

Options = argparse.Namespace
MOST_CHIPS = 1000  # of a level in an audit


class Argument:
    """What argparse's add_argument takes."""

    def __init__(self, *names: str, **options: Any):
        self.names, self.options = names, options


class Command:
    """A command: `do` gets the parsed arguments and returns an exit status, or nothing for 0.

    `exclusive`: at most one of the arguments may be given.
    """

    def __init__(
        self, name: str, text: str, do: Callable[[Options], int | None], *arguments: Argument, exclusive: bool = False
    ):
        self.name, self.text, self.do, self.arguments, self.exclusive = name, text, do, arguments, exclusive


def _stage(name: str) -> Command:
    def do(o: Options) -> None:
        execute.execute(name, o.experiment, o.folder)

    folder = Argument("folder", type=Path, help="of the result; it names parameters and code")
    return Command(name, f"run one {name} job of an experiment", do, EXPERIMENT, folder)


def _report(o: Options) -> None:
    if o.folder:
        execute.execute("report", o.experiment, o.folder)
    else:
        print(f"the report is in {execute.report_from_tables(o.experiment)}")


def _page(o: Options) -> None:
    if o.experiment:
        print(f"the page is {execute.page_from_tables(o.experiment).html}")
    else:
        print(f"the index is {pages.index()}")


def _download(o: Options) -> None:
    offline = o.offline or is_yes(os.environ.get(OFFLINE_VARIABLE), OFFLINE_VARIABLE)
    downloads.run(o.dataset, o.file, o.mirror or os.environ.get(MIRROR_VARIABLE), offline)


def _audit(o: Options) -> None:
    for name, most in (("steps", MOST_STEPS), ("chips", MOST_CHIPS), ("limit", MOST_SAMPLES)):
        value = getattr(o, name)
        if value is not None and not 1 <= value <= most:
            raise InputError(f"--{name}", f"{value} is not in 1 to {most}", "give another number")
    if o.dt is not None and not o.dt > 0:
        raise InputError("--dt", f"{o.dt:g} is not positive", "give the length of a step")
    requests.network_file(o.model, o.dt)
    noises = requests.NOISES if o.noise is None else o.noise
    requests.noise_models(noises)
    if o.data:
        requests.samples_file(o.data)
    out = o.out or Path("results", "audit", o.model.resolve().name)
    page, text = audits.audit(o.model, o.data, out, o.steps, o.dt, noises, o.chips, o.limit)
    print(f"{text}\n\ntables and figures are in {out}; open {page}")


def _place(o: Options) -> Any:
    """The kind of chips that is asked for."""
    if o.level is not None and o.noise is None:
        raise InputError("--level", "is given without --noise", "name the noise, see python -m snn list noise")
    if o.noise is not None and o.level is None:
        raise InputError("--noise", "is given without --level", "give the level of the noise")
    return places.Place(o.noise, o.level or 0.0, o.steps, not o.no_calibration)


def _trace(o: Options) -> None:
    if o.steps is None and o.noise is not None:
        raise InputError("--noise", "is given without --steps", "give the steps of an inference")
    trace.trace(o.experiment, o.method, o.column, None if o.steps is None else _place(o))


def _export(o: Options) -> None:
    if o.file.suffix not in requests.NIR:
        raise InputError(o.file, "is no name of a NIR file", f"end it in one of {', '.join(requests.NIR)}")
    print(f"wrote {nir.write(inputs.load(o.run), o.file)}; next: python -m snn audit {o.file}")


def _release(o: Options) -> None:
    if o.version:
        versions.release(o.version, o.experiment, o.remote)
    elif not o.experiment:
        raise InputError("--experiment", "is not given", "name experiments, or a --version")
    for name in () if o.version else o.experiment:
        release.release(name, o.remote)


EXPERIMENT = Argument("--experiment", required=True)
BY_DEFAULT = Argument("--experiment", default=DEFAULT_EXPERIMENT)
REMOTE = Argument("--remote", default="", help="directory, URL, or a remote of DVC; default: the one that is set up")
CHIP = (
    Argument("--noise", help="noise model of the chip, see snn list noise; without it: clean networks"),
    Argument("--level", type=float, help="of the noise"),
    Argument("--no-calibration", action="store_true", help="chips as manufactured"),
)
COMMANDS = (
    *(_stage(name) for name in STAGES if name != "report"),
    Command(
        "report",
        "write the report of an experiment from its collected tables",
        _report,
        EXPERIMENT,
        Argument("folder", type=Path, nargs="?", help="of today's report; without it: from the tables that lie here"),
    ),
    Command(
        "page",
        "write the page of an experiment from its tables and report; without an experiment: all pages and their index",
        _page,
        Argument("experiment", nargs="?"),
    ),
    Command(
        "download",
        "bring the released files of a data set into data/raw",
        _download,
        Argument("dataset"),
        Argument("--file", help="only this one of them"),
        Argument("--mirror", help=f"directory or URL that holds them; also {MIRROR_VARIABLE}"),
        Argument("--offline", action="store_true", help=f"use no network; also {OFFLINE_VARIABLE}=yes"),
    ),
    Command(
        "plan",
        "count the jobs that are due; exit status 1 if there are any",
        lambda o: inspect.plan_all() if o.all else inspect.plan(o.experiment),
        BY_DEFAULT,
        Argument("--all", action="store_true", help="which tables on record are stale instead; 1 if any are"),
        exclusive=True,
    ),
    Command(
        "list",
        "what there is to choose from",
        lambda o: listing.listing(o.kind, o.format),
        Argument("kind", choices=KINDS),
        Argument("--format", choices=["table", "csv"], default="table"),
    ),
    Command(
        "show",
        "parameters and provenance of a run, and the command that makes it again",
        lambda o: inspect.show(o.run),
        Argument("run", type=Path, help="its folder, or the first digits of its digest"),
    ),
    Command(
        "audit",
        "operations, energy and accuracy on noisy chips of a network, in numbers and as a page",
        _audit,
        Argument("model", type=Path, help="a run folder, its net.safetensors, or a NIR file"),
        Argument("--data", type=Path, help="a prepared test.safetensors, or an .npz with x and y"),
        Argument("--steps", type=int, help="steps of an inference, in place of the network's own"),
        Argument("--dt", type=float, help="length of a step, in the unit of a NIR file's time constants"),
        Argument("--noise", nargs="*", help="noise models; see snn list noise"),
        Argument("--chips", type=int, default=3, help="chips of every level"),
        Argument("--limit", type=int, help="this many samples at most"),
        Argument("--out", type=Path, help="folder of tables and page; default results/audit/NAME"),
    ),
    Command(
        "export",
        "write a deployed network as a NIR file",
        _export,
        Argument("run", type=Path, help="a run folder or its net.safetensors"),
        Argument("file", type=Path),
    ),
    Command(
        "summary",
        "print an experiment's summary and the path of its page",
        lambda o: inspect.summary(o.experiment),
        BY_DEFAULT,
    ),
    Command(
        "recommend",
        "which rule for a chip, from the tables on record",
        lambda o: recommend.recommend(_place(o), o.energy, o.dataset, o.experiment),
        Argument("--steps", type=int, required=True, help="of an inference"),
        *CHIP,
        Argument("--energy", default="horowitz45_fp32", help="energy table, see snn list energy"),
        Argument("--dataset", help="only tables on this data set"),
        Argument("--experiment", help="only tables of this experiment"),
    ),
    Command(
        "trace",
        "where a number of the tables on record comes from: every seed, what made it, what it cost",
        _trace,
        Argument("experiment"),
        Argument("method"),
        Argument("column", nargs="?", default="value_test", help="of runs.csv, see docs/tables.md"),
        Argument("--steps", type=int, help="of an inference; default: those of the run, on no chip"),
        *CHIP,
    ),
    Command(
        "compare",
        "what moved between two versions of the tables on record, and why",
        lambda o: compare.compare(o.old, o.new, o.experiment, o.format, o.html),
        Argument("old", help="revision of git (tag, commit, branch), or folder that holds results/tables"),
        Argument("new", nargs="?", default=".", help="the same; default: this folder"),
        Argument("--experiment", help="only this one"),
        Argument("--format", choices=["table", "markdown"], default="table"),
        Argument("--html", type=Path, help="write the same rows into this file, too"),
    ),
    Command(
        "check",
        "compare the tables of an experiment here with the committed ones; exit status 1 if a cell moved",
        lambda o: compare.check(o.experiment),
        BY_DEFAULT,
    ),
    Command(
        "share",
        "write an experiment's tables for other tools: CSV, Parquet, metadata, NeuroBench's names, RO-Crate, BibTeX",
        lambda o: share.share(o.experiment, o.folder),
        Argument("experiment"),
        Argument("folder", type=Path, help="a new one"),
    ),
    Command(
        "prune",
        "list the results here that no table and no experiment names",
        lambda o: prune.prune(o.delete),
        Argument("--delete", action="store_true", help="and delete them"),
    ),
    Command("readme", "write the tables that README and docs show between their markers", lambda o: readme.readme()),
    Command("claims", "write docs/results/claims.md: every claim, and what the tables say", lambda o: claims.claims()),
    Command(
        "release",
        "push the results of experiments to a DVC remote; with --version, commit and tag them, too",
        _release,
        Argument("--version", help="of the tag, as 1.2.0"),
        Argument("--experiment", nargs="+", default=[], help="with --version, all on record by default"),
        REMOTE,
    ),
    Command(
        "fetch",
        "pull the released runs of an experiment and check its tables by them",
        lambda o: fetch.fetch(o.experiment, o.remote),
        EXPERIMENT,
        REMOTE,
    ),
    Command(
        "adopt",
        "rename results for code that changed without changing a number",
        lambda o: renaming.adopt(o.experiment),
        EXPERIMENT,
    ),
)
