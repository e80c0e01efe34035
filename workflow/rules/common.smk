import sys

sys.path.insert(0, workflow.basedir)

from snn.cli.parent import start as start_parent
from snn.cli.parent import start_for
from snn.cli.progress import begin as begin_progress
from snn.cluster.packs import Packs
from snn.cluster.slurm import use_slurm
from snn.cluster.submissions import left_here
from snn.pipeline import clocks, damage, gpus, heads, unreadable
from snn.pipeline.complete import complete_or_exit
from snn.pipeline.plan import plan_or_exit
from snn.pipeline.settings import pack_minutes

PYTHON = "python" if config.get("container") else sys.executable
PLAN = plan_or_exit(config)
HEAD = heads.claim(workflow)
damage.withdraw(PLAN, workflow)
clocks.date_back(PLAN, workflow, HEAD)
unreadable.forget(workflow)
PACKS = Packs(PLAN, pack_minutes(config), workflow)
use_slurm(PLAN)
GPU = gpus.declare(PLAN, config, workflow)


if config.get("container"):

    container: config["container"]


wildcard_constraints:
    dataset=r"[^/]+",
    file=r"[^/]+",
    run=r"[^/]+/[^/]+/[^/]+/T\d+/s\d+-[0-9a-f]{12}",
    method=r"[^/]+/[^/]+/[^/]+/T\d+",
    noise=r"[^/]+",
    digest=r"[0-9a-f]{12}",


localrules:
    download,
    tune,
    collect,
    report,
    page,
