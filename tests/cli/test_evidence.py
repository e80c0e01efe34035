"""The evidence behind README's answer says what `versus` and `recommend` say of the same tables."""

import re
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from snn.cli import by_case, front, readme
from snn.cli.evidence import answer_of, chips, costs, pairs
from snn.cli.sets import Tables
from snn.cli.versus import Question, comparisons
from snn.config import params
from snn.pipeline import record
from snn.report import collected, standings
from snn.report.place import Place
from snn.report.words import listed
from tests.cli.test_compare import run as command

CLEAN = Place(None, 0.0)
MIXED = ("mismatch", "mismatch_released", "mismatch_thresholds", "learning_circuit", "analog_chip")
NAMED = re.compile(r"`(\w[\w-]*)`")


def lines(page: str) -> list[list[str]]:
    """The rows of a table in Markdown, its headings first."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines()]
    return [rows[0], *rows[2:]]


def test_differences_on_chips_are_those_of_versus_at_every_level_as_manufactured_and_calibrated(monkeypatch):
    monkeypatch.setattr(pairs, "ON_CHIPS", (("digits", "mismatch"),))
    sets = {"digits": Tables(record.TablesOnRecord("digits"))}
    (_, *headings), *rows = lines(pairs.on_chips(sets))
    assert "tet - sdt" not in headings  # sdt was not put on chips
    places = [Place("mismatch", level, calibrated=way) for way in (False, True) for level in (0.2, 0.4, 0.6)]
    for place, (where, *cells) in zip(places, rows, strict=True):
        assert where == f"`digits`, {place.words}"
        for heading, cell in zip(headings, cells, strict=True):
            (one,) = comparisons(Question(*heading.split(" - "), place), [sets["digits"]])
            assert cell == (f"**{one.difference}**" if one.winner else f"{one.difference}, {one.verdict}")


def test_energies_of_rules_are_those_of_the_report():
    found = record.TablesOnRecord("claims_fashion")
    headings, *rows = lines(costs.energies([found]))
    table = collected.read(found.report / "energy.csv").set_index(["method", "convention"])
    assert [cells[1] for cells in rows] == list(
        table.loc[(slice(None), "horowitz45_fp32"), :].index.get_level_values(0)
    )
    for cells in (dict(zip(headings, cells, strict=True)) for cells in rows):
        for price in costs.ENERGIES:
            one = table.loc[(cells["rule"], price)]
            assert cells[price].split()[0] == f"{one.of_teacher:.2f}"


def test_costs_by_rule_are_the_accuracy_energy_and_time_of_the_report_the_most_accurate_first():
    found = record.TablesOnRecord("claims_fashion")
    headings, *rows = lines(costs.by_rule(found))
    summary = collected.read(found.report / "summary.csv")
    summary = summary[(summary.condition == "clean") & (summary.steps_eval == summary.steps)].set_index("method")
    table = collected.read(found.report / "energy.csv").set_index(["method", "convention"]).of_teacher
    times = dict(cells[1::2] for cells in lines(costs.of_training(Tables(found)))[1:])
    assert {cells[0] for cells in rows} == set(summary.index)
    for cells in (dict(zip(headings, cells, strict=True)) for cells in rows):
        one = summary.loc[cells["rule"]]
        assert cells["test accuracy, %"] == f"{one.value_test_mean:.1f} ± {one.value_test_ci95:.1f}"
        for price, words in costs.IN_WORDS.items():
            spiking = (cells["rule"], price) in table
            assert cells[f"energy, {words}"] == (f"{table[cells['rule'], price]:.2f}" if spiking else "1")
        trained = times.get(cells["rule"], "none").split(" ")[0]
        assert cells["CPU-seconds of a training"] == trained
    means = [float(cells[headings.index("test accuracy, %")].split()[0]) for cells in rows]
    assert means == sorted(means, reverse=True)


def by_targets(tables: Tables) -> pd.Series:
    """Accuracies in percent of calibrated chips with mismatch, by level, calibrator, targets and method."""
    runs = tables.runs[tables.runs.condition == "calibrated"]
    runs = runs[runs.control.isna() & (runs.steps_eval == runs.steps) & (runs.noise == "mismatch")]
    return 100 * runs.groupby(["level", "calibrator", "targets", "method"]).value_test.mean()


def test_calibrated_chips_by_targets_are_the_means_of_the_runs_with_these_targets():
    tables = Tables(record.TablesOnRecord("hardware_digits"))
    headings, *rows = lines(chips.targets([tables.found]))
    means = by_targets(tables)
    kinds = {"its own clean network": "own", "the teacher, labels": "teacher"}
    assert len(rows) == means.groupby(["level", "calibrator", "targets"]).ngroups
    for cells in (dict(zip(headings, cells, strict=True)) for cells in rows):
        level, kind = float(cells["chips"].rpartition(" ")[2]), kinds[cells["targets"]]
        for method in headings[3:]:
            assert cells[method] == f"{means[level, cells['calibrator'], kind, method]:.1f} %"


def test_rules_with_the_same_targets_are_compared_by_seed_and_chip():
    tables = Tables(record.TablesOnRecord("hardware_digits"))
    headings, *rows = lines(pairs.by_targets([tables]))
    means = by_targets(tables)
    kinds = {words: kind for kind, words in pairs.TARGETS.items()}
    assert len(rows) == means.groupby(["level", "calibrator", "targets"]).ngroups
    for cells in (dict(zip(headings, cells, strict=True)) for cells in rows):
        own = means[float(cells["chips"].rpartition(" ")[2]), cells["calibrator"], kinds[cells["targets"]]]
        for left, right in (heading.split(" - ") for heading in headings[3:]):
            mean, low, high = map(float, re.findall(r"[+-][\d.]+", cells[f"{left} - {right}"]))
            assert mean == pytest.approx(own[left] - own[right], abs=0.051)
            assert low < mean < high
            assert cells[f"{left} - {right}"].startswith("**") == (low > 0 or high < 0)


def test_gains_by_calibrator_are_those_of_the_report_with_the_least_at_the_last_epoch():
    found = record.TablesOnRecord("hardware_digits")
    headings, *rows = lines(chips.calibrators(found))
    table = pd.read_csv(found.report / "hardware.csv")
    table = table[(table.noise == "mismatch") & (table.level == chips.LEVEL) & table.control.isna()]
    kinds = {words: kind for kind, words in pairs.TARGETS.items()}
    assert len(rows) == table.groupby(["calibrator", "targets"]).ngroups
    for cells in (dict(zip(headings, cells, strict=True)) for cells in rows):
        own = table[(table.calibrator == cells["calibrator"]) & (table.targets == kinds[cells["targets"]])]
        for one in own.itertuples():
            assert cells[one.method] == f"{one.gain:+.1f} ± {one.gain_ci95:.1f}"
        assert cells["least at the last epoch"].startswith(f"{own.gain_last.min():+.1f} (")


def test_the_time_of_a_training_is_that_of_the_costs_of_its_runs():
    found = record.TablesOnRecord("claims_fashion")
    costs_csv = pd.read_csv(found.tables / "costs.csv")
    headings, *rows = lines(costs.of_training(Tables(found)))
    assert [cells[1] for cells in rows][:2] == ["ann", "stbp"]
    for cells in rows:
        own = costs_csv[costs_csv.path.str.contains(rf"/{cells[1]}/T\d+/s\d+-[0-9a-f]+$")].cpu_seconds
        assert cells[headings.index("CPU-seconds")] == f"{own.median():.0f} ({own.min():.0f} to {own.max():.0f})"


def test_prices_hold_the_accesses_to_memory_of_an_operation():
    energy = params.load("energy", "horowitz45_memory")
    headings, cells = lines(costs.prices({"x": energy}))
    told = dict(zip(headings, cells, strict=True))
    assert float(told["MAC, pJ"]) == pytest.approx(4.6 + 2 * 5)
    assert float(told["AC, pJ"]) == pytest.approx(0.9 + 3 * 5)
    assert float(told["neuron update, pJ"]) == pytest.approx(0.9 + 2 * 5)


def test_every_set_of_tables_behind_the_answer_is_marked_if_it_is_stale(monkeypatch):
    monkeypatch.setattr(record.TablesOnRecord, "mark", "\n*Made before.*\n")
    monkeypatch.setattr(front, "_evidence", lambda shown: {})  # all are named by what remains
    told = front.texts(readme.on_record())
    named = set(front.experiments())
    for text in ("answer", "why"):
        assert set(re.findall(r"^`([\w-]+)`: \*Made before\.\*$", told[text], re.MULTILINE)) == named
    assert set(NAMED.findall(told["in short"].splitlines()[-1])) == named


def test_what_docs_say_of_targets_stands_in_the_table():
    page = Path("docs/hardware.md").read_text()
    (told,) = re.findall(
        r"they leave STBP at ([\d.]+) % and tandem learning at ([\d.]+) %, where .* ([\d.]+) and ([\d.]+) %", page
    )
    headings, *rows = lines(chips.targets([record.TablesOnRecord("hardware_digits")]))
    chosen = [cells for cells in rows if cells[0].endswith("mismatch at level 0.4") and cells[1] == "ltl_offline"]
    at = {cells[2]: dict(zip(headings, cells, strict=True)) for cells in chosen}
    found = [
        at[kind][method] for kind in ("the teacher, labels", "its own clean network") for method in ("stbp", "tandem")
    ]
    assert [f"{number} %" for number in told] == found


def in_docs(page: str) -> str:
    """A page, its lines joined."""
    return " ".join(Path(page).read_text().split())


def chip(name: str, noise: str, level: float, method: str) -> pd.DataFrame:
    """The rows of a rule on chips of a kind in the report of a set, by calibrator and targets."""
    rows = collected.read(record.TablesOnRecord(name).report / "hardware.csv")
    own = rows[rows.control.isna() & (rows.noise == noise) & (rows.level == level) & (rows.method == method)]
    return own.set_index(["calibrator", "targets"])


def test_accuracies_that_the_page_of_chips_names_are_those_of_the_reports():
    page = in_docs("docs/hardware.md")
    ltl, tet = (chip("hardware", "mismatch", 0.4, method).noisy.iloc[0] for method in ("ltl_offline", "tet"))
    assert f"{ltl:.1f} % beside {tet:.1f} % of `tet` at mismatch 0.4 in `hardware`" in page
    ltl, tet = (chip("hardware_digits", "membrane", 1, method).noisy.iloc[0] for method in ("ltl_offline", "tet"))
    assert f"{ltl:.1f} % beside {tet:.1f} % in `hardware_digits`" in page
    stbp, tandem = (chip("hardware", "mismatch", 0.4, method) for method in ("stbp", "tandem"))
    taught, own = (("ltl_offline", kind) for kind in ("teacher", "own"))
    assert (
        f"In `hardware` they lift STBP from {stbp.noisy.iloc[0]:.1f} to {stbp.calibrated[taught]:.1f} and tandem "
        f"learning from {tandem.noisy.iloc[0]:.1f} to {tandem.calibrated[taught]:.1f} %, where their own targets give "
        f"{stbp.calibrated[own]:.1f} and {tandem.calibrated[own]:.1f}."
    ) in page


def test_energies_that_readme_and_docs_name_in_words_bound_those_of_the_reports():
    tables = [collected.read(record.TablesOnRecord(name).report / "energy.csv") for name in front.ENERGY]
    rows = pd.concat(table[~table.method.str.startswith("conversion")] for table in tables)
    arithmetic, memory = (rows[rows.convention == f"horowitz45_{name}"] for name in ("fp32", "memory"))
    assert "the ANN in 8-bit integers needs two to five times less than the trained SNNs" in in_docs("README.md")
    assert arithmetic.of_teacher_int8.between(2, 5).all()
    assert "take an eighth to a quarter of their teacher's energy in arithmetic then take about half of it to more" in (
        in_docs("docs/energy.md")
    )
    assert arithmetic.of_teacher.between(1 / 9, 1 / 4).all()
    assert 0.4 < memory.of_teacher.min() < 0.6 < 1 < memory.of_teacher.max()


def test_readme_and_the_page_of_rules_count_the_verdicts_that_turn_with_the_processor_as_its_page_does():
    (turned,) = re.findall(r"turned: (\d+ of \d+) other comparisons", in_docs("docs/results/processor.md"))
    assert f"{turned} comparisons of `digits` turned between resolved and not" in in_docs("README.md")
    assert f"turned {turned} comparisons between resolved and not" in in_docs("docs/results/which-rule.md")


def test_every_chip_with_another_fault_is_in_their_table_under_the_rules_that_are_seldom_beaten(on_record):
    texts = front.texts(on_record)
    (told,) = re.findall(r"^\* \*\*\[Other faults.*$", texts["limits"], re.MULTILINE)
    headings, *rows = lines(texts["other faults"])
    named = {
        (cells[0], cells[1], heading): cell for cells in rows for heading, cell in zip(headings, cells, strict=True)
    }
    for way, words in ((standings.MANUFACTURED, "as manufactured"), (standings.CALIBRATED, "calibrated")):
        unbeaten: Counter[str] = Counter()
        beaten: dict[str, dict[str, list[str]]] = {}
        places = 0
        for name, data in zip(by_case.CHIPS, by_case.DATA.values(), strict=True):
            for row in standings.read(answer_of(record.TablesOnRecord(name)), f"{way}, "):
                noise, _, level = row.where.rpartition(", ")[2].partition(" at level ")
                if standings.FINE_TUNED not in row.where and noise not in MIXED:
                    cell = named.pop((f"{noise} {level}", words, f"on {data}"))
                    front_runners = re.findall(r"[a-z]\w+", cell.partition("; worse: ")[0])
                    assert front_runners == row.no_worse
                    unbeaten.update(row.no_worse)
                    for rule in set(row.methods) - set(row.no_worse):
                        beaten.setdefault(rule, {}).setdefault(data, []).append(noise)
                    places += 1
        rule, times = unbeaten.most_common(1)[0]
        begin = rf"{words} \*\*{rule}\*\*, unbeaten in {times} of {places}"
        where = [f"{listed(noises)} on {data}" for data, noises in beaten[rule].items()]
        assert re.search(f"{begin}.*?beaten at (.*?)[;.]", told)[1] == listed(where)
    assert not any(cell for (_, _, heading), cell in named.items() if heading.startswith("on "))


def test_readme_names_what_a_calibration_takes():
    assert "takes 2,104 or 2,824 inferences and 3 or 15 million values written" in in_docs("README.md")
    for name, inferences, millions in (("hardware_digits", 2104, 3), ("hardware", 2824, 15)):
        rows = collected.read(record.TablesOnRecord(name).report / "hardware.csv")
        rows = rows[rows.noise.isin(["mismatch", "analog_chip"]) & (rows.calibrator == "ltl_offline")]
        rows = rows[rows.control.isna()]
        assert set(rows.samples_shown + rows.samples_validated) == {inferences}
        assert set((rows.writes / 1e6).round()) == {millions}


@pytest.mark.parametrize(("name", "noise"), [("hardware_digits", "analog_chip"), ("digits", "mismatch")])
def test_chips_of_several_faults_or_of_the_only_kind_are_shown_at_every_level_as_recommend_ranks_them(
    name, noise, capsys
):
    shown = [one for one in standings.read(answer_of(record.TablesOnRecord(name)), "") if noise in one.where]
    shown = [one for one in shown if standings.FINE_TUNED not in one.where]
    assert len(shown) == len({one.where for one in shown}) == 6
    for one in (one for one in shown if one.where.endswith(" 0.4")):
        level = one.where.rpartition(" ")[2]
        way = () if "calibrated" in one.where else ("--no-calibration",)
        asked = ("--noise", noise, "--level", level, "--experiment", name, *way)
        lines = command(capsys, "recommend", *asked, status=0).splitlines()
        ranked = lines[next(i for i, line in enumerate(lines) if line.startswith("rule ")) + 1 :]
        ranked = [(line.split()[0], line) for line in ranked[: ranked.index("")]]
        assert one.no_worse == [rule for rule, line in ranked if " worse " not in line]
        assert set(one.methods) == {rule for rule, _ in ranked}
