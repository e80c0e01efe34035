"""Energy of counted operations, its baselines and break-evens; networks in 8-bit integers."""

import itertools
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from snn.config import Energy, Memory, params
from snn.core.errors import InputError
from snn.energy import prices as joules
from snn.energy.counter import Counter, over_samples, total
from snn.hardware import chip, int8
from snn.hardware.noise import quantisation
from snn.model.spec import AvgPool, Conv, Linear, Relu
from snn.report.metric import SHOWN
from snn.report.sections.energy import table as energy_section
from snn.report.sections.summary import table as summary_section
from snn.report.sections.summary.figure import _front
from tests import nets, outcomes
from tests.report_inputs import NO_TUNING
from tests.rows import frame, row

PRICES = {"mac_pj": 5.0, "ac_pj": 1.0, "compare_pj": 0.5, "neuron_update_pj": 2.0, "first_layer": "once"}
PLAIN = Energy(source="a test", convention="a test", precision="fp32", **PRICES)
MEMORY = PLAIN.model_copy(
    update={"memory": Memory(access_pj=10.0, per_mac=2, per_ac=3, per_compare=1, per_neuron_update=2)}
)
FILES = {name: params.load("energy", name) for name in params.names("energy")}
LIF = nets.leaky()

counts = st.integers(0, 10**6)
works = st.builds(
    SimpleNamespace,
    acs=st.integers(1, 10**6),
    macs_once=counts,
    macs_every_step=counts,
    macs_nonzero=st.just(0),
    compares=counts,
    neuron_updates=st.integers(1, 10**6),
    dense_macs=st.integers(1, 10**6),
    spikes=st.integers(1, 10**6),
    steps_eval=st.integers(1, 16),
)
energies = st.sampled_from([PLAIN, MEMORY, *FILES.values()])


def work(**changes):
    base = {"acs": 0, "macs_once": 0, "macs_every_step": 0, "macs_nonzero": 0, "compares": 0, "neuron_updates": 0}
    return SimpleNamespace(**(base | {"dense_macs": 0, "spikes": 0, "steps_eval": 4} | changes))


def test_energy_is_operations_times_prices():
    assert joules.energy_nj(work(acs=1000), PLAIN) == pytest.approx(1.0)
    assert joules.energy_nj(work(macs_once=1000, macs_every_step=4000), PLAIN) == pytest.approx(5.0)
    assert joules.energy_nj(work(compares=1000, neuron_updates=500), PLAIN) == pytest.approx(1.5)
    assert joules.same_layers_nj(work(dense_macs=2000), PLAIN) == pytest.approx(10.0)


def test_the_first_layer_is_paid_once_or_at_every_step():
    every = PLAIN.model_copy(update={"first_layer": "every_step"})
    layer = work(macs_once=1000, macs_every_step=4000)
    assert joules.energy_nj(layer, every) == 4 * joules.energy_nj(layer, PLAIN)


def test_memory_adds_its_accesses_to_every_operation():
    assert [joules.pj(MEMORY, name) for name in ("mac", "ac", "compare", "neuron_update")] == [25.0, 31.0, 10.5, 22.0]


@settings(max_examples=200, deadline=None, derandomize=True)
@given(work=works, energy=energies, other=st.floats(0.001, 1e6))
def test_at_the_break_even_rate_both_cost_the_same(work, energy, other):
    parts = joules.parts_nj(work, energy)
    even = joules.break_even(work, energy, other)
    silent = sum(parts.values()) - parts["acs"]
    if even is None:
        assert silent >= other
    else:
        at_even = silent + parts["acs"] * even / joules.spikes_per_neuron(work)
        assert at_even == pytest.approx(other)
        assert (even > joules.spikes_per_neuron(work)) == (sum(parts.values()) < other)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(work=works, energy=energies)
def test_shares_add_up_and_skipping_zeros_saves_what_is_zero(work, energy):
    assert sum(joules.parts_nj(work, energy).values()) == pytest.approx(joules.energy_nj(work, energy))
    saved = joules.energy_nj(work, energy) - joules.skipping_zeros_nj(work, energy)
    assert saved == pytest.approx(joules.parts_nj(work, energy)["macs"])


def test_fewer_bits_cost_less_and_memory_costs_more():
    for operation in ("mac", "ac", "neuron_update"):
        prices = [joules.pj(FILES[f"horowitz45_{name}"], operation) for name in ("int8", "fp16", "fp32", "memory")]
        assert prices == sorted(set(prices))


@pytest.mark.parametrize("missing", [*PRICES, "convention", "precision", "source"])
def test_an_energy_table_that_lacks_an_operation_is_refused_by_its_key(missing):
    document = {key: value for key, value in PLAIN.model_dump(mode="json").items() if key not in (missing, "memory")}
    with pytest.raises(InputError, match=rf"lacking\.yaml: {missing}: "):
        params.parse("energy", document, params.FOLDER / "energy" / "lacking.yaml")


