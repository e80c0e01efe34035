"""Several releases of one repository to a directory: tags, and experiments that share runs. By make remote-test."""

import shutil

import pytest

from tests import releases
from tests.releases import TINY, commit, compute, due, listed, one, refused, run, snn, stored_in

pytest.importorskip("dvc_s3")

SITE = """
    remote = store
['remote "store"']
    url = {}
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return releases.publish(tmp_path_factory.mktemp("release"))


@pytest.fixture
def computed(home, tmp_path):
    """A copy of where the experiment was computed."""
    return shutil.copytree(home / "origin", tmp_path / "computed", symlinks=True)


def test_a_tag_brings_its_tables_back_and_a_newer_one_its_own(home, computed):
    (computed / ".dvc/config").write_text(f"{(computed / '.dvc/config').read_text()}{SITE.format(home / 'remote')}")
    commit(computed, "Set up a remote")
    snn(computed, "release", "--version", "0.2.0")
    experiment = computed / "params/experiments/tiny.yaml"
    experiment.write_text(TINY.replace("stbp: {training: {epochs: 1}", "stbp: {training: {epochs: 2}"))
    (computed / "CHANGELOG.md").write_text(
        f"## Unreleased\n\n- Two epochs.\n\n{(computed / 'CHANGELOG.md').read_text()}"
    )
    commit(computed, "Train longer")
    line = refused(computed, "release", "--version", "0.3.0")
    assert line.startswith("error: results/tables/tiny: ")
    compute(computed, "tiny")
    assert refused(computed, "release", "--version", "0.3.0").startswith("error: results/")
    commit(computed, "Tables of two epochs")
    snn(computed, "release", "--version", "0.3.0")
    assert run(computed, "git", "status", "--porcelain") == ""

    run(computed.parent, "git", "clone", "--quiet", "--no-checkout", str(computed), "clone")
    for tag in ("v0.2.0", "v0.3.0"):
        clone = computed.parent / "clone"
        run(clone, "git", "checkout", "--quiet", tag)
        snn(clone, "fetch", "--experiment", "tiny")
        assert due(clone) == []
        assert run(clone, "git", "status", "--porcelain") == ""
    assert "results/released/tiny.csv" in run(computed, "git", "diff", "--name-only", "v0.2.0", "v0.3.0").split()


def test_experiments_that_share_runs_are_released_each_for_itself_and_stored_once(home, computed):
    remote = shutil.copytree(home / "remote", computed.parent / "remote")
    before = stored_in(remote)
    (computed / "params/experiments/clean.yaml").write_text(
        TINY.partition("hardware:")[0] + "energy: horowitz45_fp32\n" + TINY[TINY.index("device:") :]
    )
    commit(computed, "Add an experiment")
    shutil.rmtree(one(computed, "results/runs/digits/digits_cnn/stbp/T2/*/chips/*"))
    compute(computed, "clean")
    snn(computed, "release", "--experiment", "clean", "--remote", remote)
    shared = set(listed(computed)) & set(listed(computed, "clean"))
    assert [name for name in shared if name.endswith("net.safetensors")]
    assert len(stored_in(remote) - before) < len(listed(computed, "clean")) - len(shared) + 2  # rows, tables, a folder
    commit(computed, "Release clean")
    run(computed.parent, "git", "clone", "--quiet", str(computed), "clone")
    for name in ("tiny", "clean"):
        snn(computed.parent / "clone", "fetch", "--experiment", name, "--remote", remote)
