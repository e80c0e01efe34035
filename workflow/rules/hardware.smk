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
    threads: PLAN.experiment.threads
    params:
        python=PYTHON,
        experiment=PLAN.name,
    message:
        "calibrate {wildcards.run} on {wildcards.noise}"
    shell:
        "{params.python:q} -m snn calibrate --experiment {params.experiment:q} results/runs/{wildcards.run:q}/chips/{wildcards.noise:q}-{wildcards.digest} > {log:q} 2>&1"
