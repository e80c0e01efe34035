"""Remotes of three kinds on this machine: a directory, an ssh server with a key and port of its own, an S3 server."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SSHD = shutil.which("sshd") or "/usr/sbin/sshd"
KINDS = ("directory", "ssh", "s3")
BUCKET = "releases"
SSHD_CONFIG = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {home}/host
PidFile {home}/pid
AuthorizedKeysFile {home}/user.pub
PasswordAuthentication no
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
MaxStartups 100
MaxSessions 100
Subsystem sftp internal-sftp
"""


@contextmanager
def place(kind: str, home: Path) -> Iterator[dict[str, str]]:
    """The options of a remote of DVC, while its server runs."""
    home.mkdir()
    with {"directory": _directory, "ssh": _ssh, "s3": _s3}[kind](home) as options:
        yield options


def configuration(options: dict[str, str]) -> str:
    """The file .dvc/config of a site that has set up this remote."""
    lines = [f"    {name} = {value}" for name, value in options.items()]
    return "\n".join(["[core]", "    analytics = false", "    remote = store", "['remote \"store\"']", *lines, ""])


@contextmanager
def _directory(home: Path) -> Iterator[dict[str, str]]:
    yield {"url": str(home / "store")}


@contextmanager
def _ssh(home: Path) -> Iterator[dict[str, str]]:
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(home / name)], check=True)
    port = _free_port()
    (home / "sshd_config").write_text(SSHD_CONFIG.format(port=port, home=home))
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # sshd of root asks for it
    with _server([SSHD, "-D", "-e", "-f", str(home / "sshd_config")], port, home):
        name = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
        yield {"url": f"ssh://{name}@127.0.0.1:{port}{home}/store", "keyfile": str(home / "user")}


@contextmanager
def _s3(home: Path) -> Iterator[dict[str, str]]:
    import boto3

    port = _free_port()
    address, keys = f"http://127.0.0.1:{port}", {"access_key_id": "a", "secret_access_key": "b"}
    with _server([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], port, home):
        client = {f"aws_{name}": value for name, value in keys.items()}
        boto3.client("s3", endpoint_url=address, region_name="us-east-1", **client).create_bucket(Bucket=BUCKET)
        yield {"url": f"s3://{BUCKET}/store", "endpointurl": address, "region": "us-east-1", **keys}


@contextmanager
def _server(command: list[str], port: int, home: Path) -> Iterator[None]:
    """A server, once it accepts connections; it is ended afterwards."""
    with (home / "log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as server:
        try:
            for _ in range(600):
                with socket.socket() as trial:
                    if trial.connect_ex(("127.0.0.1", port)) == 0:
                        break
                assert server.poll() is None, (home / "log").read_text()
                time.sleep(0.1)
            yield
        finally:
            server.terminate()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]
