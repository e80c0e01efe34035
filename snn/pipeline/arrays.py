"""Mistakes in arrays of one's own that their loader does not tell, or takes: no file, labels that begin at 1. No torch.

They are told before the data are prepared, and here, since the code of data names all runs.
"""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

from snn.core.errors import InputError
from snn.core.lazy import lazy
from snn.pipeline.job import Job
from snn.pipeline.jobs.prepare import Prepare

np = lazy("numpy")
LOADER = "arrays"
LABELS = ("y_train", "y_test")


def check(job: Job) -> None:
    """Raise InputError if a job prepares arrays that are not there, or that have no label 0 and no names of classes.

    Labels 1 to n would make n + 1 classes, of which the first has no sample. Whatever else is wrong, the loader tells.
    """
    if not isinstance(job, Prepare) or job.dataset.loader != LOADER:
        return
    options: Any = job.dataset.options
    path = job.raw / options.file
    if not path.exists():
        raise InputError(path, "is missing", "put it there, or correct options.file in the YAML file of the data set")
    if options.class_names:
        return
    labels = _labels(path)
    if labels and (lowest := min(labels)) > 0:
        what = f"labels begin at {lowest}, and no sample has label 0"
        remedy = f"store y_train - {lowest} and y_test - {lowest}; classes is then {max(labels) - lowest + 1}"
        raise InputError(f"{path}: y_train and y_test", what, remedy)


def _labels(path: Path) -> set[int]:
    """The labels in a folder of .npy files or in an .npz; none if they cannot be read, which the loader tells."""
    try:
        with nullcontext() if path.is_dir() else np.load(path, allow_pickle=False) as archive:
            arrays = [archive[key] if archive else np.load(path / f"{key}.npy", allow_pickle=False) for key in LABELS]
        return {label for y in arrays if y.dtype.kind in "iu" for label in np.unique(y).tolist()}
    except Exception:  # numpy raises many types for bytes that are no array
        return set()
