"""What any network costs and what noise does to it, whoever trained it: tables, figures and a page."""
