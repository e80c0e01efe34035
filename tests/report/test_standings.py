"""The table of what is first where says what the verdicts say, and can be read back."""

from hypothesis import given
from hypothesis import strategies as st

from snn.report import standings
from snn.report.standings import Row

METHODS = ("stbp", "tet", "ltl_offline", "ltl_online")
VERDICTS = st.sampled_from(["worse", "worse, given convergence", "equivalent", "not resolved", "not tested: one seed"])


@st.composite
def places(draw):
    """A row, and its methods: the first one, those not shown to be worse, those that are worse."""
    first, *others = draw(st.permutations(METHODS).flatmap(lambda all_: st.integers(1, 4).map(lambda n: all_[:n])))
    verdicts = {method: draw(VERDICTS) for method in others}
    notes = {method: "collapsed in 2 of 5 seeds" for method in others if draw(st.booleans())}
    where = draw(st.sampled_from(["clean networks", "calibrated chips, mismatch at level 0.4"]))
    means = {method: ("83.0", verdict) for method, verdict in verdicts.items()}
    row = standings.row(where, first, "85.4 ± 0.7 %", 5, means, notes)
    worse = [method for method, verdict in verdicts.items() if verdict.startswith("worse")]
    return row, first, [method for method in others if method not in worse], worse


@given(places())
def test_a_method_stands_in_the_column_of_its_verdict_and_in_no_other(place):
    row, first, apart, worse = place
    assert row.no_worse == [first, *apart]
    assert standings._methods(row.worse) == worse


@given(st.lists(places(), min_size=1, max_size=5))
def test_rows_are_read_back_from_the_table(found):
    rows = [row for row, *_ in found]
    for where in {row.where for row in rows}:
        assert standings.read(standings.table(rows), where) == [row for row in rows if row.where == where]
    assert standings.read(standings.table(rows), "no such place") == []


def test_what_is_equivalent_or_collapsed_is_told_in_the_cell():
    others = {"tet": ("86.0", "equivalent"), "stbp": ("10.3", "worse")}
    row = standings.row("clean networks", "sdt", "86.1 ± 1.0 %", 1, others, {"stbp": "collapsed in 3 of 5 seeds"})
    expected = ("**sdt** 86.1 ± 1.0 % (1 seed)", "tet 86.0 (equivalent)", "stbp 10.3 (collapsed in 3 of 5 seeds)")
    assert row == Row("clean networks", *expected)


def test_a_table_without_rows_is_no_table():
    assert standings.table([]) == ""
