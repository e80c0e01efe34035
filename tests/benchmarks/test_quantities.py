"""What is measured is what is meant: the neuron, the networks, and which candidates run. No test depends on a time."""

import sys

import pytest
import torch

from benchmarks import kept, memory, nets, neuron, parts, peers, planning, startup, step, workflows
from benchmarks.readable import loop
from snn.core.errors import InputError
from snn.core.paths import ROOT
from snn.model.neuron import fire
from snn.model.spec import Conv, Linear, Relu
from snn.rules import Task
from tests.nets import integrate_and_fire, leaky, some, triangular

SMALL = (Conv(conv=4, stride=2), Linear(linear=8))
NEURONS = {
    "rectangle": nets.RECTANGLE,
    "triangle": nets.TRIANGLE,
    "subtract": integrate_and_fire(),
    "above": leaky(),
    "detached": triangular(detach_reset=True),
}


@pytest.fixture
def no_peers(monkeypatch):
    """An environment without peers, wherever the tests run."""
    monkeypatch.setattr(peers, "find_spec", lambda module: None)


@pytest.mark.parametrize("name", NEURONS)
def test_our_neuron_equals_the_plain_loop_spikes_bit_for_bit(name):
    case = NEURONS[name]
    x_TBN, g_TBN = 1.5 * some(5, 3, 7), some(5, 3, 7, seed=1)
    ours = neuron.backward(lambda x: fire(x, case)[0], x_TBN, g_TBN)
    plain = neuron.backward(lambda x: loop(x, case)[0], x_TBN, g_TBN)
    assert torch.equal(ours[0], plain[0])
    assert 0 < float(ours[0].mean()) < 1
    torch.testing.assert_close(ours[1], plain[1])


def test_the_plain_loop_takes_a_current_that_is_the_same_at_all_steps():
    x_1BN = 1.5 * some(1, 3, 7)
    once, expanded = loop(x_1BN, nets.RECTANGLE, steps=4), loop(x_1BN.expand(4, 3, 7), nets.RECTANGLE)
    assert torch.equal(once[0], expanded[0])


def test_a_neuron_that_fires_differently_is_noticed():
    late = nets.RECTANGLE.model_copy(update={"threshold": 1.25})
    x_TBN, g_TBN = 1.5 * some(4, 3, 7), some(4, 3, 7, seed=1)
    found = neuron.equality(lambda x: fire(x, late)[0], nets.RECTANGLE, x_TBN, g_TBN)
    with pytest.raises(InputError, match="peer"):
        found.check("peer")


def test_equal_losses_of_networks_with_a_silent_layer_are_refused():
    silent = nets.Recipe("silent", "stbp_no_norm", nets.STBP.options, gain=1e-3)
    with pytest.raises(InputError):
        nets.training(silent, 3, SMALL, (3, 8, 8)).equality()


@pytest.mark.parametrize("recipe", [recipe for recipe, _ in step.CASES], ids=lambda recipe: recipe.name)
def test_the_operators_of_a_step_are_recognised_and_its_parts_are_the_whole(recipe):
    ours = nets.training(recipe, 3, SMALL, (3, 8, 8))
    norm = ours.student.architecture.norm
    for do in (ours.step, nets.ann_step(SMALL, 3, norm, (3, 8, 8))):
        found = parts.parts(do)
        known = {"convolutions", "neurons", "linear", parts.REST} | ({"norms"} if norm else set())
        assert known <= set(found) <= known | {"copies"}
        assert all(found.values())


def test_the_parts_of_both_sides_of_an_epoch_stand_beside_their_wholes():
    whole = step.table(nets.STBP_NORM, (), 2)
    rows = list(parts.divided(whole, rounds=1))
    kinds = ("", *(f", {kind}" for kind in (*parts.KINDS, parts.REST)))
    assert [row.candidate for row in rows] == [f"{who}{kind}" for who in (step.BOUND, "ours") for kind in kinds]
    for mine in (rows[: len(kinds)], rows[len(kinds) :]):
        assert sum(row.ratio for row in mine[1:]) == pytest.approx(mine[0].ratio)


@pytest.mark.parametrize("steps", [3, 5])
def test_a_norm_keeps_its_input_besides_the_current_of_each_neuron(steps):
    plain, normed = (
        kept.kept(nets.training(recipe, steps, SMALL, (3, 8, 8))) for recipe in (nets.STBP, nets.STBP_NORM)
    )
    first, second, features = 4 * 4 * 4, 8, 4 + 8  # the first layer sees the same image at every step
    numbers = nets.BATCH * (first + steps * second) + 4 * features  # mean and deviation, of the batch and running ones
    assert normed["currents"] - plain["currents"] == 4 * numbers


def test_inputs_of_inner_convolutions_are_kept_as_a_bit_each():
    layers = (Conv(conv=4), Conv(conv=4, stride=2))
    found = kept.kept(nets.training(nets.STBP, 3, layers, (3, 8, 8)))
    assert found["spikes"] == 3 * nets.BATCH * 4 * 8 * 8 / 8


def test_the_network_of_a_step_has_eight_convolutions_of_half_width():
    layers = nets.half_vgg11()
    assert [layer.conv for layer in layers if isinstance(layer, Conv)] == [32, 64, 128, 128, 256, 256, 256, 256]
    assert [layer.linear for layer in layers if isinstance(layer, Linear)] == [256, 256]


