"""Workflow Run RO-Crate 0.5: the Snakefile as the workflow, one run of it, what went in and what came out.

A crate of RO-Crate 1.1 with the profiles Process Run Crate, Workflow Run Crate and Workflow RO-Crate. It has no time of
the run: the tables of an experiment are made by many jobs, and costs.csv has no times of day.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from snn.config import params
from snn.core.errors import reproduce
from snn.core.paths import ROOT
from snn.exports.citation import Author
from snn.exports.formats import File, Format
from snn.exports.formats.readme import NAME as README
from snn.exports.given import Given

SPECIFICATION = "https://w3id.org/ro/crate/1.1"
WORKFLOW_CRATE = "https://w3id.org/workflowhub/workflow-ro-crate/1.0"
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    WORKFLOW_CRATE: ("Workflow RO-Crate", "1.0"),
}
TERMS = {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"}  # which the context of RO-Crate 1.1 lacks
FORMAL = "https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE"
LANGUAGE = "https://w3id.org/workflowhub/workflow-ro-crate#snakemake"
SNAKEMAKE = "https://snakemake.readthedocs.io"
SELF, WORKFLOW, LICENCE, RUN = "ro-crate-metadata.json", "Snakefile", "LICENSE", "#run"
OUTPUTS = ("tables/", "report/")

Entity = dict[str, Any]


class RoCrate(Format):
    """ro-crate-metadata.json."""

    order = 3

    def files(self, given: Given, made: Mapping[str, File]) -> dict[str, File]:
        """Describes every file of the export."""
        document = {"@context": [f"{SPECIFICATION}/context", TERMS], "@graph": list(_graph(given, made))}
        content = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
        return {SELF: File(content.encode(), "application/ld+json", "Workflow Run RO-Crate 0.5")}


def _graph(given: Given, made: Mapping[str, File]) -> Iterator[Entity]:
    authors = {_author_id(author): author for author in given.citation.authors}
    machines = {f"#machine-{i}": name for i, name in enumerate(given.made_by("machine"), 1)}
    parameters = params.path_of("experiments", given.name).relative_to(ROOT).as_posix()
    outputs = {f"#{folder[:-1]}": [path for path in made if path.startswith(folder)] for folder in OUTPUTS}
    yield {
        "@id": SELF,
        "@type": "CreativeWork",
        "about": {"@id": "./"},
        "conformsTo": _ids([SPECIFICATION, WORKFLOW_CRATE]),
    }
    yield _root(given, made, list(authors))
    yield _workflow(given, made, list(authors), outputs)
    yield _formal("#experiment", "the file that tells what to run", "application/yaml", [parameters])
    for name, paths in outputs.items():
        yield _formal(name, f"the files below {name[1:]}/", "text/csv", paths)
    yield _run(given, list(authors), list(machines), parameters, [path for paths in outputs.values() for path in paths])
    for name, machine in machines.items():
        yield {"@id": name, "@type": "PropertyValue", "name": "machine", "value": machine}
    yield from _about(given, authors)
    yield from _files(made, {parameters: "#experiment"} | {path: n for n, paths in outputs.items() for path in paths})


def _about(given: Given, authors: Mapping[str, Author]) -> Iterator[Entity]:
    """Profiles, people, licence and language."""
    yield from ({"@id": i, "@type": "CreativeWork", "name": n, "version": v} for i, (n, v) in PROFILES.items())
    for name, author in authors.items():
        yield {"@id": name, "@type": "Person" if author.given else "Organization", "name": author.name}
    yield {
        "@id": given.citation.licence_url,
        "@type": "CreativeWork",
        "name": given.citation.licence,
        "description": f"the licence of this crate; its text is in {LICENCE}",
    }
    home = {"@id": SNAKEMAKE}
    yield {"@id": LANGUAGE, "@type": "ComputerLanguage", "name": "Snakemake", "identifier": home, "url": home}
    yield {**home, "@type": "WebSite", "name": "Snakemake"}


def _files(made: Mapping[str, File], formal: Mapping[str, str]) -> Iterator[Entity]:
    """Every file but the workflow. `formal`: the parameter that a file is an example of, by its path."""
    for path, file in made.items():
        if path != WORKFLOW:
            work = {"exampleOfWork": {"@id": formal[path]}} if path in formal else {}
            work |= {"about": {"@id": "./"}} if path == README else {}
            yield {"@id": path, "@type": "File", **_facts(path, file), **work}


def _root(given: Given, made: Mapping[str, File], authors: Sequence[str]) -> Entity:
    organisations = [_author_id(author) for author in given.citation.authors if not author.given]
    publisher = {"publisher": {"@id": organisations[0]}} if organisations else {}
    return {
        "@id": "./",
        "@type": "Dataset",
        "name": given.title,
        "description": given.description,
        "identifier": given.digest,
        "version": given.citation.version,
        "datePublished": given.published,
        "license": {"@id": given.citation.licence_url},
        "author": _ids(authors),
        "creator": _ids(authors),
        **publisher,
        "conformsTo": _ids(PROFILES),
        "hasPart": _ids(made),
        "mainEntity": {"@id": WORKFLOW},
        "mentions": {"@id": RUN},
    }


def _workflow(given: Given, made: Mapping[str, File], authors: Sequence[str], outputs: Mapping[str, Any]) -> Entity:
    """The workflow. Its version is that of the code that made the results: one commit, or several."""
    return {
        "@id": WORKFLOW,
        "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow"],
        **_facts(WORKFLOW, made[WORKFLOW]),
        "name": f"{given.citation.title} workflow",
        "programmingLanguage": {"@id": LANGUAGE},
        "version": ", ".join(given.made_by("commit")),
        "license": {"@id": given.citation.licence_url},
        "author": _ids(authors),
        "creator": _ids(authors),
        "softwareRequirements": _some(given.made_by("versions")),
        "input": _ids(["#experiment"]),
        "output": _ids(outputs),
        "hasPart": _ids(path for path in made if path.endswith(".smk")),
    }


def _run(
    given: Given, authors: Sequence[str], machines: Sequence[str], parameters: str, results: Sequence[str]
) -> Entity:
    dirty = sum(cell == "True" for cell in given.costs.dirty)
    uncommitted = f" {dirty} of them by code that was not committed." if dirty else ""
    return {
        "@id": RUN,
        "@type": "CreateAction",
        "name": f"run of {given.name}",
        "description": f"{reproduce(given.name)}: {len(given.costs)} results, see tables/costs.csv.{uncommitted}",
        "instrument": {"@id": WORKFLOW},
        "agent": {"@id": authors[0]},
        "actionStatus": "http://schema.org/CompletedActionStatus",
        "object": _ids([parameters]),
        "result": _ids(results),
        "additionalProperty": _ids(machines),
    }


def _formal(name: str, about: str, media: str, examples: Sequence[str]) -> Entity:
    return {
        "@id": name,
        "@type": "FormalParameter",
        "additionalType": "File",
        "conformsTo": {"@id": FORMAL},
        "name": name.removeprefix("#"),
        "description": about,
        "encodingFormat": media,
        "valueRequired": True,
        "workExample": _ids(examples),
    }


def _facts(path: str, file: File) -> Entity:
    return {
        "name": path,
        "description": file.about,
        "encodingFormat": file.media,
        "contentSize": str(len(file.content)),
        "sha256": hashlib.sha256(file.content).hexdigest(),
    }


def _author_id(author: Author) -> str:
    return author.orcid or "#" + author.name.lower().replace(" ", "-")


def _ids(names: Iterable[str]) -> Any:
    return _some([{"@id": name} for name in names])


def _some(values: Sequence[Any]) -> Any:
    """Several values as a list; one value as itself, as RO-Crate recommends."""
    return values[0] if len(values) == 1 else list(values)
