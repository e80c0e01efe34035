"""Verdicts on targets follow from the rows on record, and what is not on record has none."""

import re

import pandas as pd
import pytest

from benchmarks import measure, page, parts, step, targets
from benchmarks.measure import Row
from benchmarks.targets import Record
from snn.core.paths import ROOT


def record(folder, *rows):
    """Rows of any quantities, as they are read from files."""
    for name in {row.quantity for row in rows}:
        measure.write(folder / f"{name}.csv", [row for row in rows if row.quantity == name])
    return Record(page.on_record(folder), folder / "tables")


def row(quantity, case, candidate, ratio, steps=4, **more):
    return Row(quantity, case, steps, candidate, "ANN xT", ratio, ratio - 0.01, ratio + 0.01, 5, **more)


def cells(found, quantity):
    table = targets.columns(found)
    return {heading: column[table["quantity"].index(quantity)] for heading, column in table.items()}


@pytest.mark.parametrize(
    ("ratio", "verdict"),
    [(0.5, "met"), (0.93, "met, not in every round"), (0.9301, "missed by 0.0001"), (1.02, "missed by 0.09")],
)
def test_a_figure_at_its_limit_is_met_and_the_slightest_excess_is_missed(ratio, verdict, tmp_path):
    found = cells(record(tmp_path, row("step", "STBP, norm", "ours", ratio)), "step: STBP, norm, T = 4, to ANN xT")
    assert found["verdict"] == verdict
    assert found["on record"] == f"{ratio:.3f} ({ratio - 0.01:.3f} to {ratio + 0.01:.3f})"
    assert bool(found["why"]) == verdict.startswith("missed")


def test_without_any_row_everything_is_not_measured_and_says_why(tmp_path):
    table = targets.columns(record(tmp_path))
    assert set(table["verdict"]) == {"not measured"}
    assert set(table["on record"]) == {""}
    assert all(table["why"])
    assert "no tables of `hardware` on record" in table["why"]


def test_a_row_that_was_not_run_here_is_not_measured(tmp_path):
    absent = Row("step", "STBP", 4, step.MIXED, note="not run here: no instructions")
    found = record(tmp_path, row("step", "STBP", "ours", 1.0), absent)
    assert cells(found, "step: STBP, T = 4, products in bfloat16, to ANN xT in float32")["verdict"] == "not measured"


@pytest.mark.parametrize(("instructions", "verdict"), [("AVX512 bf16", "not measured"), ("AVX512 bf16 amx", "met")])
def test_the_target_for_amx_is_read_from_a_processor_that_has_it(instructions, verdict, tmp_path):
    found = record(tmp_path, row("step", "STBP", step.MIXED, 0.25, instructions=instructions))
    assert cells(found, "step: STBP, T = 4, products in bfloat16 on AMX, to ANN xT in float32")["verdict"] == verdict


def test_the_shape_and_the_layout_that_are_best_for_a_peer_decide(tmp_path):
    neurons = [row("neuron", case, "norse", ratio) for case, ratio in (("small", 10), ("large", 5))]
    epochs = [
        row("epoch", "small_cnn, 9", name, ratio)
        for name, ratio in (("SpikingJelly", 2), ("SpikingJelly, channels-last", 1.6))
    ]
    found = record(tmp_path, *neurons, *epochs)
    neuron = cells(found, "neuron, forward and backward, to norse")
    assert neuron["on record"].startswith("0.200 (")
    assert neuron["on record"].endswith("worst of 2: large")
    assert neuron["why"] == "best of them: 0.100, small"
    assert cells(found, "epoch of small_cnn, to SpikingJelly's better layout")["on record"].startswith("0.625 (")


def test_a_miss_is_explained_by_shares_of_the_figure_on_record(tmp_path):
    sizes = {
        "convolutions": 0.8,
        "neurons": 0.1,
        "norms": 0.05,
        "linear": 0.02,
        "bits": 0.01,
        "copies": 0.01,
        "rest": 0.01,
    }
    parts = [row("parts", "TET, norm", f"ours, {kind}", size) for kind, size in sizes.items()]
    steps = [row("step", "TET, norm", "ours", 1.1, steps) for steps in (4, 8)]
    found = record(tmp_path, *parts, *steps)
    told = "convolutions 80 %, neurons 10 %, norms 5 %, linear 2 %, bits 1 %, copies 1 %, rest 1 %"
    left = "; 0.935 without neurons and norms, 0.880 of convolutions alone"
    assert cells(found, "step: TET, norm, T = 4, to ANN xT")["why"] == told + left
    assert cells(found, "step: TET, norm, T = 8, to ANN xT")["why"] == targets.NO_PARTS


def test_a_figure_within_its_limit_whose_rounds_are_not_says_so(tmp_path):
    found = cells(record(tmp_path, row("step", "LTL online", "ours", 0.895)), "step: LTL online, T = 4, to ANN xT")
    assert found["verdict"] == "met, not in every round"


