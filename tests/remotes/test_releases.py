"""Release to every kind of remote and fetch into a fresh clone: no training, and refusals. By make remote-test."""

import shutil
from pathlib import Path

import pytest

from tests import releases
from tests.releases import TINY, added, commit, due, flip, one, refused, run, snn
from tests.remotes import places

pytest.importorskip("dvc_ssh")
pytest.importorskip("dvc_s3")
pytest.importorskip("moto.server")
pytestmark = pytest.mark.skipif(not Path(places.SSHD).exists(), reason="there is no sshd")
NET = "results/runs/digits/digits_cnn/stbp/T2/*/net.safetensors"


@pytest.fixture(scope="module")
def computed(tmp_path_factory):
    origin = tmp_path_factory.mktemp("remotes") / "origin"
    releases.plant(origin)
    commit(origin, "Tables")
    return origin


@pytest.mark.parametrize("kind", places.KINDS)
def test_a_release_is_fetched_without_training_and_what_was_changed_is_refused(kind, computed, tmp_path):
    with places.place(kind, tmp_path / "remote") as options:
        origin, clone = shutil.copytree(computed, tmp_path / "origin", symlinks=True), tmp_path / "clone"
        (origin / ".dvc/config").write_text(places.configuration(options))
        commit(origin, "Set up a remote")
        run(origin, "git", "add", *added(snn(origin, "release", "--experiment", "tiny")))
        commit(origin, "Release tiny")
        run(tmp_path, "git", "clone", "--quiet", str(origin), "clone")
        assert len(due(clone)) == 6
        snn(clone, "fetch", "--experiment", "tiny")
        assert due(clone) == []
        logs = sorted(path.name for path in (clone / "logs").rglob("*.log"))
        assert logs == ["collect.log", "page.log", "report.log"]
        assert run(clone, "git", "status", "--porcelain") == ""

        weights = one(clone, NET)
        flip(weights)
        assert refused(clone, "fetch", "--experiment", "tiny").startswith(f"error: {weights.relative_to(clone)}: ")
        weights.unlink()
        snn(clone, "fetch", "--experiment", "tiny")

        experiment, loop = clone / "params/experiments/tiny.yaml", clone / "snn/training/loop.py"
        changes = {
            experiment: TINY.replace("stbp: {training: {epochs: 1}", "stbp: {training: {epochs: 2}"),
            loop: loop.read_text().replace("optimise.step(optimiser, lr)", "optimise.step(optimiser, 2 * lr)"),
        }
        for path, text in changes.items():
            path.write_text(text)
            named = tuple(f"error: {folder}: " for folder in due(clone))
            assert refused(clone, "fetch", "--experiment", "tiny").startswith(named)
            run(clone, "git", "checkout", "--quiet", path)
