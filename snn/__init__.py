"""spikeledger: training rules for spiking neural networks, reproduced, on noisy hardware, with energy.

The names of the files are the table of contents:

    errors, files, lazy     what everything else stands on: refusals, atomic writes, late imports
    spec                    a network and its neuron as data; closed-form sizes. No torch
    kinds, params           what a parameter file may say; reading it. No torch
    jobs, grid              what each job is made of; an experiment as jobs. No torch
    provenance              digest of parameters and code; who made a result. No torch
    neuron, network         dynamics; layers, walk, folding
    data, datasets/         prepared tensors, batches, augmentation; one loader a file
    rules/, local           one training rule a file; layer-local losses shared by LTL and calibration
    train, optimise, score  fit(): the one loop; updates; how well a network does its task
    noise/, hardware        one noise model a file; chips and their calibration
    energy, evaluate        operation counts; one network under one condition becomes one row
    schema, tables, claims, figures
                            rows; collect and summarise; check claims; plots
    stages, __main__        what one job does; the command line
    browse                  what is due, what there is, what a run is made of
    release, adopt          bytes for others through DVC; results passed on to refactored code
"""
