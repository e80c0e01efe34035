"""The answer for a chip on the page is that of the command recommend, cell by cell."""

import json
import re
import shlex

import pytest

from snn.cli.actions import place as place_of
from snn.cli.main import main
from snn.cli.parse import parser
from snn.page.behind import Behind
from snn.page.choices import ENERGY, choices
from snn.pipeline import record
from snn.report.candidates import Candidates
from snn.report.place import Place
from snn.report.recommend import Bounds, cells, chosen, every
from tests import outcomes
from tests.cli.test_compare import put
from tests.page.pages import html, rows
from tests.report.test_recommend import BAD, GOOD, SAME, chips
from tests.report_inputs import inputs
from tests.rows import frame, row

NOISY = {"condition": "noisy", "calibrator": None, "targets": None}
EVERYTHING = [
    *(row(method, seed, test=0.95) for method in ("tet", "stbp") for seed in range(3)),
    *chips("stbp", *BAD, acs=10.0),
    *chips("tet", *GOOD, acs=1e6),
    *chips("tet", *SAME, targets="teacher"),
    *chips("tandem", *SAME, steps_eval=8, extrapolated=True),
    *chips("tet", *BAD, **NOISY),
    *chips("stbp", *GOOD, **NOISY, level=0.4),
]


def test_every_place_has_its_candidates_under_every_convention(tmp_path):
    given, text = rows(), html(tmp_path)
    found = json.loads(text.partition('id="data">')[2].partition("</script>")[0])["choices"]
    runs, heads = given.collected["runs"], found["heads"]
    assert {(one["noise"], one["calibrated"]) for one in found["places"]} == {
        (None, True),
        ("mismatch", True),
        ("mismatch", False),
    }
    for one in found["places"]:
        own = Candidates(runs, given.outcomes, Place(one["noise"], one["level"], calibrated=one["calibrated"]))
        for k, energy in enumerate(given.energies.values()):
            for steps in (None, *set(one["steps"])) if k == 0 else (None,):  # prices are those of any T
                bounds = Bounds((steps,) if steps else ())
                table = every(own, energy, bounds, int(chosen(own, energy, bounds).index[0]))
                for i, shown in zip(table.index, cells(table), strict=True):
                    behind, verdict = one["beside"][str(table.index[0])][i]
                    filled = {
                        "behind": behind,
                        "verdict": found["verdicts"][verdict],
                        ENERGY: one["rows"][i][heads.index(ENERGY)][k],
                    }
                    assert {**dict(zip(heads, one["rows"][i], strict=False)), **filled} == shown


def test_a_command_of_the_page_prints_its_cells(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    put(tmp_path, "c" * 40, *EVERYTHING)
    monkeypatch.setattr(record, "names", lambda: ["digits"])
    monkeypatch.setattr(record.TablesOnRecord, "mark", "")
    runs = frame(*EVERYTHING)
    runs = runs.assign(digest=[f"{i:012x}" for i in range(len(runs))])
    given = inputs(runs, outcomes=outcomes.of(runs))
    found = choices(given, Behind(given, {}))
    assert len(found["places"]) == 4
    for place in found["places"]:
        energy = list(given.energies).index("synop_77fj")
        command = [*place["command"], "--energy", "synop_77fj", "--experiment", "digits", "--every-row"]
        assert main(["recommend", *command]) == 0
        lines = capsys.readouterr().out.splitlines()
        first = next(i for i, line in enumerate(lines) if line.startswith("rule ")) + 1
        printed = [re.split(r"  +", line.strip()) for line in lines[first : first + len(place["rows"])]]
        shown = [[c[energy] if isinstance(c, list) else c for c in r[: len(found["heads"])]] for r in place["rows"]]
        compared = [found["heads"].index(name) for name in ("behind", "verdict")]
        alone = [[cell for i, cell in enumerate(line) if i not in compared] for line in printed]
        assert sorted(alone) == sorted([cell for i, cell in enumerate(r) if i not in compared] for r in shown)


@pytest.mark.parametrize("place", [Place(None, 0.0), Place("mismatch", 0.25), Place("stuck", 0.01, calibrated=False)])
def test_the_arguments_of_a_place_are_read_as_that_place(place):
    read = parser().parse_args(["recommend", *place.arguments])
    assert place_of(read, read.steps) == place


def test_every_group_of_runs_is_what_its_trace_command_shows(tmp_path):
    text = html(tmp_path)
    data = json.loads(text.partition('id="data">')[2].partition("</script>")[0])
    runs = rows().collected["runs"]
    traced = 0
    for group in data["groups"]:
        if not group["trace"]:
            assert "int8" in group["on"] or "control" in group["on"] or group["on"].split()[0] != "clean"
            continue
        options = parser().parse_args(["trace", *shlex.split(shlex.join(group["trace"]))])
        assert (options.experiment, options.method) == ("x", group["method"])
        if options.steps is None:
            continue
        shown = place_of(options, options.steps).rows(runs[runs.method == group["method"]])
        assert set(shown.digest) == {digest for _, digest, *_ in group["seeds"]}
        means = shown.groupby("seed").value_test.mean()
        assert {seed: test for seed, _, test, *_ in group["seeds"]} == pytest.approx(dict(100 * means))
        traced += 1
    assert traced >= 4
