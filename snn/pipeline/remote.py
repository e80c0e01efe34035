"""DVC as a store of bytes: a temporary repository with one remote, to which files are pushed or from which they come.

The repository shares the cache of this one and ends with the command. So a killed command leaves neither locks nor
settings here, and its next try finds in cache and remote what the first one has moved.

A server of ssh keeps half of a file whose sender was killed under its final name, and DVC takes it for whole. Files in
the remote are therefore compared by size before and after a push; one that differs is removed and sent again.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from configobj import ConfigObj
from dvc.config import Config, ConfigError
from dvc.repo import Repo

from snn.core import files
from snn.core.errors import InputError

NAME = "spikeledger"  # of the remote, in the temporary repository
HINTS = ("Having any troubles?", "Is your cache up to date?", "<https://", "Use `--force`")  # of DVC, not the error
EXTRA = ("s3", "ssh")  # schemes whose part of DVC is in requirements-remote.lock


def configured() -> str:
    """The name of the remote that the site has set up as the default of DVC; empty if there is none."""
    return _site()["core"].get("remote", "")


@contextmanager
def repository(remote: str) -> Iterator[Path]:
    """A temporary DVC repository with one remote: a directory, a URL, or the name of one that the site has set up.

    Without a name, the default of the site is taken; raises InputError if there is none. Every file that comes from the
    remote is compared with its md5.
    """
    site = _site()
    name = remote or site["core"].get("remote", "")
    if not name:
        set_up = "give a directory or URL, or set one up: .venv/bin/python -m dvc remote add --default NAME URL"
        raise InputError("REMOTE", "is not given, and none is set up", set_up)
    url = name if "://" in name else str(Path(name).expanduser().absolute())
    options: Mapping[str, object] = site["remote"].get(name, {"url": url})
    scheme, _, _ = str(options["url"]).rpartition("://")
    if scheme in EXTRA and not find_spec(f"dvc_{scheme}"):
        another = "set up .venv-remote by: make remotes, and run .venv-remote/bin/python in place of .venv/bin/python"
        raise InputError(name, f"needs dvc-{scheme}, which is not in this environment", another)
    home = Path(".dvc/tmp")
    files.make_folder(home)
    with tempfile.TemporaryDirectory(
        prefix="remote.", dir=home
    ) as folder:  # for this user alone: options may be secret
        scratch = Path(folder).absolute()
        settings = ConfigObj(list_values=True)
        settings["core"] = {"no_scm": True, "analytics": False, "check_update": False, "remote": NAME}
        settings["core"]["site_cache_dir"] = str(scratch / ".dvc/site")
        settings["cache"] = {"dir": dvc("cache", "dir").strip()}
        settings[f'remote "{NAME}"'] = {**options, "verify": True}
        settings.filename = str(scratch / ".dvc/config")
        files.make_folder(scratch / ".dvc/site")
        settings.write()
        yield scratch


def push(scratch: Path, remote: str) -> None:
    """Push all tracked files of a temporary repository; raises InputError naming one that did not arrive whole."""
    _absent(scratch, remote)
    dvc("push", cwd=scratch)
    if lost := _absent(scratch, remote):
        raise InputError(lost[0], f"is not in {remote or configured()} after the push{more(lost)}", "try again")


def pull(scratch: Path) -> None:
    """Bring what a temporary repository tracks into the cache; raises InputError with the message of DVC."""
    dvc("fetch", cwd=scratch)


def cached(scratch: Path, md5s: Iterable[str]) -> dict[str, Path]:
    """Where the cache keeps files, by their md5."""
    with Repo(str(scratch)) as repo:
        return {md5: Path(repo.cache.local.oid_to_path(md5)) for md5 in md5s}


def dvc(*arguments: str, cwd: Path = Path()) -> str:
    """Output of a DVC command, which may neither prompt nor send statistics; raises InputError with its message."""
    environment = {**os.environ, "DVC_NO_ANALYTICS": "1"}
    command = [sys.executable, "-m", "dvc", *arguments]
    done = subprocess.run(
        command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        lines = done.stderr.rpartition("ERROR: ")[2].splitlines()
        message = " ".join(line for line in lines if not line.startswith(HINTS)).strip() or "failed"
        raise InputError(f"dvc {arguments[0]}", message, "fix that and try again")
    return done.stdout


def more(named: Sequence[object]) -> str:
    """How many others there are besides the one that is named."""
    return f" (and {len(named) - 1} more)" if len(named) > 1 else ""


def _site() -> Config:
    """What the site has set up in DVC; raises InputError if its files cannot be read."""
    try:
        return Config(".dvc")
    except ConfigError as error:
        raise InputError(
            ".dvc/config", str(error), "correct it, or set the remote up again by dvc remote add"
        ) from error


def _absent(scratch: Path, remote: str) -> list[str]:
    """What the remote lacks, by path.

    A file there that has not the size of the one here is removed. So is the list of a folder of which a file is absent,
    since DVC sends no file of a folder whose list is there.
    """
    try:
        with Repo(str(scratch)) as repo:
            store, cache = repo.cloud.get_remote_odb(), repo.cache.local
            names = {one.value: one.obj_name for ids in repo.used_objs().values() for one in ids}
            found = sorted(store.oids_exist(list(names)))
            sizes = store.fs.sizes([store.oid_to_path(md5) for md5 in found])
            whole = {m for m, size in zip(found, sizes, strict=True) if size == cache.fs.size(cache.oid_to_path(m))}
            if absent := names.keys() - whole:
                whole -= {md5 for md5 in found if md5.endswith(".dir")}
            for md5 in set(found) - whole:
                store.delete(md5)
            return sorted(names[md5] for md5 in absent)
    except Exception as error:  # every kind of remote has errors of its own
        what = f"cannot be used ({error or type(error).__name__})"
        raise InputError(remote or configured(), what, "see python -m dvc remote list, and docs/releases.md") from error
