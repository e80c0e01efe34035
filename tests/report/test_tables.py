"""What the tables make of rows: choices that never look at test data, means over seeds, published figures."""

import re

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from snn.config import Figure
from snn.core.errors import InputError
from snn.report import collected, intervals
from snn.report.sections.published import table as published
from snn.report.sections.summary import page as summary_page
from snn.report.sections.summary import table as summary_section
from snn.training.records import Trace
from tests import outcomes
from tests.report_inputs import COSTS, NO_TUNING, inputs
from tests.rows import frame, row

FIGURE = {"paper": "P", "table": "1", "dataset": "d", "network": "n", "method": "a", "steps": 4}


def summarise(rows: pd.DataFrame, tuning: pd.DataFrame = NO_TUNING) -> pd.DataFrame:
    rows = rows.reset_index(drop=True)
    return summary_section.summarise(rows, tuning, outcomes.of(rows))


@pytest.mark.parametrize(("lr", "at_edge"), [(0.1, True), (0.2, False), (0.3, True)])
def test_the_summary_tells_that_a_learning_rate_is_at_the_edge_of_its_grid(lr, at_edge):
    tuning = pd.DataFrame({"method": "a", "lr": [0.1, 0.2, 0.3], "seed": 100})
    tuned, recipe = summarise(frame(row("a", lr=lr), row("b", lr=0.1)), tuning).itertuples()
    assert (tuned.lr, tuned.lr_at_edge) == (lr, at_edge)
    assert pd.isna(recipe.lr_at_edge)


# summary


def test_chips_are_averaged_within_a_seed_and_a_diverged_seed_counts_in_n():
    chips = [row(seed=s, test=t, condition="noisy", noise="m", level=0.1, chip=c) for s, c, t in
             ((0, 0, 0.2), (0, 1, 0.4), (1, 0, 0.6), (1, 1, 1.0))]  # fmt: skip
    clean = [row(seed=0, test=0.9), row(seed=1, test=0.1, status="diverged")]
    summary = summarise(frame(*clean, *chips))
    assert summary.n.tolist() == [2, 2]
    assert summary.diverged.tolist() == [1, 0]
    assert summary.value_test_mean.tolist() == pytest.approx([0.5, 0.55])
    assert summary.value_test_sd[1] == pytest.approx(np.std([0.3, 0.8], ddof=1))
    assert summary.chips_sd[1] == pytest.approx((np.std([0.2, 0.4], ddof=1) + np.std([0.6, 1.0], ddof=1)) / 2)


def test_intervals_are_students_t_on_validation_data_and_hold_for_new_samples_on_test_data():
    values = [0.1, 0.4, 0.3, 0.35]
    low, high = stats.t.interval(0.95, 3, np.mean(values), stats.sem(values))
    summary = summarise(frame(*(row(seed=s, test=v, val=v) for s, v in enumerate(values))))
    assert summary.value_val_ci95[0] == pytest.approx((high - low) / 2)
    outcomes_SN = np.array([outcomes.of_one(value) for value in values])
    assert summary.value_test_ci95[0] == pytest.approx(outcomes.half(outcomes_SN))
    assert summary.value_test_ci95[0] > summary.value_val_ci95[0]


def test_energy_and_operations_have_an_interval_over_seeds():
    values = [1.0, 2.0, 4.0]
    low, high = stats.t.interval(0.95, 2, np.mean(values), stats.sem(values))
    summary = summarise(frame(*(row(seed=s, energy_nj=v, acs=100 * v) for s, v in enumerate(values))))
    assert summary.acs_ci95[0] == pytest.approx(100 * (high - low) / 2)
    assert summary.energy_nj_ci95[0] == pytest.approx((high - low) / 2)
    assert np.isnan(intervals.over_seeds(float("nan"), 1))


# published figures


def figure(**changes) -> Figure:
    return Figure(**{**FIGURE, "value": 0.8, "trust": "read", **changes})


def summarised(*rows, tuning=NO_TUNING, **changes) -> pd.DataFrame:
    runs = frame(row("ann", steps=1), *rows).assign(**changes)
    return summary_section.beside_teacher(summarise(runs, tuning), "ann")


def test_what_is_remembered_is_shown_and_has_no_gap():
    summary, figures = summarised(row(test=0.9)), [figure(trust="memory")]
    line = published.beside_summary(summary, figures, "published").iloc[1]
    assert (line.published, line.trust, pd.isna(line.above_published)) == (0.8, "memory", True)
    (beside,) = published.beside(figures, summary, "published").itertuples()
    assert (beside.value, beside.ours_mean, pd.isna(beside.gap), beside.no_gap) == (0.8, 0.9, True, "remembered")


def test_a_figure_whose_steps_no_source_states_is_shown_and_has_no_gap():
    (beside,) = published.beside([figure(steps=None)], summarised(row(test=0.9)), "published").itertuples()
    assert (beside.ours_mean, beside.no_gap) == (0.9, "no source states the steps")
    assert pd.isna(beside.gap)


def test_a_layout_of_ours_has_no_gap():
    summary = summarised(row(test=0.9))
    assert published.beside_summary(summary, [figure()], "ours").above_published.isna().all()
    assert published.beside([figure()], summary, "ours").gap.isna().all()


def test_the_gap_is_ours_less_theirs_in_their_metric():
    figures = [
        figure(),
        figure(metric="error", value=0.25, trust="digitised", tolerance=0.01),
        figure(metric="synops_ratio", value=0.3),
        figure(trust="memory"),
    ]
    summary = summarised(row(test=0.9))
    beside = published.beside(figures, summary, "published")
    assert beside.gap.tolist() == pytest.approx([0.1, -0.15, float("nan"), float("nan")], nan_ok=True)
    merged = published.beside_summary(summary, figures, "published")
    assert len(merged) == len(summary)
    assert merged.above_published[1] == pytest.approx(0.1)


