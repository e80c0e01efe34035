"""Mixed precision: products in bfloat16; membranes, norms and losses in float32. Off by default, part of a digest."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from snn.config import params
from snn.model.network import Network
from snn.model.spec import Norm
from snn.model.spikes import convolve
from snn.pipeline.plan import Plan
from snn.rules import Task, load
from snn.training import loop
from tests import nets
from tests.recorder import Recorder

TASK = Task((1, 4, 4), 3, nets.CHAIN[:1] + nets.CHAIN[2:], 4)
PARTS = {name: nets.split(name, samples=n, shape=(1, 4, 4)) for name, n in (("train", 12), ("validation", 6))}


def trained(folder, method, precision, teacher=None):
    described = params.load("methods", method)
    recipe = described.training.model_copy(update={"epochs": 2, "batch": 6})
    rule = load(described.rule, method)(described.options)
    setup = loop.Setup(rule, TASK, recipe, described.init, nets.SHIFTED, 0, folder, "0" * 12, precision)
    return loop.fit(setup, PARTS, {"teacher": teacher} if teacher else {}, Recorder())


@pytest.mark.parametrize("method", ["stbp", "tet", "tandem", "ltl_offline", "ltl_online"])
def test_a_rule_trains_in_bfloat16_to_nearly_the_same_loss(method, tmp_path):
    _, teaching = trained(tmp_path / "teacher", "ann", "float32")
    losses = {}
    for precision in ("float32", "bf16"):
        student, course = trained(tmp_path / precision, method, precision, teaching.best)
        assert all(parameter.dtype == torch.float32 for parameter in student.parameters())
        losses[precision] = course.history[0]["loss"]
    assert losses["bf16"] != losses["float32"]
    assert losses["bf16"] == pytest.approx(losses["float32"], rel=0.05)


@pytest.mark.parametrize("norm", [None, Norm()])
def test_currents_membranes_and_spikes_are_float32(norm):
    net = nets.student(norm=norm)
    with torch.autocast("cpu", torch.bfloat16):
        for layer, y_TBN in net.walk(net.encode(nets.some(2, 1, 8, 8))):
            assert y_TBN.dtype == torch.float32, layer


@pytest.mark.parametrize("method", ["stbp", "tet", "tandem", "ltl_offline", "ltl_online", "ltl_end_to_end"])
def test_scores_and_every_term_of_the_loss_are_float32(method, tmp_path, monkeypatch):
    _, teaching = trained(tmp_path / "teacher", "ann", "float32")
    types, scores = [], Network.scores

    def seen(self, o_TBK):
        found = scores(self, o_TBK)
        types.append(found.dtype)
        return found

    def term(*arguments):
        found = loop_next(*arguments)
        types.extend([found.dtype] if found is not None else [])
        return found

    loop_next = loop._next
    monkeypatch.setattr(Network, "scores", seen)
    monkeypatch.setattr(loop, "_next", term)
    trained(tmp_path, method, "bf16", teaching.best)
    assert len(types) > 4
    assert set(types) == {torch.float32}


def test_spikes_kept_as_bits_have_the_gradients_of_autocast_bit_by_bit():
    torch.manual_seed(0)
    op, s = nn.Conv2d(4, 6, 3), (torch.rand(5, 4, 7, 7) < 0.3).float().requires_grad_()
    found = []
    for do in (lambda: convolve(op, s), lambda: op(s)):
        with torch.autocast("cpu", torch.bfloat16):
            z = do()
        assert z.dtype == torch.bfloat16
        found.append([z, *torch.autograd.grad(z.float().square().sum(), [*op.parameters(), s])])
    assert all(map(torch.equal, *found))


def test_only_precision_that_is_not_float32_enters_a_digest():
    run = Plan("digits").runs[0]
    assert "precision" not in run.document
    mixed = replace(run, precision="bf16")
    assert mixed.document == {**run.document, "precision": "bf16"}
    assert mixed.digest != run.digest
