rule evaluate:
    input:
        ancient(PLAN.inputs_of("results/runs/{run}/rows/{digest}")),
    output:
        "results/runs/{run}/rows/{digest}/params.json",
        "results/runs/{run}/rows/{digest}/provenance.json",
        "results/runs/{run}/rows/{digest}/sha256.json",
        "results/runs/{run}/rows/{digest}/layers.csv",
        "results/runs/{run}/rows/{digest}/outcomes.safetensors",
        "results/runs/{run}/rows/{digest}/rows.csv",
    log:
        "logs/runs/{run}/rows/{digest}/evaluate.log",
    group:
        PACKS.group("results/runs/{run}/rows/{digest}")
    threads: PLAN.experiment.threads
    resources:
        mem_mb=PACKS.megabytes("results/runs/{run}/rows/{digest}"),
        runtime=PACKS.limit("results/runs/{run}/rows/{digest}"),
        gpu=GPU,
    params:
        python=PYTHON,
        experiment=PLAN.name,
    message:
        "evaluate {wildcards.run}"
    shell:
        "exec {params.python:q} -m snn evaluate --experiment {params.experiment:q} results/runs/{wildcards.run:q}/rows/{wildcards.digest} > {log:q} 2>&1"
