"""A killed training is resumed and ends in the same bits, whatever happened to the files that it left."""

import json
import tempfile
from functools import cache
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from snn.config import params
from snn.core import files, stored
from snn.core.errors import InputError, PlanChanged, Stopped
from snn.model.spec import AvgPool, Conv, Linear
from snn.rules import Task
from snn.rules.tandem import Tandem
from snn.training import checkpoint, loop
from tests import nets
from tests.recorder import Recorder

NEWEST, PREVIOUS = files.PROGRESS
EPOCHS, DIGEST = 3, "0123456789ab"
TASK = Task((1, 4, 4), 3, (Conv(conv=2), AvgPool(avg_pool=2), Linear(linear=4)), 2)
METHOD = params.load("methods", "tandem")
RULE = Tandem(METHOD.options)
FEW = settings(max_examples=40, deadline=None, derandomize=True)


class Killed(BaseException):
    """An exception that no code catches, in place of SIGKILL."""


PARTS = {name: nets.split(name, samples=n, shape=(1, 4, 4)) for name, n in (("train", 12), ("validation", 6))}


def setup_in(folder, optimiser="adam", digest=DIGEST):
    recipe = METHOD.training.model_copy(update={"epochs": EPOCHS, "batch": 6, "optimiser": optimiser, "lr": 0.01})
    return loop.Setup(RULE, TASK, recipe, METHOD.init, nets.SHIFTED, 0, folder, digest)


def fit(folder, optimiser="adam", digest=DIGEST, observer=None):
    """Train in a folder: the result, bit by bit, and the observer."""
    observer = observer or Recorder()
    student, course = loop.fit(setup_in(folder, optimiser, digest), PARTS, {}, observer)
    owners = {"student": student.state_dict(), "best": course.best.state_dict()}
    bits = {f"{o}/{n}": tensor.numpy().tobytes() for o, tensors in owners.items() for n, tensor in tensors.items()}
    return (bits, course.history, course.traces), observer


@cache
def uninterrupted(optimiser="adam"):
    """The result of a whole training, and the files that it keeps after every epoch."""
    kept, save = [], checkpoint.save
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def watched(*arguments):
            save(*arguments)
            kept.append({path.name: path.read_bytes() for path in folder.iterdir()})

        with mock.patch.object(checkpoint, "save", watched):
            ended, _ = fit(folder, optimiser)
    return ended, kept


def resumed(contents, optimiser="adam", digest=DIGEST):
    """The same training in a folder with these files: the lines about damage, and the epoch after which it resumed."""
    with tempfile.TemporaryDirectory() as name:
        for file, content in contents.items():
            (Path(name) / file).write_bytes(content)
        ended, observer = fit(Path(name), optimiser, digest)
    assert ended == uninterrupted(optimiser)[0]
    return told(observer, name)


def told(observer, folder):
    warnings = [line.replace(f"{folder}/", "") for line in observer.of("warning")]
    epochs = [int(line.split()[-1]) for line in observer.of("result")]
    assert len(epochs) <= 1
    return [line for line in warnings if line.startswith("resume.")], *(epochs or [0])


