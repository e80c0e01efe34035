"""Run quantities one after the other, each in a process of its own, then write the page from all rows on record.

    python -m benchmarks [--only "neuron step"] [--rounds 5]

A quantity that fails is named at the end, and the exit status is 1; the others are on record.
"""

import argparse
import os
import subprocess
import sys
import time

from benchmarks import measure, page
from snn.core.errors import InputError, nearest


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="names of quantities, separated by spaces; without it all")
    parser.add_argument("--rounds", default="", help=f"interleaved rounds, {measure.ROUNDS} by default")
    options = parser.parse_args()
    try:
        chosen = selected(options.only)
        if options.rounds and not (options.rounds.isdecimal() and int(options.rounds)):
            raise InputError("--rounds", f"{options.rounds} is no number of rounds", "give 1 or more")
    except InputError as error:
        measure.stop(error)
    failed, started = [], time.monotonic()
    for i, name in enumerate(chosen, start=1):
        print(f"[{i}/{len(chosen)}] {name}, {time.monotonic() - started:.0f} s after the start", flush=True)
        rounds = ["--rounds", options.rounds] if options.rounds else []
        command = [sys.executable, "-m", f"benchmarks.{name}", *rounds]
        if subprocess.run(command, env=os.environ | {"OMP_NUM_THREADS": "1"}, check=False).returncode:
            failed.append(name)
    page.main()
    if failed:
        print(f"error: {', '.join(failed)} failed", file=sys.stderr)
    return 1 if failed else 0


def selected(names: str) -> list[str]:
    """The quantities named, or all; raises InputError for a name that is none."""
    known = page.quantities()
    for name in names.split():
        if name not in known:
            raise InputError("benchmarks", f"{name} is no quantity", nearest(name, known))
    return names.split() or known


if __name__ == "__main__":
    raise SystemExit(main())
