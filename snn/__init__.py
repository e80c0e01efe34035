"""spikeledger: training rules for spiking neural networks, reproduced, on noisy hardware, with energy.

The names of the files are the table of contents:

    errors, files, git, lazy
                            what everything else stands on: refusals, atomic writes, git, late imports
    spec, wiring            neuron, layers and read-out as data; which layer feeds which, closed-form sizes. No torch
    kinds/, params          what a parameter file may say; reading it. No torch
    job, jobs, grid         what each job is made of; an experiment as jobs. No torch
    complete                what a run of the workflow has to leave behind. No torch
    provenance              digest of parameters and code; who made a result. No torch
    neuron, layer, network  dynamics; synapses, norms and neurons; walk, folding
    rate                    how often a neuron fires under constant current
    download, datasets/, formats/, split
                            released files, proven; one loader a file; archives, pictures, events, frames; named splits
    data                    prepared tensors, mapped; batches, augmentation
    rules/, local           one training rule a file; layer-local losses shared by LTL and calibration
    train, checkpoint, optimise, score
                            fit(): the one loop; progress of a killed one; updates; how well a network does its task
    noise/, chip            one noise model a file; a network on imperfect hardware
    calibrators/, arms, hardware
                            one way to program a chip anew a file; what is done to a chip; doing it
    energy, int8, evaluate  operation counts; 8-bit integers; one network under one condition becomes one row
    joules, conventions     operations become energy; the verdict under every convention. No torch
    schema, tables, pages/  rows; collect, choose and summarise; tables to read
    statistics, compare, steps, recovery, published, claims
                            paired differences; steps to reach the teacher; chips; beside the papers; verdicts
    metric, figures/        how a metric is shown; plots
    exchange/, audit        NIR files; what any network costs and what noise does to it
    stages, __main__        what one job does; the command line
    tablesets               the tables on record: proven by their stamps, by the code of today or stale
    browse                  what is due, what there is, what a run is made of
    release, adopt          bytes for others through DVC; results passed on to refactored code
"""
