"""docs/results/claims.md says what the tables on record say."""

import re
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from snn.cli import claims as command
from snn.cli.main import main
from snn.config import Claim, Claims, Ratio, Side, Untested
from snn.report import claims_found, claims_page, statements
from snn.report.claims_found import Answers
from snn.report.sections.claims.page import counted
from snn.report.sections.claims.table import COLUMNS
from tests.report_inputs import inputs
from tests.tables_on_record import OLDER, PAGES, digests, put

ROOT = Path(__file__).parents[2]
SIDES = {"left": Side(method="a"), "right": Side(method="b")}
REASON = {"source": "s", "why": "reasons"}
CLAIMS = Claims(
    source="here",
    claims=(
        Claim(claim="better", **REASON, **SIDES, column="value_test", margin=0.01, answered_by="sized"),
        Claim(
            claim="smaller error", **REASON, **SIDES, column="value_test", margin=0.5, metric="mse", answered_by="none"
        ),
    ),
    ratios=(Ratio(claim="fewer", **REASON, column="acs", more="a", fewer="b", times=10.0, answered_by="sized"),),
    untested=(Untested(claim="first", source="s", reason="priority", resolved_by="nothing"),),
)


def row(claim="better", **changes) -> dict[str, object]:
    found = {"column": "value_test", "of": "difference", "metric": "accuracy", "at_least": 0.01}
    found |= {"found": 0.02, "low": 0.015, "high": 0.025, "n": 10, "verdict": "holds", "needs": ""}
    return {"claim": claim, "source": "s", **found, **changes}


def answers(name, *rows, mark="") -> Answers:
    return Answers(name, pd.DataFrame(rows, columns=list(COLUMNS)), mark)


def cells(page, *parts: str) -> list[list[str]]:
    """The rows of parts of the page, by their headings; without any, those of all claims."""
    found = []
    for part in page.split("\n\n## "):
        if part.splitlines()[0] in (parts or ("Tested", "Not tested")):
            found += split(part)[1:]
    return found


