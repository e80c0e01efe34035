"""A killed training goes on and ends in the same bits, whatever has become of the files that it left."""

import io
import json
import tempfile
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snn.config import params
from snn.core import files
from snn.model.spec import AvgPool, Conv, Linear
from snn.rules import Task
from snn.training import checkpoint, loop
from tests import nets

NEWEST, PREVIOUS = files.PROGRESS
EPOCHS, DIGEST = 3, "0123456789ab"
TASK = Task((1, 4, 4), 3, (Conv(conv=2), AvgPool(avg_pool=2), Linear(linear=4)), 2)
METHOD = params.load("methods", "tandem")
RULE = params.load_plugin("rules", METHOD.rule, "tandem").Rule(METHOD.options)
FEW = settings(max_examples=40, deadline=None, derandomize=True)


class Killed(BaseException):
    """What no code expects, as a SIGKILL is."""


PARTS = {name: nets.split(name, samples=n, shape=(1, 4, 4)) for name, n in (("train", 12), ("validation", 6))}


def fit(folder, optimiser="adam", digest=DIGEST):
    """Train in a folder: what came of it, bit by bit, and what was printed."""
    recipe = {"epochs": EPOCHS, "batch": 6, "optimiser": optimiser, "lr": 0.01}
    method = METHOD.model_copy(update={"training": METHOD.training.model_copy(update=recipe)})
    with redirect_stdout(io.StringIO()) as printed:
        student, course = loop.fit(RULE, TASK, PARTS, method, nets.DATASET, 0, {}, folder, digest)
    owners = {"student": student.state_dict(), "best": course.best.state_dict()}
    bits = {f"{o}/{n}": tensor.numpy().tobytes() for o, tensors in owners.items() for n, tensor in tensors.items()}
    return (bits, course.history, course.traces), printed.getvalue()


@cache
def uninterrupted(optimiser="adam"):
    """What comes of a whole training, and the files that it keeps after every epoch."""
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
    """The same training in a folder with these files: the lines about damage, and the epoch after which it went on."""
    with tempfile.TemporaryDirectory() as name:
        for file, content in contents.items():
            (Path(name) / file).write_bytes(content)
        ended, printed = fit(Path(name), optimiser, digest)
    assert ended == uninterrupted(optimiser)[0]
    return said(printed, name)


def said(printed, folder):
    lines = [line.replace(f"{folder}/", "") for line in printed.splitlines()]
    went_on = [int(line.split()[-1]) for line in lines if line.startswith("going on after epoch")]
    assert len(went_on) <= 1
    return [line for line in lines if line.startswith("warning: resume.")], *(went_on or [0])


def flipped(content, bit):
    content = bytearray(content)
    content[bit // 8] ^= 1 << bit % 8
    return bytes(content)


def made_again(content, change, honest):
    """A file whose arrays and progress went through `change`; an honest one has the sum of what it holds now."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / NEWEST
        path.write_bytes(content)
        arrays, document = files.read_tensors(path, "")
        arrays, text = change(arrays, document["progress"])
        found = checkpoint.sum_of(arrays, text) if honest else document["sha256"]
        return files.write_tensors(path, arrays, {"sha256": found, "progress": text}).read_bytes()


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
        return made_again(content, lambda arrays, text: (arrays, in_other_history(draw, text)), honest=False)

    def change(arrays, text):
        name = draw(st.sampled_from(sorted(arrays)))
        array = arrays.pop(name)
        if kind == "renamed":
            arrays[draw(st.sampled_from([f"{name}x", name.partition("/")[2], f"none/{name}"]))] = array
        elif kind == "form":
            arrays[name] = in_other_form(draw, array)
        return arrays, text

    return made_again(content, change, honest=draw(st.booleans()))


@pytest.mark.parametrize("optimiser", ["sgd", "adam", "adamw"])
@pytest.mark.parametrize("epoch", range(EPOCHS + 1))
def test_a_training_killed_after_any_epoch_ends_in_the_same_bits(epoch, optimiser):
    kept = [{}, *uninterrupted(optimiser)[1]][epoch]
    assert set(kept) == set(files.PROGRESS[:epoch])
    assert resumed(kept, optimiser) == ([], epoch)


@FEW
@given(st.data())
def test_of_a_damaged_newest_file_one_line_is_printed_and_the_previous_one_is_used(draw):
    kept = uninterrupted()[1][1]
    lines, epoch = resumed({**kept, NEWEST: draw.draw(damaged(kept[NEWEST]))})
    assert epoch == 1
    assert len(lines) == 1
    assert lines[0].startswith(f"warning: {NEWEST}: ")
    assert PREVIOUS in lines[0]


@FEW
@given(st.data())
def test_when_both_are_damaged_both_are_named_and_training_starts_again(draw):
    kept = uninterrupted()[1][1]
    lines, epoch = resumed({name: draw.draw(damaged(content)) for name, content in kept.items()})
    assert epoch == 0
    assert [line.split(": ")[1] for line in lines] == [NEWEST, PREVIOUS]


@pytest.mark.parametrize("name", files.PROGRESS)
def test_an_only_file_that_is_damaged_is_named_and_training_starts_again(name):
    lines, epoch = resumed({name: b""})
    assert (len(lines), epoch) == (1, 0)
    assert lines[0].startswith(f"warning: {name}: ")


def test_a_damaged_previous_file_is_not_asked_while_the_newest_is_good():
    assert resumed({**uninterrupted()[1][1], PREVIOUS: b""}) == ([], 2)


def test_files_of_another_digest_are_passed_over_in_silence():
    first, second = uninterrupted()[1][:2]
    assert resumed(second, digest="another") == ([], 0)
    other = made_again(first[NEWEST], lambda arrays, text: (arrays, text.replace(DIGEST, "another")), honest=True)
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
        ended, printed = fit(folder)
        assert ended == uninterrupted()[0]
        assert said(printed, folder)[1] >= 1
    assert number >= 2


def test_what_is_kept_of_an_unfinished_training_belongs_to_no_result(tmp_path):
    files.write(tmp_path / "net", "a result")
    files.write_json(tmp_path / "sha256.json", {"net": files.sha256(tmp_path / "net")})
    for name, content in uninterrupted()[1][1].items():
        (tmp_path / name).write_bytes(content)
    files.verify(tmp_path)
    assert set(files.PROGRESS) <= set(Path(".dvcignore").read_text().splitlines())
    checkpoint.remove(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"net", "sha256.json"}
