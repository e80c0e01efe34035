"""What chips lose and calibration recovers: the table by hand, its page, its claims, its figures."""

import re
from math import nan, sqrt
from statistics import mean, stdev

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import pyplot
from pydantic import ValidationError
from scipy import stats

from snn import config
from snn.config import params
from snn.core import stored
from snn.report import collect
from snn.report.collected import Trial
from snn.report.levels import axis
from snn.report.metric import SHOWN
from snn.report.sections.calibration import figure as calibration_figure
from snn.report.sections.claims.table import check
from snn.report.sections.comparisons import table as comparisons
from snn.report.sections.hardware import figure as noise_figure
from snn.report.sections.hardware import page as hardware_page
from snn.report.sections.hardware import table as hardware_section
from snn.report.sections.ratios import table as ratios
from snn.report.sections.summary import table as summary_section
from tests import outcomes
from tests.report_inputs import NO_FLAGS, NO_TUNING, inputs
from tests.rows import frame, row

CHIP = {"noise": "mismatch", "level": 0.2}
RATIOS = pd.DataFrame(columns=list(ratios.COLUMNS))


def runs(clean, noisy, calibrated, last=None, **changes) -> pd.DataFrame:
    """Rows of runs.csv: a clean value a seed; values of its chips before and after calibration."""
    found, place = [], {**CHIP, **changes}
    for seed, value in enumerate(clean):
        found.append(
            row(seed=seed, test=value, **{name: v for name, v in changes.items() if name in ("metric", "direction")})
        )
        for number, test in enumerate(noisy[seed]):
            found.append(row(seed=seed, test=test, condition="noisy", chip=number, **{**place, "control": None}))
        for number, test in enumerate(calibrated[seed]):
            after = last[seed][number] if last else test
            own = {"condition": "calibrated", "chip": number, "value_test_last": after}
            found.append(row(seed=seed, test=test, **own, **place))
    return frame(*found)


def recovery(rows: pd.DataFrame) -> pd.DataFrame:
    rows = rows.reset_index(drop=True)
    return hardware_section.recovery(rows, outcomes.of(rows))


def only(table: pd.DataFrame):
    (found,) = table.itertuples()
    return found


def over_seeds(values) -> float:
    """Half of Student's 95 % interval of a mean."""
    n = len(values)
    return stats.t.ppf(0.975, n - 1) * stdev(values) / sqrt(n) if n > 1 else nan


def of_chips(values, binary=True) -> np.ndarray:
    """Outcomes (S, N) of seeds: means over chips, of which every seed has one value or a list."""
    lists = [own if isinstance(own, list) else [own] for own in values]
    return np.array([np.mean([outcomes.of_one(value, binary) for value in own], axis=0) for own in lists])


# The table


def test_loss_gain_and_what_is_left_by_hand():
    found = only(
        recovery(
            runs(
                clean=[0.90, 0.80, 0.85],
                noisy=[[0.50, 0.60], [0.40, 0.50], [0.55, 0.55]],
                calibrated=[[0.80, 0.70], [0.60, 0.60], [0.70, 0.80]],
                last=[[0.70, 0.40], [0.55, 0.55], [0.50, 0.80]],
            )
        )
    )
    assert (found.method, found.noise, found.level, found.n, found.chips) == ("a", "mismatch", 0.2, 3, 6)
    assert (found.calibrator, found.targets, pd.isna(found.control)) == ("ltl_offline", "own", True)
    assert (found.clean, found.noisy, found.calibrated) == pytest.approx((0.85, 3.1 / 6, 0.7))
    by_seed = {
        "loss": [-0.35, -0.35, -0.30],
        "gain": [0.20, 0.15, 0.20],
        "gain_last": [0.00, 0.10, 0.10],
        "left": [-0.15, -0.20, -0.10],
    }
    for name, differences in by_seed.items():
        assert getattr(found, name) == pytest.approx(mean(differences))
    assert found.gain_last_ci95 == pytest.approx(max(over_seeds(by_seed["gain_last"]), found.gain_ci95))
    clean, noisy = of_chips([0.90, 0.80, 0.85]), of_chips([[0.50, 0.60], [0.40, 0.50], [0.55, 0.55]])
    assert found.loss_ci95 == pytest.approx(outcomes.half(noisy - clean))
    assert found.recovered == pytest.approx(0.55 / 1.0)
    assert found.noisy_chips_sd == pytest.approx((2 * stdev([0.5, 0.6]) + 0) / 3)
    assert found.calibrated_chips_sd == pytest.approx((2 * stdev([0.7, 0.8]) + 0) / 3)
    assert (found.worse, found.worse_last) == (0, 2)


