"""From rows of runs to tables, statistics, pages and figures. No torch."""
