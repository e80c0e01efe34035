"""Columns of epochs.csv and traces.csv, and the firing rate below which a training warns. No torch."""

EPOCHS = ("epoch", "lr", "loss", "value_val", "validation_loss")
TRACES = ("epoch", "quantity", "layer", "value")
QUIET = 0.01  # spikes per neuron and step; a layer below this rate hardly learns