def by_hand(clean, noisy, calibrated, last, direction) -> dict[str, float]:
    sign = 1 if direction == "higher" else -1
    seeds = range(len(clean))
    loss = [mean(noisy[s]) - clean[s] for s in seeds]
    gain = [mean(calibrated[s]) - mean(noisy[s]) for s in seeds]
    found = {
        "n": len(clean),
        "chips": sum(map(len, noisy)),
        "clean": mean(clean),
        "noisy": mean(mean(noisy[s]) for s in seeds),
        "calibrated": mean(mean(calibrated[s]) for s in seeds),
        "worse": sum(sign * (b - a) < 0 for s in seeds for a, b in zip(noisy[s], calibrated[s], strict=True)),
        "worse_last": sum(sign * (b - a) < 0 for s in seeds for a, b in zip(noisy[s], last[s], strict=True)),
    }
    for name, values in (("noisy", noisy), ("calibrated", calibrated)):
        found[f"{name}_chips_sd"] = mean(map(stdev, values)) if len(values[0]) > 1 else nan
    c_SN, n_SN, k_SN = map(of_chips, (clean, noisy, calibrated))
    last = [mean(last[s]) - mean(noisy[s]) for s in seeds]
    found |= {"gain_last": mean(last), "gain_last_ci95": max(over_seeds(last), outcomes.half(k_SN - n_SN))}
    for name, values, d_SN in (
        ("loss", loss, n_SN - c_SN),
        ("gain", gain, k_SN - n_SN),
        ("left", [mean(calibrated[s]) - clean[s] for s in seeds], k_SN - c_SN),
    ):
        found |= {name: mean(values), f"{name}_ci95": outcomes.half(d_SN)}
    return found


@st.composite
def measured(draw) -> dict[str, list]:
    """Values of seeds and of their chips: clean, noisy, calibrated, last."""
    seeds, chips = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    value = st.integers(0, 64).map(lambda i: i / 64)
    of_chips = st.lists(st.lists(value, min_size=chips, max_size=chips), min_size=seeds, max_size=seeds)
    return {
        "clean": draw(st.lists(value, min_size=seeds, max_size=seeds)),
        **{name: draw(of_chips) for name in ("noisy", "calibrated", "last")},
    }


@pytest.mark.slow
@settings(max_examples=30, deadline=None, derandomize=True)
@given(values=measured(), direction=st.sampled_from(["higher", "lower"]), seed=st.integers(0, 99))
def test_chips_are_averaged_within_a_seed_and_seeds_are_counted_whatever_the_order_of_rows(values, direction, seed):
    expected = by_hand(**values, direction=direction)
    rows = runs(**values, direction=direction).sample(frac=1, random_state=seed)
    found = {name: nan if value is None else value for name, value in only(recovery(rows))._asdict().items()}
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-10, nan_ok=True)


@pytest.mark.slow
@settings(max_examples=20, deadline=None, derandomize=True)
@given(values=measured())
def test_as_errors_the_same_values_are_recovered_as_much_and_worse_as_often(values):
    one = only(recovery(runs(**values)))
    flipped = {
        name: [[1 - v for v in of] if isinstance(of, list) else 1 - of for of in own] for name, own in values.items()
    }
    other = only(recovery(runs(**flipped, metric="mse", direction="lower")))
    assert (other.worse, other.worse_last, other.untouched) == (one.worse, one.worse_last, one.untouched)
    assert (other.metric, other.direction) == ("mse", "lower")
    assert other.loss == pytest.approx(-one.loss)


@pytest.mark.parametrize("copies", [2, 5])
def test_more_chips_of_the_same_kind_narrow_no_interval(copies):
    values = {"clean": [0.9, 0.8, 0.7], "noisy": [[0.5], [0.6], [0.3]], "calibrated": [[0.7], [0.7], [0.5]]}
    one = only(recovery(runs(**values)))
    many = {name: [own * copies for own in values[name]] for name in ("noisy", "calibrated")}
    other = only(recovery(runs(values["clean"], **many)))
    assert (one.n, one.chips, other.n, other.chips) == (3, 3, 3, 3 * copies)
    for name in ("loss", "loss_ci95", "gain", "gain_ci95", "left", "left_ci95", "recovered"):
        assert getattr(other, name) == pytest.approx(getattr(one, name))


