"""Batches, augmentation, splits and prepared files."""

import itertools
import math
import threading
import types
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open
from torch.nn import functional as F

from snn.config import Augment, Dataset, File, Split
from snn.core import files, seeds, stored
from snn.core.errors import InputError
from snn.core.lazy import lazy
from snn.data import augment as augment_module
from snn.data import prepare, samples, splits
from snn.data.loaders import Raw
from tests.recorder import Recorder
from tests.refusals import refused

v2 = lazy("torchvision.transforms.v2")  # not imported where this is only collected

SIZES = st.integers(1, 7)


def images(n=5, channels=2, height=6, width=5, frames=None):
    shape = (n, *((frames,) if frames else ()), channels, height, width)
    return torch.randint(256, shape, generator=seeds.generator("test_data", shape), dtype=torch.uint8)


def rolled(x_CHW, down, right):
    return torch.roll(x_CHW, (down, right), (-2, -1))


def one_by_one(x_NX, change):
    """Every result that a change of one sample can have."""
    return [[change(x, *how) for how in itertools.product(range(-2, 3), repeat=2)] for x in x_NX]


def is_among(x, candidates):
    return any(torch.equal(x, candidate) for candidate in candidates)


@pytest.mark.parametrize("frames", [None, 3])
def test_a_shift_is_a_crop_after_padding_with_zeros(frames):
    x_NX = images(frames=frames)

    def crop(x, down, right):
        return F.pad(x, (2, 2, 2, 2))[..., 2 + down : 8 + down, 2 + right : 7 + right]

    changed = augment_module.augmented(x_NX, Augment(shift=2), seeds.generator(0))
    assert changed.shape == x_NX.shape
    assert changed.dtype == x_NX.dtype
    for x, candidates in zip(changed, one_by_one(x_NX, crop), strict=True):
        assert is_among(x, candidates)


@pytest.mark.parametrize("frames", [None, 3])
def test_a_roll_moves_all_frames_alike_and_loses_nothing(frames):
    x_NX = images(frames=frames)
    changed = augment_module.augmented(x_NX, Augment(roll=2), seeds.generator(0))
    for x, candidates in zip(changed, one_by_one(x_NX, rolled), strict=True):
        assert is_among(x, candidates)
    assert torch.equal(changed.flatten(-2).sort().values, x_NX.flatten(-2).sort().values)


def test_mirroring_reverses_columns_of_half_of_the_samples():
    x_NCHW = images(n=400)
    changed = augment_module.augmented(x_NCHW, Augment(flip=True), seeds.generator(0))
    mirrored = [torch.equal(a, b.flip(-1)) for a, b in zip(changed, x_NCHW, strict=True)]
    kept = [torch.equal(a, b) for a, b in zip(changed, x_NCHW, strict=True)]
    assert all(a != b for a, b in zip(mirrored, kept, strict=True))
    assert abs(sum(mirrored) - 200) < 5 * 10  # 5 standard deviations of a fair coin


def test_every_offset_of_a_roll_and_of_a_shift_occurs_equally_often():
    x_NCHW = torch.zeros(5000, 1, 9, 9, dtype=torch.uint8)
    x_NCHW[:, :, 4, 4] = 1
    for augment in (Augment(roll=2), Augment(shift=2)):
        changed = augment_module.augmented(x_NCHW, augment, seeds.generator(0))
        where = Counter(map(tuple, changed.nonzero()[:, 2:].tolist()))
        assert set(where) == set(itertools.product(range(2, 7), repeat=2))
        assert all(abs(count - 200) < 5 * math.sqrt(200) for count in where.values())


@given(st.booleans(), SIZES, SIZES, st.integers(0, 99))
def test_a_rotation_is_that_of_torchvision_by_a_uniform_angle(framed, height, width, seed):
    x_NX = images(n=6, height=2 * height, width=2 * width, frames=3 if framed else None)
    changed = augment_module.augmented(x_NX, Augment(rotation=40), seeds.generator(seed))
    assert changed.shape == x_NX.shape
    assert changed.dtype == x_NX.dtype
    shares_N = torch.rand(6, generator=seeds.generator(seed))
    for x, found, share in zip(x_NX, changed, shares_N, strict=True):
        expected = v2.functional.rotate(x, (2 * float(share) - 1) * 40)
        # a pixel whose source lies between two pixels, to rounding, may take either
        assert (found != expected).double().mean() <= 0.1