def test_the_most_trustworthy_of_several_figures_is_in_the_summary():
    digitised = figure(value=0.7, trust="digitised", tolerance=0.01)
    figures = [figure(value=0.6, trust="memory"), digitised, figure(value=0.75, trust="quoted"), figure(value=0.8)]
    for several, best in ((figures, 0.8), (figures[:3], 0.75), (figures[:2], 0.7), (figures[:1], 0.6)):
        assert published.beside_summary(summarised(row()), several, "published").published[1] == best


def test_a_figure_for_other_steps_or_other_conditions_is_not_ours():
    others = [row(steps_eval=8), row(condition="noisy", noise="m", level=0.1, chip=0)]
    summary = summarised(*others, row("a", steps=8))
    assert published.beside_summary(summary, [figure()], "published").published.isna().all()
    assert published.beside([figure()], summary, "published").no_gap.tolist() == ["not run here"]


def test_at_level_0_of_every_noise_model_a_chip_is_the_clean_network():
    chips = [row(test=0.4, condition="noisy", noise=noise, level=0.1, chip=0) for noise in ("m", "stuck")]
    clean = [row(test=0.9), row(test=0.8, steps_eval=8)]
    summary = summary_section.with_level_0(summarise(frame(*clean, row("b"), *chips)))
    found = summary[summary.level == 0]
    assert set(found.method) == {"a"}
    kept = found[["noise", "steps_eval", "value_test_mean", "condition"]].values.tolist()
    assert kept == [[noise, *one, "noisy"] for noise in ("m", "stuck") for one in ((4, 0.9), (8, 0.8))]
    assert summary_section.with_level_0(summarise(frame(*clean))).level.isna().all()


# pages


def page(*rows, tuning=NO_TUNING, learning_rates=(), **changes) -> str:
    summary = summarised(*rows, tuning=tuning, **changes).assign(flags=None)
    grid = {"learning_rates": learning_rates, "tuning_seeds": (100, 101)} if learning_rates else {}
    return summary_page.page(inputs(summary, {"summary": summary}, **grid))


def test_columns_appear_with_what_they_tell():
    assert "| method   | T   | validation %   | test %     | vs teacher   |" in page(row())
    assert "| 90.0           | 90.0 ± 0.7 |" in page(row())  # one seed: over new samples
    assert "1 of 1" in page(row(status="diverged"))
    tuning = pd.DataFrame({"method": "a", "lr": [0.1, 0.2]})
    grid = page(row(lr=0.2), tuning=tuning, learning_rates=(0.1, 0.2))
    assert "0.2 *edge*" in grid
    assert "of 2, that is best on validation data of 2 tuning seeds" in grid
    assert "(0.1)" in grid  # of the teacher, which is not tuned
    assert "(0.1)" not in page(row(lr=0.2), tuning=tuning, learning_rates=(0.1, 0.2), epochs=0)


@pytest.mark.parametrize("column", ["device", "versions", "machine"])
def test_a_page_over_results_of_several_machines_says_so(column):
    runs = frame(row("ann", steps=1), row())
    one = pd.concat([COSTS, COSTS], ignore_index=True)
    other = one.assign(**{column: ["one", "other"]})
    found = [
        summary_page.page(
            inputs(runs, collected={"costs": costs}, made={"summary": summarised(row()).assign(flags=None)})
        )
        for costs in (one, other)
    ]
    assert ["**Mixed:**" in text for text in found] == [False, True]


def test_the_page_names_the_data_that_were_used_and_not_those_they_were_taken_from():
    assert page(row()).startswith("# x: d-train60, n\n")


def test_squared_errors_are_not_written_in_percent():
    text = page(row(test=0.91234), metric="mse", direction="lower")
    assert "| 0.9123 " in text
    assert "+0.0123" in text
    assert "lower is better" in text
    assert "%" not in text.replace("95 %", "")


def test_other_numbers_of_steps_are_no_rows_of_the_summary_page():
    assert page(row(), row(steps_eval=8)).count("| a ") == 1


# reading many files


@pytest.mark.parametrize("quantity", ["rate", '"a, b"'])
def test_tables_that_are_read_together_are_those_that_are_read_one_by_one(tmp_path, quantity):
    paths = [tmp_path / f"{i}.csv" for i in range(3)]
    for path, layers in zip(paths, (["1", ""], [], ["2"]), strict=True):
        rows = [f"{epoch},{quantity},{layer},{0.1 * epoch}\n" for epoch, layer in enumerate(layers)]
        path.write_text("epoch,quantity,layer,value\n" + "".join(rows))
    together = collected.read_all(paths, Trace)
    assert together.index.tolist() == [0, 0, 2]
    pd.testing.assert_frame_equal(
        together.reset_index(drop=True), pd.concat([collected.read(path, Trace) for path in paths], ignore_index=True)
    )


def test_of_many_tables_the_one_that_cannot_be_read_is_named(tmp_path):
    for name, value in (("a", "0.5"), ("b", "half")):
        (tmp_path / f"{name}.csv").write_text(f"epoch,quantity,layer,value\n1,rate,1,{value}\n")
    with pytest.raises(InputError, match=re.escape(f"{tmp_path / 'b.csv'}: ")):
        collected.read_all([tmp_path / "a.csv", tmp_path / "b.csv"], Trace)
