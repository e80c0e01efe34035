"""Split samples into training, validation and test data, and choose a smaller version of a data set. No torch.

Samples are drawn by the rank of sha256(seed, purpose, index) and not by a library's generator. So draws are the same on
every version and platform, and a smaller subset is part of a larger one.
"""

import hashlib
from collections.abc import Mapping

import numpy as np

from snn.config import Split


def carve(
    y_N: np.ndarray,
    parts: Mapping[str, np.ndarray],
    split: Split,
    train_limit: int | None = None,
    test_limit: int | None = None,
) -> dict[str, np.ndarray]:
    """Ascending indices of train, validation and test; no sample is in two of them.

    `y_N` are the classes, `parts` the parts of the release, if it has any. `train_limit` is the most samples in
    training and validation data together. Raises ValueError if the release lacks a part that `split` asks for, a class
    has too few samples, or a part would be empty.
    """
    if split.test_share is None:  # test: official
        if not {"train", "test"} <= parts.keys():
            raise ValueError("the release has no test part: choose split.test: last or random")
        train, test = np.sort(parts["train"]), np.sort(parts["test"])
    else:
        everything = np.arange(len(y_N)) if not parts else np.sort(np.concatenate(list(parts.values())))
        test = _of_each_class(y_N, everything, split.test_share, split.seed if split.test == "random" else None, "test")
        train = np.setdiff1d(everything, test)
    if split.test_share is None and "validation" in parts:
        validation = np.sort(parts["validation"])
    else:
        validation = _of_each_class(y_N, train, split.validation, split.seed, "validation")
        train = np.setdiff1d(train, validation)
    if train_limit:
        share = len(train) / (len(train) + len(validation))
        kept = round(train_limit * share)
        train = _at_most(y_N, train, kept, split.seed)
        validation = _at_most(y_N, validation, train_limit - kept, split.seed)
    if test_limit:
        test = _at_most(y_N, test, test_limit, split.seed)
    for name, indices in (("training", train), ("validation", validation), ("test", test)):
        if not len(indices):
            raise ValueError(f"no {name} sample is left")
    if len(unseen := np.setdiff1d(y_N[np.concatenate([validation, test])], y_N[train])):
        raise ValueError(f"class {unseen[0]} has no training sample")
    return {"train": train, "validation": validation, "test": test}


def _of_each_class(y_N: np.ndarray, indices: np.ndarray, share: float, seed: int | None, purpose: str) -> np.ndarray:
    """round(share n) of the n samples of every class: drawn by `seed`, or the last ones if it is None."""
    taken = []
    for label in np.unique(y_N[indices]):
        own = indices[y_N[indices] == label]
        count = round(share * len(own))
        if not 0 < count < len(own):
            raise ValueError(f"class {label} has {len(own)} samples, too few for a share of {share:g} ({purpose})")
        taken.append((own if seed is None else drawn(own, seed, purpose))[-count:])
    return np.sort(np.concatenate(taken))


def _at_most(y_N: np.ndarray, indices: np.ndarray, limit: int, seed: int) -> np.ndarray:
    """`limit` samples, balanced: counts of classes differ by one at most, unless a class has no more samples."""
    if limit >= len(indices):
        return indices
    classes = [drawn(indices[y_N[indices] == label], seed, "limit") for label in np.unique(y_N[indices])]
    rank = np.concatenate([np.arange(len(own)) for own in classes])
    return np.sort(np.concatenate(classes)[np.argsort(rank, kind="stable")[:limit]])


def drawn(indices: np.ndarray, seed: int, purpose: str) -> np.ndarray:
    """The indices in a random order that depends on seed and purpose."""
    return np.array(sorted(indices.tolist(), key=lambda i: hashlib.sha256(f"{seed}/{purpose}/{i}".encode()).digest()))
