"""Typed models of the parameter files, one per kind; `params` reads the files. No torch."""

from snn.config.dataset import Augment, Dataset, File, Frames, Split
from snn.config.energy import Energy, Memory
from snn.config.experiment import Calibration, Comparison, Controls, Experiment, Hardware
from snn.config.literature import Claim, Claims, Figure, Published, Ratio, Side, Untested
from snn.config.method import Init, LrScale, Method, Schedule, Start, Training
from snn.config.network import Network
from snn.config.noise import Noise, NoiseModel

__all__ = [
    "Augment",
    "Calibration",
    "Claim",
    "Claims",
    "Comparison",
    "Controls",
    "Dataset",
    "Energy",
    "Experiment",
    "Figure",
    "File",
    "Frames",
    "Hardware",
    "Init",
    "LrScale",
    "Memory",
    "Method",
    "Network",
    "Noise",
    "NoiseModel",
    "Published",
    "Ratio",
    "Schedule",
    "Side",
    "Split",
    "Start",
    "Training",
    "Untested",
]
