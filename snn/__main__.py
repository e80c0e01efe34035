"""python -m snn: the command line."""

from snn.cli.main import start

start()
