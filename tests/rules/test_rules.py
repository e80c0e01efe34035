"""Every training rule keeps the contract of `snn.rules`, and does what its paper says."""

import dataclasses
import gc
import math
import weakref

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from torch.nn import functional as F

from snn import config, rules
from snn.config import params
from snn.core.paths import ROOT
from snn.model import local_losses
from snn.model.network import Network
from snn.model.spec import Architecture, Linear, Norm, Relu
from snn.rules import Batch, Task, ann, ltl, stbp, tandem, tet
from snn.training import optimiser as optimise
from tests import nets

T, B, K, SHAPE = 4, 6, 3, (2, 6, 6)
LAYERS = nets.CHAIN
METHODS = params.names("methods")
TRAINED = [name for name in METHODS if params.load("methods", name).rule != "conversion"]
FIRSTS = {params.load("methods", name).rule: name for name in reversed(METHODS)}  # a method of every rule
RECIPE = config.Training(epochs=3, batch=B, optimiser="adam", lr=4e-3)
LIF, IF = nets.leaky(decay=0.9, threshold=0.6), nets.integrate_and_fire()


def variants_long(methods):
    """One method of every rule; the others in the long tests."""
    return [name if name in FIRSTS.values() else pytest.param(name, marks=pytest.mark.long) for name in methods]


def teacher(clip=2.0):
    torch.manual_seed(99)
    rule = ann.Ann(ann.Options(activation=Relu(clip=clip)))
    student = rule.student(task(rule), {}, None).train()
    for _ in range(30):
        student.predict(torch.randn(16, *SHAPE))
    return rule.deploy(student).requires_grad_(False)


PARENTS = {"teacher": teacher}


def task(rule, steps=T, layers=LAYERS):
    return Task(SHAPE, K, layers, 1 if rule.static else steps)


def start(method):
    """A rule as its YAML asks for it, a student, and a batch."""
    described = params.load("methods", method)
    rule = rules.load(described.rule, "")(described.options)
    steps = max(T, getattr(described.options, "warm_up", 0) + 1)
    rule.check(described.options, task(rule, steps).steps)
    parents = {role: PARENTS[role]() for role in sorted(rule.parents)}
    torch.manual_seed(0)
    student = rule.student(task(rule, steps), parents, batch().x)
    if rule.trains and not student.architecture.norm:
        loud(student, 4 * student.architecture.activation.threshold)
    return rule, student, batch(parents)


def batch(parents=None, size=B, seed=5):
    generator = torch.Generator().manual_seed(seed)
    return Batch(nets.some(size, *SHAPE, seed=seed), torch.arange(size) % K, parents or {}, 0, 3, generator)


class Fixed:
    """A student with the same outputs for every input."""

    def __init__(self, given):
        self.given = given

    def encode(self, x):
        return x

    def __call__(self, x):
        return self.given, None

    def predict(self, x):
        return self.given


def updates(rule, student, seen, training, number):
    """The loss of each of some updates on one batch, as the common loop does them."""
    optimiser = optimise.build(student, training)
    student.train()
    for _ in range(number):
        optimiser.zero_grad()
        total = 0.0
        for loss in rule.losses(student, seen):
            loss.backward()
            total += float(loss.detach())
        optimise.step(optimiser, training.lr)
        yield total


@torch.no_grad()
def loud(student, gain=3):
    """Weights so large that every layer fires."""
    for layer in student.layers:
        if layer.programmable:
            layer.op.weight *= gain


def storages(module):
    return {tensor.untyped_storage().data_ptr() for tensor in module.state_dict().values()}


def snapshot(module):
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def same(module, before):
    return all(torch.equal(tensor, before[name]) for name, tensor in module.state_dict().items())


# The contract, for every rule and every YAML file of it


def test_every_rule_has_a_method_and_every_method_its_rule():
    files = {path.stem for path in (ROOT / "snn" / "rules").glob("[a-z]*.py")}
    assert {params.load("methods", method).rule for method in METHODS} == files


