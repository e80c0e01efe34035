"""What docs say of products in bfloat16 is what the tables on record give."""

import re
from pathlib import Path

from benchmarks.precision import EXPERIMENTS, compared, read

ROOT = Path(__file__).parents[2]


def test_the_docs_show_the_comparison_of_the_tables_on_record():
    found = compared(*(read(ROOT / "results/tables" / name) for name in EXPERIMENTS))
    expected = [list(found), *map(list, zip(*found.values(), strict=True))]
    page = (ROOT / "docs/how-to/gpu.md").read_text()
    table = re.search(r"(?m)^\| method \|(?:.*\|\n)+", page)[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    assert [row for row in rows if set(row[0]) != {"-"}] == [[str(cell) for cell in row] for row in expected]
