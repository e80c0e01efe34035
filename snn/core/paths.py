"""The folders of the project, and the length of the digests that name its results.

In a checkout, parameters and docs lie beside the package. An installed package holds copies of them.
"""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
ROOT = PACKAGE.parent
MARKS = ("Snakefile", "params/experiments", "snn/__main__.py")  # of a checkout
DIGEST_LENGTH = 12


def is_checkout(folder: Path) -> bool:
    """Whether a folder is the root of a checkout of this project."""
    return all((folder / mark).exists() for mark in MARKS)


HOME = ROOT if is_checkout(ROOT) else PACKAGE
PARAMS, DOCS = HOME / "params", HOME / "docs"
