"""A rule is taken in a case if nowhere in it, or at a level, another one is shown to be better; else it depends."""

import re

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


def unbeaten(rows):
    """The methods that were run in more than half of the rows, and are worse in none."""
    ran = {method: [row for row in rows if method in row.methods] for method in METHODS}
    return {m for m, own in ran.items() if 2 * len(own) > len(rows) and all(m in row.no_worse for row in own)}


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
    never_worse = unbeaten([one.row for one in found])
    if never_worse:
        assert set(told.take.replace("*", "").replace(" or ", ", ").split(", ")) == never_worse
    else:
        levels = {level: [one.row for one in found if one.level == level] for level in {one.level for one in found}}
        if not all(levels) or not all(unbeaten(own) for own in levels.values()):
            assert told.take == "it depends"
        else:
            parts = dict(part.partition(" at level")[::2] for part in told.take.replace(" or **", "|**").split(", **"))
            assert {
                (level, rule)
                for rules, at_levels in parts.items()
                for level in re.findall(r"0\.\d", at_levels)
                for rule in re.findall(r"\w+", rules)
            } == {(level, rule) for level, own in levels.items() for rule in unbeaten(own)}
        assert all(f"**{one.row.no_worse[0]}** is first " in told.because for one in found)
    assert all(f"`{one.name}`" in told.because for one in found)
    assert all(one.level in told.because for one in found)


@given(st.lists(evidence(CHIPS), min_size=1, max_size=4))
def test_a_level_has_the_rules_that_are_unbeaten_everywhere_or_without_any_those_that_are_at_every_level(found):
    at_level = {level: unbeaten([one.row for one in found if one.level == level]) for level in {e.level for e in found}}
    everywhere = unbeaten([one.row for one in found])
    expected = dict.fromkeys(at_level, everywhere) if everywhere else at_level
    taken = cases.rules(found)
    assert {level: set(rules) for level, rules in taken.items()} == (expected if all(expected.values()) else {})


def test_the_sentences_tell_the_places():
    found = [
        at("x", "tet", ("stbp",), ("sdt",)),
        at("y", "stbp", (), ("tet",)),
        at("z", "stbp", ("tet",)),
    ]
    told = cases.advice("clean", found[:2])
    higher = "tet has a higher mean in `x`, 9.0 beside 8.0, not resolved"
    assert told == ("clean", "**stbp**", f"nothing is shown to beat it in `x` or `y`; {higher}")
    other = [*found, at("w", "sdt", (), ("tet", "stbp"))]
    depends = "**tet** is first in `x` (stbp not shown to be worse); **stbp** is first in `y`; "
    depends += "**stbp** is first in `z` (tet not shown to be worse); **sdt** is first in `w`"
    assert cases.advice("clean", other) == ("clean", "it depends", depends)


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


def test_where_no_rule_is_unbeaten_at_all_levels_each_level_has_its_own():
    found = [at("x 0.1", "tet"), at("x 0.2", "tet", (), ("stbp",)), at("x 0.4", "stbp", (), ("tet",))]
    assert cases.advice("chips", found).take == "**tet** at levels 0.1 and 0.2, **stbp** at level 0.4"
    open_too = [*found, at("y 0.4", "tet", (), ("stbp",))]
    assert cases.advice("chips", open_too).take == "it depends"


def test_rules_that_are_not_told_apart_from_the_one_that_is_taken_are_named_with_their_levels():
    found = [at("x 0.2", "tet", (), ("stbp",)), at("x 0.6", "tet", ("stbp",)), at("y 0.6", "tet", ("stbp",))]
    found.append(at("y 0.2", "tet", ("sdt",), ("stbp",)))
    because = cases.advice("chips", found).because
    ties = ["stbp not shown to be worse at level 0.6 in `x` and at level 0.6 in `y`"]
    assert because.split("; ")[1:] == [*ties, "sdt not shown to be worse at level 0.2 in `y`"]


def test_levels_of_chips_stand_with_their_sets():
    found = [at("x 0.2", "tet"), at("x 0.4", "tet"), at("y 0.4", "tet")]
    assert cases.advice("chips", found).because == (
        "nothing is shown to beat it at levels 0.2 or 0.4 in `x` or at level 0.4 in `y`"
    )
    turned = [*found[:2], at("y 0.4", "stbp", (), ("tet",))]
    assert cases.advice("chips", turned).because == (
        "**tet** is first at levels 0.2 and 0.4 in `x`; **stbp** is first at level 0.4 in `y`"
    )
