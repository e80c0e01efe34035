"""A version is a commit, a tag and a heading of the changelog, or nothing: in a repository of three files."""

import re
import subprocess

import pytest

from snn.core.errors import InputError
from snn.pipeline import versions
from tests import tables_on_record

CHANGELOG = "# Changelog\n\n## Unreleased\n\n- A rule.\n\n## 0.1.0 - 2026-01-01\n\n- All.\n"


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "a")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "a@b")
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "0.1.0"\n')
    (tmp_path / ".gitignore").write_text("/.dvc/tmp/\n")
    git("init", "-q")
    commit()
    return tmp_path


def commit(message="change"):
    git("add", "-A")
    git("commit", "-qm", message)


def refused(version="0.2.0", experiments=()) -> str:
    """The line by which a release is refused; nothing has changed."""
    before = git("rev-parse", "HEAD"), git("tag"), git("status", "--porcelain")
    with pytest.raises(InputError) as error:
        versions.release(version, experiments, "")
    assert (git("rev-parse", "HEAD"), git("tag"), git("status", "--porcelain")) == before
    return str(error.value)


def test_a_version_is_a_tagged_commit_with_its_changelog(here):
    parent = git("rev-parse", "HEAD")
    versions.release("0.2.0", (), "")
    assert git("rev-parse", "HEAD^") == parent
    assert git("rev-parse", "v0.2.0^{commit}") == git("rev-parse", "HEAD")
    assert git("cat-file", "-t", "v0.2.0") == "tag"
    text = (here / "CHANGELOG.md").read_text()
    assert re.sub(r"\d{4}-\d\d-\d\d", "DATE", text) == re.sub(
        r"\d{4}-\d\d-\d\d", "DATE", CHANGELOG.replace("## Unreleased\n", "## Unreleased\n\n## 0.2.0 - 2026-01-01\n")
    )
    assert 'version = "0.2.0"' in (here / "pyproject.toml").read_text()
    assert git("status", "--porcelain") == ""


def test_what_is_not_fit_for_a_version_is_refused_and_nothing_is_done(here):
    assert refused("two").startswith("--version: ")
    (here / "snn.py").write_text("x = 1\n")
    assert refused().startswith("snn.py: ")
    (here / "snn.py").unlink()
    (here / ".gitignore").write_text("/.dvc/tmp/\n/results/\n")
    tables_on_record.put("smoke", tables_on_record.OLDER)
    commit()
    assert refused(experiments=("smoke",)).startswith("results/tables/smoke: is not in git")
    git("add", "--force", "results")
    commit()
    assert refused().startswith("results/tables/smoke: is not of today's code")
    (here / "results/report/smoke/summary.md").write_text("# 100 %\n")
    commit()
    assert refused().startswith("results/report/smoke/summary.md: ")


def test_tables_that_name_a_commit_that_is_not_there_are_of_no_version(here):
    tables_on_record.put("smoke", *tables_on_record.digests())
    commit()
    assert refused().startswith("results/tables/smoke/costs.csv: line 2: this clone has no commit aaaaaaa")


def test_a_version_is_made_once_and_only_if_something_has_changed(here):
    versions.release("0.2.0", (), "")
    assert refused().startswith("v0.2.0: is there already")
    assert refused("0.3.0").startswith("CHANGELOG.md: ")
    (here / "CHANGELOG.md").write_text(CHANGELOG)
    commit()
    assert refused().startswith("v0.2.0: is there already")


@pytest.mark.parametrize("half", [(), ("CHANGELOG.md",), ("CHANGELOG.md", "pyproject.toml")])
def test_a_version_that_was_interrupted_after_its_tag_is_finished_by_the_same_command(half, here):
    versions.release("0.2.0", (), "")
    tagged = git("rev-parse", "HEAD")
    git("reset", "-q", "--hard", "HEAD^")
    for name in half:
        (here / name).write_text(git("show", f"v0.2.0:{name}") + "\n")
    versions.release("0.2.0", (), "")
    assert git("rev-parse", "HEAD") == tagged
    assert git("status", "--porcelain") == ""

    git("reset", "-q", "--hard", "HEAD^")
    (here / "CHANGELOG.md").write_text("my own words\n")
    assert refused().startswith("CHANGELOG.md: ")
    assert (here / "CHANGELOG.md").read_text() == "my own words\n"


def test_a_failure_before_the_tag_leaves_nothing(here, monkeypatch):
    def fail(*arguments):
        raise InputError("remote", "is full", "make room")

    monkeypatch.setattr(versions, "_commit", fail)
    assert refused().startswith("remote: ")
