"""The 8x8 handwritten digits that scikit-learn ships: 1,797 real images, 10 classes, no download."""

from pathlib import Path

from snn.datasets import Raw
from snn.errors import InputError
from snn.lazy import lazy
from snn.params import FOLDER
from snn.spec import Model

files = lazy("snn.files")
np = lazy("numpy")
sklearn_datasets = lazy("sklearn.datasets")


class Options(Model):
    """`split`: a JSON file beside the YAML with the indices of train, validation and test."""

    split: str


def load(options: Options, raw: Path) -> Raw:
    """All images, grey levels 0 to 16; raises InputError when the split is not a partition of them. No raw file."""
    bunch = sklearn_datasets.load_digits()
    path = FOLDER / "datasets" / Path(options.split).name
    parts = {part: np.array(indices) for part, indices in files.read_json(path, "restore it from git").items()}
    if sorted(np.concatenate(list(parts.values()))) != list(range(len(bunch.target))):
        raise InputError(path, "does not name every image exactly once", "restore it from git")
    x_NCHW = bunch.images[:, None].astype(np.uint8)
    return Raw(x_NCHW.__getitem__, bunch.target, [str(name) for name in bunch.target_names], parts)
