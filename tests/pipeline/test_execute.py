"""A job that cannot be done is refused in one line."""

from functools import partial
from types import SimpleNamespace

import pytest
import torch

from snn.core.observer import TERMINAL
from snn.pipeline import execute, failures
from snn.pipeline.jobs.train import Train
from snn.pipeline.plan import Plan
from snn.training import loop
from tests import nets
from tests.refusals import refused


def job(tmp_path, make):
    return SimpleNamespace(folder=tmp_path / "run", stage="train", outputs=[], make=make)


def test_batch_norm_of_one_sample_is_refused_with_what_to_do_and_leaves_nothing(tmp_path):
    of_one = job(tmp_path, lambda out, observer: torch.nn.BatchNorm1d(3)(torch.zeros(1, 3)))
    with refused(of_one.folder, "last batch of one sample", "choose another batch"):
        execute._run(of_one, TERMINAL)
    assert not (of_one.folder / ".train.partial").exists()


def yielding(monkeypatch, losses):
    """A training by tet, of which one update takes these losses in place of its own."""
    run = next(run for run in Plan("smoke").runs if run.method_name == "tet")
    net = nets.student()
    setup = SimpleNamespace(rule=SimpleNamespace(losses=losses), precision="float32")
    batch = SimpleNamespace(x=torch.rand(2, *net.architecture.input_shape))
    update = partial(loop._update, setup, net, torch.optim.SGD(net.parameters(), 0.1), 0.1, batch)
    monkeypatch.setattr(Train, "make", lambda *_: update())
    return run


def vector(student, batch):
    yield student.predict(batch.x).sum(1)


def detached(student, batch):
    yield student.predict(batch.x).detach().sum()


def kept(student, batch):
    scores_BK = student.predict(batch.x)
    yield scores_BK.sum()
    yield scores_BK.square().sum()


def infinite(student, batch):
    def fail(gradient):
        raise ZeroDivisionError("of a hook")

    scores_BK = student.predict(batch.x)
    scores_BK.register_hook(fail)
    yield scores_BK.sum()


@pytest.mark.parametrize(("losses", "remedy"), [(vector, "mean()"), (detached, "depends on"), (kept, "detach what")])
def test_a_loss_that_torch_cannot_differentiate_is_refused_with_the_file_of_its_rule(
    losses, remedy, monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    with refused("snn/rules/tet.py", remedy):
        execute._run(yielding(monkeypatch, losses), TERMINAL)


def test_another_exception_while_a_loss_is_differentiated_is_noted_with_its_rule(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ZeroDivisionError) as raised:
        execute._run(yielding(monkeypatch, infinite), TERMINAL)
    assert raised.value.__notes__ == [f"{failures.WHILE}snn/rules/tet.py yielded"]


def test_an_exception_before_a_loss_is_differentiated_has_no_note(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AttributeError, match="no attribute 'z'") as raised:
        execute._run(yielding(monkeypatch, lambda student, batch: (yield student.predict(batch.z))), TERMINAL)
    assert not hasattr(raised.value, "__notes__")


def test_another_exception_is_passed_on_as_it_is(tmp_path):
    with pytest.raises(ValueError, match="another"):
        execute._run(job(tmp_path, lambda out, observer: int("another")), TERMINAL)
