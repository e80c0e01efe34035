"""Learning rates in closed form, and what one update does to each kind of parameter."""

from itertools import pairwise
from statistics import fmean

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from snn.config import LrScale, Schedule, Training
from snn.model.spec import Conv, Linear, NeuNorm, Norm
from snn.training import optimiser
from tests import nets

LR, EPOCHS, PER_EPOCH = 0.2, 9, 8
UPDATES = EPOCHS * PER_EPOCH


def rates(**schedule) -> list[float]:
    """The learning rate of every update of a training."""
    training = Training(epochs=EPOCHS, batch=1, optimiser="sgd", lr=LR, schedule=Schedule(**schedule))
    return [optimiser.learning_rate(training, update, PER_EPOCH) for update in range(UPDATES)]


schedules = st.fixed_dictionaries(
    {
        "curve": st.sampled_from(["constant", "cosine", "steps"]),
        "warmup": st.sampled_from([0.0, 0.001, 0.25, 0.3333, 0.99]),
        "milestones": st.lists(st.integers(1, EPOCHS), max_size=3),
        "factor": st.sampled_from([0.1, 0.5, 0.9]),
    }
)


@given(schedule=schedules)
@settings(max_examples=100, deadline=None, derandomize=True)
def test_a_learning_rate_is_never_above_lr_and_never_zero(schedule):
    assert all(0 < rate <= LR * (1 + 1e-15) for rate in rates(**schedule))


@given(schedule=schedules)
@settings(max_examples=100, deadline=None, derandomize=True)
def test_after_the_warm_up_a_learning_rate_never_rises(schedule):
    after = rates(**schedule)[int(schedule["warmup"] * UPDATES) :]
    assert all(later <= earlier for earlier, later in pairwise(after))


def test_without_a_schedule_the_learning_rate_is_lr():
    assert rates() == [LR] * UPDATES