@pytest.mark.parametrize(
    ("losses", "resolved"),
    [
        ([0.30, 0.31, 0.32], True),
        ([-0.30, -0.31, -0.32], False),  # chips are better than the clean network
        ([0.30, -0.31, 0.32], False),
        ([0.25, 0.25, 0.25], True),  # of 8,000 samples: seeds without spread leave the error of samples
        ([0.0, 0.0, 0.0], False),
        ([0.3], False),
    ],
)
def test_a_share_is_recovered_only_of_a_loss_that_is_resolved(losses, resolved):
    noisy = [[0.5 - loss] for loss in losses]
    found = only(recovery(runs([0.5] * len(losses), noisy, [[0.5]] * len(losses))))
    assert pd.notna(found.recovered) == resolved
    assert not resolved or found.recovered == pytest.approx(1)
    assert not resolved or found.recovered_low - 1e-9 <= 1 <= found.recovered_high + 1e-9


def test_a_loss_that_seeds_share_to_the_sample_is_recovered_with_an_interval_of_some_width():
    found = only(recovery(runs([0.9] * 3, [[0.8, 0.8]] * 3, [[0.9, 0.9]] * 3)))
    assert found.recovered == pytest.approx(1)
    assert found.recovered_low < 1 < found.recovered_high


def test_one_new_chip_is_bounded_on_its_bad_side_whatever_is_better():
    clean, noisy = [0.9, 0.8, 0.85, 0.9], [[0.3, 0.4]] * 4
    calibrated = [[0.80, 0.70], [0.60, 0.66], [0.70, 0.80], [0.6, 0.9]]
    accuracy = only(recovery(runs(clean, noisy, calibrated)))
    assert accuracy.chip_low < accuracy.chip_bound < accuracy.left < accuracy.chip_high
    flip = {"metric": "mse", "direction": "lower"}
    errors = only(
        recovery(
            runs([1 - v for v in clean], *([[1 - v for v in own] for own in of] for of in (noisy, calibrated)), **flip)
        )
    )
    assert (errors.chip_low, errors.chip_high) == pytest.approx((-accuracy.chip_high, -accuracy.chip_low), abs=1e-4)
    assert errors.chip_bound == pytest.approx(-accuracy.chip_bound, abs=1e-4)


def test_diverged_seeds_are_counted_and_left_out_of_chips_too():
    values = ([0.9, 0.8, 0.7, 0.1], [[0.5], [0.6], [0.3], [0.1]], [[0.7], [0.7], [0.5], [0.1]])
    rows = runs(*values)
    rows.loc[rows.seed == 3, "status"] = "diverged"
    found, expected = only(recovery(rows)), only(recovery(runs(*(own[:3] for own in values))))
    assert (found.n, found.diverged, found.chips) == (3, 1, 3)
    assert (found.loss, found.loss_ci95, found.left) == pytest.approx(
        (expected.loss, expected.loss_ci95, expected.left)
    )
    none = only(recovery(rows.assign(status="diverged")))
    assert (none.n, none.diverged, pd.isna(none.loss), pd.isna(none.recovered)) == (0, 4, True, True)


def test_chips_that_lose_nothing_have_nothing_to_recover():
    for value in (0.7, 0.1, 0.911):
        found = only(recovery(runs([value] * 3, [[value] * 3] * 3, [[value + 0.05] * 3] * 3)))
        assert pd.isna(found.recovered)


def test_chips_that_a_calibration_left_untouched_are_counted():
    rows = runs([0.9] * 2, [[0.5] * 3] * 2, [[0.5] * 3] * 2)
    rows.loc[(rows.condition == "calibrated") & (rows.chip == 1), "calibration_epoch"] = 0
    assert only(recovery(rows)).untouched == 2


