rule download:
    output:
        "data/raw/{dataset}/{file}",
    log:
        "logs/raw/{dataset}/{file}.log",
    params:
        python=PYTHON,
        dataset=PLAN.experiment.dataset,
    message:
        "download {wildcards.file}"
    shell:
        "exec {params.python:q} -m snn download {params.dataset:q} --file {wildcards.file:q} > {log:q} 2>&1"


rule prepare:
    input:
        ancient(PLAN.inputs_of("data/prepared/{dataset}/{digest}")),
    output:
        "data/prepared/{dataset}/{digest}/params.json",
        "data/prepared/{dataset}/{digest}/provenance.json",
        "data/prepared/{dataset}/{digest}/sha256.json",
        "data/prepared/{dataset}/{digest}/test.safetensors",
        "data/prepared/{dataset}/{digest}/train.safetensors",
    log:
        "logs/prepared/{dataset}/{digest}/prepare.log",
    resources:
        mem_mb=PACKS.megabytes("data/prepared/{dataset}/{digest}"),
        runtime=PACKS.limit("data/prepared/{dataset}/{digest}"),
    params:
        python=PYTHON,
        experiment=PLAN.name,
    message:
        "prepare {wildcards.dataset}"
    shell:
        "exec {params.python:q} -m snn prepare --experiment {params.experiment:q} data/prepared/{wildcards.dataset:q}/{wildcards.digest} > {log:q} 2>&1"
