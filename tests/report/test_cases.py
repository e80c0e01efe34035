"""A rule is taken in a case if nowhere in it another one is shown to be better; else it depends."""

from hypothesis import given
from hypothesis import strategies as st

from snn.report import cases
from snn.report.cases import Evidence
from snn.report.standings import Row

METHODS = ("stbp", "tet", "sdt")


def at(where: str, first: str, apart: tuple[str, ...] = (), worse: tuple[str, ...] = ()) -> Evidence:
    """What is first in a set, "x", or there on chips of a level, "x 0.2"."""
    cells = (", ".join(f"{method} 8.0" for method in methods) for methods in (apart, worse))
    name, _, level = where.partition(" ")
    return Evidence(name, level, Row("clean networks", f"**{first}** 9.0 % (5 seeds)", *cells))


CLEAN, CHIPS = ("x", "y"), ("x 0.2", "x 0.4", "y 0.2")


@st.composite
def evidence(draw, where: tuple[str, ...]):
    order = draw(st.permutations(METHODS))
    apart = draw(st.integers(0, 2))
    return at(
        draw(st.sampled_from(where)),
        order[0],
        tuple(order[1 : 1 + apart]),
        tuple(order[1 + apart :]),
    )


@given(st.sampled_from([CLEAN, CHIPS]).flatmap(lambda where: st.lists(evidence(where), min_size=1, max_size=4)))
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
    assert all(f"`{one.name}`" in told.because for one in found)
    assert all(one.level in told.because for one in found)


def test_the_sentences_tell_the_places():
    found = [
        at("x", "tet", ("stbp",), ("sdt",)),
        at("y", "stbp", (), ("tet",)),
        at("z", "stbp", ("tet",)),
    ]
    told = cases.advice("clean", found[:2])
    higher = "tet has a higher mean in `x`, 9.0 beside 8.0, not resolved"
    assert told == ("clean", "**stbp**", f"nothing is shown to beat it in `x` or `y`; {higher}", higher)
    other = [*found, at("w", "sdt", (), ("tet", "stbp"))]
    depends = "**tet** is first in `x`; **stbp** is first in `y` and `z`; **sdt** is first in `w`"
    assert cases.advice("clean", other) == ("clean", "it depends", depends, "")


def test_a_rule_that_was_run_in_most_places_and_is_beaten_in_none_is_taken_with_those_where_it_was_not_run():
    found = [at("x", "sdt", ("tet",)), at("y", "tet", (), ("stbp",)), at("z", "tet", ("sdt",))]
    told = cases.advice("clean", found)
    assert told.take == "**tet** or **sdt**"
    assert told.because.endswith("; sdt was not run in `y`")
    assert cases.advice("clean", [*found[:2], at("z", "tet")]).take == "**tet**"


def test_where_a_rule_that_is_not_taken_has_a_higher_mean_that_is_said():
    told = cases.advice("chips", [at("x 0.1", "tet", (), ("stbp",)), at("x 0.2", "stbp", ("tet",))])
    assert told.take == "**tet**"
    assert told.because.endswith("; stbp has a higher mean at level 0.2 in `x`, 9.0 beside 8.0, not resolved")


def test_levels_of_chips_stand_with_their_sets():
    found = [at("x 0.2", "tet"), at("x 0.4", "tet"), at("y 0.4", "tet")]
    assert cases.advice("chips", found).because == (
        "nothing is shown to beat it at levels 0.2 or 0.4 in `x` or at level 0.4 in `y`"
    )
    turned = [*found[:2], at("y 0.4", "stbp", (), ("tet",))]
    assert cases.advice("chips", turned).because == (
        "**tet** is first at levels 0.2 and 0.4 in `x`; **stbp** is first at level 0.4 in `y`"
    )
