"""The command line: python -m snn <command>. The workflow uses the stages; people use plan, list, show and release."""

import argparse
import errno
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from snn.config.params import KINDS
from snn.core.errors import InputError
from snn.pipeline import execute
from snn.pipeline.settings import MIRROR_VARIABLE, OFFLINE_VARIABLE, is_yes


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 done, 1 jobs are due or tables stale (plan), 2 bad input, 3 the plan
    has changed, 4 stopped on request.
    """
    options = parser().parse_args(arguments)
    try:
        return options.do(options) or 0
    except InputError as error:
        return _refuse(str(error), error.exit_code)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EPERM):
            raise
        return _refuse(f"{error.filename or 'disk'}: {error.strerror}; mend that and run the same command again", 2)
    except KeyboardInterrupt:
        return _refuse("keyboard: interrupted; the same command goes on from the last finished epoch", 130)


def parser() -> argparse.ArgumentParser:
    """All commands with their options."""
    top = argparse.ArgumentParser(prog="python -m snn", description=__doc__)
    commands = top.add_subparsers(required=True, metavar="command")
    for stage in execute.RUN:
        command = commands.add_parser(stage, help=f"do one {stage} job of an experiment")
        command.add_argument("--experiment", required=True)
        command.add_argument("folder", type=Path, help="where its result belongs; it names parameters and code")
        command.set_defaults(do=lambda o, stage=stage: execute.execute(stage, o.experiment, o.folder))
    command = commands.add_parser("download", help="bring the released files of a data set into data/raw")
    command.add_argument("dataset")
    command.add_argument("--file", help="only this one of them")
    mirror = os.environ.get(MIRROR_VARIABLE)
    command.add_argument("--mirror", default=mirror, help=f"directory or URL that holds them; also {MIRROR_VARIABLE}")
    command.add_argument("--offline", action="store_true", help=f"use no network; also {OFFLINE_VARIABLE}=yes")
    command.set_defaults(do=_download)
    command = commands.add_parser("plan", help="count the jobs that are due; exit status 1 if there are any")
    which = command.add_mutually_exclusive_group()
    which.add_argument("--experiment", default="digits")
    which.add_argument("--all", action="store_true", help="which tables on record are stale instead; 1 if any are")
    command.set_defaults(do=_plan)
    command = commands.add_parser("list", help="what there is to choose from")
    command.add_argument("kind", choices=KINDS)
    command.add_argument("--format", choices=["table", "csv"], default="table")
    command.set_defaults(do=_list)
    command = commands.add_parser("show", help="parameters and provenance of a run, and the command that recreates it")
    command.add_argument("run", type=Path, help="its folder, or enough of the digest to be unique")
    command.set_defaults(do=_show)
    command = commands.add_parser("audit", help="operations, energy and noise curves of any network, as a page")
    command.add_argument("model", type=Path, help="a run folder, its net.safetensors, or a NIR file")
    command.add_argument("--data", type=Path, help="a prepared test.safetensors, or an .npz with x and y")
    command.add_argument("--steps", type=int, help="steps of an inference, in place of the network's own")
    command.add_argument("--dt", type=float, help="length of a step, in the unit of a NIR file's time constants")
    command.add_argument("--noise", nargs="*", help="noise models; see snn list noise")
    command.add_argument("--chips", type=int, default=3, help="chips of every level")
    command.add_argument("--limit", type=int, help="this many samples at most")
    command.add_argument("--out", type=Path, help="where tables and page go; results/audit/NAME unless said")
    command.set_defaults(do=_audit)
    command = commands.add_parser("export", help="write a deployed network as a NIR file")
    command.add_argument("run", type=Path, help="a run folder or its net.safetensors")
    command.add_argument("file", type=Path)
    command.set_defaults(do=_export)
    command = commands.add_parser("summary", help="print the summary of an experiment and where its page is")
    command.add_argument("--experiment", default="digits")
    command.set_defaults(do=_summary)
    command = commands.add_parser("readme", help="put the tables that README and docs show between their markers")
    command.set_defaults(do=_readme)
    command = commands.add_parser("release", help="push the runs of an experiment to a DVC remote and track them")
    command.add_argument("--experiment", required=True)
    command.add_argument("--remote", required=True, help="directory or URL")
    command.set_defaults(do=_release)
    command = commands.add_parser("fetch", help="pull the released runs of an experiment and check its tables by them")
    command.add_argument("--experiment", required=True)
    command.add_argument("--remote", required=True, help="directory or URL")
    command.set_defaults(do=_fetch)
    command = commands.add_parser("adopt", help="pass results on to code that was changed without changing a number")
    command.add_argument("--experiment", required=True)
    command.set_defaults(do=_adopt)
    return top


def _download(options: argparse.Namespace) -> None:
    from snn.data import download

    offline = options.offline or is_yes(os.environ.get(OFFLINE_VARIABLE), OFFLINE_VARIABLE)
    download.run(options.dataset, options.file, options.mirror, offline)


def _plan(options: argparse.Namespace) -> int:
    from snn.cli import inspect

    return inspect.plan_all() if options.all else inspect.plan(options.experiment)


def _list(options: argparse.Namespace) -> None:
    from snn.cli import listing

    listing.listing(options.kind, options.format)


def _show(options: argparse.Namespace) -> None:
    from snn.cli import inspect

    inspect.show(options.run)


def _audit(options: argparse.Namespace) -> None:
    for name in ("steps", "chips", "limit"):
        value = getattr(options, name)
        if value is not None and value < 1:
            raise InputError(f"--{name}", f"{value} is less than 1", "give a positive number")
    if options.dt is not None and not options.dt > 0:
        raise InputError("--dt", f"{options.dt:g} is not positive", "give the length of a step")
    from snn.audit import audit

    out = options.out or Path("results", "audit", options.model.resolve().name)
    noises = audit.NOISES if options.noise is None else options.noise
    page = audit.audit(
        options.model, options.data, out, options.steps, options.dt, noises, options.chips, options.limit
    )
    print(f"tables and figures are in {out}; open {page}")


def _export(options: argparse.Namespace) -> None:
    from snn.audit import audit
    from snn.nir.write import write

    if options.file.suffix not in audit.NIR:
        raise InputError(options.file, "is no name of a NIR file", f"end it in one of {', '.join(audit.NIR)}")
    print(f"wrote {write(audit.load(options.run), options.file)}; next: python -m snn audit {options.file}")


def _summary(options: argparse.Namespace) -> None:
    from snn.cli import inspect

    inspect.summary(options.experiment)


def _readme(options: argparse.Namespace) -> None:
    from snn.cli import readme

    readme.readme()


def _release(options: argparse.Namespace) -> None:
    from snn.pipeline.release import release

    release(options.experiment, options.remote)


def _fetch(options: argparse.Namespace) -> None:
    from snn.pipeline.release import fetch

    fetch(options.experiment, options.remote)


def _adopt(options: argparse.Namespace) -> None:
    from snn.pipeline.adopt import adopt

    adopt(options.experiment)


def _refuse(line: str, status: int) -> int:
    sys.stdout.flush()
    print(f"error: {line}", file=sys.stderr, flush=True)
    return status


def start() -> None:
    """Run the command of this process; ends it with the exit status."""
    try:
        status = main()
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    sys.exit(status)
