"""Verdicts read off one interval of a difference, so that no two of them contradict each other. No torch.

The difference is taken so that more is better: left minus right, or right minus left where lower values are better.

    better        low > 0                        holds  low >= margin
    worse         high < 0                       fails  high < margin
    equivalent    -within < low, high < within
    not resolved  otherwise, of pairs and of claims that left is at least `margin` better

Better excludes worse, and a claim with margin m holds only if every claim with a smaller margin does.
"""

from collections import Counter
from collections.abc import Iterable

from snn.report.intervals import Interval

BETTER, WORSE, EQUIVALENT = "better", "worse", "equivalent"
NOT_RESOLVED, NOT_TESTED = "not resolved", "not tested"
WITHIN = 0.01  # of accuracy: a point, the least that papers report as a difference
OF_CLAIMS = ("holds", "fails", NOT_RESOLVED, NOT_TESTED)


def margin(metric: str) -> float | None:
    """Within which two outcomes are equivalent; None for a metric without such a margin."""
    return WITHIN if metric == "accuracy" else None


def of_pair(advantage: Interval, within: float | None = None) -> str:
    """Whether left is better or worse than right, or else the two are equivalent within a margin."""
    if advantage.low > 0:
        return BETTER
    if advantage.high < 0:
        return WORSE
    if within is not None and -within < advantage.low and advantage.high < within:
        return EQUIVALENT
    return NOT_RESOLVED


def of_claim(advantage: Interval, margin: float) -> str:
    """Whether the claim that left is at least `margin` better than right holds."""
    if advantage.low >= margin:
        return "holds"
    if advantage.high < margin:
        return "fails"
    return NOT_RESOLVED


def tested(verdict: str, n: int, diverged: int) -> str:
    """A verdict from n pairs beside so many runs that diverged, or the reason why there is none."""
    if n < 2:
        return "not tested: one seed" if n else "not tested: no seed in which both converged"
    return f"{verdict}, given convergence" if diverged else verdict


def of_claims(verdicts: Iterable[str], marks: str = "") -> str:
    """How many claims have which verdict, in words; what a verdict tells beyond that does not count apart.

    `marks`: Markdown around numbers.
    """
    numbers = Counter(next(kind for kind in OF_CLAIMS if verdict.startswith(kind)) for verdict in verdicts)
    return ", ".join(f"{marks}{numbers[kind]}{marks} {_predicate(kind, numbers[kind])}" for kind in OF_CLAIMS)


def _predicate(verdict: str, number: int) -> str:
    if verdict in ("holds", "fails"):
        return verdict if number == 1 else verdict.removesuffix("s")
    return f"{'is' if number == 1 else 'are'} {verdict}"
