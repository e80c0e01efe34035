"""Pushes and pulls of every kind of remote, killed at random moments: by make remote-test.

Skipped where the parts of DVC for ssh and S3, or an ssh server, are missing.
"""

import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from snn.core.paths import ROOT
from tests.remotes import places

pytest.importorskip("dvc_ssh")
pytest.importorskip("dvc_s3")
pytest.importorskip("moto.server")
pytestmark = pytest.mark.skipif(not Path(places.SSHD).exists(), reason="there is no sshd")
ROUNDS = 6
PUSH = """
import shutil
from pathlib import Path
from snn.pipeline import remote
with remote.repository("") as scratch:
    shutil.copytree("payload", scratch / "payload")
    remote.dvc("add", "payload", cwd=scratch)
    remote.push(scratch, "")
    shutil.copy(scratch / "payload.dvc", ".")
"""
PULL = """
import shutil
from snn.pipeline import remote
with remote.repository("") as scratch:
    shutil.copy("payload.dvc", scratch)
    remote.pull(scratch)
    remote.dvc("checkout", cwd=scratch)
    shutil.copytree(scratch / "payload", "payload")
"""


@pytest.fixture(params=places.KINDS)
def site(request, tmp_path):
    """A folder with a remote that is set up, and 40 files of 1 kB to 6 MB to move."""
    with places.place(request.param, tmp_path / "remote") as options:
        site = set_up(tmp_path / "site", options)
        draw = random.Random(0)
        for number in range(40):
            path = site / f"payload/{number % 4}/{number}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(draw.randbytes(6_000_000 if number % 8 == 0 else 1000 + number))
        yield site, options


def set_up(site, options):
    (site / ".dvc").mkdir(parents=True)
    (site / ".dvc/config").write_text(places.configuration(options))
    return site


def start(site, code):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(site), "DVC_NO_ANALYTICS": "1"}
    command = [sys.executable, "-c", code]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=site, env=environment, start_new_session=True, **streams)


def finish(site, code):
    process = start(site, code)
    out, err = process.communicate()
    assert process.returncode == 0, out + err


def killed(site, code, seconds, draw):
    """Start a command and kill it with all its children at a random moment; whether it had not ended before."""
    process = start(site, code)
    time.sleep(draw.uniform(0.3, 1) * seconds)
    alive = process.poll() is None
    if alive:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    return alive


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_is_killed_again_and_again_is_whole_in_the_end(site, tmp_path):
    (home, options), draw, alive = site, random.Random(1), 0
    begin = time.monotonic()
    finish(set_up(tmp_path / "empty", options), "from snn.pipeline import remote\nwith remote.repository(''): pass")
    seconds = 4 * (time.monotonic() - begin)
    for _ in range(ROUNDS):
        alive += killed(home, PUSH, seconds, draw)
    finish(home, PUSH)
    assert (home / "payload.dvc").exists()
    assert alive
    for path in (tmp_path / "remote").glob("store/files/md5/*/*"):  # of a directory and of ssh
        if not path.name.endswith(".tmp"):
            content = path.read_bytes()
            assert hashlib.md5(content, usedforsecurity=False).hexdigest() == path.parent.name + path.name[:30]

    other = set_up(tmp_path / "other", options)
    shutil.copy(home / "payload.dvc", other)
    for _ in range(ROUNDS):
        killed(other, PULL, seconds, draw)
        shutil.rmtree(other / "payload", ignore_errors=True)
    finish(other, PULL)
    assert contents(other / "payload") == contents(home / "payload")


def test_half_a_file_in_the_remote_is_sent_again(site, tmp_path):
    home, options = site
    finish(home, PUSH)
    whole = (home / "payload/0/0").read_bytes()
    name = hashlib.md5(whole, usedforsecurity=False).hexdigest()
    stored = f"store/files/md5/{name[:2]}/{name[2:]}"
    if options["url"].startswith("s3"):
        import boto3

        keys = {f"aws_{key}": options[key] for key in ("access_key_id", "secret_access_key")}
        client = boto3.client("s3", endpoint_url=options["endpointurl"], region_name="us-east-1", **keys)
        client.put_object(Bucket=places.BUCKET, Key=stored, Body=whole[:1000])
        finish(home, PUSH)
        assert client.get_object(Bucket=places.BUCKET, Key=stored)["Body"].read() == whole
    else:
        path = tmp_path / "remote" / stored
        path.chmod(0o644)
        path.write_bytes(whole[:1000])
        finish(home, PUSH)
        assert path.read_bytes() == whole
