"""What each kind of parameter file may say, as typed models. No torch; the reading of them is in `params`."""

from snn.kinds.claims import Claim, Claims, Figure, Published, Ratio, Side
from snn.kinds.dataset import Augment, Dataset, File, Frames, Split
from snn.kinds.energy import Energy, Memory
from snn.kinds.experiment import Calibration, Comparison, Controls, Experiment, Hardware
from snn.kinds.method import Init, LrScale, Method, Schedule, Start, Training
from snn.kinds.network import Network
from snn.kinds.noise import Noise, NoiseModel

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
]
