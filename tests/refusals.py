"""What tests ask of an error: its place, and the names and numbers that tell it from others. Never its wording."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from snn.core.errors import InputError


@contextmanager
def refused(where: object, *facts: object) -> Iterator[pytest.ExceptionInfo[InputError]]:
    """The block raises an InputError at this place, of one line that holds these facts."""
    with pytest.raises(InputError) as refusal:
        yield refusal
    error = refusal.value
    assert error.where == str(where), str(error)
    assert error.exit_code == 2
    assert "\n" not in str(error)
    assert not [fact for fact in facts if str(fact) not in str(error)], str(error)
