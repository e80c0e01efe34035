"""Files beside a stamp: what is missing is told from what was altered."""

import pytest

from snn.core import files
from snn.core.errors import InputError


@pytest.fixture
def stamp(tmp_path):
    """The stamp of one file."""
    path = files.write(tmp_path / "a.csv", "1\n")
    return files.write_json(tmp_path / "0.stamp", {"a.csv": files.sha256(path)})


def told(stamp, names=("a.csv",)):
    """Why a stamp does not prove its files."""
    with pytest.raises(InputError) as refusal:
        files.verify_stamp(stamp, names, "make it again")
    assert str(refusal.value).endswith("; make it again")
    return refusal.value.where, refusal.value.what


def test_a_missing_file_and_an_altered_one_are_refused_by_name_for_different_reasons(stamp):
    files.verify_stamp(stamp, ("a.csv",), "")
    where = str(stamp.with_name("a.csv"))
    stamp.with_name("a.csv").write_text("2\n")
    place, altered = told(stamp)
    assert place == where
    stamp.with_name("a.csv").unlink()
    place, missing = told(stamp)
    assert place == where
    assert missing != altered


def test_a_file_that_the_stamp_does_not_record_is_refused(stamp):
    files.write(stamp.with_name("b.csv"), "1\n")
    assert told(stamp, ("b.csv",))[0] == str(stamp.with_name("b.csv"))