def test_the_bound_is_our_own_ann_in_plain_torch():
    ours = nets.teacher(SMALL, (3, 8, 8))
    static = Task((3, 8, 8), nets.CLASSES, SMALL, 1).architecture(activation=Relu(), norm=None)
    ours = type(ours)(static)
    plain = nets.ann(SMALL, (3, 8, 8), None)
    parameters = dict(zip(plain.state_dict(), ours.state_dict().values(), strict=True))
    plain.load_state_dict(parameters)
    x_BCHW, _ = nets.images((3, 8, 8))
    torch.testing.assert_close(plain(x_BCHW), ours.predict(x_BCHW))


def test_the_loss_of_a_peer_is_that_of_the_rule():
    for recipe in (nets.STBP, nets.TET_NORM):
        ours = nets.training(recipe, 3, SMALL, (3, 8, 8))
        student, batch = ours.student, ours.batch
        (expected,) = ours.rule.losses(student, batch)
        torch.testing.assert_close(step.loss_of(ours.rule)(student(student.encode(batch.x))[0], batch.y), expected)


def test_without_the_environment_of_the_peers_their_rows_tell_why_they_did_not_run(no_peers):
    rows = list(neuron.table("small", nets.RECTANGLE, (2, 3, 5)).rows(1))
    notes = {row.candidate: row.note for row in rows if row.ratio is None}
    assert set(notes) == set(neuron.PEERS)
    assert all(note.startswith("not run here: ") for note in notes.values())
    assert {row.candidate for row in rows} - set(notes) >= {"ours", "plain loop"}


def test_a_peer_whose_model_differs_is_labelled():
    assert peers.model(peers.SPIKINGJELLY, nets.RECTANGLE, norm=True) == "same"
    assert all(peers.model(name, nets.RECTANGLE) != "same" for name in (peers.SNNTORCH, peers.NORSE))
    assert all("step" in peers.model(name, nets.TRIANGLE, norm=True) for name in (peers.SNNTORCH, peers.NORSE))


@pytest.mark.parametrize(("nchw", "last", "least"), [(300.0, 200.0, 1), (200.0, 300.0, 0)])
def test_memory_is_a_ratio_to_the_layout_of_a_peer_that_needs_less(nchw, last, least, monkeypatch):
    names = peers.layouts(peers.SPIKINGJELLY)
    needed = {nets.STBP.name: 100.0} | dict(zip(names, (nchw, last), strict=True))
    monkeypatch.setattr(memory, "megabytes", lambda name, case, steps: needed[name])
    labels = {nets.STBP.name: "ours, STBP"} | {name: name for name in names}
    rows = {row.candidate: row for row in memory.table("no norm", 16, labels, names, {}, rounds=2)}
    assert {row.reference for row in rows.values()} == {names[least]}
    assert rows["ours, STBP"].ratio == 0.5
    assert {row.model for row in rows.values()} == {"same"}


def test_both_layouts_of_a_peer_are_of_its_library_and_model(no_peers):
    for name in (peers.SPIKINGJELLY, peers.SNNTORCH, peers.NORSE):
        plain, last = peers.layouts(name)
        assert last == f"{plain}, channels-last"
        assert peers.missing([last])[last] == peers.missing([plain])[plain]
        assert peers.model(last, nets.RECTANGLE, norm=True) == peers.model(plain, nets.RECTANGLE, norm=True)


def test_peers_are_pinned_with_their_hashes():
    lines = (ROOT / "requirements-peers.lock").read_text().splitlines()
    pinned = {line.partition("==")[0] for line in lines if not line.startswith(" ")}
    assert {"spikingjelly", "snntorch", "norse", "neurobench"} <= pinned
    assert all("==" in line if not line.startswith(" ") else "--hash=sha256:" in line for line in lines)


def test_the_time_of_a_command_includes_processes_that_outlive_it(tmp_path):
    spend = "import time\nwhile time.process_time() < 0.4: pass"
    orphan = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', '''{spend}'''], start_new_session=True)"
    assert workflows.seconds([sys.executable, "-c", orphan], tmp_path) >= 0.4


def test_a_command_that_fails_is_not_timed(tmp_path):
    with pytest.raises(InputError, match="no such thing"):
        workflows.seconds([sys.executable, "-c", "raise SystemExit('no such thing')"], tmp_path)


def test_tables_that_differ_are_counted_and_costs_do_not(tmp_path):
    trees = tmp_path / "one", tmp_path / "other"
    for tree, number in zip(trees, "12", strict=True):
        (tree / startup.TABLES).mkdir(parents=True)
        for name, text in {"runs.csv": "seed", "costs.csv": number, "0a.stamp": number}.items():
            (tree / startup.TABLES / name).write_text(text)
    assert startup.differing(*trees) == 0
    (trees[0] / startup.TABLES / "epochs.csv").write_text("epoch")
    (trees[1] / startup.TABLES / "runs.csv").write_text("seeds")
    assert startup.differing(*trees) == 2


def test_the_plans_that_are_timed_have_the_runs_they_name(tmp_path):
    tree = workflows.copy(tmp_path / "tree")
    code = planning.commands(tree, seeds=(2,))["plan"]
    assert list(code) == ["20 runs"]
    workflows.output([sys.executable, "-c", code["20 runs"]], tree)
    with pytest.raises(InputError, match="AssertionError"):
        workflows.output([sys.executable, "-c", code["20 runs"].replace("== 20", "== 21")], tree)
