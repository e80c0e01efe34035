"""The command prune deletes only when told, and nothing that a table or an experiment names."""

from pathlib import Path

import pytest

from snn.cli.main import main
from snn.core import stored
from snn.pipeline.plan import Plan

OLD, NAMED = "results/runs/d/n/m/T4/s0-0123456789ab", "results/runs/d/n/m/T4/s1-0123456789ab"


@pytest.fixture
def here(tmp_path, monkeypatch) -> list[Path]:
    """A folder with a planned run, one that a table names, one that nothing does, and old parts of each."""
    monkeypatch.chdir(tmp_path)
    run = Plan("smoke").evaluations[0]
    folders = [run.run.folder, run.folder, run.run.folder / "rows" / "0123456789ab"]
    folders += [Path(NAMED), Path(NAMED, "chips", "m-0123456789ab"), Path(OLD), Path(OLD, "rows", "ba9876543210")]
    folders += [Path("data/prepared/d/0123456789ab"), run.run.data.folder]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "file").write_bytes(b"x" * 10**6)
    stored.write_csv(Path("results/tables/t/costs.csv"), [{"path": NAMED}])
    return folders


UNNAMED = (2, 4, 5, 7)  # of these folders, the outermost that nothing names


def test_the_outermost_folders_that_nothing_names_are_listed_with_their_size_and_kept(here, capsys):
    assert main(["prune"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert {line.split()[-1] for line in lines[:-1]} == {str(here[i]) for i in UNNAMED}
    assert lines[-1] == "4 folders of 5.0 MB that nothing names; delete them: python -m snn prune --delete"
    assert all(folder.is_dir() for folder in here)


def test_when_told_only_those_are_deleted(here, capsys):
    assert main(["prune", "--delete"]) == 0
    gone = {here[i] for i in UNNAMED} | {here[6]}
    assert {folder for folder in here if not folder.exists()} == gone
    assert main(["prune"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "0 folders of 0.0 MB that nothing names"


def test_a_link_is_not_followed(here, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "s9-0123456789ab"
    outside.mkdir()
    Path(OLD).parent.joinpath("linked").symlink_to(outside.parent)
    assert main(["prune", "--delete"]) == 0
    assert outside.is_dir()
