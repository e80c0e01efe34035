"""A job that cannot be done is refused in one line."""

from types import SimpleNamespace

import pytest
import torch

from snn.core.observer import TERMINAL
from snn.pipeline import execute
from tests.refusals import refused


def job(tmp_path, make):
    return SimpleNamespace(folder=tmp_path / "run", stage="train", outputs=[], make=make)


def test_batch_norm_of_one_sample_is_refused_with_what_to_do_and_leaves_nothing(tmp_path):
    of_one = job(tmp_path, lambda out, observer: torch.nn.BatchNorm1d(3)(torch.zeros(1, 3)))
    with refused(of_one.folder, "last batch of one sample", "choose another batch"):
        execute._run(of_one, TERMINAL)
    assert not (of_one.folder / ".train.partial").exists()


def test_another_exception_is_passed_on_as_it_is(tmp_path):
    with pytest.raises(ValueError, match="another"):
        execute._run(job(tmp_path, lambda out, observer: int("another")), TERMINAL)
