rule train:
    input:
        ancient(PLAN.inputs_of("results/runs/{run}")),
    output:
        "results/runs/{run}/params.json",
        "results/runs/{run}/provenance.json",
        "results/runs/{run}/sha256.json",
        "results/runs/{run}/epochs.csv",
        "results/runs/{run}/traces.csv",
        "results/runs/{run}/student.safetensors",
        "results/runs/{run}/net.safetensors",
    log:
        "logs/runs/{run}/train.log",
    group:
        PACKS.group("results/runs/{run}")
    threads: PLAN.experiment.threads
    resources:
        mem_mb=PACKS.megabytes("results/runs/{run}"),
        runtime=PACKS.limit("results/runs/{run}"),
        gpu=GPU,
    params:
        python=PYTHON,
        experiment=PLAN.name,
    message:
        "train {wildcards.run}"
    shell:
        "exec {params.python:q} -m snn train --experiment {params.experiment:q} results/runs/{wildcards.run:q} > {log:q} 2>&1"


rule tune:
    input:
        ancient(PLAN.inputs_of("results/runs/{method}/tuning-{digest}")),
    output:
        "results/runs/{method}/tuning-{digest}/params.json",
        "results/runs/{method}/tuning-{digest}/provenance.json",
        "results/runs/{method}/tuning-{digest}/sha256.json",
        "results/runs/{method}/tuning-{digest}/tuning.csv",
    log:
        "logs/runs/{method}/tuning-{digest}/tune.log",
    params:
        python=PYTHON,
        experiment=PLAN.name,
    message:
        "choose the learning rate of {wildcards.method}"
    shell:
        "exec {params.python:q} -m snn tune --experiment {params.experiment:q} results/runs/{wildcards.method:q}/tuning-{wildcards.digest} > {log:q} 2>&1"
