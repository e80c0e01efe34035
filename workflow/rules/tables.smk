rule tables:
    input:
        GRID.tables.inputs,
    output:
        GRID.tables.outputs,
    log:
        GRID.tables.log,
    shell:
        "{PYTHON:q} -m snn tables --experiment {GRID.name:q} {GRID.tables.folder:q} > {log:q} 2>&1"


rule figures:
    input:
        GRID.tables.outputs,
    output:
        GRID.figures.outputs,
    log:
        GRID.figures.log,
    shell:
        "{PYTHON:q} -m snn figures --experiment {GRID.name:q} {GRID.figures.folder:q} > {log:q} 2>&1"
