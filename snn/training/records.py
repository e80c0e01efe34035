"""What a training records: columns of epochs.csv and traces.csv, and the firing rate that it warns of. No torch."""

EPOCHS = ("epoch", "lr", "loss", "value_val", "validation_loss")
TRACES = ("epoch", "quantity", "layer", "value")
QUIET = 0.01  # spikes per neuron and step; a layer that fires more rarely hardly learns
