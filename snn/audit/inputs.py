"""What an audit is given: a network of ours or in NIR, and samples that have to fit it."""

import json
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open

from snn.audit.requests import NIR, network_file, samples_file
from snn.core import files, stored
from snn.core.errors import InputError, remake
from snn.data import samples
from snn.data.samples import Samples
from snn.model import network
from snn.model.graph import nodes, sizes
from snn.model.network import Network
from snn.model.spec import Architecture
from snn.nir.guard import checked
from snn.nir.parts import DO, KNOWN, Graph
from snn.nir.read import read as read_nir

MOST_LAYERS = 1000  # of a network that is audited
LARGEST = float(np.finfo(np.float32).max)


def load(model: Path, steps: int | None = None, dt: float | None = None) -> Network:
    """A network from a NIR file, a run folder or its net.safetensors; `steps` and `dt` replace those of the file.

    Raises InputError naming a file that holds no network, or numbers that are not finite, or whose sha256 is not the
    one that its run recorded.
    """
    file = network_file(model, dt)
    if model.suffix in NIR:
        return read_nir(model, steps, dt)
    if file.name == "net.safetensors" and file.with_name("sha256.json").is_file():
        files.recorded(file)
    _refuse_huge(file)
    net = network.load(file, torch.device("cpu"), _remedy(file, "net.safetensors"))
    for name, values in net.state_dict().items():
        if not torch.isfinite(values).all():
            raise InputError(file, f"{name} holds values that are no finite numbers", "give another file")
    return network.at_steps(net, steps) if steps and steps != net.architecture.steps else net


def refuse_incomplete(model: Path, steps: int | None, dt: float | None, data: Path | None) -> None:
    """Raise InputError naming all options that are needed beside a NIR file, with an example of the command.

    A step of unknown length alone is none of them: it is taken as `snn.nir.DT`.
    """
    if model.suffix not in NIR or (steps and data):
        return
    stated = Graph(model, checked(model, KNOWN, DO)).metadata
    needed = {"--steps": steps or stated.get("steps"), "--data": data or _names_data(model.parent)}
    if not all(needed.values()):
        example = f"as python -m snn audit {model} --steps 10 --dt 1e-4 --data samples.npz, with x and y in samples.npz"
        missing = [name for name, value in {**needed, "--dt": dt or stated.get("dt")}.items() if not value]
        step = "; --dt by framework: docs/audit.md" if "--dt" in missing else ""
        raise InputError(model, f"is not told {', '.join(missing)}", f"give all of them, {example}{step}")


def _names_data(run: Path) -> bool:
    return (run / "provenance.json").is_file()


def _refuse_huge(file: Path) -> None:
    """Raise InputError for an architecture that its file cannot hold the parameters of, before memory is taken for it.

    Whatever else is wrong with a file is left to who reads it.
    """
    another = "give another file"
    try:
        with safe_open(file, framework="numpy") as held:
            document = json.loads((held.metadata() or {}).get(stored.METADATA_KEY, "{}"))
        architecture = document["architecture"]
        layers = sum(len(layer.get("block", "1")) for layer in architecture["layers"])
        if layers > MOST_LAYERS:
            raise InputError(file, f"has {layers:,} layers, more than {MOST_LAYERS:,}", another)
        described = Architecture.model_validate_json(json.dumps(architecture))
        numbers = sum(size.parameters for size in sizes(described.input_shape, nodes(described)))
    except RecursionError:
        raise InputError(file, "holds a document that is nested too deeply", another) from None
    except (OSError, SafetensorError, ValueError, TypeError, AttributeError, LookupError):
        return
    if numbers > (held_bytes := file.stat().st_size):
        what = f"describes a network of {numbers:,} parameters, and holds {held_bytes:,} bytes"
        raise InputError(file, what, another)


def read_samples(path: Path) -> Samples:
    """Samples of a prepared file, or of an .npz with arrays x and y; raises InputError naming the file."""
    if samples_file(path).suffix == ".npz":
        return _arrays(path)
    parts = samples.load(path, torch.device("cpu"), _remedy(path, "test.safetensors", "train.safetensors"))
    return parts.get("test") or next(iter(parts.values()))


def _remedy(file: Path, *names: str) -> str:
    """The remedy for a file that cannot be read: `remake` for a result, which has one of these names."""
    another = "give another file"
    return remake(file.parent, another) if file.name in names else another


def test_file(run: Path) -> Path:
    """The test file of the data on which a run was trained; raises InputError if it is not as it was prepared."""
    hint = "give --data FILE: a prepared test.safetensors, or an .npz with x and y"
    record = run / "provenance.json"
    if not _names_data(run):
        raise InputError(run, "has no provenance.json, which names its data", hint)
    parents = files.read_json(record, hint).get("parents")
    if not isinstance(parents, dict) or "data" not in parents:
        raise InputError(record, "is no record of a run", hint)
    for file in sorted(Path("data/prepared").glob("*/*/train.safetensors")):
        if files.sha256(file) == parents["data"]:
            held = file.with_name("test.safetensors")
            files.recorded(held)
            return held
    raise InputError(run, "was trained on data that are not in data/prepared", hint)


def _arrays(path: Path) -> Samples:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as held:
            x_NX, y_N = np.asarray(held["x"]), np.asarray(held["y"])
    except Exception as error:  # numpy raises many types for bytes that are no arrays
        raise InputError(path, f"does not hold arrays x and y ({error})", "save them with numpy.savez") from error
    if not np.issubdtype(y_N.dtype, np.integer) or y_N.ndim != 1 or len(x_NX) != len(y_N) or not len(y_N):
        raise InputError(path, f"y is {y_N.dtype} {y_N.shape} beside x {x_NX.shape}", "give a class for every sample")
    if x_NX.dtype.kind not in "biuf" or not np.isfinite(x_NX).all() or np.abs(x_NX).max() > LARGEST:
        raise InputError(path, "x holds values that are no finite 32-bit numbers", "fix the samples")
    binary = x_NX.ndim == 5 and bool(np.isin(x_NX, (0, 1)).all())
    x, y = torch.from_numpy(x_NX.astype(np.float32)), torch.from_numpy(y_N.astype(np.int64))
    return Samples(x, y, mean_C=torch.zeros(1), std_C=torch.ones(1), normalise="none", spikes=binary)


def check(net: Network, shown: Samples, where: Path) -> None:
    """Raise InputError unless samples and classes fit the inputs and outputs of the network."""
    architecture, y_N = net.architecture, shown.y_N
    sample, wanted = tuple(shown.x_NX.shape[1:]), tuple(architecture.input_shape)
    frames = len(sample) - len(wanted)
    fits = frames == 0 or (frames == 1 and len(wanted) == 3 and architecture.steps in (1, sample[0]))
    if not fits or sample[frames:] != wanted:
        steps = f", one at each of {architecture.steps} steps" if frames == 1 and len(wanted) == 3 else ""
        raise InputError(where, f"samples are {sample}, the network takes {wanted}{steps}", "give data that fit")
    if y_N.is_floating_point() or int(y_N.max()) >= architecture.outputs or int(y_N.min()) < 0:
        found = f"classes are {int(y_N.min())} to {int(y_N.max())}, the network has {architecture.outputs} outputs"
        raise InputError(where, found, "give data that fit")