def test_level_0_is_compared_with_the_clean_network():
    values = [[0.7], [0.7]]
    rows = pd.concat(
        [
            runs([0.9, 0.8], [[0.1], [0.2]], values),
            frame(
                *(
                    row(seed=s, test=t, condition="calibrated", noise="mismatch", level=0.0, control="level_0",
                        calibrator="ltl_offline", targets="own", value_test_last=t - 0.1)
                    for s, t in ((0, 0.91), (1, 0.83))
                )
            ),
        ]
    )  # fmt: skip
    table = recovery(rows)
    (found,) = table[table.control == "level_0"].itertuples()
    assert (found.level, found.n, found.chips) == (0.0, 2, 2)
    assert (found.noisy, found.loss, pd.isna(found.recovered)) == (pytest.approx(0.85), 0.0, True)
    assert (found.gain, found.gain_last, found.left) == pytest.approx((0.02, -0.08, 0.02))
    assert pd.isna(found.worse)
    assert pd.isna(found.noisy_chips_sd)
    (treated,) = table[table.control.isna()].itertuples()
    assert (treated.level, treated.loss, treated.gain) == (0.2, pytest.approx(-0.7), pytest.approx(0.55))


def test_every_method_noise_level_and_treatment_has_one_row_and_controls_come_last():
    treatments = [("ltl_offline", "own", None), ("bptt", "own", None), ("ltl_offline", "own", "shuffled")]
    parts = [runs([0.9], [[0.5]], [[0.6]])]
    for method in "ab":
        parts.append(frame(row(method)))
        for noise in ("stuck", "mismatch"):
            for level in (0.4, 0.2):
                place = {"noise": noise, "level": level, "chip": 0}
                parts.append(frame(row(method, condition="noisy", test=level, **place)))
                for calibrator, targets, control in treatments:
                    own = {"calibrator": calibrator, "targets": targets, "control": control}
                    parts.append(frame(row(method, condition="calibrated", test=level + 0.1, **place, **own)))
    table = recovery(pd.concat(parts[1:]))
    names = ["method", "noise", "level", "calibrator", "targets", "control"]
    found = [tuple(None if pd.isna(cell) else cell for cell in cells) for cells in table[names].itertuples(index=False)]
    places = [(method, noise, level) for method in "ab" for noise in ("mismatch", "stuck") for level in (0.2, 0.4)]
    assert sorted(found, key=str) == sorted([(*place, *treated) for place in places for treated in treatments], key=str)
    assert len(set(found)) == len(found)
    for place in places:
        assert [cells[3:] for cells in found if cells[:3] == place] == treatments
    assert table.gain.tolist() == pytest.approx([0.1] * len(table))


def test_operations_are_samples_times_those_of_the_clean_network_and_those_of_learning():
    rows = runs([0.9, 0.8], [[0.5, 0.5]] * 2, [[0.6, 0.6]] * 2)
    for seed, acs in ((0, 100.0), (1, 300.0)):
        rows.loc[(rows.seed == seed), "acs"] = acs
    rows.loc[rows.condition != "clean", ["acs", "macs_once"]] = 1e9
    calibrated = rows.condition == "calibrated"
    for name, value in (("shown", 24), ("learning_macs", 7000), ("writes", 50), ("updates", 3)):
        rows.loc[calibrated, f"calibration_{name}"] = value
    found = only(recovery(rows))
    assert (found.samples_shown, found.updates, found.writes) == (24, 3, 50)
    assert found.operations == pytest.approx(24 * (200 + 5) + 7000)


def test_only_rows_at_the_steps_of_the_run_count():
    own = runs([0.9, 0.8], [[0.5], [0.4]], [[0.6], [0.7]])
    expected = recovery(own)
    others = pd.concat(
        [
            own[own.noise.notna()].assign(steps_eval=8, value_test=0.0, value_test_last=0.0, acs=1e9),
            frame(*(row(seed=s, test=0.0, steps_eval=8) for s in (0, 1))),
            frame(*(row(seed=s, test=0.0, condition="int8") for s in (0, 1))),
        ]
    )
    pd.testing.assert_frame_equal(recovery(pd.concat([others, own])), expected)


@pytest.mark.parametrize("rows", [frame(row()), frame(row()).iloc[:0]], ids=["no hardware", "no rows"])
def test_without_hardware_the_table_is_empty_and_has_its_columns(rows):
    table = recovery(rows)
    assert table.empty
    assert table.columns.tolist() == list(hardware_section.COLUMNS)


# The course of calibrations


