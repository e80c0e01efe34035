"""The page of an experiment: one HTML file that works offline, made from its tables and report. No torch.

    answer       the answer in words, read off verdicts
    behind       the runs behind a number: values per seed, digests, what made them
    shown        the tables of the page: columns, cells, and what is behind each row
    plots        what the plots draw, as data
    library      DataTables, taken out of the wheel of itables
    write        all of it in one file; the index of all experiments

page.js, plots.js and page.css are put into the page as they are. Nothing is loaded: a Content-Security-Policy in the
page forbids it.
"""