def test_a_quarter_turn_is_that_of_rot90(monkeypatch):
    x_NCHW = images(height=7, width=7)
    monkeypatch.setattr(torch, "rand", lambda n, generator: torch.ones(n))
    assert torch.equal(augment_module.augmented(x_NCHW, Augment(rotation=90), None), x_NCHW.rot90(1, (-2, -1)))


def test_a_rotation_by_zero_is_the_identity_and_draws_nothing():
    generator = seeds.generator(0)
    before, x_NCHW = generator.get_state(), images()
    assert torch.equal(augment_module.augmented(x_NCHW, Augment(rotation=0), generator), x_NCHW)
    assert torch.equal(generator.get_state(), before)
    assert torch.equal(augment_module.augmented(x_NCHW, Augment(rotation=1e-6), generator), x_NCHW)


def test_a_rotation_is_drawn_after_a_shift_a_roll_and_a_flip():
    x_NCHW, moves = images(n=30), {"shift": 2, "roll": 1, "flip": True}
    generator = seeds.generator(0)
    in_turn = augment_module.augmented(x_NCHW, Augment(**moves), generator)
    in_turn = augment_module.augmented(in_turn, Augment(rotation=15), generator)
    assert torch.equal(augment_module.augmented(x_NCHW, Augment(rotation=15, **moves), seeds.generator(0)), in_turn)


def test_angles_of_rotations_are_uniform_about_zero_and_corners_become_zero():
    """A point at radius r moves by r sin(angle); the variance of U(-a, a) is a^2 / 3."""
    n, r, most = 2000, 60, math.radians(15)
    x_NCHW = torch.zeros(n, 1, 2 * r + 1, 2 * r + 1, dtype=torch.uint8)
    x_NCHW[..., r, -3:] = 1  # three pixels to the right of the centre, so that one is hit at every angle
    changed = augment_module.augmented(x_NCHW, Augment(rotation=15), seeds.generator(0))
    rows_NH = changed.amax((1, 3)).double()
    up_N = r - (rows_NH * torch.arange(2 * r + 1)).sum(1) / rows_NH.sum(1)
    angles_N = (up_N / (r - 1)).asin()
    assert abs(angles_N.mean()) < 5 * most / math.sqrt(3 * n)
    assert float(angles_N.var()) == pytest.approx(most**2 / 3, rel=0.1)
    assert float(angles_N.abs().max()) == pytest.approx(most, abs=0.02)
    white_NCHW = torch.full((50, 1, 32, 32), 255, dtype=torch.uint8)
    turned_NHW = augment_module.augmented(white_NCHW, Augment(rotation=15), seeds.generator(0))[:, 0]
    assert set(turned_NHW.unique().tolist()) == {0, 255}
    assert (turned_NHW[:, 0, 0] == 0).sum() > 25
    assert (turned_NHW[:, 8:24, 8:24] == 255).all()


@given(SIZES, st.integers(0, 9), st.integers(0, 99))
def test_what_is_cut_out_is_a_square_that_the_border_may_clip(length, size, seed):
    x_TBCHW = torch.ones(2, 3, 2, length, length + 2)
    left = augment_module.cut_out(x_TBCHW, size, seeds.generator(seed))
    for b in range(3):
        holes = (left[:, b] == 0).reshape(4, length, length + 2)
        assert (holes == holes[0]).all()
        rows, columns = holes[0].any(1), holes[0].any(0)
        assert torch.equal(holes[0], rows[:, None] & columns[None])
        assert rows.sum() <= size
        assert columns.sum() <= size
        assert holes.any() == (size > 0)
        for marks in (rows, columns):
            inside = marks.nonzero().flatten()
            if len(inside) and inside.min() > 0 and inside.max() < len(marks) - 1:
                assert len(inside) == size


def test_a_cut_is_made_in_the_mean_of_a_standardised_image():
    part = samples.Samples(images(n=8, channels=3), torch.arange(8), torch.full((3,), 100.0), torch.full((3,), 50.0))
    ((x, _),) = part.shuffled(8, Augment(cutout=3), seeds.generator(1))
    assert (x == 0).flatten(1).sum(1).min() >= 3 * 4  # a corner of the square at least, in all channels


