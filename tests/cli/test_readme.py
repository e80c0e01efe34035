"""The README and the docs say what is so."""

import re
from pathlib import Path

import pytest

from snn.cli import by_case, front, readme
from snn.cli.evidence import chips, pairs
from snn.cli.main import main
from snn.config.params import names
from snn.pipeline import record
from snn.pipeline.jobs.report import Report
from tests.tables_on_record import OLDER, PAGES, ROWS, digests, put

ROOT = Path(__file__).parents[2]
PLACES = {
    "docs/results/tables.md": "smoke",
    "docs/energy.md": "smoke energy",
    "docs/hardware.md": "smoke chips",
    "docs/pitfalls.md": "effects",
    "docs/results/power.md": "power",
}
ON_README = ("in short", "cases", "limits", "costs", "claims")
BEHIND = (
    "side by side",
    "answer",
    "other faults",
    "why",
    "sets",
    "pairs",
    "pairs on chips",
    "first on chips",
    "what helps chips",
    "targets",
    "pairs by targets",
)
SMOKE = "own settings, batch norm but for ltl_offline and ltl_online"
COLUMNS = "<!-- columns: written -->\n<!-- end -->\n"
SHOWN = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "docs/results/power.md",
]


def test_the_tables_shown_are_those_committed(on_record):
    other = []
    for path, marker, body in readme.documented(on_record):
        _, _, rest = (ROOT / path).read_text().partition(f"<!-- {marker}: ")
        if not rest.partition("\n")[2].startswith(body + "<!-- end -->"):
            other.append((path, marker))
    assert other == []


@pytest.mark.long
@pytest.mark.parametrize("name", record.names())
def test_the_report_on_record_is_that_which_its_tables_make(name):
    found = record.TablesOnRecord(name)
    found.prove()
    found.refuse_stale_report()
    found.refuse_forged_report()


def place(marker: str) -> str:
    """An empty place of a page, where a table is shown."""
    return f"<!-- {marker}: written -->\n<!-- end -->\n"


@pytest.fixture
def shown(tmp_path, monkeypatch):
    """A folder, the working directory, where every place shows `smoke`."""
    for places in ("SHOWN_IN_RESULTS", "SHOWN_ENERGY", "SHOWN_ON_CHIPS", "SHOWN_IN_PITFALLS"):
        monkeypatch.setattr(readme, places, ("smoke",))
    monkeypatch.setattr(by_case, "CASES", (by_case.Case("alike", (("smoke", "clean networks"),)),))
    monkeypatch.setattr(chips, "SETS", ("smoke",))
    monkeypatch.setattr(pairs, "ON_CHIPS", (("smoke", "mismatch"),))
    monkeypatch.setattr(by_case, "CHIPS", ("smoke",))
    monkeypatch.setattr(front, "ENERGY", ("smoke",))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Report, "results", tuple(PAGES))
    monkeypatch.setattr(
        Report, "write", lambda self, out: [(out / name).write_text(text) for name, text in PAGES.items()]
    )
    monkeypatch.setattr(readme.claims, "short", lambda sets: "Of 7 claims, **7** hold.")
    monkeypatch.setattr(record, "names", lambda: sorted(folder.name for folder in record.TABLES.iterdir()))
    (tmp_path / "docs/results").mkdir(parents=True)
    for path, marker in PLACES.items():
        (tmp_path / path).write_text(f"before\n\n<!-- {marker}: written -->\n<!-- end -->\nafter\n")
    monkeypatch.setattr(readme, "SHOWN_CALIBRATORS", "smoke")
    chips_page = tmp_path / "docs/hardware.md"
    chips_page.write_text(place("calibrators") + chips_page.read_text())
    energy = tmp_path / "docs/energy.md"
    energy.write_text(f"<!-- prices: written -->\n<!-- end -->\n{energy.read_text()}")
    (tmp_path / "docs/tables.md").write_text(COLUMNS)
    (tmp_path / "docs/results/which-rule.md").write_text("".join(map(place, (*BEHIND, "energies", "trainings"))))
    (tmp_path / "README.md").write_text("".join(map(place, ON_README)))
    return tmp_path