def calibrated(folder, **shown) -> collect.Evaluated:
    """A run of method a whose chips were calibrated for one epoch."""
    blank = {"level": 0.2, "chip": 0, "calibrator": "bptt", "targets": "own", "control": None, "loss": 0.5}
    blank |= {"value_val": 0.5, "validation_loss": 1.0, "validated": 9, "updates": 1, "writes": 1}
    epochs = [{"epoch": 0, "shown": 0, "learning_macs": 0}, {"epoch": 1, **shown}]
    stored.write_csv(folder / "history.csv", [{**blank, **epoch} for epoch in epochs], list(Trial.model_fields))
    return collect.Evaluated(run=folder, rows=folder, chips={"mismatch": folder})


def test_the_course_of_a_calibration_counts_the_operations_of_its_own_run(tmp_path):
    rows = frame(row(seed=0, acs=100.0), row(seed=1, acs=300.0))
    rows = pd.concat([rows, frame(row(seed=0, acs=1e9, condition="int8"), row(seed=0, acs=1e9, steps_eval=8))])
    evaluated = [calibrated(tmp_path / str(seed), shown=24 * (seed + 1), learning_macs=7000) for seed in (0, 1)]
    table = collect.calibrations(rows, pd.DataFrame({"method": "a", "lr": 0.1, "seed": [0, 1]}), evaluated)
    assert table.operations.tolist() == [0, 24 * 105 + 7000, 0, 48 * 305 + 7000]
    assert table[["method", "noise"]].drop_duplicates().values.tolist() == [["a", "mismatch"]]
    assert table.seed.tolist() == [0, 0, 1, 1]
    assert table.columns.tolist() == collect.calibrations(rows, pd.DataFrame(), []).columns.tolist()


# The page


def hardware(controls=(), level=0.2) -> config.Hardware:
    budget = {"samples": 24, "epochs": 1, "batch": 8, "lr": 0.1}
    calibration = config.Calibration(**budget, calibrators=("ltl_offline",), targets=("own",))
    of_controls = config.Controls(level=level, kinds=controls) if controls else None
    return config.Hardware(noise="mismatch", levels=(level,), chips=2, calibration=calibration, controls=of_controls)


def page(table: pd.DataFrame, *parts: config.Hardware) -> str:
    metric = table.metric.iloc[0] if len(table) else "accuracy"
    runs = pd.DataFrame({"metric": [metric], "method": ["a"]})
    return hardware_page.page(inputs(runs, {"hardware": table}, hardware=parts))


def cells(text: str, heading: str) -> list[dict[str, str]]:
    """The table under a heading, line by line."""
    below = text.partition(f"{heading}\n")[2].partition("\n#")[0]
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in below.splitlines() if line[:1] == "|"]
    return [dict(zip(lines[0], line, strict=True)) for line in lines[2:]]


def test_an_experiment_without_hardware_has_a_page_without_tables():
    text = page(recovery(frame(row())))
    assert text.startswith("# Chips in x\n")
    assert "|" not in text


def test_the_page_shows_differences_in_points_and_counts_chips_that_are_worse():
    values = {"noisy": [[0.50, 0.60], [0.40, 0.48]], "calibrated": [[0.80, 0.70], [0.60, 0.60]]}
    table = recovery(runs([0.90, 0.80], **values, last=[[0.40, 0.70], [0.30, 0.20]]))
    (line,) = cells(page(table, hardware()), "## mismatch")
    loss_SN = of_chips(values["noisy"]) - of_chips([0.90, 0.80])
    interval = 100 * outcomes.half(loss_SN)
    assert line["loss"] == f"-35.5 ± {interval:.1f}"
    assert line["gain"].startswith("+18.0 ± ")
    assert line["last epoch"].startswith("-9.5 ± ")
    assert (line["clean"], line["recovered"], line["worse"]) == ("85.0", f"{18 / 35.5:.0%} (-18% to 149%)", "0, 3 of 4")
    assert (line["method"], line["level"], line["calibrator"], line["targets"]) == ("a", "0.2", "ltl_offline", "own")


def test_a_share_that_is_not_resolved_is_left_empty():
    (line,) = cells(page(recovery(runs([0.9], [[0.5]], [[0.7]])), hardware()), "## mismatch")
    assert (line["loss"], line["gain"], line["recovered"], line["spread"]) == ("-40.0", "+20.0", "", "")


