"""How files of data sets are read: archives, idx, pictures, events. Each refuses what is damaged, and names it."""