def row_of(page: str, first: str) -> list[str]:
    """The cells of the one row that begins so."""
    (row,) = (line for line in page.splitlines() if " ".join(line.split()).startswith(f"| {first}"))
    return [cell.strip() for cell in row.strip("|").split("|")]


def test_the_answer_of_the_readme_is_that_of_the_report_with_its_data(shown):
    put("smoke", *digests())
    assert main(["readme"]) == 0
    page, behind = ((shown / path).read_text() for path in ("README.md", "docs/results/which-rule.md"))
    not_run = "stbp, tet, sdt, tandem, ltl_offline, ltl_online, conversion"
    assert row_of(behind, "alike | | **") == [
        "alike",
        "",
        "**a** or **b**",
        "5",
        "**a** 9 %; b 8; worse: c 7",
        "",
        not_run,
        "`smoke`",
    ]
    assert row_of(behind, "alike | **") == ["alike", "**a** or **b**", "nothing is shown to beat these in `smoke`"]
    about = "digits, small, T = 4, 360 test samples"
    assert row_of(behind, f"`smoke` | {SMOKE}") == ["`smoke`", SMOKE, about, "3, 5", "**a** 9 %; b 8"]
    assert row_of(page, "b ") == ["b", "4", "8.0 ± 0.7", "0.10", "1.00", "none"]
    assert "\nOf 7 claims, **7** hold.\n<!-- end -->" in page


def test_the_answer_of_stale_tables_is_marked_in_short_at_length_and_in_its_evidence(shown):
    put("smoke", OLDER)
    assert main(["readme"]) == 0
    page, behind = ((shown / path).read_text() for path in ("README.md", "docs/results/which-rule.md"))
    mark = "\n`smoke`: *Made by commits bbbbbbb, aaaaaaa, ccccccc; "
    assert "\n* Of older code: `smoke`.\n<!-- end -->" in page
    assert (page.count(mark), behind.count(mark)) == (0, 2)


@pytest.mark.parametrize("path", PLACES)
def test_a_stale_table_is_marked_where_it_is_shown(path, shown):
    put("smoke", OLDER)
    assert main(["readme"]) == 0
    above, mark, end = (shown / path).read_text().partition("\n*Made by commits bbbbbbb, aaaaaaa, ccccccc; ")
    assert mark
    assert above.endswith(" |\n")  # an empty line between, or it would be a row of the table
    assert end.partition("\n")[2] == "<!-- end -->\nafter\n"


def test_a_stale_table_of_one_commit_names_it(shown):
    put("smoke", OLDER, rows=ROWS[:1])
    assert main(["readme"]) == 0
    assert "\n*Made by commit aaaaaaa; " in (shown / "docs/results/tables.md").read_text()


def test_a_mark_tells_that_a_commit_does_not_hold_all_of_the_code(shown):
    put("smoke", OLDER, rows=[{**row, "dirty": True} for row in ROWS])
    assert main(["readme"]) == 0
    mark = f"ccccccc, {len(ROWS)} of {len(ROWS)} results with changes that were not committed; "
    assert mark in (shown / "docs/results/tables.md").read_text()


@pytest.mark.parametrize("path", PLACES)
def test_a_table_of_today_is_shown_without_a_mark(path, shown):
    put("smoke", *digests())
    assert main(["readme"]) == 0
    page = (shown / path).read_text()
    assert re.search(r"^\| a +\|", page, re.MULTILINE)
    assert "Made by" not in page


def test_a_table_of_an_experiment_that_is_gone_is_marked(shown, monkeypatch):
    monkeypatch.setattr(readme, "SHOWN_IN_RESULTS", ("gone",))
    (shown / "docs/results/tables.md").write_text("<!-- gone: written -->\n<!-- end -->\n")
    put("smoke", OLDER)
    put("gone", OLDER)
    assert main(["readme"]) == 0
    assert "*Made by commits " in (shown / "docs/results/tables.md").read_text()


def test_pairs_of_every_experiment_on_record_are_on_the_page_of_power_each_with_its_own_mark(shown):
    put("smoke", *digests())
    put("other", OLDER)
    assert main(["readme"]) == 0
    other, smoke = (shown / "docs/results/power.md").read_text().split("### smoke")
    assert "### other" in other
    assert "Made by" in other
    assert "Made by" not in smoke


