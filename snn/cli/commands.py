"""The table of commands, in the groups that help shows. It imports the standard library alone; the rest comes late."""

from pathlib import Path

from snn.cli import actions
from snn.cli.command import Argument, Command, Options
from snn.core.lazy import lazy
from snn.core.paths import PARAMS
from snn.pipeline.settings import DEFAULT_EXPERIMENT, MIRROR_VARIABLE, OFFLINE_VARIABLE, STAGES

execute, renaming, fetch = lazy("snn.pipeline.execute"), lazy("snn.pipeline.renaming"), lazy("snn.pipeline.fetch")
inspect, listing, readme = lazy("snn.cli.inspect"), lazy("snn.cli.listing"), lazy("snn.cli.readme")
compare, prune, claims = lazy("snn.cli.compare"), lazy("snn.cli.prune"), lazy("snn.cli.claims")
share, new, docs = lazy("snn.cli.share"), lazy("snn.cli.new"), lazy("snn.cli.docs")
noises = lazy("snn.cli.noises")
signals, observer = lazy("snn.cli.signals"), lazy("snn.core.observer")

KINDS = sorted(path.name for path in PARAMS.iterdir() if path.is_dir())
EXPERIMENT = Argument("--experiment", required=True, named="experiments", help="its name, see list experiments")
OPTIONAL = Argument("--experiment", named="experiments", help=f"its name; default {DEFAULT_EXPERIMENT}")
MIRROR = Argument("--mirror", place="read", help=f"directory or URL that holds released files; also {MIRROR_VARIABLE}")
OFFLINE = Argument("--offline", action="store_true", help=f"use no network; also {OFFLINE_VARIABLE}=yes")
REMOTE = Argument(
    "--remote", default="", place="read", help="directory, URL, or a remote of DVC; default: the one that is set up"
)
CHIP = (
    Argument(
        "--noise",
        action="append",  # so that several are refused with the chip that has them
        named="noise",
        help="noise model of the chip, see list noise; without it: clean networks",
    ),
    Argument("--level", action="append", type=lambda text: noises.level(text), help="of the noise"),
    Argument("--no-calibration", action="store_true", help="chips as manufactured"),
    Argument("--noise-aware", action="store_true", help="the same, of networks fine-tuned on simulated chips"),
)


def _stage(name: str) -> Command:
    def do(o: Options) -> None:
        execute.execute(name, o.experiment, o.folder, signals.UntilSignal() if name == "train" else observer.TERMINAL)

    folder = Argument("folder", type=Path, help="of the result; it names parameters and code")
    return Command(name, f"run one {name} job of an experiment", do, (EXPERIMENT, folder))