def with_controls(*controls) -> pd.DataFrame:
    parts = [runs([0.9, 0.8], [[0.5], [0.4]], [[0.7], [0.6]])]
    for i, control in enumerate(controls, start=1):
        place = {"level": 0.0, "chip": None} if control == "level_0" else {"level": 0.2, "chip": 0}
        own = {"condition": "calibrated", "noise": "mismatch", "control": control, **place}
        parts.append(frame(*(row(seed=s, test=t - 0.01 * i, **own) for s, t in ((0, 0.7), (1, 0.6)))))
    return pd.concat(parts).assign(targets=lambda rows: rows.targets.where(rows.calibrator.isna(), "own"))


def test_controls_are_shown_beside_the_treatment_that_they_belong_to_and_nowhere_else():
    table = recovery(with_controls("clean_chip", "shuffled"))
    text = page(table, hardware(("clean_chip", "shuffled")))
    (treated,), (line,) = cells(text, "## mismatch"), cells(text, "### Controls at 0.2")
    assert treated["gain"].startswith("+20.0")
    assert [*line] == [
        *("method", "calibrator", "targets", "calibrated", "calibrated, last"),
        *("clean chip", "clean chip, last", "shuffled", "shuffled, last"),
    ]
    assert [line[name][:5] for name in ("calibrated", "clean chip", "shuffled")] == ["+20.0", "+19.0", "+18.0"]


def test_the_treatment_is_shown_before_level_0():
    text = page(recovery(with_controls("level_0", "shuffled")), hardware(("level_0", "shuffled")))
    (line,) = cells(text, "### Controls at 0.2")
    assert [name for name in line if "last" not in name][3:] == ["calibrated", "level 0", "shuffled"]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    rows=st.lists(
        st.tuples(
            st.integers(-20, 20).map(lambda i: i / 100),
            st.one_of(st.none(), st.integers(0, 25).map(lambda i: i / 100)),
            st.sampled_from([None, "shuffled", "level_0"]),
        ),
        min_size=1,
        max_size=8,
    ),
    direction=st.sampled_from(["higher", "lower"]),
)
def test_harm_is_named_if_the_whole_interval_of_the_last_epoch_is_worse_than_the_untouched_chip(rows, direction):
    sign, metric = (1, "accuracy") if direction == "higher" else (-1, "mse")
    blank = {**dict.fromkeys(hardware_section.COLUMNS, 0.0), **CHIP, "calibrator": "bptt", "targets": "own"}
    blank |= {"metric": metric, "direction": direction, "n": 3}
    table = [
        {**blank, "method": f"m{i}", "gain_last": sign * gain, "gain_last_ci95": ci, "control": control}
        for i, (gain, ci, control) in enumerate(rows)
    ]
    text = page(pd.DataFrame(table).astype({"gain_last_ci95": float})).partition("## Where calibration does harm\n")[2]
    found = re.findall(r"^\* mismatch 0.2, (m\d), bptt with own targets: (\S+)", text, re.MULTILINE)
    expected = [
        (f"m{i}", SHOWN[metric].difference(sign * gain))
        for i, (gain, ci, control) in enumerate(rows)
        if control is None and ci is not None and gain + ci < 0
    ]
    assert found == expected
    treated = [(f"m{i}", gain) for i, (gain, _, control) in enumerate(rows) if control is None]
    unresolved = sum(gain < 0 for method, gain in treated if method not in dict(expected))
    assert f"Of {len(treated)} rows, {unresolved} " in text


def test_one_seed_names_no_harm():
    rows = pd.DataFrame(
        [{**dict.fromkeys(hardware_section.COLUMNS, 0.0), **CHIP, "metric": "accuracy", "n": 1, "control": None}]
    )
    rows = rows.assign(direction="higher", calibrator="bptt", targets="own", gain_last=-0.5)
    text = page(rows).partition("## Where calibration does harm\n")[2]
    assert "bptt" not in text
    assert "*" not in text


# Claims


