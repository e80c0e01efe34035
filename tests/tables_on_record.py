"""Tables on record, made by hand."""

from pathlib import Path

from snn.core import files, stored
from snn.pipeline.plan import Plan

OLDER = "0123456789ab"
ROWS = [{"path": f"r{i}", "commit": commit * 40, "dirty": False} for i, commit in enumerate("abbcbb")]
PAGES = {
    "answer.md": "# The answer\n\ndigits, small, T = 4, 360 test samples.\n\n"
    "| where | first | not resolved or equivalent | worse |\n|---|---|---|---|\n"
    "| clean networks | **a** 9 % (5 seeds) | b 8 | c 7 |\n\n"
    "**Best rule.** a is best.\n",
    "summary.csv": "method,condition,steps,steps_eval,acs,epochs,n,flags,value_test_mean,value_test_ci95\n"
    "ann,clean,1,1,0,9,5,,9.5,0.5\na,clean,4,4,10,3,5,,9,0.6\nb,clean,4,4,10,3,5,,8,0.7\n",
    "summary.md": "# Title\n\nAccuracy.\n\n| a |\n|---|\n| 1 |\n\n## mismatch\n\n| b |\n|---|\n| 2 |\n",
    "energy.csv": "convention,method,steps,spikes_per_neuron,energy_nj,of_teacher,of_teacher_low,of_teacher_high,"
    "steps_at_equal_accuracy\n"
    "horowitz45_fp32,a,4,0.5,50,0.25,0.2,0.3,4\nhorowitz45_fp32,b,4,0.2,20,0.1,0.05,0.15,\n"
    "horowitz45_memory,a,4,0.5,300,1.5,1.4,1.6,\nhorowitz45_memory,b,4,0.2,200,1.0,0.9,1.1,\n",
    "energy.md": "# Title\n\nEnergy over that of the teacher.\n\n| a |\n|---|\n| 3 |\n\n## More\n\nno\n",
    "hardware.md": "# Title\n\nLosses.\n\n## mismatch\n\n| a |\n|---|\n| 4 |\n",
    "comparisons.csv": "left,right,column,family,level,metric,n,samples,difference,low,high,detectable,"
    "se_seeds,se_samples,se_rest\n"
    "a,b,value_test,primary,0.05,accuracy,5,10000,1.5,1.0,2.0,0.75,0.1,0.1,0.05\n",
    "comparisons.md": "# Title\n\n## Primary\n\n| a |\n|---|\n| 5 |\n\n## With the teacher\n\nno\n",
}


def digests(collected: str | None = None, name: str = "smoke") -> tuple[str, str]:
    """The digests of an experiment's tables and of the report that today's code makes of them; by default today's."""
    grid = Plan(name)
    collected = collected or grid.collect.digest
    return collected, grid.report.of(collected).digest


def put(name: str, collected: str, report: str = OLDER, rows=ROWS, pages=PAGES) -> tuple[Path, Path]:
    """Write tables and report of an experiment with stamps of these names; returns their folders."""
    tables, made = Path("results/tables", name), Path("results/report", name)
    stored.write_csv(tables / "costs.csv", rows)
    for page, text in pages.items():
        files.write(made / page, text)
    for folder, digest in ((tables, collected), (made, report)):
        kept = [path for path in folder.iterdir() if path.suffix != ".stamp"]
        files.write_json(folder / f"{digest}.stamp", {path.name: files.sha256(path) for path in kept})
    return tables, made
