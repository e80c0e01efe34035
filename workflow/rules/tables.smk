rule tables:
    input:
        GRID.tables.inputs,
    output:
        report(
            GRID.tables.file("summary.csv"),
            caption="../report/summary.rst",
            category="Tables",
            labels={"table": "summary: methods and conditions, over seeds"},
        ),
        report(
            GRID.tables.file("comparisons.csv"),
            caption="../report/comparisons.rst",
            category="Tables",
            labels={"table": "comparisons: pairs of methods, seed by seed"},
        ),
        report(
            GRID.tables.file("claims.csv"),
            caption="../report/claims.rst",
            category="Tables",
            labels={"table": "claims of the papers, checked"},
        ),
        report(
            GRID.tables.file("steps.csv"),
            caption="../report/steps.rst",
            category="Tables",
            labels={"table": "steps: what an inference of other length is worth"},
        ),
        report(
            GRID.tables.file("published.csv"),
            caption="../report/published.rst",
            category="Tables",
            labels={"table": "published figures, beside ours"},
        ),
        report(
            GRID.tables.file("runs.csv"),
            caption="../report/runs.rst",
            category="Tables",
            labels={"table": "runs: every run under every condition"},
        ),
        report(
            GRID.tables.file("layers.csv"),
            caption="../report/layers.rst",
            category="Tables",
            labels={"table": "layers: where the operations are"},
        ),
        report(
            GRID.tables.file("costs.csv"),
            caption="../report/costs.rst",
            category="Tables",
            labels={"table": "costs: time, memory, versions of every job"},
        ),
        report(
            GRID.tables.file("energy.csv"),
            caption="../report/energy_table.rst",
            category="Tables",
            labels={"table": "energy: the verdict under every convention"},
        ),
        report(
            GRID.tables.file("hardware.csv"),
            caption="../report/hardware.rst",
            category="Tables",
            labels={"table": "hardware: what chips cost, and what calibration gives back"},
        ),
        GRID.tables.file("calibration.csv"),
        GRID.tables.file("epochs.csv"),
        GRID.tables.file("traces.csv"),
        GRID.tables.file("summary.md"),
        GRID.tables.file("comparisons.md"),
        GRID.tables.file("energy.md"),
        GRID.tables.file("hardware.md"),
        GRID.tables.file("claims.md"),
        GRID.tables.file("metrics.yaml"),
        GRID.tables.stamp_file,
    log:
        GRID.tables.log,
    params:
        python=PYTHON,
        experiment=GRID.name,
        folder=GRID.tables.folder,
    message:
        "make the tables"
    shell:
        "{params.python:q} -m snn tables --experiment {params.experiment:q} {params.folder:q} > {log:q} 2>&1"


rule figures:
    input:
        GRID.tables.outputs,
    output:
        report(
            GRID.figures.file("energy.svg"),
            caption="../report/energy.rst",
            category="Figures",
            labels={"figure": "accuracy against energy"},
        ),
        report(
            GRID.figures.file("conventions.svg"),
            caption="../report/conventions.rst",
            category="Figures",
            labels={"figure": "energy under every convention"},
        ),
        report(
            GRID.figures.file("comparisons.svg"),
            caption="../report/comparisons_figure.rst",
            category="Figures",
            labels={"figure": "differences between methods"},
        ),
        report(
            GRID.figures.file("convergence.svg"),
            caption="../report/convergence.rst",
            category="Figures",
            labels={"figure": "convergence"},
        ),
        report(
            GRID.figures.file("noise.svg"),
            caption="../report/noise.rst",
            category="Figures",
            labels={"figure": "accuracy against noise, before and after calibration"},
        ),
        report(
            GRID.figures.file("calibration.svg"),
            caption="../report/calibration.rst",
            category="Figures",
            labels={"figure": "calibration: what it takes"},
        ),
        report(
            GRID.figures.file("steps.svg"),
            caption="../report/steps_figure.rst",
            category="Figures",
            labels={"figure": "accuracy against steps"},
        ),
        report(
            GRID.figures.file("rates.svg"),
            caption="../report/rates.rst",
            category="Figures",
            labels={"figure": "firing rates over training"},
        ),
        GRID.figures.stamp_file,
    log:
        GRID.figures.log,
    params:
        python=PYTHON,
        experiment=GRID.name,
        folder=GRID.figures.folder,
    message:
        "draw the figures"
    shell:
        "{params.python:q} -m snn figures --experiment {params.experiment:q} {params.folder:q} > {log:q} 2>&1"
