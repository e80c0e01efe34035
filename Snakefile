# One experiment, from raw data to tables and figures: snakemake -c2 [--config experiment=NAME]


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/hardware.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/report.smk"


report: "workflow/report/workflow.rst"


rule all:
    default_target: True
    input:
        PLAN.targets,
    message:
        "all results are up to date"


onstart:
    heads.name_locks(HEAD, workflow)
    start_parent(PLAN, workflow)
    begin_progress(PLAN, workflow)


onsuccess:
    complete_or_exit(PLAN, workflow)


start_for(PLAN, left_here(workflow))
