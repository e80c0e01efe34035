rule calibrate:
    input:
        ancient(GRID.inputs_of("results/runs/{run}/chips/{noise}-{digest}")),
    output:
        "results/runs/{run}/chips/{noise}-{digest}/params.json",
        "results/runs/{run}/chips/{noise}-{digest}/provenance.json",
        "results/runs/{run}/chips/{noise}-{digest}/sha256.json",
        "results/runs/{run}/chips/{noise}-{digest}/history.csv",
        "results/runs/{run}/chips/{noise}-{digest}/chips.safetensors",
    log:
        "logs/runs/{run}/chips/{noise}-{digest}/calibrate.log",
    threads: GRID.experiment.threads
    shell:
        "{PYTHON:q} -m snn calibrate --experiment {GRID.name:q} results/runs/{wildcards.run:q}/chips/{wildcards.noise:q}-{wildcards.digest} > {log:q} 2>&1"
