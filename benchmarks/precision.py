"""What training with products in bfloat16 does to accuracy: paired differences over seeds, from tables of both.

    make reproduce EXPERIMENT=precision && make reproduce EXPERIMENT=precision_bf16
    python -m benchmarks.precision

Both experiments train four rules and their teacher with five seeds on 6,000 images of Fashion-MNIST, with the same
splits and draws. A line per method: test means in percent, then the difference in points with its 95 % interval for new
seeds and new test samples.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from snn.evaluation.outcomes import Outcomes
from snn.pipeline.record import TABLES
from snn.report import collected
from snn.report.intervals import LEVEL, estimate
from snn.report.markdown import table
from snn.report.pairs import by_seed
from snn.report.select import own_steps

EXPERIMENTS = ("precision", "precision_bf16")


def main() -> None:
    """Print the table."""
    print(table(compared(*(read(TABLES / name) for name in EXPERIMENTS))))


def read(folder: Path) -> tuple[pd.DataFrame, Outcomes]:
    """The runs of an experiment and the outcomes of their test samples."""
    runs = collected.runs(folder)
    return runs, collected.outcomes(folder, len(runs))


def compared(full: tuple[pd.DataFrame, Outcomes], half: tuple[pd.DataFrame, Outcomes]) -> dict[str, list[str]]:
    """The cells of the table by heading, of methods and seeds that both have."""
    rows = list(_rows(full, half))
    return {heading: [row[heading] for row in rows] for heading in rows[0]}


def _rows(full: tuple[pd.DataFrame, Outcomes], half: tuple[pd.DataFrame, Outcomes]) -> Iterator[dict[str, str]]:
    sides = [own_steps(runs) for runs, _ in (full, half)]
    for method in dict.fromkeys(sides[0].method):
        own = [side[side.method == method] for side in sides]
        seeds = tuple(sorted(set(own[0].seed) & set(own[1].seed)))
        before, after = (by_seed(rows, seeds, outcomes) for rows, outcomes in zip(own, (full[1], half[1]), strict=True))
        found = estimate(after - before, full[1].binary)
        low, high = found.interval(LEVEL)
        yield {
            "method": method,
            "float32": f"{100 * np.mean(before):.2f}",
            "bfloat16": f"{100 * np.mean(after):.2f}",
            "difference": f"{100 * found.mean:+.2f} ({100 * low:+.2f} to {100 * high:+.2f})",
            "seeds": f"{len(seeds)}",
        }


if __name__ == "__main__":
    main()
