"""Recordings of event cameras: decoded exactly, refused by name when damaged, made into frames that lose nothing."""

import hashlib
import io
import json
import struct
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pydantic import ValidationError
from safetensors import safe_open

from snn.config import Frames, params
from snn.data.formats import event_files as events
from snn.data.formats import event_frames as frames
from snn.data.formats.event_files import Events
from snn.data.loaders import dvs_cifar10, dvs_gesture, events_folder, nmnist

SHARED = Path(__file__).parents[3] / "shared" / "data"
SENSOR = (34, 34)


@pytest.fixture(scope="module")
def tonic():
    """What tonic 1.7.0 read and made: arrays, and the facts beside them."""
    with safe_open(Path(__file__).parents[1].joinpath("fixtures") / "tonic.safetensors", framework="numpy") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, json.loads(file.metadata()["about"])  # noqa: SIM118


def columns(recording):
    return np.stack([recording.x_E, recording.y_E, recording.t_E, recording.p_E], 1)


def listed(recording):
    """(t, x, y, p) of each event."""
    return [tuple(event) for event in np.stack(recording, 1).tolist()]


# Decoders


def test_a_recording_of_nmnist_is_decoded_as_by_hand():
    content = bytes.fromhex("05 0a 80 00 6421 00 00 01 2c00 21 81 00 0007 08 7f ff ff")
    assert listed(events.atis(content, "0.bin", SENSOR)) == [
        (100, 5, 10, 1),
        (300, 33, 0, 0),
        (65536, 0, 33, 1),
        (8388607, 7, 8, 0),
    ]


def test_an_overflow_of_time_is_no_event_and_delays_those_behind_it():
    content = bytes.fromhex("01 01 80 00 0a00 f0 00 00 0002 02 00 00 0500 f0 00 00 0003 03 00 00 06")
    assert listed(events.atis(content, "0.bin", SENSOR)) == [(10, 1, 1, 1), (8197, 2, 2, 0), (16390, 3, 3, 0)]


def aedat(*pairs, header=b"#!AER-DAT2.0\r\n# This is a raw AE data file\r\n"):
    return header + b"".join(struct.pack(">II", *pair) for pair in pairs)


def test_a_recording_of_dvs_cifar10_is_decoded_as_by_hand():
    content = aedat((0b0_0000011_0000101_1, 7), (0b1_0000000_0000000_0, 8), (0b0_1111111_1111111_0, 9))
    assert listed(events.aedat2(content, "0.aedat", (128, 128))) == [(7, 122, 124, 0), (9, 0, 0, 1)]


