rule collect:
    input:
        PLAN.collect.inputs,
    output:
        PLAN.collect.outputs,
    log:
        PLAN.collect.log,
    params:
        python=PYTHON,
        experiment=PLAN.name,
        folder=PLAN.collect.folder,
    message:
        "collect the tables"
    shell:
        "exec {params.python:q} -m snn collect --experiment {params.experiment:q} {params.folder:q} > {log:q} 2>&1"


rule report:
    input:
        PLAN.report.inputs,
    output:
        [
            report(path, caption=shown.caption, category=shown.category, labels=shown.labels)
            for path, shown in PLAN.report.shown.items()
        ],
        PLAN.report.not_shown,
    log:
        PLAN.report.log,
    params:
        python=PYTHON,
        experiment=PLAN.name,
        folder=PLAN.report.folder,
    message:
        "write the report"
    shell:
        "exec {params.python:q} -m snn report --experiment {params.experiment:q} {params.folder:q} > {log:q} 2>&1"


rule page:
    input:
        PLAN.page.inputs,
    output:
        PLAN.page.outputs,
    log:
        PLAN.page.log,
    params:
        python=PYTHON,
        experiment=PLAN.name,
    message:
        "write the page"
    shell:
        "exec {params.python:q} -m snn page {params.experiment:q} > {log:q} 2>&1"
