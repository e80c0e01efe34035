"""Where the project lies, and how long the digests are that name its results."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DIGEST_LENGTH = 12