def test_a_cosine_starts_at_lr_and_is_half_of_it_half_way():
    found = rates(curve="cosine")
    assert found[0] == LR
    assert found[UPDATES // 2] == pytest.approx(LR / 2, rel=1e-12)
    thirds = found[UPDATES // 3], found[2 * UPDATES // 3]  # cos(pi / 3) = 1/2
    assert thirds == pytest.approx((LR * 3 / 4, LR / 4), rel=1e-12)


def test_a_cosine_falls_before_half_way_by_what_it_falls_behind_it():
    found = rates(curve="cosine")
    sums = [found[k] + found[UPDATES - k] for k in range(1, UPDATES)]
    assert sums == pytest.approx([LR] * (UPDATES - 1), rel=1e-12)


def test_the_mean_of_a_cosine_is_half_of_lr_and_a_half_update():
    """1/N sum_k 1/2 (1 + cos(pi k / N)) = 1/2 + 1/(2N), k = 0 .. N-1"""
    assert fmean(rates(curve="cosine")) == pytest.approx(LR * (1 + 1 / UPDATES) / 2, rel=1e-12)


@pytest.mark.parametrize("curve", ["constant", "cosine", "steps"])
@pytest.mark.parametrize("warmup", [0.1, 0.25, 0.33])
def test_a_warm_up_rises_by_equal_steps_from_zero_to_lr(curve, warmup):
    rise = int(warmup * UPDATES) + 1  # a rise that ends within an update reaches lr there
    risen = rates(curve=curve, warmup=warmup)[:rise]
    assert risen == pytest.approx([LR * (update + 1) / rise for update in range(rise)], rel=1e-12)


def test_a_cosine_behind_a_warm_up_spans_what_is_left():
    found = rates(curve="cosine", warmup=0.25)
    begin = UPDATES // 4
    assert found[begin] == LR
    assert found[(begin + UPDATES) // 2] == pytest.approx(LR / 2, rel=1e-12)
    assert found[begin + 1] + found[UPDATES - 1] == pytest.approx(LR, rel=1e-12)


def test_a_cosine_per_epoch_keeps_within_an_epoch_what_it_has_at_the_first_update_of_it():
    found = rates(curve="cosine", per="epoch")
    assert found == [rate for rate in rates(curve="cosine")[::PER_EPOCH] for _ in range(PER_EPOCH)]
    # cos(pi / 3) = 1/2 after three of nine epochs, cos(2 pi / 3) = -1/2 after six
    assert (found[0], found[3 * PER_EPOCH], found[6 * PER_EPOCH]) == pytest.approx((LR, LR * 3 / 4, LR / 4), rel=1e-12)


@pytest.mark.parametrize("per", ["update", "epoch"])
def test_a_cosine_is_that_of_torch_stepped_as_often(per):
    every = {"update": 1, "epoch": PER_EPOCH}[per]
    peer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=LR)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(peer, T_max=UPDATES // every)
    expected = []
    for update in range(1, UPDATES + 1):
        expected += [group["lr"] for group in peer.param_groups]
        peer.step()
        if update % every == 0:
            schedule.step()
    assert rates(curve="cosine", per=per) == pytest.approx(expected, rel=1e-9)


def test_a_cosine_per_epoch_starts_at_lr_behind_a_warm_up_that_ends_within_an_epoch():
    found, plain = (rates(curve="cosine", warmup=0.3, per=per) for per in ("epoch", "update"))
    rise = int(0.3 * UPDATES) + 1  # 22 of 72 updates, within the third epoch of 8
    assert found[:rise] == plain[:rise]
    assert found[rise : 3 * PER_EPOCH] == [LR] * (3 * PER_EPOCH - rise)
    assert found[3 * PER_EPOCH] == found[4 * PER_EPOCH - 1] == plain[3 * PER_EPOCH] < LR


@pytest.mark.parametrize("curve", ["constant", "steps"])
def test_only_a_cosine_is_per_epoch(curve):
    with pytest.raises(ValueError, match="per: epoch belongs to curve: cosine"):
        Schedule(curve=curve, per="epoch")


def test_steps_fall_by_their_factor_at_the_first_update_behind_each_milestone():
    found = rates(curve="steps", milestones=(3, 7), factor=0.5)
    lengths = (3 * PER_EPOCH, 4 * PER_EPOCH, 2 * PER_EPOCH)
    assert found == [rate for rate, length in zip((LR, LR / 2, LR / 4), lengths, strict=True) for _ in range(length)]


def test_milestones_fall_in_any_order_and_twice_where_they_are_named_twice():
    assert rates(curve="steps", milestones=(7, 3)) == rates(curve="steps", milestones=(3, 7))
    assert rates(curve="steps", milestones=(4, 4), factor=0.5)[4 * PER_EPOCH] == LR / 4


def test_a_milestone_within_the_warm_up_has_fallen_behind_it():
    found = rates(curve="steps", milestones=(1,), factor=0.5, warmup=0.25)
    assert max(found[: UPDATES // 4]) > LR / 2
    assert set(found[UPDATES // 4 :]) == {LR / 2}


def moved(scales: LrScale) -> dict[str, set[float]]:
    """By how many lr each kind of parameter moves in one update of SGD, where all gradients are 1."""
    layers = (Conv(conv=2), Conv(conv=3), Linear(linear=4))
    net = nets.student(layers, norm=Norm(), neunorm=NeuNorm(decay=0.5, gain="average")).double()
    recipe = Training(epochs=1, batch=1, optimiser="sgd", lr=LR, momentum=0.0, lr_scale=scales)
    made, before = optimiser.build(net, recipe), {name: p.detach().clone() for name, p in net.named_parameters()}
    for parameter in net.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimiser.step(made, LR)
    readout = f"layers.{len(net.layers) - 1}."
    kinds = {id(p): type(module).__name__ for module in net.modules() for p in module.parameters(recurse=False)}
    found: dict[str, set[float]] = {}
    for name, parameter in net.named_parameters():
        kind = "readout" if name.startswith(readout) else kinds[id(parameter)]
        factors = ((before[name] - parameter.detach()) / LR).flatten().tolist()
        found.setdefault(kind, set()).update(round(factor, 9) for factor in factors)
    return found


def test_each_kind_of_parameter_learns_at_its_factor_and_norms_at_1():
    found = moved(LrScale(conv=0.5, linear=2.0, readout=0.0))
    expected = {"Conv2d": {0.5}, "Linear": {2.0}, "readout": {0.0}}
    assert {kind: found.pop(kind) for kind in expected} == expected
    assert len(found) == 2  # batch normalisation and NeuNorm's U
    assert set().union(*found.values()) == {1.0}


def test_without_factors_all_parameters_learn_alike():
    assert set().union(*moved(LrScale()).values()) == {1.0}
