"""Write an export: all formats, in one folder that is there completely or not at all. No torch."""

import contextlib
import os
import shutil
from pathlib import Path

from snn.core import files
from snn.core.errors import InputError
from snn.exports import formats
from snn.exports.formats import File
from snn.exports.given import Given


def export(given: Given) -> dict[str, File]:
    """The files of all formats, by their paths in the export."""
    made: dict[str, File] = {}
    for one in formats.found():
        made |= one.files(given, made)
    return made


def write(given: Given, folder: Path) -> dict[str, File]:
    """Write the files of all formats into a new folder; returns them.

    Raises InputError if the folder holds anything.
    """
    refuse_used(folder)
    made = export(given)
    partial = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    try:
        for path, file in made.items():
            files.write(partial / path, file.content)
        with contextlib.suppress(FileNotFoundError):
            folder.rmdir()  # an empty one
        files.move(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return made


def refuse_used(folder: Path) -> None:
    """Raise InputError unless the folder is new or empty."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(folder, "is not empty", "name a new folder")