def flipped(content, bit):
    content = bytearray(content)
    content[bit // 8] ^= 1 << bit % 8
    return bytes(content)


def rewritten(content, change, honest):
    """A file with `change` applied to its arrays and progress; if `honest`, with the right checksum."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / NEWEST
        path.write_bytes(content)
        arrays, document = stored.read_tensors(path, "")
        arrays, text = change(arrays, document["progress"])
        found = checkpoint.sum_of(arrays, text) if honest else document["sha256"]
        return stored.write_tensors(path, arrays, {"sha256": found, "progress": text}).read_bytes()


def in_other_history(draw, text):
    progress = json.loads(text)
    row = draw(st.sampled_from(progress["history"]))
    row[draw(st.sampled_from(sorted(row)))] = draw(st.floats(2, 3))
    return json.dumps(progress)


def in_other_form(draw, array):
    return draw(st.sampled_from([array[None], array.reshape(-1, 1, 1, 1, 1), array.astype(np.float16)]))


@st.composite
def damaged(draw, content):
    """The content of a file after any damage."""
    kind = draw(st.sampled_from(["bit", "cut", "longer", "other", "history", "renamed", "dropped", "form"]))
    if kind == "bit":
        header = 8 + int.from_bytes(content[:8], "little")
        return flipped(content, draw(st.integers(0, 8 * draw(st.sampled_from([header, len(content)])) - 1)))
    if kind in ("cut", "longer"):
        return content[: draw(st.integers(0, len(content) - 1))] if kind == "cut" else content + b" "
    if kind == "other":
        return draw(st.binary(max_size=100))
    if kind == "history":
        return rewritten(content, lambda arrays, text: (arrays, in_other_history(draw, text)), honest=False)

    def change(arrays, text):
        name = draw(st.sampled_from(sorted(arrays)))
        array = arrays.pop(name)
        if kind == "renamed":
            arrays[draw(st.sampled_from([f"{name}x", name.partition("/")[2], f"none/{name}"]))] = array
        elif kind == "form":
            arrays[name] = in_other_form(draw, array)
        return arrays, text

    return rewritten(content, change, honest=draw(st.booleans()))


@pytest.mark.parametrize("optimiser", ["sgd", "adam", "adamw"])
@pytest.mark.parametrize("epoch", range(EPOCHS + 1))
def test_a_training_killed_after_any_epoch_ends_in_the_same_bits(epoch, optimiser):
    kept = [{}, *uninterrupted(optimiser)[1]][epoch]
    assert set(kept) == set(files.PROGRESS[:epoch])
    assert resumed(kept, optimiser) == ([], epoch)


@pytest.mark.slow
@FEW
@given(st.data())
def test_a_damaged_newest_file_is_named_in_one_line_and_the_previous_one_is_used(draw):
    kept = uninterrupted()[1][1]
    lines, epoch = resumed({**kept, NEWEST: draw.draw(damaged(kept[NEWEST]))})
    assert epoch == 1
    assert len(lines) == 1
    assert lines[0].startswith(f"{NEWEST}: ")
    assert PREVIOUS in lines[0]


@pytest.mark.slow
@FEW
@given(st.data())
def test_when_both_are_damaged_both_are_named_and_training_starts_again(draw):
    kept = uninterrupted()[1][1]
    lines, epoch = resumed({name: draw.draw(damaged(content)) for name, content in kept.items()})
    assert epoch == 0
    assert [line.split(": ")[0] for line in lines] == [NEWEST, PREVIOUS]


@pytest.mark.parametrize("name", files.PROGRESS)
def test_an_only_file_that_is_damaged_is_named_and_training_starts_again(name):
    lines, epoch = resumed({name: b""})
    assert (len(lines), epoch) == (1, 0)
    assert lines[0].startswith(f"{name}: ")


def test_a_damaged_previous_file_is_not_read_while_the_newest_is_good():
    assert resumed({**uninterrupted()[1][1], PREVIOUS: b""}) == ([], 2)


def test_files_of_another_digest_are_ignored_without_a_warning():
    first, second = uninterrupted()[1][:2]
    assert resumed(second, digest="another") == ([], 0)
    other = rewritten(first[NEWEST], lambda arrays, text: (arrays, text.replace(DIGEST, "another")), honest=True)
    assert resumed({NEWEST: other, PREVIOUS: second[NEWEST]}) == ([], 2)


class Kill:
    """Kills before or after the rename of this number."""

    def __init__(self, number, after):
        self.left, self.after, self.replace = number, after, Path.replace

    def __call__(self, source, target):
        self.left -= 1
        if self.left < 0 and not self.after:
            raise Killed
        self.replace(source, target)
        if self.left < 0:
            raise Killed


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("spoilt", [(), (NEWEST,), (PREVIOUS,)], ids=["intact", "newest damaged", "previous damaged"])
def test_a_kill_before_or_after_any_rename_leaves_a_good_file(spoilt, after, tmp_path):
    kept = uninterrupted()[1][1]
    for number in range(5):
        folder = tmp_path / str(number)
        folder.mkdir()
        for name, content in kept.items():
            (folder / name).write_bytes(b"" if name in spoilt else content)
        kill = Kill(number, after)
        with mock.patch.object(Path, "replace", lambda source, target, kill=kill: kill(source, target)):
            try:
                fit(folder)
            except Killed:
                pass
            else:
                break
        ended, observer = fit(folder)
        assert ended == uninterrupted()[0]
        assert told(observer, folder)[1] >= 1
    assert number >= 2


@pytest.mark.parametrize("done", range(EPOCHS))
def test_an_observer_sees_every_epoch_that_is_trained(done, tmp_path):
    for name, content in ([{}, *uninterrupted()[1]][done]).items():
        (tmp_path / name).write_bytes(content)
    ended, observer = fit(tmp_path)
    assert observer.of("progress") == [(EPOCHS, "epoch", done)]
    values = [f"validation {row['value_val']:.4f}" for row in ended[1][done:]]
    assert len(observer.of("step")) == len(values) == EPOCHS - done
    assert all(value in line for value, line in zip(values, observer.of("step"), strict=True))


@pytest.mark.parametrize("checkpoints", [True, False], ids=["of every epoch", "of no other epoch"])
@pytest.mark.parametrize("epoch", range(1, EPOCHS))
def test_a_stop_request_keeps_the_checkpoint_of_its_epoch_and_the_resumed_run_ends_in_the_same_bits(
    epoch, checkpoints, tmp_path
):
    observer = Recorder(stop_after=epoch, checkpoints=checkpoints)
    with pytest.raises(Stopped, match=rf"\b{epoch}\b.*\b{EPOCHS}\b"):
        fit(tmp_path, observer=observer)
    assert len(observer.of("step")) == epoch
    kept = uninterrupted()[1][epoch - 1]
    assert (tmp_path / NEWEST).read_bytes() == kept[NEWEST]
    assert {path.name for path in tmp_path.iterdir()} == (set(kept) if checkpoints else {NEWEST})
    ended, observer = fit(tmp_path)
    assert ended == uninterrupted()[0]
    assert told(observer, tmp_path) == ([], epoch)


def test_a_stop_request_with_no_epoch_left_changes_nothing(tmp_path):
    assert fit(tmp_path, observer=Recorder(stop_after=EPOCHS))[0] == uninterrupted()[0]


def test_an_observer_may_do_without_checkpoints(tmp_path):
    assert fit(tmp_path, observer=Recorder(checkpoints=False))[0] == uninterrupted()[0]
    assert list(tmp_path.iterdir()) == []


def test_a_stopped_training_writes_no_result_and_has_an_exit_status_of_its_own(tmp_path):
    arrays = {f"x_{part}": own.x_NX.numpy() for part, own in PARTS.items()}
    arrays |= {f"y_{part}": own.y_N.numpy() for part, own in PARTS.items()}
    about = {"statistics": {"mean": [8.0], "std": [5.0]}, "task": "classification", "normalise": "standard"}
    about |= {"white": 16, "spikes": False, "parts": list(PARTS)}
    data_file = stored.write_tensors(tmp_path / "train.safetensors", arrays, about)
    out, cpu = tmp_path / "out", torch.device("cpu")
    with pytest.raises(Stopped) as stopped:
        loop.run(setup_in(tmp_path / "run"), data_file, None, cpu, out, Recorder(stop_after=1))
    assert not out.exists()
    assert stopped.value.exit_code not in (0, InputError.exit_code, PlanChanged.exit_code)
    assert loop.run(setup_in(tmp_path / "run"), data_file, None, cpu, out)["epochs"] == EPOCHS


def test_what_is_kept_of_an_unfinished_training_belongs_to_no_result(tmp_path):
    files.write(tmp_path / "net", "a result")
    files.write_json(tmp_path / "sha256.json", {"net": files.sha256(tmp_path / "net")})
    for name, content in uninterrupted()[1][1].items():
        (tmp_path / name).write_bytes(content)
    files.verify(tmp_path)
    assert set(files.PROGRESS) <= set(Path(".dvcignore").read_text().splitlines())
    checkpoint.remove(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"net", "sha256.json"}
