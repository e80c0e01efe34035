"""What an audit can be asked for, checked before torch is imported: files by their names, noise models. No torch.

Files of other kinds are refused with the way to one that can be read.
"""

from collections.abc import Sequence
from pathlib import Path

from snn.config import Noise, params
from snn.core.errors import InputError

NIR = (".nir", ".h5", ".hdf5")
NOISES = ("mismatch", "quantisation_channel", "silencing", "stuck")
PICKLES = (".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".bin")
PYTHON = "in Python, snn.audit.audit(module, x, y) takes the module itself: docs/audit.md"
EXPORTERS = {  # by package and tested version; files of sinabs lose their reset by subtraction
    "snntorch 1.0.0": "snntorch.export_nir.export_to_nir(net, x[:1], ignore_dims=[0]), then --dt 1e-4",
    "norse 1.1.0": "norse.torch.to_nir(net, x[0]) for linear layers, then --dt 1e-6",
    "spikingjelly 2.0.0": "nir_exchange.export_to_nir(net, x[:1], 'net.nir'), then --dt 1e-4",
}
WAY_OUT = f"{PYTHON}, as do exporters of NIR: {', '.join(f'{name} {call}' for name, call in EXPORTERS.items())}"


def network_file(model: Path, dt: float | None = None) -> Path:
    """The file that holds a network: a NIR file, a run's net.safetensors, or a file of that kind.

    Raises InputError naming one that holds none.
    """
    if model.suffix in PICKLES:
        raise InputError(model, "is a pickle, which may run code and tells no network", WAY_OUT)
    if model.suffix == ".onnx":
        raise InputError(model, "is ONNX, which has no spiking neurons", WAY_OUT)
    if model.suffix == ".py":
        raise InputError(model, "is code", PYTHON)
    if model.suffix in NIR:
        if not model.is_file():
            raise InputError(model, "is missing", "check the path")
        return model
    if dt is not None:
        raise InputError("--dt", "is only for NIR files", "leave it out")
    if model.is_file() and model.suffix != ".safetensors":
        raise InputError(model, "is neither a NIR file nor a run", f"give a run folder, or a file {' or '.join(NIR)}")
    file = model / "net.safetensors" if model.is_dir() else model
    if not file.is_file():
        raise InputError(model, "is neither a run folder nor a file", "give a folder below results/runs, or a NIR file")
    return file


def samples_file(path: Path) -> Path:
    """A file that may hold samples, by its name; raises InputError naming another."""
    if path.suffix not in (".npz", ".safetensors"):
        raise InputError(path, "is no file of samples", "give a prepared test.safetensors, or an .npz with x and y")
    return path


def noise_models(names: Sequence[str]) -> dict[str, Noise]:
    """Noise models by their names; raises InputError naming one that does not exist."""
    return {name: params.load("noise", name) for name in names}
