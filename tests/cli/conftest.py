"""What tests of README share: the tables on record, which take seconds to compare."""

import pytest

from snn.cli import readme
from snn.cli.shown import Shown


@pytest.fixture(scope="session")
def on_record() -> Shown:
    """The sets of tables that README and docs show; once for all tests of a process, which must not change them."""
    return readme.on_record()
