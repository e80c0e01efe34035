"""A rule is taken in a case if nowhere in it another one is shown to be better; else it depends."""

from hypothesis import given
from hypothesis import strategies as st

from snn.report import cases
from snn.report.cases import Evidence
from snn.report.standings import Row

METHODS = ("stbp", "tet", "sdt")


def at(where: str, first: str, apart: tuple[str, ...] = (), worse: tuple[str, ...] = ()) -> Evidence:
    cells = (", ".join(f"{method} 8.0" for method in methods) for methods in (apart, worse))
    return Evidence(where, Row("clean networks", f"**{first}** 9.0 % (5 seeds)", *cells))


@st.composite
def evidence(draw):
    order = draw(st.permutations(METHODS))
    apart = draw(st.integers(0, 2))
    return at(
        draw(st.sampled_from(["in `x`", "in `y`", "at level 0.2"])),
        order[0],
        tuple(order[1 : 1 + apart]),
        tuple(order[1 + apart :]),
    )


@given(st.lists(evidence(), min_size=1, max_size=4))
def test_what_is_taken_is_worse_nowhere_and_without_such_a_rule_every_first_one_is_named_with_its_places(found):
    told = cases.advice("Case", found)
    rows = [one.row for one in found]
    ran = {method: [row for row in rows if method in row.methods] for method in METHODS}
    never_worse = {m for m, own in ran.items() if 2 * len(own) > len(rows) and all(m in row.no_worse for row in own)}
    if never_worse:
        assert set(told.take.replace("*", "").replace(" or ", ", ").split(", ")) == never_worse
    else:
        assert told.take == "it depends"
        assert all(f"**{one.row.no_worse[0]}** is first " in told.because for one in found)
    assert all(one.where in told.because for one in found)


def test_the_sentences_tell_the_places():
    found = [
        at("in `x`", "tet", ("stbp",), ("sdt",)),
        at("in `y`", "stbp", (), ("tet",)),
        at("in `z`", "stbp", ("tet",)),
    ]
    told = cases.advice("clean", found[:2])
    higher = "tet has a higher mean in `x`"
    assert told == ("clean", "**stbp**", f"nothing is shown to beat it in `x` or in `y`; {higher}", higher)
    other = [*found, at("in `w`", "sdt", (), ("tet", "stbp"))]
    depends = "**tet** is first in `x`; **stbp** is first in `y` and in `z`; **sdt** is first in `w`"
    assert cases.advice("clean", other) == ("clean", "it depends", depends, "")


def test_a_rule_that_was_run_in_most_places_and_is_beaten_in_none_is_taken_with_those_where_it_was_not_run():
    found = [at("in `x`", "sdt", ("tet",)), at("in `y`", "tet", (), ("stbp",)), at("in `z`", "tet", ("sdt",))]
    told = cases.advice("clean", found)
    assert told.take == "**tet** or **sdt**"
    assert told.because.endswith("; sdt was not run in `y`")
    assert cases.advice("clean", [*found[:2], at("in `z`", "tet")]).take == "**tet**"


def test_where_a_rule_that_is_not_taken_has_a_higher_mean_that_is_said():
    told = cases.advice("chips", [at("at level 0.1", "tet", (), ("stbp",)), at("at level 0.2", "stbp", ("tet",))])
    assert told.take == "**tet**"
    assert told.because.endswith("; stbp has a higher mean at level 0.2")
