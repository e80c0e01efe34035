"""Figures of experiments that are hard to draw: many methods, another metric, nothing to show. The same bytes."""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import pyplot
from matplotlib.text import Text

from snn.config import params
from snn.core.paths import ROOT
from snn.report.canvas import OF_RULE, styles
from snn.report.inputs import Inputs
from snn.report.sections import files, sections
from snn.report.sections.comparisons import figure as comparisons
from snn.report.sections.summary import figure as summary
from snn.report.write import write
from tests.report_inputs import inputs
from tests.rows import frame, row

ENERGIES = {name: params.load("energy", name) for name in params.names("energy")}
MANY = [f"method_{i}" for i in range(40)]


def rows(methods, metric="accuracy", noises=("mismatch", "silencing"), tried=(2, 8)) -> pd.DataFrame:
    """Rows of runs.csv: a teacher and these methods, two seeds, several steps, a chip of each noise model."""
    found, direction = [], "higher" if metric == "accuracy" else "lower"
    for i, method in enumerate(["ann", *methods]):
        for seed in (0, 1):
            value = (0.9 if metric == "accuracy" else 0.5) - 0.004 * i + 0.003 * seed * (i % 3)
            own = {"val": value, "test": value, "metric": metric, "direction": direction, "energy_nj": 100.0 + 10 * i}
            for condition in ("clean", "int8"):
                own["condition"] = condition
                found.append(row(method, seed, steps=4 if i else 1, **own))
                found += [row(method, seed, steps_eval=at, extrapolated=i == 1, **own) for at in tried if i]
            del own["condition"]
            if i:
                found += [
                    row(method, seed, condition=condition, noise=noise, level=0.2, chip=0, **own)
                    for noise in noises
                    for condition in ("noisy", "calibrated")
                ]
    return frame(*found)