@pytest.mark.parametrize(
    ("side", "key"),
    [
        ({"condition": "noisy"}, "noise"),
        ({"condition": "noisy", "noise": "mismatch"}, "level"),
        ({"condition": "noisy", "level": "highest"}, "noise"),
        ({"condition": "noisy", "noise": "mismatch", "level": "highest", "calibrator": "bptt"}, "calibrator"),
        ({"condition": "noisy", "noise": "mismatch", "level": "highest", "targets": "own"}, "targets"),
        ({"condition": "calibrated", "noise": "mismatch", "level": "highest"}, "calibrator"),
        ({"condition": "calibrated", "noise": "mismatch", "level": "lowest", "calibrator": "bptt"}, "targets"),
        ({"condition": "calibrated", "calibrator": "bptt", "targets": "own"}, "noise"),
        ({"noise": "mismatch"}, "noise"),
        ({"level": "highest"}, "level"),
    ],
    ids=str,
)
def test_a_side_of_a_claim_that_names_too_little_or_too_much_is_refused(side, key):
    with pytest.raises(ValidationError) as refusal:
        config.Side(method="a", **side)
    (error,) = refusal.value.errors()
    assert {"noise", "level", "calibrator", "targets"} & set(error["msg"].split()) == {key}


NOISY = config.Side(method="a", condition="noisy", noise="mismatch", level="highest")
CALIBRATED = config.Side(
    method="a", condition="calibrated", noise="mismatch", level="highest", calibrator="ltl_offline", targets="own"
)


def claimed(rows: pd.DataFrame, left: config.Side, right: config.Side):
    words = {"claim": "c", "source": "s", "why": "w", "answered_by": "x"}
    claim = config.Claim(**words, column="value_test", left=left, right=right, margin=0.0)
    rows = rows.reset_index(drop=True)
    pairs = comparisons.pairs({"teacher": [("a", "a")]}, [claim])
    return only(
        check(config.Claims(source="s", claims=(claim,)), comparisons.compare(rows, outcomes.of(rows), pairs), RATIOS)
    )


def claimable() -> pd.DataFrame:
    return runs([0.9, 0.8, 0.9], [[0.5, 0.3], [0.4, 0.4], [0.4, 0.4]], [[0.7, 0.7], [0.6, 0.7], [0.7, 0.6]])


def test_a_claim_averages_chips_within_a_seed():
    found = claimed(claimable(), CALIBRATED, NOISY)
    assert (found.n, found.found, found.verdict) == (3, pytest.approx(0.8 / 3), "holds")
    gain_SN = of_chips([[0.7, 0.7], [0.6, 0.7], [0.7, 0.6]]) - of_chips([[0.5, 0.3], [0.4, 0.4], [0.4, 0.4]])
    assert found.high - found.found == pytest.approx(outcomes.half(gain_SN))


def test_no_control_no_other_treatment_and_no_other_noise_enters_a_claim():
    expected, own = claimed(claimable(), CALIBRATED, NOISY), claimable()
    treated = own[own.condition == "calibrated"].assign(value_test=0.0)
    chips = own[own.condition != "clean"].assign(value_test=1.0)
    others = [
        *(treated.assign(control=control) for control in ("clean_chip", "other_chip", "noise_aware", "shuffled")),
        treated.assign(control="level_0", level=0.0, chip=None),
        treated.assign(calibrator="bptt"),
        treated.assign(targets="teacher"),
        chips.assign(noise="stuck", level=0.9),
        chips.assign(steps_eval=8),
    ]
    assert claimed(pd.concat([*others, own]), CALIBRATED, NOISY) == expected


@pytest.mark.parametrize(("level", "gain"), [("highest", 0.1), ("lowest", 0.3)])
def test_a_claim_is_about_the_highest_or_the_lowest_level(level, gain):
    rows = pd.concat(
        runs([0.9, 0.8], [[0.4], [0.5]], [[0.4 + gain], [0.5 + gain]], level=at)
        for at, gain in ((0.2, 0.3), (0.4, 0.2), (0.6, 0.1))
    )
    rows = pd.concat([rows, rows[rows.condition == "calibrated"].assign(level=0.0, control="level_0", value_test=0.0)])
    sides = [side.model_copy(update={"level": level}) for side in (CALIBRATED, NOISY)]
    assert claimed(rows, *sides).found == pytest.approx(gain)


# Figures


def drawn(figure) -> list[tuple[list[float], list[float]]]:
    found = [(list(line.get_xdata()), list(line.get_ydata())) for axes in figure.axes for line in axes.get_lines()]
    pyplot.close(figure)
    return found


def figure_of_noise(rows: pd.DataFrame):
    summary = summary_section.with_level_0(summary_section.summarise(rows, NO_TUNING, outcomes.of(rows)))
    return noise_figure.figure(inputs(rows, {"summary": summary.assign(flags=None)}))


