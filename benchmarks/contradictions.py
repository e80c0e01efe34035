"""Do verdicts on pairs, on differences and on ratios contradict each other? Generated experiments, and their count.

    .venv/bin/python -m benchmarks.contradictions [PAIRS [SEED]]     # 10,000 pairs by default, in four minutes

Only words are compared: each verdict says something about one true difference or ratio, and together they must leave
one. Margins of claims lie at the ends of intervals, at what was found and at bounds of verdicts, where a contradiction
would be. The exit status is 1 if there is any. `tests/report/test_contradictions.py` does the same with 300 pairs.
"""

import sys
from collections.abc import Iterator, Sequence
from itertools import combinations, count, permutations, product
from math import inf, nextafter
from typing import NamedTuple

import numpy as np
import pandas as pd

from snn.config import Claim, Claims, Ratio, Side
from snn.evaluation.outcomes import Outcomes
from snn.report.pairs import OUTCOME
from snn.report.sections.claims import table as claims
from snn.report.sections.comparisons import table as comparisons
from snn.report.sections.ratios import table as ratios
from snn.report.verdicts import WITHIN
from tests.rows import frame, row

STEPS = (1, 4, 16)
METHODS = ("a", "b", "c")
TEACHERS = dict.fromkeys(METHODS, "ann")
COSTS = ("steps_eval", "acs", "energy_nj")
DRAWN = {"source": "drawn", "why": "drawn", "answered_by": "none"}
ROUNDING = 1e-12  # of ratios: that of one over a ratio has an interval of its own


class Verdicts(NamedTuple):
    """The tables of one experiment, and the claims that were checked."""

    compared: pd.DataFrame
    ratios: pd.DataFrame
    claims: Claims
    checked: pd.DataFrame


def experiment(rng: np.random.Generator) -> tuple[pd.DataFrame, Outcomes]:
    """Rows of runs.csv and their outcomes: three methods and their teacher, near each other or far, some diverged."""
    n, samples, binary = int(rng.choice([1, 2, 5, 8, 8])), int(rng.choice([60, 360, 3000])), rng.random() < 0.9
    middle, apart = rng.uniform(0.5, 3), rng.choice([0, 0.05, 0.3, 1])
    hard_N, common_S = rng.choice([0, 3]) * rng.standard_normal(samples), 0.1 * rng.standard_normal(n)
    of_seed, spread = rng.choice([0, 0.05, 0.3]), rng.choice([0, 0.1, 0.5])
    rows, outcomes = [], []
    for method in (*METHODS, "ann"):
        shift, needs = apart * rng.standard_normal(), int(rng.choice([1, 2, 4, 16, 64]))
        cost, noise = rng.lognormal(sigma=1), rng.choice([0, 0.1, 1])
        for seed in range(n):
            latent_N = middle + shift + hard_N + common_S[seed] + of_seed * rng.standard_normal()
            status = "diverged" if rng.random() < 0.04 else "ok"
            price = cost * np.exp(spread * rng.standard_normal())
            for steps in STEPS if method != "ann" else (4,):
                outcome_N = latent_N + rng.standard_normal(samples) > 0
                value_N = outcome_N if binary else 0.1 * (latent_N - latent_N.mean()) ** 2
                reaches = steps >= needs * np.exp(noise * rng.standard_normal())
                value = {"val": 0.9 if reaches or method == "ann" else 0.8, "test": value_N.mean()}
                work = {"acs": 100 * steps * price, "energy_nj": steps * price, "steps_eval": steps, "status": status}
                kind = {} if binary else {"metric": "mse", "direction": "lower"}
                rows.append(row(method, seed, **value, **work, **kind))
                outcomes.append(value_N)
    return frame(*rows), Outcomes.of(np.array(outcomes, float), bool(binary))


def verdicts(rng: np.random.Generator) -> Verdicts:
    """One experiment, with families of pairs and claims drawn, the latter both ways round; tables as in reports."""
    runs, outcomes = experiment(rng)
    pairs = [tuple(rng.permutation(pair).tolist()) for pair in (METHODS[:2], METHODS[1:], METHODS[::2])]
    primary = int(rng.integers(len(pairs) + 1))
    families = {"primary": pairs[:primary], "secondary": pairs[primary:], "teacher": list(TEACHERS.items())}
    sides = list(permutations((*METHODS, "ann"), 2))
    drafts = [difference(left, right, column, 0.0) for left, right in sides for column in (OUTCOME, "energy_nj")]
    compared = comparisons.compare(runs, outcomes, comparisons.pairs(families, drafts))
    ways = rng.permutation(list(permutations(METHODS, 2)))[:4]
    asked = [ratio(more, fewer, column, 1.0) for more, fewer in ways.tolist() for column in COSTS]
    needed = ratios.compare(runs, TEACHERS, ratios.pairs(TEACHERS, pairs, asked))
    given = Claims(source="drawn", claims=tuple(on_differences(compared, rng)), ratios=tuple(on_ratios(needed, rng)))
    return Verdicts(compared, needed, given, claims.check(given, compared, needed))


def difference(left: str, right: str, column: str, margin: float, metric: str = "accuracy") -> Claim:
    """A claim that `left` is at least `margin` above `right`."""
    given = {"left": Side(method=left), "right": Side(method=right), "column": column, "metric": metric}
    return Claim(claim=f"{left} {right} {margin!r}", margin=margin, **given, **DRAWN)


def ratio(more: str, fewer: str, column: str, times: float) -> Ratio:
    """A claim that `more` needs at least `times` as much as `fewer`."""
    return Ratio(claim=f"{more} {fewer} {times!r}", column=column, more=more, fewer=fewer, times=times, **DRAWN)