def test_the_tables_on_record_are_those_that_their_stamps_prove():
    for name in record.names():
        record.TablesOnRecord(name).prove()


def test_no_tables_of_today_on_record_were_made_by_code_that_no_commit_holds():
    for name in record.names():
        record.TablesOnRecord(name).refuse_dirty()


def pages(folder):
    return {path: (folder / path).read_text() for path in PLACES}


@pytest.mark.parametrize("name", ["summary.md", "energy.md", "hardware.md", "comparisons.md", "costs.csv"])
@pytest.mark.parametrize("today", [False, True], ids=["stale", "of today"])
def test_a_forged_table_is_refused_and_no_page_is_written(today, name, shown, capsys):
    tables, report = put("smoke", *(digests() if today else (OLDER,)))
    table = (tables if name == "costs.csv" else report) / name
    table.write_text(table.read_text().replace("1", "2") + " ")
    before = pages(shown)
    assert main(["readme"]) == 2
    assert capsys.readouterr().err.startswith(f"error: {table}: ")
    assert pages(shown) == before


@pytest.mark.parametrize("name", PAGES)
def test_a_forged_page_with_a_forged_stamp_is_refused_and_no_page_is_written(name, shown, capsys):
    put("smoke", *digests())
    assert main(["readme"]) == 0
    _, report = put("smoke", *digests(), pages={**PAGES, name: PAGES[name].replace("| 1 |", "| 100 |") + "\n"})
    before = pages(shown)
    assert main(["readme"]) == 2
    assert capsys.readouterr().err.startswith(f"error: {report}/{name}: ")
    assert pages(shown) == before


def test_tables_with_two_stamps_are_refused_and_no_page_is_written(shown, capsys):
    folder, _ = put("smoke", OLDER)
    (folder / "ba9876543210.stamp").write_bytes((folder / f"{OLDER}.stamp").read_bytes())
    before = pages(shown)
    assert main(["readme"]) == 2
    assert capsys.readouterr().err.startswith(f"error: {folder}: ")
    assert pages(shown) == before


def test_tables_of_today_that_uncommitted_code_made_are_refused_and_no_page_is_written(shown, capsys):
    rows = [*ROWS, {**ROWS[0], "dirty": True}]
    folder, _ = put("smoke", *digests(), rows=rows)
    before = pages(shown)
    assert main(["readme"]) == 2
    assert capsys.readouterr().err.startswith(f"error: {folder}/costs.csv: 1 of {len(rows)} results ")
    assert pages(shown) == before


def test_a_stale_report_of_runs_of_today_is_refused_and_no_page_is_written(shown, capsys):
    _, report = put("smoke", digests()[0], OLDER)
    before = pages(shown)
    assert main(["readme"]) == 2
    assert capsys.readouterr().err.startswith(f"error: {report}: ")
    assert pages(shown) == before


@pytest.mark.parametrize("damaged", ["no marker\n", "<!-- effects: no end -->\n"])
def test_a_page_without_its_markers_is_refused_and_no_page_is_written(damaged, shown, capsys):
    put("smoke", OLDER)
    (shown / "docs/pitfalls.md").write_text(damaged)
    before = pages(shown)
    assert main(["readme"]) == 2
    assert capsys.readouterr().err.startswith("error: docs/pitfalls.md: ")
    assert pages(shown) == before


TEXTS = [page.read_text() for page in SHOWN]
WRITTEN = {path for text in TEXTS for path in re.findall(r"Write\s`([^`]+)`", text)}  # by the reader
NAMED = sorted({path for text in TEXTS for path in re.findall(r"`([\w./*]+/[\w./*]*)`", text)} - WRITTEN)


UNTRACKED = (".snakemake/", ".dvc/config.local", "data/prepared")


@pytest.mark.parametrize("path", NAMED)
def test_every_file_that_is_named_exists(path):
    made_later = "NAME" in path or path.endswith(".html") or path.startswith(UNTRACKED)
    assert made_later or list(ROOT.glob(path.rstrip("/")))


METHODS = sorted(
    set(
        re.findall(r"`((?:paper_|stbp|tet|sdt|tandem|ltl|ann|conversion)\w*)`", (ROOT / "docs/pitfalls.md").read_text())
    )
)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_that_the_pitfalls_name_exists(method):
    assert method in names("methods")
