"""The page of power: what comparisons.csv tells of primary pairs, and which experiments have no such numbers."""

import pandas as pd
import pytest

from snn.core.paths import ROOT
from snn.report import collected, power
from snn.report.intervals import Estimate

PAIR = {"left": "a", "right": "b", "column": "value_test", "family": "primary", "level": 0.025, "metric": "accuracy"}
FOUND = {"n": 5, "samples": 10_000, "difference": 1.5, "low": 1.0, "high": 2.0, "detectable": 0.75}
SPREADS = {"se_seeds": 0.3, "se_samples": 0.1, "se_rest": 0.05}


def comparisons(*changes):
    """A comparisons.csv as it is in its file: accuracy in percent."""
    return pd.DataFrame([{**PAIR, **FOUND, **SPREADS, **change} for change in changes])


def cells(page):
    """Of the rows of its tables, without those of titles."""
    lines = [line.strip("|").split("|") for line in page.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line] for line in lines if "---" not in line[0] and line[0].strip() != "left"]


def test_a_primary_pair_has_its_difference_and_the_seeds_that_resolve_a_point():
    known = Estimate(0.015, 5, 10_000, 0.003**2, 0.001**2, 0.0005**2, 1e-4)
    seeds = [known.seeds_for(size, 0.025) for size in (0.01, 0.005)]
    assert seeds[0] < seeds[1]
    page = power.page({"x": comparisons({}, {"left": "c", "se_samples": 0.25})}, {"x": "\n*stale*\n"})
    first, second = cells(page)
    assert first == ["a", "b", "5", "+1.5", "+1.0 to +2.0", "0.8", *map(str, seeds)]
    assert second[-1] == "more test samples"
    assert int(second[-2]) > seeds[0]
    assert "### x" in page
    assert "level 0.025, for 2 primary pairs" in page
    assert page.endswith(" |\n\n*stale*\n")


@pytest.mark.parametrize("change", [{"family": "secondary"}, {"family": "claim"}, {"column": "energy_nj"}])
def test_other_pairs_and_columns_are_not_shown(change):
    page = power.page({"x": comparisons(change), "y": comparisons({}, {**change, "left": "c"})}, {"y": ""})
    assert [row[0] for row in cells(page)] == ["a"]
    assert "No primary pairs: `x`." in page


def test_seeds_that_spread_widely_need_many_seeds_and_few_samples_more_samples():
    page = power.page({"x": comparisons({"se_seeds": 20.0}, {"se_seeds": 20.0, "se_samples": 1.0})}, {"x": ""})
    assert [row[-2] for row in cells(page)] == ["more than 1,000", "more test samples"]


def test_one_seed_tells_nothing_and_errors_have_no_points():
    one, errors = comparisons({"n": 1, "low": None, "high": None, "detectable": None}), comparisons({"metric": "mse"})
    assert cells(power.page({"x": one, "y": errors}, {"x": "", "y": ""})) == [
        ["a", "b", "1", "+1.5", "", "", "unknown", "unknown"],
        ["a", "b", "5", "+1.5000", "+1.0000 to +2.0000", "0.7500", "", ""],
    ]


@pytest.mark.parametrize("column", power.NEEDED)
def test_tables_of_older_code_are_named_and_not_read(column):
    page = power.page({"x": comparisons({}).drop(columns=column), "y": comparisons({})}, {"y": ""})
    assert len(cells(page)) == 1
    assert "without these numbers: `x`." in page
    assert "No primary" not in page


def test_seeds_for_a_point_are_those_in_the_tables_on_record():
    seen = 0
    for path in sorted((ROOT / "results/report").glob("*/comparisons.csv")):
        table = collected.read(path)
        pairs = power.primary(table)
        if len(pairs) and set(pairs.metric) == {"accuracy"}:
            shown = [row[-2] for row in cells(power.page({path.parent.name: table}, {path.parent.name: ""}))]
            known = ["" if pd.isna(n) else f"{n:.0f}" for n in pairs.seeds_for_a_point]
            assert ["" if cell.startswith("more ") else cell for cell in shown] == known
            seen += 1
    assert seen


def test_the_power_of_the_campaign_is_that_of_the_spreads_on_record():
    """docs/campaign.md plans `matched_fashion` with the spreads of `matched`, on 10,000 in place of its 360 images."""
    table = pd.read_csv(ROOT / "results/report/matched/comparisons.csv")
    trained = table[(table.family == "primary") & (table.right != "conversion")]
    level, detectable, seeds = 0.05 / 7, [], []
    for row in trained.itertuples():
        se_seeds, se_samples, se_rest = ((se / 100) ** 2 for se in (row.se_seeds, row.se_samples, row.se_rest))
        seen = Estimate(row.difference / 100, row.n, row.samples, se_seeds, se_samples, se_rest, 1 / row.samples)
        share = row.samples / 10_000
        by_samples = max(se_samples, se_rest) * share
        more = seen._replace(samples=10_000, by_samples=by_samples, rest=se_rest * share, grain=1e-4)
        detectable.append(100 * more.detectable(level))
        seeds.append(more.seeds_for(0.01, level))
    told = f"ten seeds detect {min(detectable):.1f} to {max(detectable):.1f} points between trained rules, and"
    told += f" {min(seeds)} to {max(seeds)} seeds a point"
    assert told in " ".join((ROOT / "docs/campaign.md").read_text().split())