def courses(methods, epochs=3) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of epochs.csv and traces.csv; with no epochs only their headers."""
    identity = {"steps": 4, "lr": 0.1, "seed": 0}
    curves = [
        {"method": method, **identity, "epoch": epoch + 1, "value_val": 0.5 + 0.1 * epoch}
        for method in ["ann", *methods]
        for epoch in range(epochs)
    ]
    rates = [
        {"method": method, **identity, "epoch": epoch, "quantity": "rate", "layer": layer, "value": value}
        for method in methods
        for epoch, value in enumerate((0.1, 0.0, 0.2)[:epochs])
        for layer in (1, 2)
    ]
    names = ["method", *identity, "epoch"]
    return (
        pd.DataFrame(curves, columns=[*names, "value_val"]),
        pd.DataFrame(rates, columns=[*names, "quantity", "layer", "value"]),
    )


def trials(runs: pd.DataFrame) -> pd.DataFrame:
    """Rows of calibration.csv: two epochs of every calibrated chip."""
    columns = ["method", "noise", "level", "calibrator", "targets", "control"]
    found = runs[runs.condition == "calibrated"][columns]
    epochs = [
        found.assign(epoch=e, shown=24 * e, updates=2 * e, operations=1e6 * e, value_val=0.5 + 0.1 * e) for e in (0, 1)
    ]
    return pd.concat(epochs)


def layers(runs: pd.DataFrame) -> pd.DataFrame:
    """Rows of layers.csv: every network has one layer."""
    names = ["method", "lr", "seed", "acs", "macs_once", "macs_every_step", "dense_macs", "spikes", "neuron_updates"]
    return runs.loc[runs.condition == "clean", names].assign(layer=1)


def prepared(methods, epochs=3, spiking=True, **changes) -> Inputs:
    """Inputs of all figures."""
    runs = rows(methods, **changes)
    curves, traces = courses(methods, epochs)
    collected = {"epochs": curves, "traces": traces if spiking else traces[:0], "calibration": trials(runs)}
    collected["layers"] = layers(runs)
    static = frozenset(() if spiking else methods)
    return inputs(runs, collected=collected, methods=tuple(methods), static=static)


def drawn(folder: Path, methods, **changes) -> dict[str, str]:
    write(prepared(methods, **changes), folder)
    return read(folder)


def read(folder: Path) -> dict[str, str]:
    return {name: (folder / name).read_text() for name in files("figure")}


def named(methods) -> dict[str, set[str]]:
    """The texts that each figure holds; to lay them out for forty methods would take most of a minute."""
    given, found = prepared(methods, noises=("mismatch",), tried=(2,)), {}
    for section in sections():
        if "figure" in section.parts:
            figure = section.load("figure").figure(given)
            found[section.file("figure")] = {text.get_text() for text in figure.findobj(Text)}
            pyplot.close(figure)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("number", [8, pytest.param(len(MANY), marks=pytest.mark.long)])
def test_many_methods_look_different_and_each_is_named_in_every_figure(number):
    looks = [(style.colour, style.marker) for style in styles(MANY).values()]
    assert len(set(looks)) == len(MANY)
    found = named(MANY[:number])
    assert set(found) == set(files("figure"))
    for name, texts in found.items():
        words = set(" ".join(texts).split())
        assert [method for method in MANY[:number] if method not in words] == [], name


RULES = {name: params.load("methods", name).rule for name in params.names("methods")}


@given(st.lists(st.sampled_from([*RULES, *MANY]), unique=True), st.lists(st.sampled_from(list(RULES)), unique=True))
def test_a_rule_has_one_colour_of_its_own_in_the_figures_of_all_experiments(here, there):
    looks = [(RULES.get(name, name), style.colour) for names in (here, there) for name, style in drawn_as(names)]
    colours = {rule: {colour for own, colour in looks if own == rule} for rule, _ in looks if rule not in MANY}
    assert all(len(own) == 1 for own in colours.values())
    assert len(set.union(set(), *colours.values())) == len(colours)


@given(st.lists(st.sampled_from(list(RULES)), unique=True, max_size=48))
def test_methods_of_a_rule_differ_in_marker_or_line(names):
    assert len({(style.colour, style.marker, str(style.line)) for _, style in drawn_as(names)}) == len(names)


@given(st.lists(st.sampled_from(list(RULES)), unique=True))
def test_the_method_with_the_name_of_its_rule_has_the_same_marker_in_all_experiments(names):
    alone = {name: style.marker for rule in OF_RULE for name, style in drawn_as([rule])}
    assert {name: style.marker for name, style in drawn_as(names) if name in alone}.items() <= alone.items()
    assert [name for name, _ in drawn_as(names)] == names


def drawn_as(names):
    return styles(names, rules=RULES).items()


def test_a_rule_of_ones_own_takes_a_colour_that_no_rule_here_has_while_there_is_one():
    known = {style.colour for style in styles(list(OF_RULE)).values()}
    assert styles(["mine", *OF_RULE])["mine"].colour not in known


def test_values_that_the_axis_leaves_out_are_told_beside_it():
    few = {"steps_eval": 1, "value_test_mean": 0.2}
    own = {"method": "a", "condition": "clean", "steps": 4, "steps_eval": 4, "value_test_mean": 0.9}
    for rows, told in (([own], False), ([own, {**own, **few}], True)):
        table = pd.DataFrame(rows).assign(value_test_ci95=0.01, energy_nj=[float(r["steps_eval"]) for r in rows])
        table["control"] = None
        made = summary.figure(inputs(made={"summary": table.assign(flags="")}))
        assert any("below the axis: down to 20 %" in text.get_text() for text in made.findobj(Text)) is told


@pytest.mark.long
def test_the_same_tables_give_the_same_bytes_in_another_process(tmp_path):
    here = drawn(tmp_path, MANY[:2])
    assert all(method in text for text in here.values() for method in MANY[:2])
    code = f"""if True:
        from pathlib import Path
        from snn.report.write import write
        from tests.report.test_figures import prepared
        write(prepared({MANY[:2]!r}), Path({str(tmp_path)!r}))
    """
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": "7"})
    assert read(tmp_path) == here


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {"metric": "mse", "tried": ()},
        {"noises": (), "epochs": 0},
        {"metric": "mse", "noises": (), "tried": (), "epochs": 0},
    ],
    ids=str,
)
def test_there_is_a_figure_of_everything_even_of_nothing(tmp_path, changes):
    found = drawn(tmp_path, MANY[:2], **changes)
    assert all("</svg>" in text for text in found.values())
    assert ("no network on a chip" in found["hardware.svg"]) == (changes.get("noises") == ())
    if changes.get("metric") == "mse":
        assert not any("accuracy" in text for text in found.values())


def test_an_experiment_of_controls_alone_has_its_figures(tmp_path):
    found = drawn(tmp_path, ["ann_quantised"], spiking=False, noises=(), tried=())
    assert "no spiking method" in found["rates.svg"]


@pytest.mark.slow
def test_every_noise_model_has_a_panel_of_its_own(tmp_path):
    text = drawn(tmp_path, MANY[:2])["hardware.svg"]
    assert all(f">{name}<" in text for name in ("mismatch", "silencing"))
    assert "calibrated by ltl_offline" in text


def test_a_figure_without_data_tells_what_would_fill_it(tmp_path):
    found = drawn(tmp_path, MANY[:1], noises=(), tried=())
    assert all("list `hardware`" in found[name] for name in ("hardware.svg", "calibration.svg"))
    assert "at T = 4 alone" in found["steps.svg"]
    assert "list `steps_eval`" in found["steps.svg"]


def test_a_difference_beyond_the_axis_has_its_value_at_the_edge():
    near = [f"method_{i}" for i in range(5)]
    runs = rows([*near, "lost"])
    runs.loc[runs.method == "lost", ["value_test", "value_val"]] = 0.2
    made = comparisons.figure(inputs(runs[runs.condition == "clean"], methods=(*near, "lost")))
    texts = {text.get_text() for text in made.findobj(Text)}
    pyplot.close(made)
    assert "-70.0" in texts


def test_two_sides_of_one_method_are_told_apart_in_words():
    row = {"left": "a", "right": "a", "direction": "higher", "better": "a", "verdict": "a is better"}
    for difference, side in ((1.0, "first"), (-1.0, "second")):
        (found,) = pd.DataFrame([{**row, "difference": difference}]).itertuples()
        assert comparisons.verdict(found)[1] == f"the {side} is better"
