"""README.md of an export: what it is, and what its files hold."""

from collections.abc import Mapping

from snn.exports.formats import File, Format
from snn.exports.given import Given
from snn.report.markdown import table

NAME = "README.md"


class Readme(Format):
    """README.md."""

    order = 2

    def files(self, given: Given, made: Mapping[str, File]) -> dict[str, File]:
        """Title, description, and a row per file."""
        files = table({"file": [f"`{path}`" for path in made], "holds": [file.about for file in made.values()]})
        content = f"# {given.title}\n\n{given.description}\n\n{files}\n"
        return {NAME: File(content.encode(), "text/markdown", "what this export is, and what its files hold")}
