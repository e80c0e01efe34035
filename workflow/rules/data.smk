rule prepare:
    output:
        "data/prepared/{dataset}/{digest}/params.json",
        "data/prepared/{dataset}/{digest}/provenance.json",
        "data/prepared/{dataset}/{digest}/sha256.json",
        "data/prepared/{dataset}/{digest}/test.safetensors",
        "data/prepared/{dataset}/{digest}/train.safetensors",
    log:
        "logs/prepared/{dataset}/{digest}/prepare.log",
    params:
        python=PYTHON,
        experiment=GRID.name,
    message:
        "prepare {wildcards.dataset}"
    shell:
        "{params.python:q} -m snn prepare --experiment {params.experiment:q} data/prepared/{wildcards.dataset:q}/{wildcards.digest} > {log:q} 2>&1"
