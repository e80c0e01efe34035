"""The one training loop, with its optimiser, checkpoints and the choice of the epoch on validation data."""
