"""A release of a version that is killed with all its children, between any two steps. By make remote-test."""

import os
import shutil
import signal
import subprocess
import sys

import pytest

from tests import releases
from tests.releases import ENVIRONMENT, commit, refused, run, snn, stored_in

pytest.importorskip("dvc_s3")

GIT = shutil.which("git")
KILLER = f"""\
#!/bin/sh
case "$*" in "$STEP"*) found=yes ;; *) found= ;; esac
if [ "$found" ] && [ "$MOMENT" = before ]; then kill -KILL 0; fi
{GIT} "$@"
status=$?
if [ "$found" ] && [ "$MOMENT" = after ]; then kill -KILL 0; fi
exit $status
"""
STEPS = ("hash-object", "update-index", "write-tree", "commit-tree", "tag --annotate", "reset")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A repository that has a remote set up, and is about to release its first version."""
    home = releases.publish(tmp_path_factory.mktemp("release"))
    origin = home / "origin"
    with (origin / ".dvc/config").open("a") as site:  # its last section is [core]
        site.write("    remote = store\n['remote \"store\"']\n    url = ../../store\n")
    commit(origin, "Set up a remote")
    return home


def copied(home, folder):
    """A copy of the repository, with a remote of its own that is empty."""
    return shutil.copytree(home / "origin", folder / "origin", symlinks=True)


@pytest.fixture(scope="module")
def whole(home, tmp_path_factory):
    """The tree and the message of a release that nothing interrupted, and what its remote holds."""
    folder = tmp_path_factory.mktemp("whole")
    origin = copied(home, folder)
    snn(origin, "release", "--version", "0.2.0")
    return described(origin), stored_in(folder / "store")


def described(origin):
    return run(origin, "git", "log", "-1", "--format=%T%n%B", "v0.2.0")


def kill(origin, step, moment):
    """Release a version, and kill all its processes before or after a command of git."""
    tools = origin.parent / "tools"
    tools.mkdir()
    (tools / "git").write_text(KILLER)
    (tools / "git").chmod(0o755)
    path = f"{tools}{os.pathsep}{ENVIRONMENT['PATH']}"
    killed = subprocess.run(
        [sys.executable, "-m", "snn", "release", "--version", "0.2.0"],
        cwd=origin,
        env={**ENVIRONMENT, "PATH": path, "STEP": step, "MOMENT": moment},
        start_new_session=True,
        capture_output=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_the_same_command_finishes_a_version_that_was_killed_between_two_steps(home, whole, tmp_path, step, moment):
    origin = copied(home, tmp_path)
    before = run(origin, "git", "rev-parse", "HEAD")
    kill(origin, step, moment)
    assert run(origin, "git", "status", "--porcelain") == ""
    if (step, moment) == ("reset", "after"):
        assert refused(origin, "release", "--version", "0.2.0").startswith("error: v0.2.0: is there already, and HEAD")
    else:
        assert run(origin, "git", "rev-parse", "HEAD") == before
        snn(origin, "release", "--version", "0.2.0")
    assert run(origin, "git", "rev-parse", "HEAD") == run(origin, "git", "rev-parse", "v0.2.0^{commit}")
    assert run(origin, "git", "status", "--porcelain") == ""
    assert (described(origin), stored_in(tmp_path / "store")) == whole
