"""python -m snn: the command line."""

from snn.cli.warm import run_warm

run_warm()

from snn.cli.main import start  # noqa: E402 - only if the command runs cold

start()
