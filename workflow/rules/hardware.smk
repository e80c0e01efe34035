rule calibrate:
    input:
        ancient(PLAN.inputs_of("results/runs/{run}/chips/{noise}-{digest}")),
    output:
        "results/runs/{run}/chips/{noise}-{digest}/params.json",
        "results/runs/{run}/chips/{noise}-{digest}/provenance.json",
        "results/runs/{run}/chips/{noise}-{digest}/sha256.json",
        "results/runs/{run}/chips/{noise}-{digest}/history.csv",
        "results/runs/{run}/chips/{noise}-{digest}/chips.safetensors",
    log:
        "logs/runs/{run}/chips/{noise}-{digest}/calibrate.log",
    group:
        PACKS.group("results/runs/{run}/chips/{noise}-{digest}")
    threads: PLAN.experiment.threads
    resources:
        mem_mb=PACKS.megabytes("results/runs/{run}/chips/{noise}-{digest}"),
        runtime=PACKS.limit("results/runs/{run}/chips/{noise}-{digest}"),
        gpu=GPU,
    params:
        python=PYTHON,
        experiment=PLAN.name,
    message:
        "calibrate {wildcards.run} on {wildcards.noise}"
    shell:
        "exec {params.python:q} -m snn calibrate --experiment {params.experiment:q} results/runs/{wildcards.run:q}/chips/{wildcards.noise:q}-{wildcards.digest} > {log:q} 2>&1"
