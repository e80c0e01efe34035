"""Outcomes of test samples: what is written is read, and means of rows are their values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from snn.core import stored
from snn.evaluation.outcomes import Outcomes, read
from tests.refusals import refused

SHAPES = st.tuples(st.integers(1, 5), st.integers(1, 40))


@given(arrays(np.float64, SHAPES, elements=st.sampled_from([0.0, 1.0])))
def test_bits_are_what_they_were_made_from_in_an_eighth_of_a_byte(values_RN):
    kept = Outcomes.of(values_RN, binary=True)
    assert kept.binary
    assert kept.kept_RX.nbytes == len(values_RN) * -(-values_RN.shape[1] // 8)
    assert np.array_equal(kept.values(range(len(values_RN))), values_RN)


@given(arrays(np.float32, SHAPES, elements=st.floats(0, 4, width=32)))
def test_errors_are_kept_in_single_precision(values_RN):
    kept = Outcomes.of(values_RN, binary=False)
    assert not kept.binary
    assert np.array_equal(kept.values([0, 0]), values_RN[[0, 0]])


def test_rows_of_several_tables_lie_one_below_the_other(tmp_path):
    rng = np.random.default_rng(0)
    parts = [rng.integers(2, size=(rows, 13)).astype(float) for rows in (2, 1, 4)]
    whole = Outcomes.joined([Outcomes.of(part, binary=True) for part in parts])
    again = read(whole.write(tmp_path / "outcomes.safetensors"), 7, "")
    assert np.array_equal(again.values(range(7)), np.concatenate(parts))


@pytest.mark.parametrize(
    ("tensors", "document"),
    [
        ({"outcomes": np.zeros((2, 2), np.uint8)}, {"samples": 13}),  # of fewer rows
        ({"outcomes": np.zeros((3, 2), np.uint8)}, {"samples": 17}),  # three bytes are needed
        ({"outcomes": np.zeros((3, 13), np.float64)}, {"samples": 13}),
        ({"others": np.zeros((3, 2), np.uint8)}, {"samples": 13}),
        ({"outcomes": np.zeros((3, 2), np.uint8)}, ["samples"]),
    ],
)
def test_a_file_of_something_else_is_refused_by_name(tensors, document, tmp_path):
    path = stored.write_tensors(tmp_path / "outcomes.safetensors", tensors, document)
    with refused(path, "make it again"):
        read(path, 3, "make it again")