@pytest.mark.parametrize("method", TRAINED)
def test_losses_are_finite_scalars_and_their_gradient_reaches_every_parameter_that_decides(method):
    rule, student, seen = start(method)
    student.train()
    for _ in range(9):  # until running statistics are near those of the batch
        list(rule.losses(student, seen))
    losses = []
    for epoch in range(seen.epochs):  # a rule may train one layer after the other
        for loss in rule.losses(student, dataclasses.replace(seen, epoch=epoch)):
            assert loss.shape == ()
            losses.append(loss.item())
            loss.backward()
    assert losses
    assert all(map(math.isfinite, losses))
    gradients = {name: p.grad for name, p in student.named_parameters() if p.requires_grad}
    assert gradients
    assert all(g is not None and g.isfinite().all() for g in gradients.values())
    assert all(g.abs().sum() > 0 for name, g in gradients.items() if name.endswith("op.weight")), gradients


@pytest.mark.parametrize("method", METHODS)
def test_a_rule_tells_the_percentile_that_its_options_name_and_the_largest_activation_where_they_name_none(method):
    options = params.load("methods", method).options
    assert start(method)[0].teacher_percentile == getattr(options, "percentile", 100.0)


@pytest.mark.parametrize("method", METHODS)
def test_a_rule_tells_whether_its_networks_have_neunorm(method):
    rule, student, _ = start(method)
    assert rule.has_neunorm == (student.architecture.neunorm is not None)


@pytest.mark.slow
@pytest.mark.parametrize("method", variants_long(TRAINED))
def test_a_few_updates_lower_the_loss_on_the_batch_they_have_seen(method):
    rule, student, seen = start(method)
    threshold = getattr(student.architecture.activation, "threshold", 1.0)
    losses = list(updates(rule, student, seen, RECIPE.model_copy(update={"lr": RECIPE.lr * threshold**0.5}), 40))
    assert all(map(math.isfinite, losses))
    assert sum(losses[-10:]) < 0.95 * sum(losses[:10])


@pytest.mark.parametrize("method", variants_long(METHODS))
def test_training_leaves_parents_as_they_were(method):
    rule, student, seen = start(method)
    before = {role: snapshot(parent) for role, parent in seen.parents.items()}
    list(updates(rule, student, seen, RECIPE, 2))
    for role, parent in seen.parents.items():
        assert same(parent, before[role])
        assert not parent.training
        assert all(p.grad is None for p in parent.parameters())


@pytest.mark.parametrize("method", METHODS)
def test_what_is_observed_is_finite_and_changes_nothing(method):
    rule, student, seen = start(method)
    before = snapshot(student.eval())
    with torch.no_grad():
        for quantity, layer, value in rule.observe(student, seen):
            assert quantity.isidentifier()
            assert layer is None or 1 <= layer <= len(student.layers)
            assert math.isfinite(value)
    assert same(student, before)


@pytest.mark.parametrize("method", variants_long(METHODS))
def test_deploy_gives_a_folded_network_in_evaluation_mode_that_goes_its_own_way(method):
    rule, student, seen = start(method)
    list(updates(rule, student, seen, RECIPE, 2))
    before = snapshot(student)
    deployed = rule.deploy(student)
    assert isinstance(deployed, Network)
    assert deployed.architecture.norm is None
    assert deployed.architecture.dropout is None
    assert deployed.architecture.steps == student.architecture.steps
    assert not any(isinstance(m, torch.nn.modules.batchnorm._BatchNorm) for m in deployed.modules())
    assert not any(module.training for module in deployed.modules())
    assert student.training
    assert same(student, before)
    for other in (student, *seen.parents.values()):
        assert storages(deployed).isdisjoint(storages(other))
    scores = deployed.predict(seen.x)
    assert scores.shape == (B, K)
    assert scores.isfinite().all()
    list(updates(rule, student, seen, RECIPE, 2))
    assert same(student, before) != rule.trains
    assert torch.equal(deployed.predict(seen.x), scores)


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("method", METHODS)
def test_what_is_deployed_predicts_as_its_student_does(method):
    rule, student, seen = start(method)
    loud(student)
    list(updates(rule, student, seen, RECIPE, 3))
    student.eval()
    deployed = rule.deploy(student)
    with torch.no_grad():
        expected = rule.couple(student, seen.x) if hasattr(rule, "couple") else student.predict(seen.x)
    assert expected.std() > 1e-4
    torch.testing.assert_close(deployed.predict(seen.x), expected, rtol=1e-10, atol=1e-10)