# The table


def table(tried, energies=None, teacher_macs=100, int8=0.0, recorded=0.0):
    """The table for a method evaluated at several steps: {steps: (validation, test, acs)}; in 8-bit integers validation
    is lower by `int8`; of its accumulates, which may differ by seed, `recorded` are of events that were recorded.
    """
    rows = []
    for seed, (condition, less) in itertools.product((0, 1), (("clean", 0.0), ("int8", int8))):
        work = {"condition": condition, "macs_once": teacher_macs, "neuron_updates": 0}
        rows.append(row("ann", seed, 0.95, 0.94, steps=1, acs=0.0, **work))
        work |= {"macs_once": 0, "neuron_updates": 1}
        rows += [
            row("a", seed, val - less, test, steps_eval=at, acs=acs if isinstance(acs, float) else acs[seed], **work)
            for at, (val, test, acs) in tried.items()
        ]
    runs = frame(*rows)
    runs = runs.assign(macs_every_step=runs.macs_once, macs_nonzero=runs.macs_once / 2)
    summary = summary_section.beside_teacher(summary_section.summarise(runs, NO_TUNING, outcomes.of(runs)), "ann")
    layers = pd.DataFrame(
        {"method": "a", "lr": 0.1, "seed": seed, "acs": acs, "macs_once": 0, "macs_every_step": 0, "dense_macs": dense}
        for seed in (0, 1)
        for acs, dense in ((99.0, 0), (recorded, 10), (7.0, 10))  # a pool comes first
    )
    return energy_section.conventions(summary, layers, runs, {"a": "ann"}, energies or {"plain": PLAIN})


def test_the_interval_of_the_ratio_to_the_teacher_is_students_of_its_logarithm():
    (found,) = table({4: (0.96, 0.93, (100.0, 400.0))}).itertuples()
    teacher = 100 * joules.pj(PLAIN, "mac")
    logs = np.log([(acs * joules.pj(PLAIN, "ac") + joules.pj(PLAIN, "neuron_update")) / teacher for acs in (100, 400)])
    half = stats.t.ppf(0.975, 1) * logs.std(ddof=1) / np.sqrt(2)
    assert (found.of_teacher_low, found.of_teacher_high) == pytest.approx(
        (np.exp(logs.mean() - half), np.exp(logs.mean() + half))
    )
    (same,) = table({4: (0.96, 0.93, 100.0)}).itertuples()
    assert np.isnan([same.of_teacher_low, same.of_teacher_high]).all()


TRIED = {1: (0.5, 0.4, 50.0), 2: (0.945, 0.9, 120.0), 4: (0.96, 0.93, 200.0), 8: (0.99, 0.97, 600.0)}


def test_equal_accuracy_is_the_least_energy_within_a_point_of_the_teacher():
    (found,) = table(TRIED).itertuples()
    assert (found.steps, found.steps_at_equal_accuracy) == (4, 2)
    assert found.nj_at_equal_accuracy == pytest.approx((120 + 2) / 1000)
    assert found.of_teacher_at_equal_accuracy == pytest.approx(122 / 500)


def test_equal_energy_is_the_best_validation_value_that_the_teachers_energy_buys():
    (found,) = table(TRIED).itertuples()
    assert (found.steps_at_equal_energy, found.value_test_at_equal_energy) == (4, pytest.approx(0.93))
    (rich,) = table(TRIED, teacher_macs=200).itertuples()
    assert (rich.steps_at_equal_energy, rich.value_test_at_equal_energy) == (8, pytest.approx(0.97))


def test_what_never_comes_near_or_never_costs_so_little_has_no_number():
    (found,) = table({4: (0.5, 0.5, 200.0)}, teacher_macs=10).itertuples()
    assert pd.isna(found.nj_at_equal_accuracy)
    assert pd.isna(found.value_test_at_equal_energy)
    assert found.of_teacher == pytest.approx(202 / 50)


def test_under_eight_bit_integers_accuracy_is_that_of_eight_bit_integers():
    energies = {"plain": PLAIN, "small": PLAIN.model_copy(update={"precision": "int8"})}
    plain, small = table(TRIED, energies, int8=0.01).itertuples()
    assert (plain.steps_at_equal_accuracy, small.steps_at_equal_accuracy) == (2, 4)
    plain, small = table(TRIED, energies, int8=0.5).itertuples()
    assert plain.steps_at_equal_accuracy == 2
    assert pd.isna(small.steps_at_equal_accuracy)