def saved(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def test_an_array_is_decoded_by_its_names_or_the_order_of_its_columns():
    rows = [(5, 6, 1, 100), (7, 8, 0, 200)]
    named = np.array(rows, dtype=[("y", "i2"), ("x", "u1"), ("p", "?"), ("t", "f8")])
    assert listed(events.npy(saved(named), "0.npy", SENSOR)) == [(100, 6, 5, 1), (200, 8, 7, 0)]
    plain = np.array(rows, dtype=np.int32)
    assert listed(events.npy(saved(plain), "0.npy", SENSOR, unit=1000)) == [(100_000, 5, 6, 1), (200_000, 7, 8, 0)]
    assert listed(events.npy(saved(plain), "0.npy", SENSOR, "yxpt"))[0] == (100, 6, 5, 1)


@pytest.mark.parametrize("name", ["atis0", "atis1", "atis2", "atis3"])
def test_recordings_of_nmnist_are_read_as_tonic_reads_them(name, tonic):
    arrays, _ = tonic
    content = arrays[f"content/{name}"].tobytes()
    assert (np.frombuffer(content, np.uint8)[1::5] == 240).sum() == (5 if name == "atis3" else 0)
    assert np.array_equal(columns(events.atis(content, name, SENSOR)), arrays[f"events/{name}"])


@pytest.mark.parametrize("name", ["aedat20", "aedat21"])
def test_addresses_and_times_are_read_as_tonic_reads_them(name, tonic):
    arrays, _ = tonic
    found = events.aedat2(arrays[f"content/{name}"].tobytes(), name, (128, 128))
    address_E, t_E = arrays[f"aer/{name}"].T
    assert np.array_equal(found.t_E, t_E)
    assert np.array_equal(((127 - found.y_E) << 8) + ((127 - found.x_E) << 1) + (1 - found.p_E), address_E)


def test_tonic_numbers_rows_as_columns_from_the_other_side_and_calls_brighter_zero(tonic):
    """What its reader of a DVS128 does with an address: x = bits 8 to 14, y = bits 1 to 7, p = bit 0."""
    arrays, _ = tonic
    address_E, _ = arrays["aer/aedat20"].T
    x_E, y_E, p_E = address_E >> 8 & 127, address_E >> 1 & 127, address_E & 1
    found = events.aedat2(arrays["content/aedat20"].tobytes(), "0", (128, 128))
    assert np.array_equal(np.stack([found.x_E, found.y_E, found.p_E]), np.stack([127 - y_E, 127 - x_E, 1 - p_E]))


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.exists(), reason="the folder ../shared/data with real files is not there")
def test_every_real_recording_is_read_as_tonic_reads_it(tonic, tmp_path):
    subprocess.run([sys.executable, SHARED / "unpack.py", "nmnist", tmp_path], check=True)
    sums = tonic[1]["sums"]
    assert len(sums) == 20
    for name, expected in sums.items():
        total = hashlib.sha256()
        for path in sorted((tmp_path / "NMNIST" / name).iterdir()):
            total.update(np.stack(events.atis(path.read_bytes(), path.name, SENSOR)).tobytes())
        assert total.hexdigest() == expected, name


GOOD = bytes.fromhex("05 0a 80 00 6421 00 00 01 2c00 21 81 00 00")


# Frames


@st.composite
def recordings(draw, size=12):
    """Events of a sensor of 12x9 pixels, several at one time allowed."""
    n = draw(st.integers(1, 60))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    t_E = np.sort(rng.integers(draw(st.sampled_from([1, 20, 10_000])), size=n)) + draw(st.integers(0, 99))
    return Events(t_E, rng.integers(9, size=n), rng.integers(size, size=n), rng.integers(2, size=n))


SMALL = (12, 9)


def by_hand(recording, slice_of, steps, binary=False):
    """One event at a time."""
    result = np.zeros((steps, 2, *SMALL), int)
    for i, (t, x, y, p) in enumerate(listed(recording)):
        k = slice_of(i, t)
        if k < steps:
            result[k, p, y, x] += 1
    return np.minimum(result, 1) if binary else result