# STBP


@pytest.mark.parametrize(("reduction", "divisor"), [("sum", 1), ("mean", K)])
def test_stbp_is_the_squared_distance_of_vote_rates_from_one_hot(reduction, divisor):
    rates, y = torch.tensor([[0.25, 0.5, 1.0], [0.0, 0.75, 0.5]]), torch.tensor([2, 0])
    rule = stbp.Stbp(stbp.Options(neuron=LIF, voters=2, loss=reduction))
    (loss,) = rule.losses(Fixed(rates), dataclasses.replace(batch(), y=y))
    by_hand = ((0.0625 + 0.25 + 0) + (1 + 0.5625 + 0.25)) / 2
    assert loss.item() == pytest.approx(by_hand / divisor)


def test_the_scores_of_stbp_are_shares_of_votes():
    _, student, seen = start("stbp")
    loud(student)
    voters = student.architecture.readout.voters
    scores = student.predict(seen.x).detach()
    assert student.layers[-1].output_shape == (K * voters,)
    torch.testing.assert_close((scores * voters * T).round() / (voters * T), scores)
    assert scores.min() >= 0
    assert 0 < scores.max() <= 1


# TET


def tet_loss(o_TBK, y_B, lam, phi=1.0):
    rule = tet.Tet(tet.Options(neuron=LIF, lam=lam, phi=phi))
    (loss,) = rule.losses(Fixed(o_TBK), dataclasses.replace(batch(), y=y_B))
    return loss.item()


def some_outputs(seed, steps=T, spread=2.0):
    generator = torch.Generator().manual_seed(seed)
    return spread * torch.randn(steps, B, K, generator=generator, dtype=torch.float64), torch.arange(B) % K


@pytest.mark.parametrize("lam", [0.0, 0.05, 1.0])
def test_tet_is_cross_entropy_at_every_step_and_a_pull_to_phi(lam):
    o, y = some_outputs(0)
    entropy, pull = 0.0, 0.0
    for t in range(T):
        for b in range(B):
            entropy += math.log(sum(math.exp(float(value)) for value in o[t, b])) - float(o[t, b, y[b]])
            pull += sum((float(value) - 0.7) ** 2 for value in o[t, b]) / K
    expected = (1 - lam) * entropy / (T * B) + lam * pull / (T * B)
    assert tet_loss(o, y, lam, phi=0.7) == pytest.approx(expected, rel=1e-12)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**16), steps=st.integers(2, 8))
def test_the_loss_of_the_mean_output_is_no_more_than_the_mean_loss(seed, steps):
    o, y = some_outputs(seed, steps)
    at_the_end = F.cross_entropy(o.mean(0), y).item()
    assert at_the_end < tet_loss(o, y, lam=0.0)
    constant = o[:1].expand(steps, -1, -1)
    assert tet_loss(constant, y, lam=0.0) == pytest.approx(F.cross_entropy(o[0], y).item(), rel=1e-12)


# Tandem learning


def tandem_student(*, steps=T, norm=True, seed=0, layers=LAYERS, neuron=IF, **changes):
    options = {"neuron": neuron, "norm": Norm() if norm else None, "encoding": "repeat", **changes}
    rule = tandem.Tandem(tandem.Options(**options))
    torch.manual_seed(seed)
    student = rule.student(task(rule, steps, layers), {}, None)
    for layer in student.hidden:
        if norm:
            torch.nn.init.normal_(layer.norm.weight, std=2.0)
            torch.nn.init.normal_(layer.norm.bias, mean=1.0)
    return rule, student.train()


def watched(student):
    """What enters each layer: [through the ANN branch, through the spiking branch]."""
    entered = [[] for _ in student.layers]
    for layer, into in zip(student.layers, entered, strict=True):
        layer.op.register_forward_pre_hook(lambda _, inputs, into=into: into.append(inputs[0].detach()))
    return entered


