"""Recordings and frames as tonic reads and makes them, the reference of tests in `tests/data`.

tonic is GPL and needs numba and librosa, so it is no dependency of this project. Install it in an environment outside
the repository, and run from the root of the repository:

    python3.11 -m venv ENVIRONMENT
    ENVIRONMENT/bin/pip install tonic==1.7.0 safetensors
    ENVIRONMENT/bin/python -m benchmarks.tonic_fixture RECORDINGS

writes tests/fixtures/tonic.safetensors with

    content/...    bytes of random recordings
    events/...     their events as tonic reads them, columns x, y, t, p
    aer/...        addresses and times instead, since tonic 1.7.0 fails to read a DVS128
    frames/...     frames of the second recording

Its metadata hold tonic's version and, per class of RECORDINGS, the sha256 over all recordings in order of their names,
int64 t, x, y, p per event. RECORDINGS is a part of N-MNIST in tonic's layout: here Train has the recordings 1 to 1000
and Test 1 to 100.
"""

import hashlib
import json
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from tonic.io import get_aer_events_from_file, read_aedat_header_from_file, read_mnist_file
from tonic.transforms import ToFrame

XYTP = np.dtype([("x", int), ("y", int), ("t", int), ("p", int)])


def atis(rng: np.random.Generator, events: int, overflows: int) -> bytes:
    """A random recording in the format of N-MNIST."""
    t_E = np.sort(rng.integers(300_000, size=events))
    bytes_E5 = np.empty((events, 5), np.uint8)
    bytes_E5[:, 0], bytes_E5[:, 1] = rng.integers(34, size=(2, events))
    bytes_E5[:, 2] = rng.integers(2, size=events) << 7 | t_E >> 16
    bytes_E5[:, 3], bytes_E5[:, 4] = t_E >> 8 & 255, t_E & 255
    bytes_E5[rng.choice(events, overflows, replace=False), 1] = 240
    return bytes_E5.tobytes()


def aedat2(rng: np.random.Generator, events: int) -> bytes:
    """A random recording in the format of DVS-CIFAR10."""
    address_E, t_E = rng.integers(1 << 15, size=events), np.sort(rng.integers(1 << 20, size=events))
    return b"#!AER-DAT2.0\r\n# a comment\r\n" + np.stack([address_E, t_E], 1).astype(">u4").tobytes()


def columns(events: np.ndarray) -> np.ndarray:
    """x, y, t, p as int64 (events, 4)."""
    return np.stack([events[name].astype(np.int64) for name in "xytp"], 1)


def sums(recordings: Path) -> dict[str, str]:
    """One sha256 for the recordings of each class."""
    by_class = {}
    for folder in sorted(path for path in recordings.glob("T*/*") if path.is_dir()):
        total = hashlib.sha256()
        for path in sorted(folder.glob("*.bin")):
            events = read_mnist_file(str(path), XYTP)
            total.update(np.stack([events[name].astype(np.int64) for name in "txyp"]).tobytes())
        by_class[f"{folder.parent.name}/{folder.name}"] = total.hexdigest()
    return by_class


def main(recordings: Path) -> None:
    """Write the fixture."""
    rng, tensors = np.random.default_rng(0), {}
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch, "recording")
        for i, (events, overflows) in enumerate([(1, 0), (997, 0), (1000, 0), (1203, 5)]):
            path.write_bytes(content := atis(rng, events, overflows))
            read = read_mnist_file(str(path), XYTP)
            tensors[f"content/atis{i}"] = np.frombuffer(content, np.uint8)
            tensors[f"events/atis{i}"] = columns(read)
            if i == 1:
                for name, how in {
                    "count": {"n_event_bins": 10},
                    "duration": {"n_time_bins": 10},
                    "bins": {"time_window": 5000},
                }.items():
                    tensors[f"frames/{name}"] = ToFrame(sensor_size=(34, 34, 2), **how)(read)[:15].astype(np.uint8)
        for i, events in enumerate([1, 2000]):
            path.write_bytes(content := aedat2(rng, events))
            tensors[f"content/aedat2{i}"] = np.frombuffer(content, np.uint8)
            aer = get_aer_events_from_file(str(path), *read_aedat_header_from_file(str(path))[:2])
            tensors[f"aer/aedat2{i}"] = np.stack([aer["address"], aer["timeStamp"]], 1).astype(np.int64)
    about = {"tonic": version("tonic"), "sums": sums(recordings)}
    save_file(
        {name: np.ascontiguousarray(a) for name, a in tensors.items()},
        "tests/fixtures/tonic.safetensors",
        {"about": json.dumps(about)},
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
