"""The page and the command line: made from files, found by name."""

import pytest

from benchmarks import FOLDER, __main__, measure, page
from benchmarks.measure import Row
from snn.core.errors import InputError
from snn.core.paths import ROOT

MACHINE = {"cpu": "a processor", "versions": "torch 2", "commit": "abc1234+", "load_before": 0.5, "load_after": 1.5}
ROWS = (
    Row("neuron", "rectangle", 4, "ours", "ours", 1.0, 1.0, 1.0, 5, 12.34, "ms", 0, "of 10 spikes differ", **MACHINE),
    Row("neuron", "rectangle", 4, "peer", "ours", 2.5, 2.4, 2.6, 5, 30.0, "ms", model="other reset", **MACHINE),
    Row("neuron", "rectangle", 4, "noisy", "ours", 2.0, 1.0, 3.0, 5, 30.0, "ms", model="same", **MACHINE),
    Row("neuron", "rectangle", 4, "absent", note="not run here: absent", cpu="a processor", versions="torch 2"),
)


@pytest.fixture
def written(tmp_path):
    measure.write(tmp_path / "neuron.csv", ROWS)
    return page.on_record(tmp_path)


def line(text, candidate):
    """The cells of the one row of this candidate."""
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in text.splitlines() if row.startswith("|")]
    (found,) = [cells for cells in rows if cells[2] == candidate]
    return found


def test_a_page_shows_ratio_range_value_equality_and_model(written):
    text = page.text(written)
    assert line(text, "ours")[3:8] == ["1.000 (1.000 to 1.000)", "ours", "12.34 ms", "0 of 10 spikes differ", ""]
    assert line(text, "peer")[3:8] == ["2.500 (2.400 to 2.600)", "ours", "30 ms", "", "other reset"]


def test_a_wide_range_is_marked_and_an_absent_candidate_shows_its_reason(written):
    text = page.text(written)
    assert line(text, "noisy")[3].endswith("*wide*")
    assert line(text, "absent")[3] == "not run here: absent"


def test_a_page_tells_machine_commit_and_load(written):
    assert "a processor; torch 2; code of commit abc1234 with changes, load average 0.5 to 1.5" in page.text(written)


def test_each_section_says_how_it_was_measured(written):
    assert page.caption("neuron") in page.text(written)


def test_a_figure_is_drawn_from_the_same_rows(written, tmp_path):
    page.draw(written, tmp_path / "speed.svg")
    drawn = (tmp_path / "speed.svg").read_text()
    assert "rectangle, T = 4: peer" in drawn
    assert "absent" not in drawn


def test_the_page_on_record_is_made_of_the_rows_on_record():
    expected = page.text(page.on_record(ROOT / FOLDER))
    assert (ROOT / page.PAGE).read_text() == expected, "run .venv/bin/python -m benchmarks.page"


def test_every_file_with_rows_is_a_quantity_and_the_package_describes_it():
    text = (ROOT / "benchmarks" / "__init__.py").read_text()
    assert {"neuron", "step", "memory", "inference", "epoch"} <= set(page.quantities())
    assert all(f"\n    {name} " in text for name in page.quantities())


def test_a_subset_is_chosen_by_names():
    assert __main__.selected(" step neuron ") == ["step", "neuron"]
    assert __main__.selected("") == page.quantities()
    with pytest.raises(InputError, match="neuron"):
        __main__.selected("neuro")


def test_a_commit_that_looks_like_a_number_is_a_text(tmp_path):
    measure.write(tmp_path / "step.csv", [Row("step", "STBP", 4, "ours", **MACHINE | {"commit": "81e2873"})])
    assert page.on_record(tmp_path)["step"].commit.tolist() == ["81e2873"]