@pytest.mark.parametrize("training", [True, False])
def test_tandem_passes_up_the_spike_count_to_the_last_bit_however_large_the_activation(training):
    rule, student = tandem_student()
    for layer in student.hidden:
        layer.norm.weight.data *= 100
    entered = watched(student.train(training))
    rule.couple(student, batch().x)
    counted = [
        (c_BX, s_bX.unflatten(0, (T, B)).sum(0), student.layers[i].fires)
        for i, (c_BX, s_bX) in enumerate(entered[1:-1])
    ]
    assert len(counted) == len(LAYERS) - 1
    for (c_BX, count_BX, _), source in zip(counted, student.layers[:-2], strict=True):
        assert torch.equal(c_BX, count_BX)
        if source.fires:
            assert torch.equal(c_BX, c_BX.round())
            assert c_BX.min() == 0
            assert 1 < c_BX.max() <= T
    (last_BX,) = entered[-1]
    assert torch.equal(last_BX, last_BX.round())
    assert last_BX.max() > 1


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("encoding", ["repeat", "once"])
@pytest.mark.parametrize(
    ("decay", "gradient", "mask_saturated"),
    [(1.0, "rate", False), (1.0, "rate", True), (0.9, "relu", False)],
    ids=["integrate-and-fire", "masked", "leaky"],
)
def test_the_gradient_of_tandem_is_that_of_a_relu_network_fed_with_the_counts(
    decay, gradient, mask_saturated, encoding
):
    neuron = IF.model_copy(update={"decay": decay})
    rule, student = tandem_student(neuron=neuron, gradient=gradient, mask_saturated=mask_saturated, encoding=encoding)
    entered, seen = watched(student), batch()
    (loss,) = rule.losses(student, seen)
    loss.backward()
    torch.testing.assert_close(entered[0][0], seen.x * (T if encoding == "repeat" else 1))

    c_BX = entered[-1][0].requires_grad_()
    last = student.layers[-1].op
    scores = F.linear(c_BX.flatten(1), last.weight, last.bias)
    by_w, by_b, gradient = torch.autograd.grad(F.cross_entropy(scores, seen.y), (last.weight, last.bias, c_BX))
    torch.testing.assert_close((last.weight.grad, last.bias.grad), (by_w, by_b))
    saturated = 0.0
    for layer, inputs in reversed(list(zip(student.layers[:-1], entered[:-1], strict=True))):
        c_BX = inputs[0].requires_grad_()
        a_BN, learned = layer.op(c_BX if c_BX.dim() == 2 or not isinstance(layer.spec, Linear) else c_BX.flatten(1)), []
        if layer.programmable:
            learned = [layer.op.weight, layer.norm.weight, layer.norm.bias]
            z_BN = F.batch_norm(a_BN, None, None, *learned[1:], training=True, eps=layer.norm.eps)
            open_BN = z_BN > 0
            if mask_saturated:
                open_BN = open_BN & (z_BN < T)
            saturated += (z_BN > T).sum()
            a_BN = torch.where(open_BN, z_BN, z_BN.detach())
        gradient = gradient.reshape(a_BN.shape)
        *of_learned, gradient = torch.autograd.grad(a_BN, (*learned, c_BX), gradient)
        for parameter, expected in zip(learned, of_learned, strict=True):
            assert expected.abs().max() > 1e-6
            torch.testing.assert_close(parameter.grad, expected, rtol=1e-9, atol=1e-12)
    assert saturated > 0


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("encoding", ["repeat", "once"])
def test_the_scores_of_a_tandem_step_are_those_of_the_network_deployed_right_after_it(encoding):
    rule, student = tandem_student(encoding=encoding)
    x_BCHW = batch().x
    for mode in (True, False):
        coupled = rule.couple(student.train(mode), x_BCHW)
        assert coupled.std() > 0.01
        torch.testing.assert_close(rule.deploy(student).predict(x_BCHW), coupled, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("mask_saturated", [False, True])
def test_saturated_neurons_learn_unless_masked(mask_saturated):
    rule, student = tandem_student(norm=False, layers=(Linear(linear=3),), mask_saturated=mask_saturated)
    hidden = student.layers[0].op
    torch.nn.init.zeros_(hidden.weight)
    hidden.bias.data = torch.tensor([1.5 * T, 0.5 * T, -1.0])
    (loss,) = rule.losses(student, batch(size=B - 1))
    loss.backward()
    assert (hidden.bias.grad != 0).tolist() == [not mask_saturated, True, False]


@pytest.mark.parametrize("change", [{"decay": 0.0}, {"reset": "zero"}])
def test_tandem_refuses_neurons_whose_count_is_not_a_relu(change):
    (key,) = change
    with pytest.raises(ValueError, match=key):
        tandem.Tandem.check(tandem.Options(neuron=IF.model_copy(update=change), encoding="repeat"), T)


@pytest.mark.parametrize("gradient", ["released", "relu"])
def test_tandem_refuses_gradients_of_leaky_neurons_for_others(gradient):
    with pytest.raises(ValueError, match=f"gradient {gradient} .* 0 < decay < 1"):
        tandem.Tandem.check(tandem.Options(neuron=IF, encoding="repeat", gradient=gradient), T)


# LTL


def ltl_student(mode, steps=T, warm_up=0, lam=0.7, percentile=90.0):
    options = ltl.Options(neuron=LIF, mode=mode, percentile=percentile, warm_up=warm_up, lam=lam)
    rule = ltl.Ltl(options)
    torch.manual_seed(1)
    student = rule.student(task(rule, steps), {}, None)
    for layer in student.hidden:
        layer.op.weight.data *= 2
    return rule, student


def gradients_of(student):
    return [None if layer.op.weight.grad is None else layer.op.weight.grad.clone() for layer in learning(student)]


def learning(student):
    return [*student.hidden, student.layers[-1]]


@pytest.mark.parametrize(("mode", "warm_up"), [("offline", 0), ("online", 1)])
def test_a_layer_of_ltl_learns_from_its_own_loss_and_no_other(mode, warm_up):
    rule, student = ltl_student(mode, warm_up=warm_up)
    seen = batch({"teacher": teacher()})
    for loss in rule.losses(student, seen):
        loss.backward()
    together = gradients_of(student)
    assert len(together) == 4
    assert all(gradient.abs().sum() > 0 for gradient in together)
    for alone in range(len(together)):
        student.zero_grad()
        for i, loss in enumerate(rule.losses(student, seen)):
            if i % len(together) == alone:
                loss.backward()
        for i, gradient in enumerate(gradients_of(student)):
            if i == alone:
                assert torch.equal(gradient, together[i])
            else:
                assert gradient is None


@pytest.mark.parametrize("mode", ["offline", "online"])
def test_cross_entropy_reaches_no_hidden_layer(mode):
    rule, student = ltl_student(mode)
    *_, last = rule.losses(student, batch({"teacher": teacher()}))
    last.backward()
    assert [gradient is None for gradient in gradients_of(student)] == [True, True, True, False]


@pytest.mark.usefixtures("double")
def test_offline_losses_are_those_of_the_paper():
    rule, student = ltl_student("offline")
    seen = batch({"teacher": teacher()})
    rates, scores = local_losses.own_rates(student, seen.x)
    targets = local_losses.teacher_rates(seen.parents["teacher"], seen.x, 90.0)
    *imitation, entropy = (loss.item() for loss in rule.losses(student, seen))
    assert len(imitation) == len(rates) == len(targets) == 3
    for loss, rate, target in zip(imitation, rates, targets, strict=True):
        assert loss == pytest.approx(0.7 * float(((rate - target) ** 2).mean()), rel=1e-12)
    assert entropy == pytest.approx(F.cross_entropy(scores, seen.y).item(), rel=1e-12)


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("warm_up", [0, 2])
def test_online_gradients_step_by_step_equal_those_of_all_steps_at_once(warm_up):
    rule, student = ltl_student("online", steps=6, warm_up=warm_up)
    seen = batch({"teacher": teacher()})
    for loss in rule.losses(student, seen):
        loss.backward()
    step_by_step = gradients_of(student)
    student.zero_grad()
    at_once(student, seen, warm_up).backward()
    torch.testing.assert_close(step_by_step, gradients_of(student), rtol=1e-12, atol=1e-15)


def at_once(student, seen, warm_up):
    """The loss of all layers and steps in one graph, membranes and counts cut between steps."""
    targets = local_losses.teacher_rates(seen.parents["teacher"], seen.x, 90.0)
    membranes, counts = [0.0] * len(student.layers), [0.0] * len(student.layers)
    total = 0.0
    for t in range(student.architecture.steps):
        y_BX, number = seen.x, 0
        for i, layer in enumerate(student.layers):
            z_BN = layer.op(y_BX.flatten(1) if isinstance(layer.spec, Linear) else y_BX)
            if not layer.programmable:
                y_BX = z_BN
                continue
            if layer is student.layers[-1]:
                counts[i] = counts[i] + z_BN
                if t >= warm_up:
                    total = total + F.cross_entropy(counts[i] / (t + 1), seen.y)
                counts[i] = counts[i].detach()
                continue
            u_BN = membranes[i] + z_BN
            h_BN = ((u_BN - LIF.threshold).abs() < LIF.width).double().detach()
            s_BN = (u_BN > LIF.threshold).double() + h_BN * (u_BN - u_BN.detach())
            membranes[i] = (LIF.decay * u_BN * (1 - s_BN)).detach()
            counts[i] = counts[i] + s_BN
            if t >= warm_up:
                total = total + 0.7 * ((counts[i] / (t + 1) - targets[number]) ** 2).mean()
            counts[i] = counts[i].detach()
            y_BX, number = s_BN.detach(), number + 1
    return total


class Held:
    """A tensor that a graph keeps for its backward pass."""

    def __init__(self, tensor):
        self.tensor = tensor


def most_held(losses, backward):
    """The most bytes that graphs hold at once while losses are made."""
    held, most = weakref.WeakSet(), 0

    def pack(tensor):
        kept = Held(tensor)
        held.add(kept)
        return kept

    terms = []
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda kept: kept.tensor):
        for loss in losses:
            most = max(most, sum(kept.tensor.nbytes for kept in held))
            if backward:
                loss.backward()
            else:
                terms.append(loss)
    return most


