"""Folders in which nothing may be written, or which belong to another user, until somebody permits it again."""

import os
import random
import shutil
from pathlib import Path

from tests.chaos.campaign import Campaign, Fault, Skipped
from tests.chaos.disk import forget

FOLDERS = {
    "the folder of a run": "results/runs/*/*/tet/T*/s*",
    "the folder of all runs": "results/runs",
    "the folder of tables": "results/tables",
    "the folder of reports": "results/report",
    "prepared data": "data",
    "logs": "logs",
    "Snakemake's own folder": ".snakemake",
    "the project": "",
}
ASKED = ("setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner")  # without these, root asks for permission
NOBODY = 65534


def read_only(name: str, foreign: bool = False) -> Fault:
    """A folder and all in it that may not be written, while most of it is due; `foreign`: of another user."""

    def fault(campaign: Campaign, draw: random.Random) -> str:
        root = os.geteuid() == 0
        if root and not shutil.which(ASKED[0]):
            raise Skipped(f"root needs {ASKED[0]}")
        if foreign and not root:
            raise Skipped("only root gives folders away")
        for stage in ("train", "evaluate", "report"):
            forget(campaign, stage)
        folder = (
            next(campaign.folder.glob(FOLDERS[name]), campaign.folder / "results/runs")
            if FOLDERS[name]
            else campaign.folder
        )
        folder.mkdir(parents=True, exist_ok=True)
        places = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
        for path in places:
            os.chown(path, NOBODY, NOBODY) if foreign else path.chmod(0o555)
        status = campaign.run(prefix=ASKED if root else ())
        for path in places:
            _permit(path)
        return f"status {status}"

    return fault


def _permit(path: Path) -> None:
    if path.is_dir():
        if os.geteuid() == 0:
            os.chown(path, 0, 0)
        path.chmod(0o755)
