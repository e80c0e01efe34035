"""No verdict of a generated experiment denies another one, and whoever looks for a contradiction finds one."""

from itertools import product

import numpy as np
import pytest

from benchmarks.contradictions import contradictions, verdicts
from snn.report.pairs import OUTCOME

pytestmark = pytest.mark.slow
PAIRS = 300


@pytest.fixture(scope="module")
def experiments():
    """With 300 pairs and more in all."""
    found = []
    while sum(len(one.compared) for one in found) < PAIRS:
        found.append(verdicts(np.random.default_rng([1, len(found)])))
    return found


def changed(found, table, at, verdict):
    """The same experiment with another verdict in a row of one of its tables."""
    rows = getattr(found, table).copy()
    rows.loc[at, "verdict"] = verdict
    return found._replace(**{table: rows})


def test_no_verdicts_on_300_pairs_their_claims_and_ratios_contradict_each_other(experiments):
    assert [text for one in experiments for text in contradictions(one)] == []


def test_there_are_pairs_and_claims_of_every_verdict(experiments):
    words = set()
    for one in experiments:
        for kind, verdict in (*one.checked[["of", "verdict"]].values, *one.compared[["family", "verdict"]].values):
            word = verdict.partition(",")[0].partition(":")[0]
            words.add((kind, "better" if word.endswith("better") else word))
    claimed = product(("difference", "ratio"), ("holds", "fails", "not resolved", "not tested"))
    paired = product(("primary", "secondary", "teacher"), ("better", "not resolved", "not tested"))
    assert {*claimed, *paired} <= words
    assert "equivalent" in {word for _, word in words}
    assert any("given convergence" in text for one in experiments for text in one.checked.verdict)


@pytest.mark.parametrize(
    ("column", "words"), [(OUTCOME, "is better"), (OUTCOME, "equivalent"), ("energy_nj", "is better")]
)
def test_another_verdict_on_a_pair_is_found(column, words, experiments):
    tried = 0
    for one in experiments:
        rows = one.compared[(one.compared.metric == "accuracy") & (one.compared.column == column)]
        for at, pair in rows[rows.verdict.str.contains(words)].iterrows():
            other = pair.left if pair.better == pair.right else pair.right
            assert contradictions(changed(one, "compared", at, f"{other} is better"))
            tried += 1
            break
    assert tried


@pytest.mark.parametrize("of", ["difference", "ratio"])
@pytest.mark.parametrize(("word", "other"), [("holds", "fails"), ("fails", "holds"), ("holds", "not resolved")])
def test_another_verdict_on_one_of_several_claims_is_found(word, other, of, experiments):
    """If a claim holds, those that ask for less do; if it fails, those that ask for more do."""
    tried = 0
    for one in experiments:
        rows = one.checked[(one.checked.of == of) & one.checked.verdict.str.startswith(word)]
        sides = [text.rpartition(" ")[0] for text in rows.claim]
        for _, same in rows.assign(sides=sides).groupby(["sides", "column"]):
            if same.at_least.max() - same.at_least.min() > 1e-6:
                weakest = same.at_least.idxmin() if word == "holds" else same.at_least.idxmax()
                assert contradictions(changed(one, "checked", weakest, other))
                tried += 1
                break
    assert tried


def test_a_claim_on_a_pair_that_is_not_tested_has_no_other_verdict(experiments):
    one = next(one for one in experiments if (one.compared.n == 1).all())
    assert contradictions(changed(one, "checked", 0, "not resolved"))
