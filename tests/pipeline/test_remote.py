"""What the site has set up in DVC."""

import pytest

from snn.pipeline import remote
from tests.refusals import refused

SITE = "[core]\n    remote = store\n['remote \"store\"']\n    url = /store\n"


@pytest.fixture
def site(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".dvc").mkdir()
    return tmp_path / ".dvc/config"


def test_the_default_remote_is_the_one_that_is_set_up(site):
    assert remote.configured() == ""
    site.write_text(SITE)
    assert remote.configured() == "store"


@pytest.mark.parametrize(
    ("damage", "fact"),
    [
        (SITE + SITE, "line 5"),
        (SITE.replace("url", "ulr"), "'url'"),
        (SITE.replace("]\n    r", "\n    r"), "line 1"),
    ],
)
def test_a_file_of_dvc_that_cannot_be_read_is_named_with_its_place(site, damage, fact):
    site.write_text(damage)
    with refused(".dvc/config", fact):
        remote.configured()
    with refused(".dvc/config", fact), remote.repository("elsewhere"):
        pass
