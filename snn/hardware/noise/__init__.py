"""A model of imperfect hardware is a file here, found by its name, with

    Options                                what its YAML may say under `options`, a `spec.Model`
    disturb(network, options, foundry)     turn a copy of a clean network into a chip, in place

What is permanent the foundry (`hardware/foundry.py`) draws once per chip, by name: the same numbers at every level, so
that levels differ by nothing else and sets of broken parts are nested. What is fresh at every step comes from a
generator that the foundry starts. Programmed values are disturbed by `chip.program_through`, neurons by
`chip.set_silicon`, so that `network.parameters()` are the programmable values and nothing else. Models stack: a value
meets them in the order in which a noise file names them.
"""
