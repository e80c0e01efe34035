"""Accuracies of all rules by case and level: what stands behind README's answer. No torch."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from snn.cli import by_case, conditions
from snn.cli.by_case import DATA, At, Places
from snn.cli.evidence.costs import ENERGIES
from snn.cli.sets import Tables
from snn.config import params
from snn.report.recommend import chosen
from snn.report.words import listed

RULES = [rule for rule in conditions.RULES if not any(rule.startswith(f"{other}_") for other in conditions.RULES)]


def by_level(found: Places, sets: Mapping[str, Tables]) -> list[dict[str, str]]:
    """A row per case and level, by heading: what to take, the rules in front, the next, and what was not run.

    Of chips, with what one of them reaches.
    """

    def told(at: At) -> str:
        return cell(at, _one_chip(at, sets[at.tables.name]) if at.level else {})

    return [
        {
            "your case": case.words,
            "level": level,
            "take": take.words,
            "seeds": ", ".join(dict.fromkeys(f"{at.seeds}" for at in own.values())),
            **by_data(own, told),
            "not run": "; ".join(_not_run(own)),
            "sets": " ".join(f"`{at.tables.name}`" for at in own.values()),
        }
        for case, places in found.items()
        for level, take, own in by_case.by_level(places)
    ]


def by_data(own: Mapping[str, At], cell: Callable[[At], str]) -> dict[str, str]:
    """What is in front on the data sets of README, by the headings of a table."""
    return {f"on {words}": cell(own[name]) if name in own else "" for name, words in DATA.items()}


def cell(at: At, one_chip: Mapping[str, str] = MappingProxyType({})) -> str:
    """The rules in front of a place with what one chip reaches, and the best of those that are shown to be worse."""
    worse = _short_of(at.row.worse.split(", ")[0])
    return "; worse: ".join(filter(None, (_leaders(at, one_chip), worse)))


def _leaders(at: At, one_chip: Mapping[str, str]) -> str:
    """The first rule of a place with its interval, and those that are not shown to be worse, with their means."""
    told = [_short_of(told) for told in (at.row.first, *at.row.not_resolved_or_equivalent.split(", ")) if told]
    first, *apart = (
        f"{text} [{one_chip[rule]}]" if rule in one_chip else text
        for text, rule in zip(told, at.row.no_worse, strict=True)
    )
    return "; ".join(filter(None, (first, ", ".join(apart))))


def _one_chip(at: At, tables: Tables) -> dict[str, str]:
    """What 95 % of single new chips reach, by rule, in percent; of the candidates that the place shows."""
    found = tables.candidates(at.place) if tables.has_outcomes else None
    if found is None:
        return {}
    rows = chosen(found, params.load("energy", ENERGIES[0]))
    rows = rows[rows.method.isin(at.row.no_worse)]
    least = {row.method: found.interval(int(row.Index))["one_chip"] for row in rows.itertuples()}
    return {rule: f"{100 * value:.1f}" for rule, value in least.items() if value is not None}


def _not_run(own: Mapping[str, At]) -> Iterator[str]:
    """The rules that were not run on the data sets of a row, or on some of them alone."""
    missing = {name: [told for rule in RULES if (told := _missing(at, rule))] for name, at in own.items()}
    first = next(iter(missing.values()), [])
    everywhere = [rule for rule in first if all(rule in rules for rules in missing.values())]
    if everywhere:
        yield ", ".join(everywhere)
    for name, rules in missing.items():
        if left := [rule for rule in rules if rule not in everywhere]:
            yield f"{', '.join(left)} on {DATA[name]}"


def _missing(at: At, rule: str) -> str:
    """A rule that was not run at a place, with the variant of it that was; empty for one that was run."""
    variants = [method for method in at.row.methods if method.startswith(f"{rule}_") and method in conditions.RULES]
    if rule in at.row.methods:
        return ""
    return f"{rule} ({listed(variants)} was)" if variants else rule


def _short_of(told: str) -> str:
    """A rule with its mean, without what is noted of it."""
    return told.split(" (")[0]
