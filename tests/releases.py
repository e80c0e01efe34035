"""A repository in which an experiment of two networks was computed, and commands in it and in its clones."""

import csv
import os
import shutil
import subprocess

from snn.core.paths import ROOT
from tests import trees

TINY = """\
source: a test
dataset: digits
network: digits_cnn
steps: 2
teacher: ann
methods: [stbp]
seeds: [0]
hardware:
  - noise: mismatch
    levels: [0.2]
    chips: 1
    calibration: {samples: 32, epochs: 1, batch: 32, lr: 1.0e-3, calibrators: [ltl_offline], targets: [own]}
energy: horowitz45_fp32
device: cpu
overrides:
  ann: {training: {epochs: 1}}
  stbp: {training: {epochs: 1}}
"""
DUE = """
from snn.pipeline import plan, release
print(*(job.folder for job in release.results(plan.Plan("tiny")) if not job.proof.exists()), sep="\\n")
"""
ENVIRONMENT = {
    **os.environ,
    **{f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    "DVC_NO_ANALYTICS": "1",
    "PYTEST_ADDOPTS": "-n0",  # golden numbers of one method and one noise model are not worth two processes
}


def run(where, *command, status=0):
    """Output of a command, both streams; its exit status must be `status`."""
    done = subprocess.run(command, cwd=where, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def python(where, *command, status=0):
    """Output of a command of Python, in the same way."""
    done = trees.run(where, *command, status=status, environment=ENVIRONMENT)
    return done.stdout + done.stderr


def snn(where, *command, status=0):
    return python(where, "-m", "snn", *command, status=status)


def refused(where, *command):
    """The one line by which a command refuses."""
    last = snn(where, *command, status=2).splitlines()[-1]
    assert last.startswith("error: ")
    return last


def commit(where, message="change"):
    run(where, "git", "add", "--all")
    run(where, "git", "commit", "--quiet", "--message", message)


def compute(where, experiment):
    """What is due, in one process: that the workflow does the same is tested elsewhere."""
    trees.compute(where, experiment, environment=ENVIRONMENT)


def due(where):
    return python(where, "-c", DUE).split()


def flip(path):
    """Change one byte in place, read-only or not."""
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def one(where, pattern):
    (found,) = where.glob(pattern)
    return found


def stored(file, store):
    """Where a DVC cache or remote keeps the bytes of a file."""
    return next(path for path in store.glob("files/md5/*/*") if path.read_bytes() == file.read_bytes())


def stored_in(remote):
    """Names of all files in a remote."""
    return {path.name for path in remote.glob("files/md5/*/*")}


def listed(where, experiment="tiny"):
    """What the index of a release names."""
    with (where / f"results/released/{experiment}.csv").open() as file:
        return [row["path"] for row in csv.DictReader(file)]


def plant(origin):
    """Compute the experiment `tiny` in a new repository that holds the project, without other tables and recipes."""
    names = run(ROOT, "git", "ls-files", "--cached", "--others", "--exclude-standard", "-z").split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (origin / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, origin / name)
    for name in (*origin.glob("params/methods/*.yaml"), *origin.glob("params/noise/*.yaml")):
        if name.stem not in ("ann", "stbp", "mismatch"):
            name.unlink()
    for name in ("tables", "report", "released"):
        shutil.rmtree(origin / "results" / name, ignore_errors=True)
    (origin / "params/experiments/tiny.yaml").write_text(TINY)
    run(origin, "git", "init", "--quiet")
    commit(origin)
    compute(origin, "tiny")


def added(output):
    """The files and options of the line git add that a release prints."""
    return next(line for line in output.splitlines() if line.startswith("  git add ")).split()[2:]


def publish(home):
    """Make origin/, where the experiment `tiny` was computed and released, and remote/, which holds the bytes."""
    origin = home / "origin"
    plant(origin)
    (origin / "results/runs/digits/stray").mkdir()
    (origin / "results/runs/digits/stray/net.safetensors").write_text("made by hand")
    run(origin, "git", "add", *added(snn(origin, "release", "--experiment", "tiny", "--remote", home / "remote")))
    run(origin, "git", "commit", "--quiet", "--message", "Release tiny")
    return home
