"""What follows from the parameters of a data set: the shapes of samples and of outputs. No torch."""

from math import prod

from snn.config import Dataset


def sample_shape(dataset: Dataset) -> tuple[int, ...]:
    """The shape of a stored sample: an image (C, H, W), or frames (T, C, H, W)."""
    return (dataset.frames, *dataset.input_shape) if dataset.frames else dataset.input_shape


def outputs(dataset: Dataset) -> int:
    """How many numbers a network puts out."""
    return dataset.classes if dataset.task == "classification" else prod(dataset.input_shape)
