"""The page and the command line: made from files, found by name."""

import math
from pathlib import Path

import pytest

from benchmarks import FOLDER, __main__, measure, page
from benchmarks.measure import Row
from snn.core.errors import InputError
from snn.core.git import git
from snn.core.paths import ROOT

MACHINE = {
    "cpu": "a processor",
    "versions": "torch 2; neuron c",
    "commit": "abc1234+",
    "load_before": 0.5,
    "load_after": 1.5,
    "date": "2026-01-31",
    "instructions": "AVX512 bf16",
    "cores": 2,
}
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


def test_a_page_tells_when_where_at_which_load_and_from_which_code_rows_were_measured(written):
    cells = page.machines(written)
    (measured, absent) = zip(*cells.values(), strict=True)
    expected = ("2026-01-31", "abc1234 with changes", "0.5 to 1.5", "a processor", "AVX512 bf16", "2", "c", "torch 2")
    assert measured == ("neuron", *expected)
    assert absent == ("neuron", "", "", "", "a processor", "", "", "", "torch 2")
    assert all(f"| {cell} " in page.text(written) for cell in expected)


def test_rows_of_another_commit_have_a_line_of_their_own(tmp_path):
    rows = [Row("step", "STBP", 4, "ours", **MACHINE | {"commit": commit}) for commit in ("1111111", "2222222")]
    measure.write(tmp_path / "step.csv", rows)
    assert page.machines(page.on_record(tmp_path))["commit"] == ["1111111", "2222222"]


def test_rows_that_are_older_than_a_column_are_read_with_empty_cells(tmp_path):
    (tmp_path / "step.csv").write_text("quantity,case,steps,candidate,commit\nstep,STBP,4,ours,81e2873\n")
    (row,) = page.on_record(tmp_path)["step"].itertuples()
    assert (row.date, row.instructions, row.commit) == ("", "", "81e2873")
    assert math.isnan(row.cores)


def test_each_section_says_how_it_was_measured(written):
    assert page.caption("neuron") in page.text(written)


def test_a_figure_is_drawn_from_the_same_rows(written, tmp_path):
    page.draw(written, tmp_path / "speed.svg")
    drawn = (tmp_path / "speed.svg").read_text()
    assert "rectangle, T = 4: peer" in drawn
    assert "absent" not in drawn


def test_the_page_on_record_is_made_of_the_rows_on_record(tmp_path):
    """Costs are those that git has: a run of your own changes the file of its experiment."""
    for name in git("-C", str(ROOT), "ls-files", "results/tables/*/costs.csv").splitlines():
        path = tmp_path / Path(name).relative_to("results/tables")
        path.parent.mkdir()
        path.write_text(git("-C", str(ROOT), "show", f":{name}"))
    expected = page.text(page.on_record(ROOT / FOLDER), tmp_path)
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
