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
    threads: PLAN.experiment.threads
    params:
        python=PYTHON,
        experiment=PLAN.name,
    message:
        "evaluate {wildcards.run}"
    shell:
        "{params.python:q} -m snn evaluate --experiment {params.experiment:q} results/runs/{wildcards.run:q}/rows/{wildcards.digest} > {log:q} 2>&1"
