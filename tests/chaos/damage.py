"""A flipped bit, a file cut short, emptied or deleted, in every kind of file that a run leaves."""

import random
import shutil
import time
from pathlib import Path

from tests.chaos.campaign import EXPERIMENT, RUN, SNN, Campaign, Fault
from tests.running import kill

KINDS = {
    "parameters": f"{RUN}/params.json",
    "provenance": f"{RUN}/provenance.json",
    "record of sums": f"{RUN}/sha256.json",
    "history of a training": f"{RUN}/epochs.csv",
    "traces of a training": f"{RUN}/traces.csv",
    "student": f"{RUN}/student.safetensors",
    "network": f"{RUN}/net.safetensors",
    "history of chips": f"{RUN}/chips/*/history.csv",
    "chips": f"{RUN}/chips/*/chips.safetensors",
    "rows": f"{RUN}/rows/*/rows.csv",
    "counts of layers": f"{RUN}/rows/*/layers.csv",
    "outcomes of a run": f"{RUN}/rows/*/outcomes.safetensors",
    "training data": "data/prepared/*/*/train.safetensors",
    "test data": "data/prepared/*/*/test.safetensors",
    "collected table": f"results/tables/{EXPERIMENT}/*.csv",
    "compressed table": f"results/tables/{EXPERIMENT}/*.bz2",
    "outcomes of tables": f"results/tables/{EXPERIMENT}/*.safetensors",
    "stamp of tables": f"results/tables/{EXPERIMENT}/*.stamp",
    "table of the report": f"results/report/{EXPERIMENT}/*.csv",
    "text of the report": f"results/report/{EXPERIMENT}/*.md",
    "figure": f"results/report/{EXPERIMENT}/*.svg",
    "stamp of the report": f"results/report/{EXPERIMENT}/*.stamp",
    "page": f"results/report/{EXPERIMENT}.html",
    "stamp of the page": f"results/report/{EXPERIMENT}.*.stamp",
    "log": "logs/**/*.log",
    "Snakemake's metadata": ".snakemake/metadata/**/*",
}
LOCKS = {"lock": ".snakemake/locks/*", "record of a head": ".snakemake/heads/*", "mark": ".snakemake/incomplete/*"}
CHECKPOINTS = ("newest checkpoint", "previous checkpoint", "both checkpoints")


def spoil(path: Path, draw: random.Random, ways: tuple[str, ...] = ("flip", "cut", "empty", "delete")) -> str:
    """Damage a file in a way that is drawn."""
    content, way = bytearray(path.read_bytes()), draw.choice(ways)
    if way == "flip" and content:
        at, bit = draw.randrange(len(content)), draw.randrange(8)
        content[at] ^= 1 << bit
        path.write_bytes(content)
        return f"bit {bit} of byte {at} of {path.name}"
    if way == "delete":
        path.unlink()
    else:
        path.write_bytes(content[: draw.randrange(len(content))] if way == "cut" and content else b"")
    return f"{way} {path.name}"


def finished(kind: str) -> Fault:
    """The fault of one kind of file of a finished run; half the time what was made from it has to be made again."""

    def fault(campaign: Campaign, draw: random.Random) -> str:
        path = draw.choice(sorted(path for path in campaign.folder.glob(KINDS[kind]) if path.is_file()))
        told = spoil(path, draw)
        if draw.random() < 0.5 and not KINDS[kind].startswith((".", "logs")):
            told += ", with readers"
            _forget_readers(campaign, path)
        return told

    return fault


def of_a_killed_head(kind: str) -> Fault:
    """The fault of one kind of file that a killed head leaves."""

    def fault(campaign: Campaign, draw: random.Random) -> str:
        shutil.rmtree(draw.choice(sorted(campaign.folder.glob(RUN))))
        campaign.forget_tables()
        process = campaign.start()
        while process.poll() is None and not (found := _files(campaign, LOCKS[kind])):
            time.sleep(0.01)
        time.sleep(draw.uniform(0, 2))
        kill(process.pid)
        process.wait()
        campaign.wait_for_orphans()
        found = _files(campaign, LOCKS[kind])
        return spoil(draw.choice(found), draw) if found else "no file was left"

    return fault


def of_a_training(kind: str) -> Fault:
    """The fault of the checkpoints of a training that was killed."""

    def fault(campaign: Campaign, draw: random.Random) -> str:
        run = draw.choice(sorted(campaign.folder.glob("results/runs/*/*/*/T4/s*")))
        shutil.rmtree(run)
        campaign.forget_tables()
        command = [*SNN, "train", "--experiment", EXPERIMENT, str(run.relative_to(campaign.folder))]
        process, newest = campaign.start(command), run / "resume.safetensors"
        previous = run / "resume.previous.safetensors"
        while process.poll() is None and not (newest.exists() and previous.exists()):
            time.sleep(0.001)
        kill(process.pid)
        process.wait()
        wanted = {"newest": [newest], "previous": [previous], "both": [newest, previous]}[kind.split()[0]]
        found = [path for path in wanted if path.exists()]
        return ", ".join(spoil(path, draw, ("flip", "flip", "cut", "empty")) for path in found) or "no file was left"

    return fault


def _files(campaign: Campaign, pattern: str) -> list[Path]:
    return sorted(path for path in campaign.folder.glob(pattern) if path.is_file() and path.name != ".lock")


def _forget_readers(campaign: Campaign, path: Path) -> None:
    """Remove what was made from a file, as far as it is not the file's own folder."""
    for folder in campaign.folder.glob(f"{RUN}/rows/*"):
        if folder != path.parent:
            shutil.rmtree(folder)
    if "chips" not in path.parts:
        for folder in campaign.folder.glob(f"{RUN}/chips"):
            if folder not in path.parents:
                shutil.rmtree(folder)
    if path.is_relative_to(campaign.folder / "data"):
        for run in campaign.folder.glob("results/runs/*/*/tet/T*/s*"):
            shutil.rmtree(run)
    report, tables = campaign.folder / "results/report", campaign.folder / "results/tables" / EXPERIMENT
    for stamp in [*tables.glob("*.stamp"), *report.glob(f"{EXPERIMENT}*/*.stamp"), *report.glob("*.stamp")]:
        if stamp != path:
            stamp.unlink()