RUN = (
    Command(
        "reproduce",
        "make what an experiment lacks, a line per job, and print its summary",
        actions.reproduce,
        (
            OPTIONAL,
            Argument("--cores", default="all", help="how many jobs run at a time; default: all cores"),
            Argument("--profile", default="", place="read", help="of Snakemake, in place of --cores: profiles/slurm"),
            MIRROR,
            Argument("--offline", nargs="?", const="yes", help=f"use no network; also {OFFLINE_VARIABLE}=yes"),
            Argument("--verbose", action="store_true", help="the messages of Snakemake in place of the lines"),
            Argument("more", nargs="*", default=[], help="the experiment; behind --: arguments for Snakemake"),
        ),
        ("", "--experiment smoke --cores 2", "--experiment hardware --profile profiles/slurm"),
    ),
    Command(
        "plan",
        "count the jobs that are due; exit status 1 if there are any",
        actions.plan,
        (
            OPTIONAL,
            Argument("--why", action="store_true", help="each job with its cause and its expected time"),
            Argument("--all", action="store_true", help="which tables on record are stale instead; 1 if any are"),
        ),
        ("", "--experiment hardware --why", "--all"),
    ),
    Command(
        "download",
        "bring the released files of a data set into data/raw",
        actions.download,
        (
            Argument("dataset", named="datasets", help="its name, see list datasets"),
            Argument("--file", help="only this"),
            MIRROR,
            OFFLINE,
        ),
        ("fashion_mnist", "fashion_mnist --mirror /where/files/are --offline"),
    ),
    Command(
        "report",
        "write the report of an experiment from its collected tables",
        actions.report,
        (
            EXPERIMENT,
            Argument("folder", type=Path, nargs="?", help="of today's report; without it: from the tables here"),
        ),
        ("--experiment digits",),
    ),
    Command(
        "page",
        "write the page of an experiment from its tables and report; without an experiment: all pages and their index",
        actions.page,
        (Argument("--experiment", named="experiments", help="its name; without it: all pages"),),
        ("--experiment digits", ""),
    ),
    Command(
        "adopt",
        "rename results for code that changed without changing a number",
        lambda o: renaming.adopt(o.experiment),
        (EXPERIMENT,),
        ("--experiment digits",),
    ),
    Command(
        "prune",
        "list the results here that no table and no experiment names",
        lambda o: prune.prune(o.delete),
        (Argument("--delete", action="store_true", help="and delete them"),),
        ("", "--delete"),
    ),
)
LOOK = (
    Command(
        "list",
        "what there is to choose from",
        lambda o: listing.listing(o.kind, o.format),
        (
            Argument("kind", choices=KINDS),
            Argument("--format", choices=["table", "csv"], default="table", help="default table"),
        ),
        ("methods", "experiments --format csv"),
    ),
    Command(
        "show",
        "parameters and provenance of a run that was made or fetched here, and the command that makes it again",
        lambda o: inspect.show(o.run),
        (Argument("run", type=Path, place="read", help="its folder, or the first digits of its digest, see trace"),),
        ("DIGEST",),
    ),
    Command(
        "summary",
        "print an experiment's summary and the path of its page",
        lambda o: inspect.summary(o.experiment or DEFAULT_EXPERIMENT),
        (OPTIONAL,),
        ("", "--experiment matched"),
    ),
    Command(
        "recommend",
        "which rule for a chip, from the tables on record",
        actions.recommend,
        (
            Argument(
                "--steps", type=int, nargs="+", action="extend", help="T of an inference, one or several; default: any"
            ),
            Argument("--max-steps", type=int, metavar="T", help="T of an inference at most"),
            *CHIP,
            Argument("--energy", default="horowitz45_fp32", named="energy", help="energy table, see list energy"),
            Argument("--max-energy", type=float, metavar="NJ", help="a mean inference needs NJ nJ or less"),
            Argument("--every-row", action="store_true", help="every T and calibrator, not the best of each rule"),
            Argument("--dataset", named="datasets", help="only tables on this data set"),
            Argument("--experiment", named="experiments", help="only tables of this experiment"),
        ),
        (
            "--noise mismatch --level 0.4",
            "--noise mismatch --level 0.4 --max-steps 4 --max-energy 300",
            "--noise analog_chip --level 0.2 --steps 2 4 --no-calibration --energy synop_77fj",
            "--dataset fashion_mnist",
        ),
    ),
    Command(
        "versus",
        "two rules, compared seed by seed in every set of tables on record that has both",
        actions.versus,
        (
            Argument("left", named="methods", help="a method, see list methods"),
            Argument("right", named="methods", help="another one"),
            Argument("--steps", type=int, help="T of an inference; default: that of the training"),
            *CHIP,
            Argument("--dataset", named="datasets", help="only tables on this data set"),
            Argument("--experiment", named="experiments", help="only tables of this experiment"),
        ),
        ("tet stbp", "tet ltl_offline --noise mismatch --level 0.4 --no-calibration"),
    ),
    Command(
        "compare",
        "what moved between two versions of the tables on record, and why",
        lambda o: compare.compare(o.old, o.new, o.experiment, o.format, o.html),
        (
            Argument("old", place="read", help="revision of git, or folder that holds results/tables"),
            Argument("new", nargs="?", default=".", place="read", help="the same; default: this checkout"),
            Argument("--experiment", named="experiments", help="only this one"),
            Argument("--format", choices=["table", "markdown"], default="table", help="default table"),
            Argument("--html", type=Path, place="write", help="write the same rows into this file, too"),
        ),
        ("HEAD~10", "v1 v2 --experiment digits --format markdown"),
    ),
    Command(
        "check",
        "compare the tables of an experiment here with the committed ones; exit status 1 if a result differs",
        lambda o: compare.check(o.experiment or DEFAULT_EXPERIMENT),
        (OPTIONAL,),
        ("--experiment digits",),
    ),
    Command(
        "trace",
        "where a number of the tables on record comes from: mean, interval, every seed, what made it, what it cost",
        actions.trace,
        (
            Argument("experiment", named="experiments", help="its name"),
            Argument("method", help="its name"),
            Argument("column", nargs="?", default="value_test", help="of runs.csv, see docs/tables.md"),
            Argument("--steps", type=int, help="of an inference; default: those of the training"),
            *CHIP,
            Argument("--calibrator", help="of calibrated chips only those with this one"),
            Argument("--targets", help="of calibrated chips only those with these: own, teacher"),
            Argument("--energy", named="energy", help="table that prices energy_nj; default: that of the experiment"),
        ),
        ("digits tet", "digits tet acs --steps 2 --noise mismatch --level 0.4 --calibrator ltl_offline"),
    ),
    Command(
        "audit",
        "operations, energy and accuracy on noisy chips of a network, in numbers and as a page",
        actions.audit,
        (
            Argument("model", type=Path, place="read", help="a run folder, its net.safetensors, or a NIR file"),
            Argument("--data", type=Path, place="read", help="a prepared test.safetensors, or an .npz with x and y"),
            Argument("--steps", type=int, help="steps of an inference, in place of the network's own"),
            Argument("--dt", type=float, help="length of a step, in the unit of a NIR file's time constants"),
            Argument("--noise", nargs="*", named="noise", help="noise models; see list noise"),
            Argument("--chips", type=int, default=3, help="chips of every level; default 3"),
            Argument("--limit", type=int, help="this many samples at most"),
            Argument("--out", type=Path, place="write", help="folder of tables and page; default results/audit/NAME"),
        ),
        ("net.nir --data samples.npz", "net.nir --data samples.npz --noise mismatch --chips 10"),
        anywhere=True,
    ),
    Command(
        "docs",
        "print a page of the documentation; without a name: which there are",
        lambda o: docs.docs(o.page),
        (Argument("page", nargs="?", help="its name"),),
        ("", "energy"),
        anywhere=True,
    ),
)
SHARE = (
    Command(
        "share",
        "write an experiment's tables for other tools: CSV, Parquet, metadata, NeuroBench's names, RO-Crate, BibTeX",
        lambda o: share.share(o.experiment, o.folder),
        (
            Argument("experiment", named="experiments", help="its name"),
            Argument("folder", type=Path, place="write", help="a new one"),
        ),
        ("digits digits-tables",),
    ),
    Command(
        "export",
        "write a deployed network as a NIR file",
        actions.export,
        (
            Argument("run", type=Path, place="read", help="a run folder or its net.safetensors"),
            Argument("file", type=Path, place="write", help="to write, for example net.nir"),
        ),
        ("results/runs/digits/digits_cnn/tet/T4/s0-... net.nir",),
    ),
    Command(
        "release",
        "push the results of experiments to a DVC remote; with --version, commit and tag them, too",
        actions.release,
        (
            Argument("--version", help="of the tag, as 1.2.0"),
            Argument("--experiment", nargs="+", default=[], help="with --version, all on record by default"),
            REMOTE,
        ),
        ("--experiment digits --remote /shared/runs", "--version 1.2.0"),
    ),
    Command(
        "fetch",
        "pull the released runs of an experiment and check its tables by them",
        lambda o: fetch.fetch(o.experiment, o.remote),
        (EXPERIMENT, REMOTE),
        ("--experiment digits --remote /shared/runs",),
    ),
    Command("readme", "write the tables that README and docs show between their markers", lambda o: readme.readme()),
    Command("claims", "write docs/results/claims.md: every claim, and what the tables say", lambda o: claims.claims()),
)
WRITE = (
    Command(
        "new",
        "write a commented file that works, to start your own from",
        lambda o: new.new(o.kind, o.name),
        (
            Argument("kind", choices=("rule", "network", "method", "dataset", "noise", "experiment")),
            Argument("name", help="of the new thing, and of its files"),
        ),
        ("rule my_rule", "experiment my_question"),
        anywhere=True,
    ),
)
JOBS = tuple(_stage(name) for name in STAGES if name != "report")
GROUPS = {"run": RUN, "look": LOOK, "share": SHARE, "write your own": WRITE}
COMMANDS = {command.name: command for group in (*GROUPS.values(), JOBS) for command in group}