def around(*values: float) -> Iterator[float]:
    """Those of the values that are finite, and their neighbours."""
    for value in values:
        if np.isfinite(value):
            yield from (nextafter(value, -inf), value, nextafter(value, inf))


def on_differences(compared: pd.DataFrame, rng: np.random.Generator) -> Iterator[Claim]:
    """Claims on every pair, both ways round, with margins where verdicts change, and anywhere."""
    within = WITHIN
    for pair in compared.itertuples():
        ends = [end for end in (pair.low, pair.high, pair.difference) if end is not None]
        margins = [*around(0.0, within, -within, *ends), *rng.normal(0, 0.05, 3)]
        for margin in margins:
            yield difference(pair.left, pair.right, pair.column, float(margin), pair.metric)
            yield difference(pair.right, pair.left, pair.column, -float(margin), pair.metric)


def on_ratios(needed: pd.DataFrame, rng: np.random.Generator) -> Iterator[Ratio]:
    """Claims on every pair within a point, with factors where verdicts change, and anywhere."""
    for pair in needed[needed.basis == ratios.WITHIN].itertuples():
        for times in (*around(1.0, pair.low, pair.high, pair.ratio), *np.exp(rng.normal(0, 1, 3))):
            if times > 0:
                yield ratio(pair.more, pair.fewer, pair.column, float(times))


class Bound(NamedTuple):
    """What one verdict says of the true value x: x > at or x < at, or, unless `strict`, equal."""

    below: bool  # of x
    at: float
    strict: bool
    words: str


def contradictions(found: Verdicts) -> list[str]:
    """All pairs of verdicts of which one denies the other, and claims that are not what another verdict implies."""
    wrong = []
    for pair in found.compared.itertuples():
        own = about(found.checked, "difference", pair.column, pair.left, pair.right)
        bounds = [*of_pair(pair), *of_claims(own, pair.left)]
        wrong += clashes(bounds) + unresolved(own, pair.left, bounds)
        tested = not pair.verdict.startswith("not tested")
        wrong += [f"{text}, but {pair.verdict}" for text in own.verdict if ("not tested" in text) == tested]
    for column, (left, right) in product(COSTS, combinations(METHODS, 2)):
        own = about(found.checked, "ratio", column, left, right)
        bounds = list(of_claims(own, left))
        wrong += clashes(bounds, ROUNDING) + unresolved(own, left, bounds, ROUNDING)
    return wrong


def about(checked: pd.DataFrame, of: str, column: str, *sides: str) -> pd.DataFrame:
    """The claims on a column of two methods, either way round."""
    same = [set(claim.split()[:2]) == set(sides) for claim in checked.claim]
    return checked[(checked.of == of) & (checked.column == column) & np.array(same, bool)]


def of_pair(pair) -> Iterator[Bound]:
    """What the verdict on a pair says of left minus right."""
    words, within = pair.verdict.partition(",")[0], WITHIN
    higher = pair.direction == "higher" and pair.column == OUTCOME
    for side in (pair.left, pair.right):
        if words == f"{side} is better":
            yield Bound((side == pair.left) == higher, 0.0, True, words)
    if words == "equivalent":
        yield Bound(True, -within, True, words)
        yield Bound(False, within, True, words)


def of_claims(checked: pd.DataFrame, left: str) -> Iterator[Bound]:
    """What verdicts on claims say of left minus right, or of left over right."""
    for claim in checked.itertuples():
        words = claim.verdict.partition(",")[0]
        if words in ("holds", "fails"):
            same, at = claim.claim.split()[0] == left, threshold(claim, left)
            yield Bound((words == "holds") == same, at, words == "fails", f"{claim.claim} {words}")


def threshold(claim, left: str) -> float:
    """The margin of a claim, as one on left minus right or on left over right."""
    if claim.claim.split()[0] == left:
        return claim.at_least
    return -claim.at_least if claim.of == "difference" else 1 / claim.at_least


def clashes(bounds: Sequence[Bound], slack: float = 0.0) -> list[str]:
    """The highest lower and the lowest upper bound, if nothing lies between, by more than the share `slack`."""
    low = max((bound for bound in bounds if bound.below), key=lambda bound: (bound.at, bound.strict), default=None)
    high = min(
        (bound for bound in bounds if not bound.below), key=lambda bound: (bound.at, -bound.strict), default=None
    )
    if low and high:
        touch = low.at == high.at and (low.strict or high.strict) and not slack
        if touch or low.at - high.at > slack * abs(high.at):
            return [f"{low.words}, but {high.words}"]
    return []


def unresolved(checked: pd.DataFrame, left: str, bounds: Sequence[Bound], slack: float = 0.0) -> list[str]:
    """Claims that are not resolved although another verdict resolves them, by more than the share `slack`."""
    low = max((bound.at for bound in bounds if bound.below), default=-inf)
    high = min((bound.at for bound in bounds if not bound.below), default=inf)
    found = []
    for claim in checked[checked.verdict.str.startswith("not resolved")].itertuples():
        at = threshold(claim, left)
        if low - at > slack * abs(at) or at - high > slack * abs(at):
            found.append(f"{claim.claim} not resolved, but the true value is above {low} and below {high}")
    return found


def main(pairs: int = 10_000, seed: int = 0) -> int:
    """Generate experiments with so many pairs in all, print the counts; returns the exit status."""
    seen, checked, wrong = 0, 0, []
    for number in count():
        if seen >= pairs:
            break
        found = verdicts(np.random.default_rng([seed, number]))
        seen, checked = seen + len(found.compared), checked + len(found.checked)
        wrong += [f"experiment {number}: {text}" for text in contradictions(found)]
    print(f"{seen} pairs in {number} experiments, {checked} claims, {len(wrong)} contradictions", *wrong, sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main(*map(int, sys.argv[1:])))
