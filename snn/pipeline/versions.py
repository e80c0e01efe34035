"""Release a version of the project: results in a remote, a commit of changelog and indexes, and an annotated tag.

Nothing is changed in place until the tag exists: bytes are pushed, and the commit is made beside the working tree. Then
HEAD moves forward to the commit of the tag. A release that was interrupted is finished by the same command.
"""

import re
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from snn.core import files
from snn.core.errors import InputError, reproduce
from snn.core.git import git
from snn.pipeline import record, remote
from snn.pipeline.plan import Plan
from snn.pipeline.record import TablesOnRecord
from snn.pipeline.release import pushed

VERSION = re.compile(r"\d+(\.\d+){1,3}((a|b|rc)\d+)?")
CHANGELOG = Path("CHANGELOG.md")
UNRELEASED = "## Unreleased\n"
STATED = {  # where else the version is stated, and the date
    Path("pyproject.toml"): {r'^version = ".*"$': 'version = "{version}"'},
    Path(".zenodo.json"): {r'^  "version": ".*",$': '  "version": "{version}",'},
    Path("codemeta.json"): {r'^  "version": ".*",$': '  "version": "{version}",'},
    Path("CITATION.cff"): {r"^version: .*$": "version: {version}", r"^date-released: .*$": "date-released: {date}"},
}


def release(version: str, experiments: Sequence[str], to: str) -> None:
    """Commit and tag a version, and push the results of experiments, or of all on record, to a remote.

    Without a remote, given or set up in DVC, nothing is pushed. Raises InputError, and changes nothing, if the tag
    exists, the tree differs from HEAD, the changelog has no entry, or tables are not in git, stale, dirty or
    forged, or contradict each other.
    """
    if not VERSION.fullmatch(version):
        raise InputError("--version", f"{version} is no version", "give one like 1.2.0 or 1.2.0rc1")
    tag = f"v{version}"
    if git("tag", "--list", tag):
        _finish(tag)
        return
    if changed := git("status", "--porcelain"):
        what = f"differs from the commit{remote.more(changed.splitlines())}"
        raise InputError(changed.splitlines()[0][3:], what, "commit or remove it, then release")
    git("var", "GIT_COMMITTER_IDENT")  # refuses before anything is pushed
    date = datetime.now(UTC).date().isoformat()
    content = {CHANGELOG: _changelog(version, date).encode(), **_stated(version, date)}
    names = experiments or record.names()
    for name in names:
        _refuse_unfit(name)
    if to or remote.configured():
        for name in names:
            content |= pushed(Plan(name), to)
    sets = "\n".join(f"{name} {TablesOnRecord(name).collected_digest}" for name in names)
    message = f"Release {version}\n\nTables, with their digests:\n{sets}"
    git("tag", "--annotate", "--message", message, tag, _commit(content, message))
    _finish(tag)


def _finish(tag: str) -> None:
    """Move HEAD forward to the commit of a tag; raises InputError if that is not the next one."""
    commit, parent, head = git("rev-parse", f"{tag}^{{commit}}", f"{tag}^{{commit}}^", "HEAD").split()
    if head == commit:
        raise InputError(tag, "is there already, and HEAD is its commit", "choose another version")
    if head != parent:
        raise InputError(tag, "is there already", "choose another version")
    own = git("diff", "--name-only", head, commit).splitlines()
    for line in git("status", "--porcelain", "--untracked-files=all").splitlines():
        if line[3:] not in own or Path(line[3:]).read_text() != git("show", f"{tag}:{line[3:]}"):
            raise InputError(line[3:], f"differs from the commit, so HEAD is not moved to {tag}", "commit or remove it")
    git("reset", "--quiet", "--hard", tag)
    print(f"{tag} is tagged, HEAD is its commit. To publish it: git push --follow-tags")


def _refuse_unfit(name: str) -> None:
    """Raise InputError if the tables of an experiment are not in git, contradict each other, or are not those of
    today's committed code.
    """
    tables = TablesOnRecord(name)
    for folder in (tables.tables, tables.report):
        if not git("ls-files", "--", str(folder)):
            raise InputError(folder, "is not in git", "commit it, or name the experiments of this version")
    tables.prove()
    tables.refuse_dirty()
    if stale := tables.stale:
        again = reproduce(name) if "runs" in stale else f"python -m snn report --experiment {name}"
        what = f"is not of today's code, parameters and data: {' and '.join(stale)} stale"
        raise InputError(tables.tables, what, f"{again}, or name the experiments of this version by --experiment")
    tables.refuse_inconsistent()
    tables.refuse_unknown_commits()
    tables.refuse_forged_report()


def _changelog(version: str, date: str) -> str:
    """The changelog in which what is unreleased belongs to this version; raises InputError if that is nothing."""
    text = CHANGELOG.read_text() if CHANGELOG.exists() else ""
    before, found, after = text.partition(UNRELEASED)
    entry, _, _ = after.partition("\n## ")
    if not found or not re.search(r"^[-*] ", entry, re.MULTILINE):
        raise InputError(CHANGELOG, f"has no entry below '{UNRELEASED.strip()}'", "write what this version changes")
    return f"{before}{UNRELEASED}\n## {version} - {date}\n{after}"


def _stated(version: str, date: str) -> dict[Path, bytes]:
    """The other files that state version or date, with the new ones."""
    content = {}
    for path, lines in STATED.items():
        if path.exists():
            text = path.read_text()
            for line, new in lines.items():
                text = re.sub(line, new.format(version=version, date=date), text, count=1, flags=re.MULTILINE)
            content[path] = text.encode()
    return content


def _commit(content: Mapping[Path, bytes], message: str) -> str:
    """A commit on top of HEAD with these files, made without touching the working tree, its index or a branch."""
    home = Path(".dvc/tmp")
    files.make_folder(home)
    with tempfile.TemporaryDirectory(prefix="commit.", dir=home) as folder:
        index, blob = Path(folder, "index").absolute(), Path(folder, "blob")
        git("read-tree", "HEAD", index=index)
        for path, data in content.items():
            blob.write_bytes(data)
            name = git("hash-object", "-w", f"--path={path}", str(blob)).strip()
            git("update-index", "--add", "--cacheinfo", f"100644,{name},{path}", index=index)
        tree = git("write-tree", index=index).strip()
    return git("commit-tree", "-p", "HEAD", "-m", message, tree).strip()