def split(table) -> list[list[str]]:
    """The cells of the tables in a text, headings included."""
    lines = [line for line in table.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def decided(claims, sets) -> list[dict[str, str]]:
    """The rows of the table of decided statements."""
    headings, *rows = split(statements.decided(claims, sets))
    return [dict(zip(headings, line, strict=True)) for line in rows]


OTHERS = "The same claims in other sets"


RATIO = row("fewer", of="ratio", column="acs", at_least=10.0, found=4.0, low=3.0, high=None, verdict="not resolved")


def test_the_page_is_that_which_the_tables_on_record_make():
    assert (ROOT / command.PAGE).read_text() == command.page()


def test_every_claim_has_a_row_and_counts_once_by_the_set_that_answers_it():
    other = answers("other", row(verdict="fails", found=0.0, low=-0.01, high=0.005))
    page = claims_page.page(CLAIMS, [other, answers("sized", row(), RATIO)])
    assert "assigned to it, **1** holds, **0** fail, **1** is not resolved, **2** are not tested." in page
    found = {line[0]: line for line in cells(page)}
    assert [line[0] for line in cells(page, "Tested")] == ["better", "fewer"]
    assert [line[0] for line in cells(page, "Not tested")] == ["smaller error", "first"]
    assert found["better"][2:] == ["`sized`", "+1.0", "+2.0", "+1.5 to +2.5", "10", "holds", ""]
    assert cells(page, OTHERS)[0][2:] == ["`other`", "+1.0", "+0.0", "-1.0 to +0.5", "10", "fails", ""]
    assert found["smaller error"][2:] == [
        "`none` (not run)", "+0.5000", "", "", "", "not tested", "`make reproduce EXPERIMENT=none`",
    ]  # fmt: skip
    assert found["fewer"][2:] == [
        "`sized`",
        "10.0 x",
        "4.0 x",
        "3.0 x or more",
        "10",
        "not resolved",
        claims_found.NO_BOUND,
    ]
    assert found["first"][2:] == ["", "", "", "", "", "not tested", "priority; what would: nothing"]


def test_a_claim_that_only_another_set_tests_counts_as_not_tested():
    page = claims_page.page(CLAIMS, [answers("other", row())])
    assert "**0** hold, **0** fail, **0** are not resolved, **4** are not tested." in page
    assert [cells(page, part)[0][2] for part in ("Not tested", OTHERS)] == ["`sized` (not run)", "`other`"]


@given(st.lists(st.sampled_from(["better", "fewer", "smaller error"])), st.sampled_from(["sized", "other", "none"]))
def test_the_count_of_the_headline_is_that_of_the_rows_whatever_sets_hold(claims, name):
    rows = [RATIO if claim == "fewer" else row(claim, at_least=0.5 if "error" in claim else 0.01) for claim in claims]
    page = claims_page.page(CLAIMS, [answers(name, *rows), answers("more", row())])
    numbers = [int(number) for number in re.findall(r"\*\*(\d+)\*\*", page)]
    counted = Counter(line[-2] for line in cells(page))
    assert numbers == [counted[verdict] for verdict in ("holds", "fails", "not resolved", "not tested")]
    assert sum(numbers) == len(cells(page)) == 4


def test_statements_that_hold_and_fail_stand_in_a_table_with_their_units():
    sets = [answers("sized", row(), RATIO), answers("none", row("smaller error", at_least=0.5))]
    found = decided(CLAIMS, sets)
    assert [line["verdict"] for line in found] == ["holds", "holds"]
    assert found[0] == {
        "verdict": "holds",
        "statement": "better",
        "source": "s",
        "at least": "+1.0",
        "found": "+2.0 points",
        "interval": "+1.5 to +2.5",
        "n": "10",
        "set": "`sized`",
        "other sets": "",
    }
    assert [
        line["verdict"] for line in decided(CLAIMS, [answers("sized", row(verdict="fails, given convergence"))])
    ] == ["fails"]
    assert statements.decided(CLAIMS, [answers("other", row())]) == ""


def test_readme_has_the_same_statements_in_fewer_columns():
    sets = [answers("sized", row(), RATIO), answers("other", row(verdict="fails"))]
    headings, line = split(statements.in_short(CLAIMS, sets, lambda claim: "no norm"))
    assert dict(zip(headings, line, strict=True)) == {
        "verdict": "holds",
        "statement": "better",
        "found": "+2.0 points (+1.5 to +2.5), margin +1.0",
        "in": "`sized`, no norm; fails in `other`",
    }
    assert statements.in_short(CLAIMS, [answers("other", row())], str) == ""


def test_an_experiment_tells_its_part_of_the_claims_and_how_many_count_by_it():
    rows = pd.DataFrame([row(), RATIO, row("smaller error")], columns=list(COLUMNS))
    told = counted(inputs(claims=CLAIMS, name="sized"), rows)
    assert told.startswith(
        "Of the papers' 4 claims, 3 are about methods of this experiment. On its data alone, 2 hold, 0 fail, 1 is not"
    )
    assert told.endswith(": this one for 2 of these 3.")
    assert counted(inputs(claims=CLAIMS, name="elsewhere"), rows).endswith(": this one for none of these.")


def test_a_verdict_given_convergence_counts_and_one_seed_does_not():
    given = claims_page.page(CLAIMS, [answers("sized", row(verdict="fails, given convergence"))])
    assert "**1** fails" in given
    one = claims_page.page(CLAIMS, [answers("sized", row(verdict="not tested: one seed"))])
    assert "**4** are not tested" in one


def test_a_stale_set_is_marked_and_what_it_counts_is_told():
    stale = [answers("sized", row(), mark="\n*Made by commit aaaaaaa; older.*\n")]
    page = claims_page.page(CLAIMS, stale)
    assert cells(page)[0][2] == "`sized` (stale)"
    told = "verdicts from stale sets: 1."
    assert told in page
    assert told in statements.counted(CLAIMS, stale)
    assert "`sized`: *Made by commit aaaaaaa; older.*" in page
    assert "stale" not in claims_page.page(CLAIMS, [answers("sized", row())])


def test_rows_about_another_margin_or_other_words_are_left_out_and_counted():
    page = claims_page.page(CLAIMS, [answers("sized", row(at_least=0.0), row("other words"), mark="*old*")])
    assert "2 of their rows are about claims in other words or with other margins" in page
    assert {line[0] for line in cells(page, "Not tested")} == {"better", "smaller error", "fewer", "first"}


def test_tables_of_before_a_column_are_read_in_their_units(tmp_path):
    old = pd.DataFrame([row(at_least=1.0, found=2.0, low=1.5, high=2.5)]).drop(columns=["metric", "needs"])
    old.to_csv(tmp_path / "claims.csv", index=False)
    (found,) = claims_found.read(tmp_path / "claims.csv").itertuples()
    assert (found.at_least, found.found, found.low, found.needs) == (0.01, 0.02, 0.015, "")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder, the working directory, in which `smoke` is on record."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command.record, "names", lambda: ["smoke"])
    return tmp_path


HOLDS = pd.DataFrame([row()], columns=list(COLUMNS)).to_csv(index=False)


def test_a_forged_table_is_refused_and_no_page_is_written(here, capsys):
    _, report = put("smoke", OLDER, pages={**PAGES, "claims.csv": HOLDS})
    (report / "claims.csv").write_text(HOLDS.replace("holds", "fails"))
    assert main(["claims"]) == 2
    assert capsys.readouterr().err.startswith(f"error: {report}/claims.csv: ")
    assert not (here / command.PAGE).exists()


def test_a_stale_report_of_runs_of_today_is_refused_and_no_page_is_written(here, capsys):
    _, report = put("smoke", digests()[0], OLDER, pages={**PAGES, "claims.csv": HOLDS})
    assert main(["claims"]) == 2
    assert capsys.readouterr().err.startswith(f"error: {report}: ")
    assert not (here / command.PAGE).exists()


def test_the_page_of_proven_tables_is_written(here):
    put("smoke", OLDER, pages={**PAGES, "claims.csv": HOLDS})
    assert main(["claims"]) == 0
    page = (here / command.PAGE).read_text()
    assert "`smoke`: *Made by commits " in page
    assert page == command.page()


def test_sets_that_say_the_contrary_are_told_beside_a_claim():
    sized, other = answers("sized", row()), answers("other", row(verdict="fails"))
    assert decided(CLAIMS, [sized, other])[0]["other sets"] == "fails in `other`"
    more = answers("more", row(verdict="not resolved, or equivalent"))
    assert decided(CLAIMS, [sized, more])[0]["other sets"] == "neither holds nor fails in 1 other"


def test_flags_of_the_two_methods_stand_in_the_row_of_a_claim():
    flagged = answers("sized", row())._replace(flags={"a": "lr at the edge", "c": "n < 5"})
    (first, *_) = cells(claims_page.page(CLAIMS, [flagged]), "Tested")
    assert first[-1] == "a: lr at the edge"
    assert "flags" not in claims_page.page(CLAIMS, [answers("sized", row())])


def test_statements_are_counted_once_for_each_verdict():
    (one, _), stated = CLAIMS.claims, ("cheaper: 8 bits", "cheaper: 16 bits", "cheaper: 32 bits")
    claims = CLAIMS.model_copy(update={"claims": tuple(one.model_copy(update={"claim": claim}) for claim in stated)})
    sized = answers("sized", row(stated[0]), row(stated[1]), row(stated[2], verdict="fails, given convergence"), RATIO)
    told = "Of 4 statements (5 claims, since some are tested in several ways), "
    told += "**1** holds, **1** fails, **1** is not resolved, **1** is not tested."
    assert statements.counted(claims, [sized]) == told


def test_a_ratio_that_lacks_a_bound_needs_other_runs_and_no_seeds():
    bounded = row(
        "fewer", of="ratio", column="acs", at_least=10.0, found=4.0, low=3.0, high=11.0, verdict="not resolved"
    )
    pages = [claims_page.page(CLAIMS, [answers("sized", one)]) for one in (RATIO, bounded)]
    assert [cells(page, "Tested")[0][-1] for page in pages] == [claims_found.NO_BOUND, ""]


def test_claims_that_differ_after_a_colon_alone_are_one_statement_with_the_number_of_its_ways():
    (one, _), stated = CLAIMS.claims, ("cheaper: 8 bits", "cheaper: 32 bits")
    claims = CLAIMS.model_copy(update={"claims": tuple(one.model_copy(update={"claim": claim}) for claim in stated)})
    both = answers("sized", *(row(claim) for claim in stated))
    (line,) = decided(claims, [both])
    assert (line["statement"], line["found"], line["interval"]) == ("cheaper", "in 2 of 2 ways", "")
    assert decided(claims, [answers("sized", row(stated[0]))])[0]["found"] == "in 1 of 2 ways"
    fails = answers("other", row(stated[0], verdict="fails"), row(stated[1], verdict="not resolved"))
    beside = "fails in `other` in 1 of them; neither holds nor fails in 1 other"
    assert decided(claims, [both, fails])[0]["other sets"] == beside