@settings(max_examples=150, deadline=None)
@given(recording=recordings(), steps=st.integers(1, 12), binary=st.booleans())
def test_slices_are_as_the_equations_say(recording, steps, binary):
    n, t0, t1 = len(recording.t_E), recording.t_E[0], recording.t_E[-1]
    value = "binary" if binary else "count"
    for slices, bin_us, slice_of in (
        ("count", None, lambda i, t: steps * i // n),
        ("duration", None, lambda i, t: steps * (t - t0) // (t1 - t0 + 1)),
        ("bins", 7, lambda i, t: (t - t0) // 7),
    ):
        how = Frames(steps=steps, slices=slices, bin_us=bin_us, value=value)
        found = frames.frames(recording, SMALL, how)
        assert found.dtype == np.uint8
        assert np.array_equal(found, by_hand(recording, slice_of, steps, binary))


@given(recording=recordings(), steps=st.integers(1, 12), slices=st.sampled_from(["count", "duration"]))
def test_every_event_is_in_exactly_one_slice(recording, steps, slices):
    found = frames.frames(recording, SMALL, Frames(steps=steps, slices=slices))
    assert found.sum((0, 2, 3)).tolist() == [(recording.p_E == p).sum() for p in (0, 1)]


@given(recording=recordings(), steps=st.integers(1, 12))
def test_slices_of_equal_count_differ_by_one_event_at_most(recording, steps):
    sizes = frames.frames(recording, SMALL, Frames(steps=steps, slices="count")).sum((1, 2, 3))
    assert sizes.max() - sizes.min() <= 1


@given(recording=recordings(), steps=st.integers(1, 12), later=st.integers(0, 10**9))
def test_frames_do_not_depend_on_when_a_recording_began(recording, steps, later):
    for slices, bin_us in (("count", None), ("duration", None), ("bins", 100)):
        how = Frames(steps=steps, slices=slices, bin_us=bin_us)
        moved = recording._replace(t_E=recording.t_E + later)
        assert np.array_equal(frames.frames(moved, SMALL, how), frames.frames(recording, SMALL, how))


@given(recording=recordings(), steps=st.integers(1, 12), seed=st.integers(0, 99))
def test_frames_cut_by_time_do_not_depend_on_the_order_of_simultaneous_events(recording, steps, seed):
    shuffled_E = np.random.default_rng(seed).permutation(len(recording.t_E))
    shuffled_E = shuffled_E[np.argsort(recording.t_E[shuffled_E], kind="stable")]
    other = Events(*(values[shuffled_E] for values in recording))
    assert np.array_equal(other.t_E, recording.t_E)
    for slices, bin_us in (("duration", None), ("bins", 100)):
        how = Frames(steps=steps, slices=slices, bin_us=bin_us)
        assert np.array_equal(frames.frames(other, SMALL, how), frames.frames(recording, SMALL, how))


def test_counts_stay_at_255():
    n = 300
    recording = Events(np.arange(n), np.zeros(n, int), np.zeros(n, int), np.ones(n, int))
    found = frames.frames(recording, SMALL, Frames(steps=1, slices="count"))
    assert found[0, 1, 0, 0] == found.sum() == 255


@settings(max_examples=60, deadline=None)
@given(recording=recordings())
def test_a_pool_adds_up_the_events_of_its_window(recording):
    whole = frames.frames(recording, SMALL, Frames(steps=3, slices="count"))
    found = frames.frames(recording, SMALL, Frames(steps=3, slices="count", resize="pool", size=(2, 2)))
    assert np.array_equal(found[..., 0, 0], whole[..., :6, :4].sum((2, 3)))
    assert np.array_equal(found[..., 1, 1], whole[..., 6:12, 4:8].sum((2, 3)))  # the ninth column is left out


def test_three_to_one_makes_42_of_128_pixels():
    recording = Events(np.arange(4), np.array([0, 2, 125, 126]), np.array([0, 2, 3, 3]), np.ones(4, int))
    found = frames.frames(recording, (128, 128), Frames(steps=1, slices="count", resize="pool", size=(42, 42)))
    assert [tuple(i) for i in np.argwhere(found).tolist()] == [(0, 1, 0, 0), (0, 1, 1, 41)]
    assert found[0, 1, 0, 0] == 2


def weights(new, old):
    """What each new pixel takes of each old one: Pillow's bilinear filter, a triangle as wide as two new pixels."""
    scale = max(old / new, 1.0)
    centre = (np.arange(new) + 0.5) * old / new
    w = np.maximum(0, 1 - np.abs(np.arange(old)[None] + 0.5 - centre[:, None]) / scale)
    return w / w.sum(1, keepdims=True)


@settings(max_examples=40, deadline=None)
@given(recording=recordings())
def test_bilinear_frames_are_resized_channel_by_channel(recording):
    how = {"steps": 2, "slices": "count"}
    counts = frames.frames(recording, SMALL, Frames(**how)).astype(float)
    found = frames.frames(recording, SMALL, Frames(**how, resize="bilinear", size=(5, 4)))
    shares = counts / np.maximum(counts.max((1, 2, 3), keepdims=True), 1)
    expected = 255 * np.einsum("ai,tcij,bj->tcab", weights(5, 12), shares, weights(4, 9))
    assert np.abs(found - expected).max() <= 0.51


@settings(max_examples=40, deadline=None)
@given(recording=recordings())
def test_released_frames_weigh_darker_events_by_brighter_ones(recording):
    how = {"steps": 2, "slices": "count", "value": "binary"}
    ones = frames.frames(recording, SMALL, Frames(**how)).astype(float)
    found = frames.frames(recording, SMALL, Frames(**how, resize="released", size=(5, 4)))
    resized = np.einsum("ai,tcij,bj->tcab", weights(5, 12), ones, weights(4, 9))
    both = np.einsum("ai,tij,bj->tab", weights(5, 12), ones[:, 0] * ones[:, 1], weights(4, 9))
    assert np.abs(found[:, 1] - 255 * resized[:, 1]).max() <= 1.01
    seen = found[:, 1] > 60  # where alpha is large enough for eight bits to divide by it
    expected = 255 * both / np.maximum(resized[:, 1], 1e-9)
    assert np.abs(found[:, 0] - expected)[seen].max(initial=0) <= 6
    assert (found[:, 0][resized[:, 1] == 0] == 0).all()


def test_a_released_frame_without_brighter_events_is_empty_while_ours_is_not():
    recording = Events(np.arange(9), np.arange(9), np.arange(9), np.zeros(9, int))
    how = {"steps": 1, "slices": "count", "value": "binary", "size": (6, 6)}
    assert frames.frames(recording, SMALL, Frames(**how, resize="released")).sum() == 0
    assert frames.frames(recording, SMALL, Frames(**how, resize="bilinear")).sum() > 0


def test_the_release_of_tet_is_followed_through_torchvision():
    from torchvision.transforms import v2

    rng = np.random.default_rng(0)
    n = 4000
    recording = Events(np.arange(n), rng.integers(128, size=n), rng.integers(128, size=n), rng.integers(2, size=n))
    how = {"steps": 10, "slices": "count", "value": "binary"}
    ones = frames.frames(recording, (128, 128), Frames(**how))
    found = frames.frames(recording, (128, 128), Frames(**how, resize="released", size=(48, 48)))
    for frame, ours in zip(ones, found, strict=True):
        picture = Image.fromarray(np.ascontiguousarray(255 * frame.transpose(1, 2, 0)))
        assert picture.mode == "LA"
        assert np.array_equal(np.asarray(v2.Resize((48, 48))(picture)).transpose(2, 0, 1), ours)


def counted(name, tonic, **how):
    arrays, _ = tonic
    recording = events.atis(arrays["content/atis1"].tobytes(), "1", SENSOR)
    return frames.frames(recording, SENSOR, Frames(**how)).astype(int), arrays[f"frames/{name}"].astype(int)


def test_bins_of_fixed_width_equal_those_of_tonic(tonic):
    ours, theirs = counted("bins", tonic, steps=15, slices="bins", bin_us=5000)
    assert np.array_equal(ours, theirs)


def test_tonic_leaves_out_the_events_that_no_slice_of_equal_count_divides(tonic):
    ours, theirs = counted("count", tonic, steps=10, slices="count")
    assert (ours.sum(), theirs.sum()) == (997, 990)  # 997 events, ten slices of 99
    assert theirs.sum((1, 2, 3)).tolist() == [99] * 10


def test_tonic_leaves_out_the_last_event_of_slices_of_equal_duration(tonic):
    ours, theirs = counted("duration", tonic, steps=10, slices="duration")
    assert ours.sum() == 997
    assert 0 < 997 - theirs.sum() <= 2
    assert np.abs(ours - theirs).sum() <= 8  # those, and events on a border between two slices


@pytest.mark.parametrize(
    ("changes", "keys"),
    [
        ({"slices": "bins"}, ["bin_us", "slices: bins"]),
        ({"bin_us": 5}, ["bin_us", "slices: bins"]),
        ({"size": (4, 4)}, ["size", "resize"]),
        ({"resize": "pool"}, ["size", "resize"]),
        ({"resize": "released", "size": (4, 4)}, ["value: binary"]),
        ({"steps": 0}, ["steps"]),
    ],
)
def test_options_of_frames_that_contradict_each_other_are_refused(changes, keys):
    with pytest.raises(ValidationError) as refusal:
        Frames(**{"steps": 2, "slices": "count", **changes})
    (error,) = refusal.value.errors()
    named = f"{error['loc']} {error['msg']}"
    assert all(key in named for key in keys)


# Data sets


def of(name):
    return params.load("datasets", name).options


def write_zip(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)


def test_nmnist_is_read_from_its_zips_in_the_order_of_tonic(tmp_path):
    for part, numbers in (("Train", (31, 4, 5)), ("Test", (2, 1))):
        files = {
            f"{part}/{digit}/{number:05d}.bin": bytes([digit, number, 128, 0, 1])
            for digit in range(10)
            for number in numbers
        }
        write_zip(tmp_path / f"{part.lower()}.zip", files)
    raw = nmnist.load(of("nmnist"), tmp_path)
    assert raw.y_N.tolist() == [d for n in (3, 2) for d in range(10) for _ in range(n)]
    assert [len(raw.parts[part]) for part in ("train", "test")] == [30, 20]
    where = [tuple(np.argwhere(raw.read(i))[0].tolist()) for i in (0, 1, 29, 30)]
    assert where == [(0, 1, 4, 0), (0, 1, 5, 0), (0, 1, 31, 9), (0, 1, 1, 0)]


def test_dvs_cifar10_is_ordered_by_class_and_number(tmp_path):
    for label, name in enumerate(dvs_cifar10.CLASSES):
        files = {f"{name}/cifar10_{name}_{n}.aedat": aedat((n << 8 | (label + 9) << 1 | 1, 5)) for n in (10, 2, 9)}
        write_zip(tmp_path / f"{name}.zip", files)
    raw = dvs_cifar10.load(of("dvs_cifar10_8k_2k"), tmp_path)
    assert raw.y_N.tolist() == [k for k in range(10) for _ in range(3)]
    assert raw.parts == {}
    places = [np.argwhere(raw.read(i))[0].tolist() for i in range(3)]
    assert places == [[0, 0, (127 - 9) // 3, n // 3] for n in (2, 9, 10)]  # slice, darker, row, column
    full = dvs_cifar10.load(of("dvs_cifar10"), tmp_path)
    assert full.read(0).shape == (10, 2, 48, 48)


def test_dvs_cifar10_is_upright_as_in_the_code_of_tet_and_in_a_mirror_of_that_of_spikingjelly(tmp_path):
    """A step that leans to the left, as the camera sent it, lying on its side."""
    low_bits, high_bits = (20, 21, 21), (90, 90, 91)
    sent = aedat(*((high << 8 | low << 1, 5) for low, high in zip(low_bits, high_bits, strict=True)))
    for name in dvs_cifar10.CLASSES:
        write_zip(tmp_path / f"{name}.zip", {f"{name}/cifar10_{name}_0.aedat": sent})
    whole = {"frames": {"steps": 1, "slices": "count"}}
    frame_HW = dvs_cifar10.load(dvs_cifar10.Options.model_validate(whole), tmp_path).read(0)[0, 1]
    tet_HW, spikingjelly_HW = np.zeros((2, 128, 128), np.uint8)
    for low, high in zip(low_bits, high_bits, strict=True):
        tet_HW[127 - low, high] += 1  # frames[i, p, x, y] with x and y of dat2mat.m
        spikingjelly_HW[127 - low, 127 - high] += 1  # y: 127 - x, x: 127 - y
    assert np.array_equal(frame_HW, tet_HW)
    assert np.array_equal(frame_HW[:, ::-1], spikingjelly_HW)


def test_the_splits_of_the_papers_have_their_sizes():
    from snn.data import splits

    y_N = np.repeat(np.arange(10), 1000)
    sizes = {}
    for name in ("dvs_cifar10", "dvs_cifar10_7_3", "dvs_cifar10_8k_2k", "dvs_cifar10_released"):
        parts = splits.carve(y_N, {}, params.load("datasets", name).split)
        sizes[name] = len(parts["train"]) + len(parts["validation"]), len(parts["test"])
    assert sizes == {
        "dvs_cifar10": (9000, 1000),
        "dvs_cifar10_7_3": (7000, 3000),
        "dvs_cifar10_8k_2k": (8000, 2000),
        "dvs_cifar10_released": (9000, 1000),
    }


def test_dvs_gesture_is_read_from_its_archives_with_milliseconds_as_time(tmp_path):
    for archive, users in (("ibmGestureTrain", (2, 10)), ("ibmGestureTest", (24,))):
        with tarfile.open(tmp_path / f"{archive}.tar.gz", "w:gz") as tar:
            for user in users:
                for label in (10, 3):
                    content = saved(np.array([(label, user, 1, 0), (label, user, 0, 7)], dtype=np.int64))
                    info = tarfile.TarInfo(f"{archive}/user{user:02d}_led/{label}.npy")
                    info.size = len(content)
                    tar.addfile(info, io.BytesIO(content))
    raw = dvs_gesture.load(of("dvs_gesture"), tmp_path)
    assert raw.y_N.tolist() == [3, 10, 3, 10, 3, 10]
    assert raw.parts["test"].tolist() == [4, 5]
    assert np.argwhere(raw.read(3)).tolist() == [[0, 1, 10, 10], [8, 0, 10, 10]]


def test_sums_and_servers_of_event_data_sets_are_those_that_tonic_states():
    """Read in tonic 1.7.0: tonic.datasets.NMNIST and DVSGesture."""
    mendeley = "https://data.mendeley.com/public-files/datasets/468j46mzdv/files"
    files = [file for name in ("nmnist", "dvs_gesture") for file in params.load("datasets", name).files]
    assert {file.name: (file.urls[0], file.md5) for file in files} == {
        "train.zip": (
            f"{mendeley}/39c25547-014b-4137-a934-9d29fa53c7a0/file_downloaded",
            "20959b8e626244a1b502305a9e6e2031",
        ),
        "test.zip": (
            f"{mendeley}/05a4d654-7e03-4c15-bdfa-9bb2bcbea494/file_downloaded",
            "69ca8762b2fe404d9b9bad1103e97832",
        ),
        "ibmGestureTrain.tar.gz": (
            "https://figshare.com/ndownloader/files/38022171",
            "3a8f0d4120a166bac7591f77409cb105",
        ),
        "ibmGestureTest.tar.gz": (
            "https://figshare.com/ndownloader/files/38020584",
            "56070e45dadaa85fff82e0fbfbc06de5",
        ),
    }


def write_recordings(root, parts=("train", "test")):
    for part in parts:
        for label in ("left", "right"):
            (root / part / label).mkdir(parents=True)
            for i in range(2):
                (root / part / label / f"{i}.bin").write_bytes(GOOD)


def own(**changes):
    about = {"format": "atis", "sensor": [34, 34], "frames": {"steps": 3, "slices": "count"}, **changes}
    return events_folder.Options.model_validate(about)


def test_recordings_in_one_folder_per_class_need_no_code(tmp_path, capsys):
    write_recordings(tmp_path)
    raw = events_folder.load(own(), tmp_path)
    assert (raw.class_names, raw.y_N.tolist()) == (["left", "right"], [0, 0, 1, 1] * 2)
    assert raw.read(0).shape == (3, 2, 34, 34)
    assert raw.read(0).sum() == 3
    assert "options.sha256" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.exists(), reason="the folder ../shared/data with real files is not there")
def test_the_part_of_nmnist_has_its_sum_and_its_sizes(tmp_path):
    subprocess.run([sys.executable, SHARED / "unpack.py", "nmnist", tmp_path], check=True)
    raw = events_folder.load(of("nmnist-1000-100"), tmp_path / "NMNIST")
    assert {part: len(indices) for part, indices in raw.parts.items()} == {"train": 1000, "test": 100}
    assert raw.read(0).max() == 1
