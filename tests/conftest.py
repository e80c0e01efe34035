"""What several test files need."""

import gc
import os

import pytest
from hypothesis import settings

from snn.core.lazy import lazy

torch = lazy("torch")  # the process that hands out tests needs none
settings.register_profile("facts", deadline=None, derandomize=True)  # a test that fails here fails everywhere
settings.load_profile("facts")

for variable in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL"):  # a make that a test starts is no part of `make test`
    os.environ.pop(variable, None)


def pytest_collection_modifyitems(items):
    """Workers take file after file: those that start the workflow first, since the longest must not come last."""
    items.sort(key=lambda item: item.get_closest_marker("workflow") is None)


def pytest_collection_finish():
    """What was imported and collected stays: it is not searched again for what can be freed."""
    gc.freeze()


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """Sums come out in the same order everywhere, and tests do not fight over cores."""
    torch.set_num_threads(1)


@pytest.fixture
def double():
    """Tensors are float64 unless said otherwise."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)
