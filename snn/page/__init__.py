"""The page of an experiment: one HTML file that works offline, made from its tables and report. No torch.

    behind       the runs behind a number: values per seed, digests, what made them
    choices      the answer for every kind of chips, for the selects of the page
    ingredients  what a number is made of, for the command trace
    heads        columns of the tables: titles, units, which are shown at first
    shown        the tables of the page: columns, cells, and what is behind each row
    plots        what the plots draw, as data
    packed       large parts, compressed
    sources      scripts, style and templates, in the order in which they are put into the page
    library      DataTables, taken out of the wheel of itables
    write        all of it in one file; the index of all experiments

The files of `scripts` and page.css are put into the page as they are. Nothing is loaded: a Content-Security-Policy in
the page forbids it.
"""
