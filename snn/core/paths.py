"""The folder of the project, and the length of the digests that name its results."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DIGEST_LENGTH = 12