@pytest.mark.slow
def test_online_ltl_holds_no_graph_from_step_to_step():
    def most(mode, steps, backward):
        rule, student = ltl_student(mode, steps=steps)
        result = most_held(rule.losses(student, batch({"teacher": teacher()})), backward)
        gc.collect()
        return result

    few, many = (most("online", steps, backward=True) for steps in (3, 12))
    assert 0 < few == many
    assert most("online", 12, backward=False) > 2 * most("online", 3, backward=False)
    assert most("offline", 12, backward=True) > most("offline", 3, backward=True)


@pytest.mark.parametrize("percentile", [50.0, 90.0, 99.0, 100.0])
def test_the_stated_share_of_target_rates_is_one_and_the_others_lie_below(percentile):
    found, images = teacher(clip=None), batch(size=40).x
    for layer in found.hidden:
        layer.op.bias.data += 3
    for rates in local_losses.teacher_rates(found, images, percentile):
        assert ((rates >= 0) & (rates <= 1)).all()
        N = rates.numel()
        ones = int((rates == 1).sum())
        assert ones >= 1
        assert abs(ones - (1 - percentile / 100) * N) <= 1.5 + 0.001 * N


def test_target_rates_are_activations_over_their_percentile():
    found, x_BCHW = teacher(clip=None), batch().x
    rates = local_losses.teacher_rates(found, x_BCHW, 95.0)
    activations = [a_1BN[0] for layer, a_1BN in found.walk(found.encode(x_BCHW)) if layer.programmable][:-1]
    assert len(rates) == len(activations) == 3
    for rate, a_BN in zip(rates, activations, strict=True):
        q = sorted(a_BN.flatten().tolist())[round(0.95 * (a_BN.numel() - 1))]
        torch.testing.assert_close(rate, (a_BN / q).clamp(max=1))


