"""A ranking of rules in sentences, the answer first. No torch.

The page makes the same sentences, for any bounds: `snn/page/scripts/recommend.js`.
"""

import math
from collections.abc import Iterator, Mapping

import pandas as pd

from snn.config import Energy
from snn.report.candidates import FIRST, Candidates
from snn.report.metric import SHOWN, Metric
from snn.report.recommend import Bounds, Ranking, apart, chosen, compared, span
from snn.report.verdicts import NOT_RESOLVED
from snn.report.words import listed

NAMED = 5  # rules of a verdict that are named; of more, so many, and the number of the others
RELATIONS = {  # of the first rule to others, by what these are
    NOT_RESOLVED: "Not resolved against",
    "equivalent": "Equivalent to",
    "worse": "Better than",
    "better": "Worse than",
    "not tested": "Not tested against",
}


def answer(found: Ranking, bounds: Bounds) -> list[str]:
    """What is first within the bounds, how sure that is, what is cheaper, what is better elsewhere, what is above.

    If nothing is within the bound on energy: what needs the least, and what is best at another number of steps.
    """
    if found.rules.empty:
        told = [f"no rule is within {bounds.most_nj:.10g} nJ; the lowest is {lowest(found)}."]
        return [*told, *([] if found.elsewhere is None else [f"At another T: {beside(found.elsewhere)}."])]
    metric = SHOWN[found.rules.metric.iloc[0]]
    first, others = found.rules.iloc[0], found.rules.iloc[1:]
    interval = f"95 % interval {span(metric, first.low, first.high)}"
    told = [f"{named(first)}: {_value(metric, first.value_test)} ({interval}), {first.energy_nj:,.1f} nJ."]
    told += ["One seed decides nothing."] if first.n < 2 else _relations(others, metric)
    if others.empty:
        told.append(f"It is the only rule{' within the bounds' if len(found.least) else ''}.")
    higher = f"A {'higher' if metric.better == 'higher is better' else 'lower'} mean at another T"
    if found.elsewhere is not None and found.elsewhere.steps_eval > bounds.most_steps:
        higher += ", above your bound"
    for heading, row in (("Cheaper, its mean within a point", found.cheaper), (higher, found.elsewhere)):
        if row is not None:
            told.append(f"{heading}: {beside(row)}.")
    return [*told, *above(found, bounds)]


def above(found: Ranking, bounds: Bounds) -> list[str]:
    """Which rules have no candidate within the bound on energy, and what they need at the least."""
    if found.least.empty or math.isinf(bounds.most_nj):
        return []
    needs = [f"{row.method} ({_at_least(row.energy_nj)} nJ)" for row in found.least.itertuples()]
    return [f"Above {bounds.most_nj:.10g} nJ, with what they need at the least: {few(needs)}."]


def beyond(found: Candidates, energy: Energy, bounds: Bounds, ranking: Ranking) -> list[str]:
    """What the bound on energy costs: the first one without it, if that has a better mean, beside the first within."""
    best = chosen(found, energy, bounds._replace(most_nj=math.inf)).head(1)
    if ranking.first is None or best.value_test.iloc[0] == ranking.rules.value_test.iloc[0]:
        return []
    return [f"Without the bound on energy: {beside(compared(found, best, ranking.first).iloc[0])}."]


def under_others(found: Candidates, bounds: Bounds, energies: Mapping[str, Energy], name: str) -> list[str]:
    """What is first within the bound on energy under other energy tables than `name`, if that depends on the table."""
    if math.isinf(bounds.most_nj):
        return []
    firsts: dict[str, list[str]] = {}
    for each, energy in energies.items():
        rows = chosen(found, energy, bounds)
        firsts.setdefault("none" if rows.empty else named(rows.iloc[0]), []).append(each)
    told = [f"{first} under {few(names)}" for first, names in firsts.items() if name not in names]
    return [f"The bound is of this energy table; first under others: {'; '.join(told)}."] if told else []


def beside(row: pd.Series) -> str:
    """A candidate with its value, its energy, and what it is beside the first one, if there is one."""
    metric = SHOWN[row.metric]
    told = f"{named(row)}, {_value(metric, row.value_test)}, {row.energy_nj:,.1f} nJ"
    if row.verdict in ("", FIRST):
        return told
    return (
        f"{told}; {apart(metric, row.behind, row.behind_low, row.behind_high)} {metric.difference_unit}, {row.verdict}"
    )


def named(row: pd.Series) -> str:
    """A candidate in words: its rule, how chips were calibrated, and its steps."""
    calibrated = f" with calibrator {row.calibrator} ({row.targets} targets)" if row.calibrator else ""
    return f"{row.method}{calibrated} at T = {row.steps_eval}"


def lowest(found: Ranking) -> str:
    """What needs the least energy of all, with an energy that is a bound which it keeps."""
    row = found.least.iloc[0]
    return f"{_at_least(row.energy_nj)} nJ, {named(row)}"


def few(words: list[str]) -> str:
    """Words as a sentence lists them; of many, the first ones and the number of the others."""
    return listed(words if len(words) <= NAMED + 1 else [*words[:NAMED], f"{len(words) - NAMED} more"])


def _relations(others: pd.DataFrame, metric: Metric) -> Iterator[str]:
    """To how many of the other rules the first one has which relation, and to which."""
    kinds = {verdict: _relation(verdict) for verdict in others.verdict}
    for verdict in sorted(kinds, key=lambda one: (list(RELATIONS.values()).index(kinds[one][0]), one)):
        own = others[others.verdict == verdict]
        relation, given = kinds[verdict]
        words = few([f"{row.method} ({metric.value(row.value_test)})" for row in own.itertuples()])
        yield f"{relation} {_share(len(own), len(others))}{given}: {words}."


def _relation(verdict: str) -> tuple[str, str]:
    """The relation of the first rule by the verdict of another one, and on what condition or for what reason."""
    kind = next(kind for kind in RELATIONS if verdict.startswith(kind))
    given = verdict.removeprefix(kind).lstrip(",: ")
    return RELATIONS[kind], f", {given}" if given else ", within a point" if kind == "equivalent" else ""


def _share(k: int, m: int) -> str:
    if k < m:
        return f"{k} of {m} other rules"
    return "the other rule" if m == 1 else f"all {m} other rules"


def _value(metric: Metric, mean: float) -> str:
    return f"{metric.value(mean)} {metric.unit}"


def _at_least(nj: float) -> str:
    """An energy rounded up, so that it is a bound which is kept."""
    return f"{math.ceil(100 * nj) / 100:.2f}".rstrip("0").rstrip(".")