def test_what_recorded_events_cost_is_the_first_layers_and_no_rate_changes_it():
    (found,) = table({4: (0.9, 0.9, 200.0)}, recorded=150.0).itertuples()
    assert found.share_first_layer == pytest.approx(150 / 202)
    by_spikes = 50 * found.break_even_spikes_per_neuron / found.spikes_per_neuron
    assert 150 + by_spikes + 2 == pytest.approx(500)  # picojoules of the network, and of its teacher


def test_every_baseline_is_priced_by_its_own_convention():
    energies = {"plain": PLAIN, energy_section.INT8: PLAIN.model_copy(update={"mac_pj": 0.5})}
    plain, _ = table(TRIED, energies).itertuples()
    assert (plain.teacher_nj, plain.teacher_skipping_zeros_nj, plain.teacher_int8_nj) == pytest.approx(
        (500 / 1000, 250 / 1000, 50 / 1000)
    )
    assert plain.same_layers_nj == pytest.approx(50 * 5 / 1000)
    assert plain.of_teacher_int8 == pytest.approx(plain.energy_nj / plain.teacher_int8_nj)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(points=st.lists(st.tuples(st.integers(1, 20), st.integers(1, 20)), min_size=1, max_size=12))
def test_the_front_holds_what_nothing_else_beats_in_both(points):
    summary = pd.DataFrame(points, columns=["energy_nj", "value_test_mean"])
    found = set(_front(summary, SHOWN["accuracy"])[["energy_nj", "value_test_mean"]].itertuples(index=False, name=None))
    best = {(e, v) for e, v in points if not any((a <= e and b >= v and (a, b) != (e, v)) for a, b in points)}
    assert found == best


# 8-bit integers


def build(activation, steps):
    layers = (Conv(conv=6), AvgPool(avg_pool=2), Conv(conv=8), Linear(linear=16))
    return nets.deployed(layers, activation, steps=steps)


def images():
    return nets.some(32, 1, 8, 8)


@pytest.mark.parametrize(("activation", "steps"), [(Relu(), 1), (LIF, 4)], ids=["ann", "spiking"])
def test_weights_lie_on_a_grid_of_255_numbers_and_errors_are_half_a_step(activation, steps):
    clean = build(activation, steps)
    made = int8.quantised(clean, images())
    for layer, ideal in zip(made.layers, clean.layers, strict=True):
        if layer.programmable:
            step = ideal.op.weight.flatten(1).abs().amax(1) / 127
            step = step.view(-1, *[1] * (ideal.op.weight.dim() - 1))
            k = layer.op.weight / step
            torch.testing.assert_close(k, k.round(), rtol=0, atol=1e-4)
            assert ((layer.op.weight - ideal.op.weight).abs() <= step * 0.5001).all()


def test_activations_of_an_ann_take_255_steps_up_to_the_largest_seen():
    clean, x = build(Relu(), 1), images()
    made = int8.quantised(clean, x)
    for layer, a_1BN in made.walk(made.encode(x)):
        if layer.activation:
            k = a_1BN / (layer.activation.clip / 255)
            torch.testing.assert_close(k, k.round(), rtol=0, atol=1e-3)
            assert len(k.round().unique()) > 20
    assert (made.predict(x) - clean.predict(x)).abs().max() < 0.1 * clean.predict(x).abs().max()


def test_what_is_on_the_grid_already_stays_bit_for_bit():
    clean = build(LIF, 4)
    on_grid = chip.manufacture(clean, [(quantisation, quantisation.Options(bits=8, per="channel"))], 0).network
    again = int8.quantised(build(LIF, 4), images())
    assert torch.equal(on_grid.predict(images()), again.predict(images()))
    assert not torch.equal(on_grid.predict(images()), clean.predict(images()))


def test_a_machine_that_skips_zeros_skips_most_behind_rectifiers_and_none_of_the_image():
    net = build(Relu(), 1)
    counter = Counter(net)
    counter.scores(images())
    first, _, *others = counter.operations()
    assert first.macs_nonzero == first.macs_once
    assert all(0 < work.macs_nonzero < work.macs_once for work in others)
    assert total(others).macs_nonzero < 0.8 * total(others).macs_once


@settings(max_examples=60, deadline=None, derandomize=True)
@given(shape=st.lists(st.integers(1, 6), min_size=3, max_size=5), last=st.booleans(), seed=st.integers(0, 99))
def test_sums_over_samples_are_exact_in_every_layout(shape, last, seed):
    if len(shape) == 4:
        shape = shape[:3]
    s = torch.randint(0, 4, shape, generator=torch.Generator().manual_seed(seed)).float()
    if last and s.dim() == 5:
        s = s.flatten(0, 1).contiguous(memory_format=torch.channels_last).unflatten(0, shape[:2])
    assert torch.equal(over_samples(s), s.double().sum((0, 1)))
