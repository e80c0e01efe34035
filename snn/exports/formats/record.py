"""Copies of what is on record, byte for byte: collected tables, report, workflow, parameters, licence, citation."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from snn.config import params
from snn.core import files
from snn.core.paths import ROOT
from snn.exports.formats import File, Format
from snn.exports.given import Given
from snn.report.collected import TABLES, file
from snn.report.sections import HEADLINE, SUFFIXES, sections

MEDIA = {
    ".csv": "text/csv",
    ".bz2": "application/x-bzip2",
    ".md": "text/markdown",
    ".svg": "image/svg+xml",
    ".yaml": "application/yaml",
    ".cff": "application/yaml",
    ".safetensors": "application/octet-stream",
    ".stamp": "application/json",
}
LAST = {"table": "", "page": ", as a page", "figure": ", as a figure"}


class Record(Format):
    """tables/, report/, Snakefile and workflow/, the file of the experiment, LICENSE, CITATION.cff."""

    def files(self, given: Given, made: Mapping[str, File]) -> dict[str, File]:
        """The copies, with the paths of the repository below tables and report."""
        found = {}
        for folder, meanings in (("tables", _tables()), ("report", _report())):
            source = getattr(given, folder)
            for name in sorted(files.kept_in(source)):
                about = meanings.get(name, f"sha256 of every file in {folder}")
                found[f"{folder}/{name}"] = _copy(source / name, about)
        for path, about in _sources(given.name):
            found[path.relative_to(ROOT).as_posix()] = _copy(path, about)
        return found


def _copy(path: Path, about: str) -> File:
    return File(path.read_bytes(), MEDIA.get(path.suffix, "text/plain"), about)


def _tables() -> dict[str, str]:
    about = {file(name): (row.__doc__ or "").split("\n")[0].rstrip(".") for name, row in TABLES.items()}
    return {**about, "outcomes.safetensors": "the outcome of every test sample in every row of runs.csv"}


def _report() -> dict[str, str]:
    about = {
        section.file(part): f"{section.title}{LAST[part]}"
        for section in sections()
        for part in SUFFIXES
        if part in section.parts
    }
    return {**about, HEADLINE: "test value and energy of every method"}


def _sources(name: str) -> Iterator[tuple[Path, str]]:
    yield (
        ROOT / "Snakefile",
        "the workflow, from raw data to tables and report; its version is that of the code that made the results",
    )
    for path in sorted((ROOT / "workflow/rules").glob("*.smk")):
        yield path, f"rules of the workflow: {path.stem}"
    yield params.path_of("experiments", name), "parameters of the experiment"
    yield ROOT / "LICENSE", "licence"
    yield ROOT / "CITATION.cff", "how to cite the release"