def test_the_neuron_is_beside_copies_of_its_bytes_where_it_misses(tmp_path):
    rows = [row("neuron", "large", "norse", 5), row("neuron", "large", targets.COPIES, 0.5)]
    told = cells(record(tmp_path, *rows), "neuron, forward and backward, to norse")["why"]
    assert told.endswith("in the worst ours takes 2 times copies of the same bytes: at their speed 0.100")


def test_a_miss_of_memory_is_explained_by_what_is_held_at_the_peak(tmp_path):
    shares = {"currents": 0.29, "spikes": 0.006, "at work": 0.0366}
    held = [row("kept", "norm", f"ours, TET, norm, {part}", share, 16) for part, share in shares.items()]
    found = record(tmp_path, *held, row("memory", "norm", "ours, TET, norm", 0.3326, 16))
    told = cells(found, "memory of TET with norm, T = 16, to SpikingJelly")["why"]
    assert told == "parts: currents 0.290, spikes 0.006, at work 0.037"


def test_a_miss_of_an_epoch_is_explained_by_its_parts(tmp_path):
    parts = [row("parts", "epoch, small_cnn", f"ours, {kind}", 0.1) for kind in targets.KINDS]
    found = record(tmp_path, *parts, row("epoch", "small_cnn, 9", "SpikingJelly", 1.4))
    told = cells(found, "epoch of small_cnn, to SpikingJelly's better layout")["why"]
    assert told.startswith("convolutions 14.3 %, neurons 14.3 %")
    assert told.endswith("; 0.510 without neurons and norms, 0.102 of convolutions alone")


def test_parts_are_named_as_they_are_measured():
    assert (*parts.KINDS, parts.REST) == targets.KINDS


def test_every_miss_on_record_has_a_reason():
    found = targets.columns(targets.Record(page.on_record(ROOT / "results/benchmarks"), ROOT / "results/tables"))
    missed = [why for why, verdict in zip(found["why"], found["verdict"], strict=True) if verdict.startswith("missed")]
    assert missed
    assert all(missed)
    assert targets.NO_PARTS not in missed


def test_costs_of_an_experiment_are_summed_over_its_results(tmp_path):
    folder = tmp_path / "tables" / "digits"
    folder.mkdir(parents=True)
    run = "results/runs/digits/net/stbp/T4/s0-0123456789ab"
    paths = [run, f"{run}/rows/0123456789ab", f"{run}/chips/0123456789ab"]
    costs = {"path": paths, "cpu_seconds": [100.0, 60.0, 9.0], "start_cpu_seconds": [0.5, 0.25, 0.25]}
    pd.DataFrame(costs).to_csv(folder / "costs.csv", index=False)
    found = record(tmp_path)
    assert cells(found, "default experiment `digits`, all jobs")["on record"] == "170 CPU-s of 3 results"
    assert cells(found, "default experiment `digits`, all jobs")["verdict"] == "met"
    assert cells(found, "default experiment `digits`, starts of its jobs, forks alone")["on record"].startswith(
        "1 CPU-s"
    )
    told = targets.spent("digits")(found)
    assert told.startswith("CPU-s: 1 trainings 100, 1 evaluations 60, 1 sets of chips 9; ")


def test_processor_time_of_an_experiment_is_scaled_to_the_seeds_of_the_target(tmp_path):
    rows = [{"path": f"d/n/m/T4/s{seed}-0f/rows/0a", "cpu_seconds": 10.0 * seed} for seed in (1, 2, 3, 4, 5)]
    folder = tmp_path / "hardware"
    folder.mkdir()
    pd.DataFrame(rows).to_csv(folder / "costs.csv", index=False)
    read = targets.cpu_seconds("hardware", "cpu_seconds", parts=("rows",), seeds=3)
    assert read(Record({}, tmp_path)).value == pytest.approx(150 * 3 / 5)


def test_every_target_reads_a_row_that_its_quantity_makes():
    """On the record, but for rows that wait for a run: of TET without norm and in bfloat16, and of `hardware`."""
    found = Record(page.on_record(ROOT / page.FOLDER), ROOT / "results" / "tables")
    for target in targets.TARGETS:
        if not re.search(r"bfloat16|TET, T|hardware", target.quantity):
            assert target.reading(found) is not None, target.quantity
    cases = {recipe.name for recipe, _ in step.CASES}
    assert {case for case, _, _ in targets.STEPS} == cases


def test_the_page_shows_a_row_for_every_target():
    text = page.text(page.on_record(ROOT / page.FOLDER))
    assert all(f"\n| {target.quantity} " in text for target in targets.TARGETS)
    assert len({target.quantity for target in targets.TARGETS}) == len(targets.TARGETS)