def test_a_silent_teacher_asks_for_silence():
    found = teacher()
    for layer in found.hidden:
        layer.op.weight.data.zero_()
        layer.op.bias.data.fill_(-1)
    for rates in local_losses.teacher_rates(found, batch().x, 99.0):
        assert (rates == 0).all()


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    values=st.lists(st.integers(-9, 9), min_size=1, max_size=30),
    percentile=st.floats(0, 100, exclude_min=True, allow_subnormal=False),
)
def test_the_nearest_rank_counts_from_the_smallest(values, percentile):
    ranked = sorted(values)
    k = 1 + round(percentile / 100 * (len(values) - 1))
    assert local_losses.nearest_rank(torch.tensor(values).view(1, -1).float(), percentile) == ranked[k - 1]
    assert local_losses.nearest_rank(torch.tensor(values).float(), 100.0) == max(values)


@pytest.mark.parametrize(
    "order", [lambda v: v, lambda v: v.sort().values, lambda v: v.view(64, -1).T.sort().values.flatten()]
)
@pytest.mark.parametrize("values", [torch.randn, lambda n, **g: torch.randn(n, **g).relu().round(decimals=1)])
@pytest.mark.parametrize("percentile", [99.99, 99.9, 99.0, 95.0, 90.0])
def test_a_high_percentile_is_that_of_all_values_whatever_a_sample_shows(order, values, percentile):
    found = order(values(64 * 300, generator=torch.Generator().manual_seed(0)))
    k = 1 + round(percentile / 100 * (len(found) - 1))
    assert local_losses.nearest_rank(found, percentile) == found.kthvalue(k).values