def test_augmentation_depends_on_its_generator_alone():
    x_NCHW, augment = images(n=30), Augment(shift=2, roll=1, flip=True)
    first, again, other = (augment_module.augmented(x_NCHW, augment, seeds.generator(i)) for i in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_frames_are_shown_with_time_first():
    x_NX = images(n=4, frames=3)
    part = samples.Samples(x_NX, torch.arange(4), torch.zeros(2), torch.ones(2), normalise="none")
    ((x_TBCHW, y),) = part.in_order(4)
    assert torch.equal(x_TBCHW, x_NX.transpose(0, 1).float())
    assert y.tolist() == [0, 1, 2, 3]


def test_white_is_one():
    part = samples.Samples(images(), torch.arange(5), torch.zeros(2), torch.ones(2), normalise="white", white=51)
    assert torch.equal(part.shown(part.x_NX), part.x_NX.float() / 51)


# Splits


@given(st.lists(st.integers(0, 3), min_size=60, max_size=90), st.integers(0, 5), st.sampled_from(["last", "random"]))
def test_parts_share_nothing_and_lose_nothing(labels, seed, test):
    y_N = np.array([*labels, *[0, 1, 2, 3] * 10])
    parts = splits.carve(y_N, {}, Split(test=test, test_share=0.2, validation=0.25, seed=seed))
    assert sorted(np.concatenate(list(parts.values()))) == list(range(len(y_N)))
    for label in range(4):
        n = (y_N == label).sum()
        in_test = (y_N[parts["test"]] == label).sum()
        assert in_test == round(0.2 * n)
        assert (y_N[parts["validation"]] == label).sum() == round(0.25 * (n - in_test))


def test_the_last_tenth_of_every_class_is_test_data_as_in_the_release_of_tet():
    y_N = np.repeat(np.arange(10), 1000)
    parts = splits.carve(y_N, {}, Split(test="last", test_share=0.1))
    assert parts["test"].tolist() == [1000 * k + i for k in range(10) for i in range(900, 1000)]
    assert {part: len(indices) for part, indices in parts.items()} == {"train": 8100, "validation": 900, "test": 1000}


def test_released_test_data_stay_test_data():
    y_N = np.arange(100) % 5
    released = {"test": np.arange(20), "train": np.arange(20, 100)}
    parts = splits.carve(y_N, released, Split(validation=0.25))
    assert parts["test"].tolist() == list(range(20))
    assert len(parts["validation"]) == 20


def test_released_validation_data_stay_validation_data():
    released = {"test": np.arange(20), "validation": np.arange(20, 40), "train": np.arange(40, 100)}
    parts = splits.carve(np.arange(100) % 5, released, Split())
    assert {part: list(indices) for part, indices in parts.items()} == {p: list(i) for p, i in released.items()}


@given(st.integers(1, 70), st.integers(0, 3))
def test_a_smaller_version_is_balanced_and_part_of_a_larger_one(limit, seed):
    y_N = np.array([0] * 50 + [1] * 20 + [2] * 7 + [3] * 40)
    released = {"train": np.arange(len(y_N)), "test": np.arange(len(y_N)), "validation": np.arange(1)}
    smaller, larger = (splits.carve(y_N, released, Split(seed=seed), test_limit=n)["test"] for n in (limit, limit + 1))
    assert len(smaller) == limit
    assert set(smaller) < set(larger)
    counts = np.bincount(y_N[smaller], minlength=4)
    for count, most in zip(counts, (50, 20, 7, 40), strict=True):
        assert count == most or count >= counts.max() - 1


def test_a_limit_on_training_data_bounds_validation_data_with_them():
    y_N = np.arange(1000) % 10
    parts = splits.carve(y_N, {"train": np.arange(800), "test": np.arange(800, 1000)}, Split(), train_limit=200)
    assert (len(parts["train"]), len(parts["validation"]), len(parts["test"])) == (180, 20, 200)


def test_a_draw_is_the_same_on_every_platform():
    assert splits.drawn(np.arange(10), 0, "validation").tolist() == [6, 8, 5, 9, 7, 2, 4, 3, 1, 0]


@pytest.mark.parametrize(
    ("parts", "rule", "fact"),
    [({}, Split(), "split.test"), ({}, Split(test="last", test_share=0.01), "class 0 .* 10 samples")],
)
def test_an_impossible_split_is_refused(parts, rule, fact):
    with pytest.raises(ValueError, match=fact):
        splits.carve(np.arange(50) % 5, parts, rule)


@pytest.mark.parametrize(
    ("limits", "fact"),
    [({"train_limit": 4}, "validation"), ({"train_limit": 1}, "training|validation"), ({"train_limit": 5}, "class 4")],
)
def test_a_version_too_small_to_train_and_to_validate_is_refused(limits, fact):
    released = {"train": np.arange(50), "test": np.arange(50, 60)}
    with pytest.raises(ValueError, match=fact):
        splits.carve(np.arange(60) % 5, released, Split(), **limits)


def test_a_class_that_only_test_data_have_is_refused():
    y_N = np.array([0] * 10 + [2] * 10 + [0, 1, 2])
    with pytest.raises(ValueError, match="class 1"):
        splits.carve(y_N, {"train": np.arange(20), "test": np.arange(20, 23)}, Split())


# Prepared files


class Job(types.SimpleNamespace):
    name, digest, raw = "toy", "0123456789ab", Path("nowhere")


def toy(**changes):
    about = {"source": "made up", "loader": "toy", "raw": "toy", "input_shape": (2, 6, 5), "classes": 5}
    return Job(dataset=Dataset.model_validate({**about, "options": {}, **changes}))


def release(x_NX, **changes):
    n = len(x_NX)
    raw = Raw(
        x_NX.numpy().__getitem__,
        np.arange(n) % 5,
        list("abcde"),
        {"train": np.arange(n - 5), "test": np.arange(n - 5, n)},
    )
    return types.SimpleNamespace(load=lambda options, raw_folder: raw._replace(**changes))


def test_statistics_are_those_of_the_training_part_alone(tmp_path):
    x_NCHW = images(n=65)
    prepare.run(toy(), release(x_NCHW), tmp_path)
    train = samples.load(tmp_path / "train.safetensors", torch.device("cpu"))["train"]
    test = samples.load(tmp_path / "test.safetensors", torch.device("cpu"))["test"]
    x = train.x_NX.double()
    assert len(train) == 55
    for part in (train, test):
        torch.testing.assert_close(part.mean_C.double(), x.mean((0, 2, 3)), rtol=1e-6, atol=0)
        torch.testing.assert_close(part.std_C.double(), x.std((0, 2, 3), correction=0), rtol=1e-6, atol=0)
    shown = torch.cat([x for x, _ in train.in_order()])
    assert shown.mean((0, 2, 3)).abs().max() < 1e-5


def test_stated_statistics_take_the_place_of_those_of_the_training_part(tmp_path):
    stated = {"mean": (0.5, 0.25), "std": (0.2, 0.1)}
    prepare.run(toy(statistics=stated), release(images(n=65)), tmp_path)
    for name in ("train", "test"):
        for part in samples.load(tmp_path / f"{name}.safetensors", torch.device("cpu")).values():
            shares_NCHW = part.x_NX.double() / 255
            expected = (shares_NCHW - torch.tensor([[[0.5]], [[0.25]]])) / torch.tensor([[[0.2]], [[0.1]]])
            torch.testing.assert_close(part.shown(part.x_NX).double(), expected, rtol=1e-5, atol=1e-5)


def test_an_observer_sees_every_sample_that_is_prepared(tmp_path):
    observer = Recorder()
    prepare.run(toy(), release(images(n=65)), tmp_path, observer)
    assert observer.of("progress") == [(60, "sample", 0), (5, "sample", 0)]
    assert observer.of("step") == [""] * 65


def test_test_data_are_in_no_file_but_their_own(tmp_path):
    x_NCHW = images(n=65)
    prepare.run(toy(), release(x_NCHW), tmp_path)
    parts = samples.load(tmp_path / "train.safetensors", torch.device("cpu"))
    seen = torch.cat([parts["train"].x_NX, parts["validation"].x_NX])
    test = samples.load(tmp_path / "test.safetensors", torch.device("cpu"))
    assert set(parts) == {"train", "validation"}
    assert set(test) == {"test"}
    assert torch.equal(test["test"].x_NX, x_NCHW[60:])
    assert len(seen) == 60
    assert not any(torch.equal(a, b) for a in seen for b in x_NCHW[60:])


def test_every_prepared_sample_has_its_index_in_the_release(tmp_path):
    x_NCHW = images(n=65)
    prepare.run(toy(), release(x_NCHW), tmp_path)
    held = {}
    for name in ("train", "test"):
        tensors, _ = stored.read_tensors(tmp_path / f"{name}.safetensors", "")
        held |= tensors
    for part in ("train", "validation", "test"):
        index_N = held[f"index_{part}"]
        assert (held[f"x_{part}"] == x_NCHW.numpy()[index_N]).all()
        assert (held[f"y_{part}"] == index_N % 5).all()


def test_preparing_twice_gives_the_same_bytes(tmp_path):
    for folder in ("once", "again"):
        prepare.run(toy(), release(images(n=65)), tmp_path / folder)
    for name in ("train", "test"):
        first, second = (files.sha256(tmp_path / folder / f"{name}.safetensors") for folder in ("once", "again"))
        assert first == second


@pytest.mark.parametrize(
    ("changes", "dataset", "fact"),
    [
        ({"class_names": ["a"]}, {}, "1 classes"),
        ({"class_names": list("abcda")}, {}, "name"),
        ({}, {"train_limit": 3}, "limits"),
        ({}, {"input_shape": (1, 6, 5)}, "(2, 6, 5)"),
        ({}, {"white": 16}, "white"),
        ({}, {"spikes": True, "frames": 3, "normalise": "none"}, "(3, 2, 6, 5)"),
        ({"parts": {}}, {}, "split.test"),
        ({"read": lambda i: np.zeros((2, 6, 5), np.uint8)}, {}, "normalise: white"),
    ],
)
def test_data_that_are_not_as_declared_are_refused(changes, dataset, fact, tmp_path):
    with refused("data set toy", fact):
        prepare.run(toy(**dataset), release(images(n=65), **changes), tmp_path)
    assert not (tmp_path / "test.safetensors").exists()


@given(st.lists(st.tuples(st.sampled_from(["uint8", "int64"]), SIZES, SIZES), min_size=1, max_size=4))
def test_a_stream_of_pieces_is_read_as_the_whole(tmp_path_factory, shapes):
    path = tmp_path_factory.mktemp("stream") / "x.safetensors"
    arrays = {
        f"{dtype}{i}": np.random.default_rng(i).integers(0, 200, (n, k)).astype(dtype)
        for i, (dtype, n, k) in enumerate(sorted(shapes))  # wide types first
    }
    facts = {}

    def pieces(array):
        for row in array:
            facts["rows"] = facts.get("rows", 0) + 1
            yield row

    streams = {name: stored.Stream(a.dtype.name, a.shape, pieces(a)) for name, a in arrays.items()}
    stored.stream_tensors(path, streams, lambda: {"facts": facts})
    for framework in ("numpy", "pt"):
        found, metadata = stored.read_tensors(path, "", framework)
        assert metadata == {"facts": {"rows": sum(len(a) for a in arrays.values())}}
        assert {name: np.asarray(a).tolist() for name, a in found.items()} == {n: a.tolist() for n, a in arrays.items()}
    with safe_open(path, framework="numpy") as file:
        assert set(file.keys()) == set(arrays)


def test_a_stream_that_breaks_off_leaves_no_file(tmp_path):
    def pieces():
        yield np.zeros(3, np.uint8)
        raise InputError("raw/7.jpg", "is empty", "download it again")

    with refused("raw/7.jpg"):
        stored.stream_tensors(tmp_path / "x.safetensors", {"x": stored.Stream("uint8", (2, 3), pieces())}, dict)
    assert list(tmp_path.iterdir()) == []


def anonymous_bytes():
    """Memory of this process that no file backs."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon:"))


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc here to ask how much memory is used")
def test_data_larger_than_the_memory_used_are_prepared_and_batched(tmp_path):
    n, shape = 3000, (3, 256, 256)  # 590 MB
    dataset = toy(input_shape=shape)
    labels = np.arange(n) % 5
    ramp = np.arange(math.prod(shape), dtype=np.uint8).reshape(shape)
    raw = Raw(
        lambda i: ramp + np.uint8(i % 256),
        labels,
        list("abcde"),
        {"train": np.arange(n - 50), "test": np.arange(n - 50, n)},
    )
    before, most, done = anonymous_bytes(), 0, threading.Event()

    def watch():
        nonlocal most
        while not done.wait(0.01):
            most = max(most, anonymous_bytes() - before)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        prepare.run(dataset, types.SimpleNamespace(load=lambda options, folder: raw), tmp_path)
        train = samples.load(tmp_path / "train.safetensors", torch.device("cpu"))["train"]
        assert train.x_NX.nbytes > 500e6
        for i, (x, _) in enumerate(train.shuffled(16, Augment(flip=True), seeds.generator(0))):
            assert x.shape == (16, *shape)
            if i == 20:
                break
    finally:
        done.set()
        watcher.join()
    assert 0 < most < 150e6


def test_a_file_that_is_downloaded_has_a_checksum():
    with pytest.raises(ValueError, match="md5 or a sha256"):
        File(name="a.zip", urls=["https://example.org/a.zip"])
