"""What python -m snn list tells, and how tables are laid out."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snn.cli.listing import aligned
from snn.cli.main import main
from snn.config import params
from snn.pipeline.jobs.train import Train
from snn.pipeline.plan import Plan

RUN = {  # what a plan runs of a kind, by name
    "methods": lambda plan: {job.method_name for job in plan.jobs.values() if isinstance(job, Train)},
    "networks": lambda plan: {run.network_name for run in plan.runs},
    "datasets": lambda plan: {plan.experiment.dataset},
}


@pytest.fixture(scope="module")
def plans() -> list[Plan]:
    return [Plan(name) for name in params.names("experiments")]


def listed(kind: str, capsys) -> list[dict[str, str]]:
    assert main(["list", kind, "--format", "csv"]) == 0
    return list(csv.DictReader(io.StringIO(capsys.readouterr().out)))


@pytest.mark.parametrize("kind", params.KINDS)
def test_everything_of_a_kind_is_listed(kind, capsys):
    assert [row["name"] for row in listed(kind, capsys)] == params.names(kind)
    assert main(["list", kind]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:] if not line.startswith(" ")] == params.names(kind)


@pytest.mark.parametrize("kind", RUN)
def test_what_no_experiment_runs_is_marked_and_for_the_others_experiments_are_counted(kind, plans, capsys):
    run = list(map(RUN[kind], plans))
    for row in listed(kind, capsys):
        number = sum(row["name"] in names for names in run)
        assert row["experiments"] == (str(number) if number else "-")


def test_an_experiment_that_cannot_be_planned_runs_nothing(capsys, monkeypatch):
    original = params.load

    def load(kind, name):
        thing = original(kind, name)
        return thing.model_copy(update={"teacher": "tet"}) if (kind, name) == ("experiments", "matched") else thing

    before = {row["name"]: row["experiments"] for row in listed("methods", capsys)}
    monkeypatch.setattr(params, "load", load)
    after = {row["name"]: row["experiments"] for row in listed("methods", capsys)}
    assert int(after["ann"]) == int(before["ann"]) - 1


def test_numbers_are_to_the_right_and_texts_to_the_left_and_no_digit_of_a_text_is_changed():
    rows = [{"name": "a", "commit": "12e4567", "acs": 1234567}, {"name": "longer", "commit": "0012345", "acs": "-"}]
    head, first, second = aligned(rows).splitlines()
    assert first.split() == ["a", "12e4567", "1,234,567"]
    assert second.split() == ["longer", "0012345", "-"]
    assert len(head) == len(first) == len(second)
    assert first.index("12e4567") == second.index("0012345")


def test_a_table_without_rows_is_empty():
    assert aligned([]) == ""


WORDS = st.lists(st.text("abc", min_size=1, max_size=12), min_size=1, max_size=30).map(" ".join)
SOURCES = st.lists(st.fixed_dictionaries({"name": st.text("xyz", min_size=1), "its source": WORDS}), min_size=1)


@given(SOURCES, st.none() | st.integers(20, 90))
def test_a_long_cell_is_wrapped_between_words_to_the_width_of_the_terminal_and_none_is_lost(rows, width):
    told = aligned(rows, width)
    heads = {"name", "name:", "its", "source", "source:"}
    kept = [word for word in told.split() if word not in heads]
    assert sorted(kept) == sorted(word for row in rows for text in row.values() for word in text.split())
    words = max(len(row["name"]) for row in rows) + 20  # with the longest word and the gaps between columns
    assert max(map(len, told.splitlines())) <= (max(width, words) if width else 200)


@pytest.mark.parametrize("width", [120, 80])
@pytest.mark.parametrize("kind", ["noise", "datasets", "energy"])
def test_what_there_is_is_told_to_its_end_within_the_width_of_a_terminal(kind, width, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(width))
    assert main(["list", kind]) == 0
    told = capsys.readouterr().out
    assert "..." not in told
    assert all(params.load(kind, name).source.split()[-1] in told for name in params.names(kind))
    assert max(map(len, told.splitlines())) <= width
