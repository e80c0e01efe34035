"""The command page: what has no page is told in one line, and listed in the index with its mark."""

import pytest

from snn.cli import pages
from snn.cli.main import main
from snn.config import params
from snn.page.write import question
from tests.report_inputs import experiment
from tests.tables_on_record import OLDER, digests, put


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("snn.pipeline.record.names", lambda: ["smoke"])
    return tmp_path


def test_tables_of_older_code_are_listed_with_their_commits_and_without_a_page(here):
    put("smoke", OLDER)
    text = (here / pages.index()).read_text()
    assert "Made by commits bbbbbbb, aaaaaaa, ccccccc" in text
    assert "No page." in text
    assert "smoke.html" not in text
    assert sorted(path.name for path in here.glob("results/report/*.html")) == ["index.html"]


def test_a_report_of_older_code_is_refused_and_the_line_tells_how_to_make_it_again(here, capsys):
    put("smoke", digests()[0])
    assert main(["page", "smoke"]) == 2
    line = capsys.readouterr().err
    assert line.startswith("error: results/report/smoke: ")
    assert "python -m snn report --experiment smoke" in line
    assert not (here / "results/report/smoke.html").exists()


@pytest.mark.parametrize("named", [["smok"], ["--experiment", "smok"]], ids=" ".join)
def test_an_unknown_experiment_has_no_page(named, here, capsys):
    assert main(["page", *named]) == 2
    assert "'smoke'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("source", "asked"),
    [
        ("our choice; does it\n  help?", "Does it help?"),
        ("cifar10_quick on all images", "Which training rule is best for spiking networks on d?"),
    ],
)
def test_a_question_is_the_source_where_that_is_one(source, asked):
    assert question(experiment(source=source)) == asked


def test_the_question_of_an_experiment_with_chips_asks_for_them():
    asked = {name: question(params.load("experiments", name)) for name in ("digits", "hardware_digits")}
    assert asked["digits"].endswith("on digits, and on chips with mismatch?")
    assert asked["hardware_digits"].endswith("on digits, and on noisy chips?")
