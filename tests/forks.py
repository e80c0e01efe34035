"""Commands of Python in forks of one process that has imported the libraries they need.

A command of its own spends a second on Snakemake and two on torch before it does anything; a fork spends none. It
imports the code of its tree as a command does, which no process before it has imported.
"""

import gc
import multiprocessing
import os
import runpy
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from subprocess import CompletedProcess

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["torch", "pandas", "matplotlib.pyplot", "scipy.stats", "snakemake.cli", "snakemake.api"])
OWN = ("snn", "tests")


def run(tree: Path, command: list[str], environment: Mapping[str, str] | None) -> CompletedProcess[str]:
    """A finished `python -m module arguments` or `python -c code arguments` in a tree."""
    with tempfile.TemporaryDirectory() as home:
        streams = [Path(home, name) for name in ("stdout", "stderr")]
        process = FORKS.Process(target=become, args=(str(tree), command, dict(environment or os.environ), streams))
        process.start()
        process.join()
        out, err = (stream.read_text() for stream in streams)
    return CompletedProcess(command, process.exitcode, out, err)


def become(tree: str, command: list[str], environment: Mapping[str, str], streams: list[Path]) -> None:
    """Be a command, as if Python had been started for it alone."""
    for number, stream in enumerate(streams, start=1):
        os.dup2(os.open(stream, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    gc.freeze()  # what the libraries hold is not searched again,
    gc.set_threshold(100_000, 50, 50)  # and syntax trees, which stay, a few times only
    os.chdir(tree)
    os.environ.clear()
    os.environ.update(environment)
    for name in [name for name in sys.modules if name.partition(".")[0] in OWN]:
        del sys.modules[name]
    sys.path[0] = ""
    option, what, *arguments = command
    sys.argv = [option, *arguments]
    if option == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        exec(what, {"__name__": "__main__"})  # noqa: S102 - the code is the test's own