@pytest.mark.parametrize(("steps", "warm_up"), [(4, 3), (4, 0), (16, 12), (1, 0)])
def test_online_scores_are_the_sum_of_running_sums_after_the_warm_up(steps, warm_up):
    _, student = ltl_student("online", steps=steps, warm_up=warm_up)
    assert student.architecture.readout.weights(steps) == [steps - max(t, warm_up) for t in range(steps)]
    o_TBK = torch.randn(steps, B, K, generator=torch.Generator().manual_seed(0))
    expected = o_TBK.cumsum(0)[warm_up:].sum(0)
    torch.testing.assert_close(student.scores(o_TBK), expected)


def test_offline_scores_are_the_mean_current():
    _, student = ltl_student("offline")
    assert student.architecture.readout.weights(T) == [1 / T] * T


def test_ltl_refuses_a_warm_up_without_a_step_to_learn_from():
    options = ltl.Options(neuron=LIF, mode="online", percentile=99.0, warm_up=T)
    with pytest.raises(ValueError, match="warm_up"):
        ltl.Ltl.check(options, T)
    ltl.Ltl.check(options, T + 1)
    with pytest.raises(ValidationError, match="warm_up"):
        ltl.Options(neuron=LIF, mode="offline", percentile=99.0, warm_up=1)


def test_an_ann_is_a_network_of_one_step_without_neurons():
    rule, student, _ = start("ann")
    assert rule.static
    assert student.architecture.steps == 1
    assert isinstance(student.architecture, Architecture)
    assert not any(layer.fires for layer in student.layers)


@pytest.mark.parametrize("pair", [("stbp_no_norm", "stbp_neunorm"), ("sdt", "tet"), ("ltl_offline", "ltl_end_to_end")])
def test_methods_that_are_compared_start_with_the_same_synapses(pair):
    one, other = (start(method)[1] for method in pair)
    synapses = [[layer.op for layer in net.layers if layer.programmable] for net in (one, other)]
    for op, same_op in zip(*synapses, strict=True):
        assert torch.equal(op.weight, same_op.weight)
        assert torch.equal(op.bias, same_op.bias)


# Frames of events


def frames_of_events(steps, size=B, seed=6):
    return (torch.rand(steps, size, *SHAPE, generator=torch.Generator().manual_seed(seed)) > 0.6).float()


@pytest.mark.parametrize("method", METHODS)
def test_every_rule_learns_from_frames_and_answers_them(method):
    rule, student, seen = start(method)
    steps = max(T, student.architecture.steps)
    seen = dataclasses.replace(seen, x=frames_of_events(steps))
    student.train()
    losses = []
    for loss in rule.losses(student, seen):
        loss.backward()
        losses.append(float(loss.detach()))
    assert all(map(math.isfinite, losses))
    assert bool(losses) == rule.trains
    deployed = rule.deploy(student)
    assert deployed.predict(seen.x).shape == (B, K)
    if rule.static:
        assert torch.equal(deployed.predict(seen.x), deployed.predict(seen.x.sum(0)))


def test_a_converted_network_sees_in_frames_what_its_teacher_sees_in_their_sum():
    rule, _, seen = start("conversion")
    x_TBCHW = (seen.x / T).expand(T, *seen.x.shape)
    of_frames, of_images = (rule.student(task(rule), seen.parents, x) for x in (x_TBCHW, seen.x))
    torch.testing.assert_close(of_frames.predict(x_TBCHW), of_images.predict(seen.x))
