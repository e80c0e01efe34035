"""spikeledger: training rules for spiking neural networks, reproduced, on noisy hardware, with energy.

From the bottom to the top; a package imports only those above it in this list:

    core         errors, atomic files, strict models, late imports, seeds
    model        a network: its description, graph, neuron, layers, losses
    config       what a parameter file may hold, and reading it
    rules        one training rule per file
    nir          networks from and for other tools
    data         download, loaders, splits, batches
    energy       operations of an inference, counted, and their prices
    training     the one loop: optimiser, checkpoints, choice of the epoch
    hardware     chips: noise models, calibrators, 8-bit integers
    evaluation   test data: one network under one condition becomes one row
    report       tables, statistics, pages and figures, a folder per section
    page         the page of an experiment, one HTML file that works offline
    exports      results as files that other tools expect, a file per format
    audit        what a network that anyone trained costs, and what noise does to it
    pipeline     an experiment as jobs: plan, digests, execution, release
    cluster      the workflow elsewhere: packs of jobs, what they ask for, Slurm
    cli          the command line
"""
