"""The jobs of an experiment, from data to report: one stage per file.

    data/raw/{raw}/{file}                                                   download: no digest, released checksums
    data/prepared/{dataset}/{digest}                                        prepare
    results/runs/{dataset}/{network}/{method}/T{steps}/s{seed}-{digest}     train
        .../chips/{noise}-{digest}                                          calibrate, below its run
        .../rows/{digest}                                                   evaluate, below its run
    results/runs/{dataset}/{network}/{method}/T{steps}/tuning-{digest}      tune, beside the runs
    results/tables/{experiment}                                             collect, see `stamped`
    results/report/{experiment}                                             report, see `stamped`

The file of a stage says what its jobs depend on and what they do with it, so it is part of their code: an edit makes
them due. A digest includes the digests of the parents. A change therefore renames every result that depends on it, and
no other.
"""
