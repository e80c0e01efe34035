"""A disk that is full while one stage is due."""

import random
import shutil
import subprocess

from tests.chaos.campaign import Campaign, Fault, Skipped, copy

STAGES = {  # what each one makes
    "prepare": "data/prepared/*/*",
    "train": "results/runs/*/*/tet/T*/s*",
    "calibrate": "results/runs/*/*/tet/T*/s*/chips/*",
    "evaluate": "results/runs/*/*/*/T*/s*/rows/*",
    "collect": "results/tables/smoke",
    "report": "results/report/smoke",
    "page": "results/report/smoke.*",
}
SIZE = 256 << 20  # bytes
FREE = (0, 4, 16, 64, 256, 1024, 4096)  # kB, of which one is drawn


def full(stage: str) -> Fault:
    """A disk with little space or none while a stage is due, then with enough again."""

    def fault(campaign: Campaign, draw: random.Random) -> str:
        disk = campaign.folder.with_name("disk")
        disk.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(disk)]
        if subprocess.run(mount, capture_output=True).returncode:
            disk.rmdir()
            raise Skipped("a small disk can only be mounted by root")
        campaign.undo.append(lambda: _unmount(campaign, disk))
        shutil.move(copy(campaign, disk / "tree").folder, disk / "there")
        campaign.folder = disk / "there"
        forget(campaign, stage)
        ballast, kept = disk / "ballast", draw.choice(FREE) << 10
        with ballast.open("wb") as file:
            file.write(bytes(shutil.disk_usage(disk).free - kept))
        status = campaign.run()
        ballast.unlink()
        return f"{kept >> 10} kB free, status {status}"

    return fault


def forget(campaign: Campaign, stage: str) -> None:
    """Remove what a stage makes, and all tables."""
    for path in campaign.folder.glob(STAGES[stage]):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    if stage in ("prepare", "train", "calibrate"):
        forget(campaign, "evaluate")
    if stage == "prepare":
        forget(campaign, "train")
    if stage in ("evaluate", "collect"):
        campaign.forget_tables()


def _unmount(campaign: Campaign, disk) -> None:
    campaign.kill_all()
    subprocess.run(["umount", disk], check=True)
    disk.rmdir()
