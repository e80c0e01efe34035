"""One section of the report per folder, found by its name: its table, page, figure and caption."""
