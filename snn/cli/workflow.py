"""Snakemake, as `python -m snakemake` runs it, and with `--logger spikeledger` a line per job: see `progress`.

Snakemake finds such loggers among installed packages. This project need not be installed, so it registers its own.
"""

import sys
from typing import NoReturn

from snakemake.cli import main
from snakemake_interface_logger_plugins.registry import LoggerPluginRegistry

from snn.cli import progress


def run() -> NoReturn:
    """Run Snakemake with the arguments of this process."""
    LoggerPluginRegistry().register_plugin(progress.NAME, progress)
    main()
    sys.exit()


if __name__ == "__main__":
    run()