def chips_at(levels, noise: str) -> pd.DataFrame:
    """Rows of two seeds: the clean networks once, and their chips at these two levels."""
    values = ([[0.5], [0.4]], [[0.7], [0.6]]), ([[0.3], [0.2]], [[0.5], [0.6]])
    parts = [runs([0.9, 0.8], *own, noise=noise, level=level) for own, level in zip(values, levels, strict=True)]
    return pd.concat([parts[0], parts[1][parts[1].condition != "clean"]]).reset_index(drop=True)


def test_the_figure_of_noise_starts_at_the_clean_network_and_draws_no_controls():
    rows = chips_at((0.2, 0.4), "mismatch")
    controls = rows[rows.condition == "calibrated"].assign(value_test=0.123, value_test_last=0.123)
    rows = pd.concat([rows, controls.assign(control="shuffled"), controls.assign(control="level_0", level=0.0)])
    rows = pd.concat([rows, rows.assign(steps_eval=8, value_test=0.1)]).reset_index(drop=True)
    figure = figure_of_noise(rows)
    (band,) = figure.axes[0].collections
    assert band.get_datalim(figure.axes[0].transData).y1 <= 100
    assert drawn(figure) == [(x, pytest.approx(y)) for x, y in (
        ([0, 0.2, 0.4], [85.0, 45.0, 25.0]), ([0, 0.2, 0.4], [85.0, 65.0, 55.0]),
    )]  # fmt: skip


def test_where_fewer_is_harder_the_clean_network_stands_apart_at_the_right_and_is_joined_to_no_level():
    figure = figure_of_noise(chips_at((4, 2), "quantisation"))
    (axes,) = figure.axes
    assert axes.get_xlabel() == "bits"
    assert [label.get_text() for label in axes.get_xticklabels()] == ["2", "4", "none"]
    clean = axes.get_xticks()[-1]
    lines = drawn(figure)
    assert [x for x, _ in lines if len(x) > 1 and x[0] != x[1]] == [[2, 4], [2, 4]]
    assert ([clean], [pytest.approx(85.0)]) in lines


@pytest.mark.parametrize("name", params.names("noise"))
@given(tried=st.lists(st.floats(0.01, 100), min_size=1, unique=True))
def test_the_clean_network_is_level_0_or_apart_from_all_levels(name, tried):
    noise = params.load("noise", name)
    levels = axis(noise, [0.0, *tried])
    assert levels.label == noise.level
    assert levels.ticks == sorted({*tried, levels.clean})
    if noise.better == "lower":
        assert (levels.clean, levels.border) == (0, None)
        assert levels.text(0.0) == "0"
    else:
        assert max(tried) < levels.border < levels.clean
        assert [levels.text(tick) for tick in levels.ticks][-1] == "none"


def test_the_figure_of_calibration_shows_what_is_left_where_there_are_most_treatments_and_no_control():
    rows = pd.concat(
        [
            runs([0.9, 0.8], [[0.5], [0.4]], [[0.7], [0.6]], level=0.2),
            runs([0.9, 0.8], [[0.3], [0.2]], [[0.5], [0.6]], level=0.4).query("condition != 'clean'"),
        ]
    )
    treated = rows[rows.condition == "calibrated"]
    others = [
        treated.assign(calibrator="bptt", value_test=0.75, value_test_last=0.75),
        treated.assign(control="shuffled", value_test=0.1),
        rows[rows.condition != "clean"].assign(noise="stuck", value_test=0.2),
    ]
    rows = pd.concat([rows, *others]).reset_index(drop=True)
    figure = calibration_figure.figure(inputs(rows, {"hardware": recovery(rows), "summary": NO_FLAGS}))
    (axes,) = figure.axes
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == ["ltl_offline, own", "bptt, own"]
    lines = [line for line in axes.get_lines() if len(line.get_xdata()) == 1 and line.get_marker() == "o"]
    points = [(float(line.get_xdata()[0]), int(line.get_ydata()[0])) for line in lines]
    assert points == [(pytest.approx(-30), 0), (pytest.approx(-10), 1)]
    manufactured = [line.get_xdata() for line in axes.get_lines() if line.get_linestyle() == "--"]
    assert [list(x) for x in manufactured] == [pytest.approx([-60, -60])]
