"""A spiking network: its description, neurons, layers and losses. Nothing here trains, counts or reads a data set."""
