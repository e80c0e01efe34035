"""A model of imperfect hardware is a file here, found by its name, with

    Options                                the keys of `options` in its YAML, a `strict.Model`
    disturb(network, options, foundry)     turn a copy of a clean network into a chip, in place

Permanent draws come from the foundry (`hardware/foundry.py`), once per chip and by name. They are the same at every
level, so chips at two levels differ only in the level, and sets of broken parts are nested. Fresh draws at every step
come from a generator of the foundry. Models disturb programmed values by `chip.program_through` and neurons by
`chip.set_silicon`: `network.parameters()` stay exactly the programmable values. Models stack: they act on a value in
the order of the noise file.
"""
