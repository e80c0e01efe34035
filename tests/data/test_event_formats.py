"""Recordings made to do harm, or damaged on the way: each is read, or refused in one line that names its file."""

import io
import pickle
import struct
import tarfile
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pydantic import ValidationError

from snn.config import Frames, params
from snn.core.errors import InputError
from snn.data.formats import event_files as events
from snn.data.formats import event_frames as frames
from snn.data.loaders import dvs_cifar10, dvs_gesture, events_folder, nmnist
from tests.refusals import refused

SENSORS = {"atis": (34, 34), "aedat2": (128, 128), "npy": (34, 34)}
ROWS = [(5, 6, 1, 100), (7, 8, 0, 200)]
FIELDS = [(name, np.int64) for name in "xypt"]


def saved(array, **how):
    buffer = io.BytesIO()
    np.save(buffer, array, **how)
    return buffer.getvalue()


def packed(**named):
    """An .npz, compressed."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **named)
    return buffer.getvalue()


def aedat(*pairs, header=b"#!AER-DAT2.0\r\n# This is a raw AE data file\r\n"):
    return header + b"".join(struct.pack(">II", *pair) for pair in pairs)


def zipped(**named):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in named.items():
            archive.writestr(f"{name}.npy", content)
    return buffer.getvalue()


ATIS = bytes.fromhex("05 0a 80 00 6421 00 00 01 2c00 21 81 00 00")
AEDAT = aedat((0x0302, 7), (0x0505, 8), (0x0101, 9))
NPY = saved(np.array(ROWS))
NPZ = packed(x=[5, 7], y=[6, 8], p=[1, 0], t=[100, 200])
GOOD = [("atis", ATIS), ("aedat2", AEDAT), ("npy", NPY), ("npy", NPZ), ("npy", saved(np.array(ROWS, FIELDS)))]


WHERE = "3/00007.x"


def read(reader, content, **how):
    return events.READERS[reader](content, WHERE, SENSORS[reader], **how)


# Recordings


@pytest.mark.parametrize(
    ("content", "facts"),
    [
        (ATIS[:-1], ["14 bytes"]),
        (b"", []),
        (bytes.fromhex("00 f0 00 00 00"), []),  # time overflows, nothing happens
        (bytes.fromhex("22 0a 80 00 64"), ["event 0", "column 34"]),
        (ATIS + bytes.fromhex("05 22 82 00 64"), ["event 3", "row 34"]),
        (ATIS + bytes.fromhex("05 0a 80 00 64"), ["event 3"]),  # time runs backwards
    ],
)
def test_a_damaged_recording_of_an_atis_is_refused_by_name(content, facts):
    with refused(WHERE, *facts):
        read("atis", content)


@pytest.mark.parametrize(
    ("content", "facts"),
    [
        (AEDAT[:-3], ["21 bytes"]),
        (aedat(), []),
        (aedat((1 << 15, 9)), []),  # from outside of the chip
        (aedat((1, 9), (1, 8)), ["event 1"]),
        (aedat((1, 0xFFFFFFFF), (1, 0)), ["event 1"]),  # its clock overflows
        (aedat((1, 9), header=b""), ["AEDAT 2.0"]),
        (aedat((1, 9), header=b"#!AER-DAT3.1\r\n"), ["AEDAT 2.0"]),
        (aedat((1, 9), header=b"# old\r\n"), ["AEDAT 2.0"]),
        (b"#!AER-DAT2.0", ["header"]),
        (aedat((1, 9), (0x10001, 9)), ["event 1", 65537]),
        (aedat((0x80000C00, 9), (0x12345678, 9)), ["event 0", 2147486720]),
    ],
)
def test_a_damaged_recording_of_a_dvs128_is_refused_by_name(content, facts):
    with refused(WHERE, *facts):
        read("aedat2", content)


@pytest.mark.parametrize(
    ("content", "facts"),
    [
        (b"", []),
        (b"\x93NUMPY", []),
        (NPY[:-1], []),
        (NPZ[:-9], []),
        (saved(np.zeros((0, 4), int)), []),
        (saved(np.array([(-1, 6, 1, 100)])), ["event 0", "column -1"]),
        (saved(np.array([(1, 34, 1, 100)])), ["event 0", "row 34"]),
        (saved(np.array([(1, 6, 2, 100)])), ["event 0", "polarity 2"]),
        (saved(np.array([(1, 6, -1, 100)])), ["event 0", "polarity -1"]),
        (saved(np.array([(1, 6, 1, 100), (1, 6, 1, 99)])), ["event 1"]),
        (saved(np.array([(1, 6, 1, 0), (1, 6, 1, 1 << 41)])), [1 << 41]),
        (saved(np.array(["a"])), ["<U1", "(1,)"]),
        (saved(np.int64(3)), ["int64", "()"]),
        (saved(np.zeros((3, 5), int)), ["int64", "(3, 5)"]),
        (saved(np.zeros(3, FIELDS[:3])), ["(3,)"]),
        (saved(np.zeros((2, 2), FIELDS)), ["(2, 2)"]),
        (packed(x=[1], y=[1], p=[1]), []),
        (packed(x=[1, 2], y=[1], p=[1], t=[1]), ["1 p, 1 t, 2 x, 1 y"]),
    ],
)
def test_a_damaged_array_of_events_is_refused_by_name(content, facts):
    with refused(WHERE, *facts):
        read("npy", content)


@pytest.mark.parametrize(
    ("content", "field", "facts"),
    [
        (saved(np.array([(1, 6.5, 1, 100)])), "y", []),
        (saved(np.array([(1, np.nan, 1, 100)])), "y", []),
        (saved(np.array([(1, 2, 1, np.inf)])), "t", []),
        (saved(np.array([(1, 2, 1, 1e300)])), "t", ["2^53"]),
        (saved(np.array([(1, 2, 1, 2**64 - 1)], np.uint64)), "t", ["2^53"]),
        (saved(np.array([(1, 2, 1, 3)], complex)), "x", ["complex128"]),
        (saved(np.zeros(3, [*FIELDS[:3], ("t", np.int64, (1,))])), "t", ["int64", "2 axes"]),
        (saved(np.zeros(3, [*FIELDS[:3], ("t", "M8[us]")])), "t", ["datetime64[us]"]),
        (zipped(x=b"no array", y=b"", p=b"", t=b""), "x", ["|S8"]),
    ],
)
def test_a_field_of_events_that_holds_no_integers_is_named(content, field, facts):
    with refused(f"{WHERE}: {field}", *facts):
        read("npy", content)


def test_a_time_that_overflows_in_microseconds_is_refused_and_not_wrapped():
    content = saved(np.array([(1, 1, 1, 0), (1, 1, 1, 1 << 50)]))
    with refused(f"{WHERE}: t", 1000000):
        read("npy", content, unit=10**6)


def test_times_may_lie_anywhere_if_they_are_exact():
    for begin in (-(1 << 53), 1 << 52, 1_750_000_000_000_000):
        t_E = read("npy", saved(np.array([(1, 1, 1, begin), (1, 1, 1, begin + 5)]))).t_E
        assert t_E.tolist() == [begin, begin + 5]


def test_an_npz_that_unpacks_to_more_than_a_file_may_have_is_not_unpacked(monkeypatch):
    content = packed(x=np.zeros(100_000, np.uint8), y=[1], p=[1], t=[1])
    assert len(content) < 2000
    monkeypatch.setattr(events, "LARGEST", 50_000)
    with refused(WHERE, "50000 bytes"):
        read("npy", content)


class Alarm:
    """Fails the test when it is unpickled."""

    def __reduce__(self):
        return pytest.fail, ("an array was unpickled",)


@pytest.mark.parametrize(
    "content",
    [
        saved(np.array([Alarm()], object), allow_pickle=True),
        saved(np.array([(1, 1, 1, Alarm())], [*FIELDS[:3], ("t", object)]), allow_pickle=True),
        zipped(**{name: saved(np.array([Alarm()], object), allow_pickle=True) for name in "xypt"}),
        pickle.dumps(Alarm()),
    ],
)
def test_nothing_in_an_array_is_ever_unpickled(content):
    with refused(WHERE):
        read("npy", content)


def test_an_npz_as_spikingjelly_writes_it_equals_the_array_of_the_same_events():
    found = [np.stack(read("npy", content)) for reader, content in GOOD if reader == "npy"]
    assert len(found) == 3
    assert found[0].T.tolist() == [[100, 5, 6, 1], [200, 7, 8, 0]]
    assert all(np.array_equal(other, found[0]) for other in found)


def read_or_refused(reader, content):
    """The bytes are a valid recording, or are refused by name."""
    try:
        found = read(reader, content)
    except InputError as error:
        assert error.where.startswith(WHERE), error  # noqa: PT017 - nothing need be raised
        return
    height, width = SENSORS[reader]
    assert {(v.dtype.name, v.shape) for v in found} == {("int64", found.t_E.shape)}
    assert found.t_E.size > 0
    assert (np.diff(found.t_E) >= 0).all()
    for values, size in ((found.x_E, width), (found.y_E, height), (found.p_E, 2)):
        assert 0 <= values.min() <= values.max() < size
    for slices, bin_us in (("count", None), ("duration", None), ("bins", 1)):
        made = frames.frames(found, (height, width), Frames(steps=3, slices=slices, bin_us=bin_us))
        assert made.shape == (3, 2, height, width)
        assert slices == "bins" or made.sum() == len(found.t_E)


@settings(max_examples=300, deadline=None)
@given(data=st.data(), which=st.sampled_from(range(len(GOOD))))
def test_whatever_the_bytes_a_recording_is_read_or_refused_by_name(data, which):
    reader, good = GOOD[which]
    content = bytearray(good)
    how = data.draw(st.sampled_from(["random", "header", "cut", "flip", "insert"]))
    if how == "random":
        content = data.draw(st.binary(max_size=100))
    elif how == "header":
        content[data.draw(st.integers(0, len(content))) :] = data.draw(st.binary(max_size=60))
    elif how == "cut":
        content = content[: data.draw(st.integers(0, len(content)))]
    elif how == "insert":
        at = data.draw(st.integers(0, len(content)))
        content[at:at] = data.draw(st.binary(min_size=1, max_size=9))
    else:
        for _ in range(data.draw(st.integers(1, 3))):
            content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    read_or_refused(reader, bytes(content))


ANY = st.one_of(arrays.scalar_dtypes(), arrays.array_dtypes(max_size=5, allow_subarrays=True))
FIELD = arrays.scalar_dtypes() | arrays.nested_dtypes()
NAMED = st.tuples(FIELD, FIELD, FIELD, FIELD).map(lambda dtypes: np.dtype(list(zip("xypt", dtypes, strict=True))))


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(array=arrays.arrays(ANY | NAMED, st.sampled_from([(), (0,), (2,), (2, 4), (0, 4), (1, 4, 1)])))
@pytest.mark.filterwarnings("ignore:Stored array in format")  # which numpy says to the test, of unusual names
def test_whatever_the_array_a_recording_is_read_or_refused_by_name(array):
    read_or_refused("npy", saved(array))


# Data sets


def write_zip(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)


def write_nmnist(raw):
    for part in ("Train", "Test"):
        write_zip(raw / f"{part.lower()}.zip", {f"{part}/{digit}/00001.bin": ATIS for digit in range(10)})


def options(name):
    return params.load("datasets", name).options


def test_a_missing_digit_of_nmnist_is_named(tmp_path):
    write_zip(tmp_path / "train.zip", {f"Train/{digit}/1.bin": ATIS for digit in range(9)})
    with refused(tmp_path / "train.zip", "Train/9"):
        nmnist.load(options("nmnist"), tmp_path)


def test_a_damaged_recording_of_nmnist_is_named_with_its_archive(tmp_path):
    write_nmnist(tmp_path)
    write_zip(tmp_path / "test.zip", {f"Test/{digit}/00001.bin": ATIS[: 15 - digit] for digit in range(10)})
    raw = nmnist.load(options("nmnist"), tmp_path)
    assert raw.read(10).sum() == 3
    with refused(tmp_path / "test.zip/Test/1/00001.bin", "14 bytes"):
        raw.read(11)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_damaged_archive_of_recordings_is_read_or_refused_by_name(data, tmp_path_factory):
    raw = tmp_path_factory.mktemp("raw")
    write_nmnist(raw)
    content = bytearray((raw / "test.zip").read_bytes())
    if data.draw(st.booleans()):
        content = content[: data.draw(st.integers(0, len(content) - 1))]
    else:
        content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    (raw / "test.zip").write_bytes(content)
    try:
        loaded = nmnist.load(options("nmnist"), raw)
        assert {int(loaded.read(i).sum()) for i in range(len(loaded.y_N))} == {3}
    except InputError as error:
        assert error.where.startswith(f"{raw}/test.zip"), error  # noqa: PT017


def test_a_class_of_dvs_cifar10_without_recordings_is_named(tmp_path):
    for name in dvs_cifar10.CLASSES:
        write_zip(tmp_path / f"{name}.zip", {f"{name}/cifar10_{name}_0.{'txt' if name == 'dog' else 'aedat'}": AEDAT})
    with refused(tmp_path / "dog.zip"):
        dvs_cifar10.load(options("dvs_cifar10"), tmp_path)
    (tmp_path / "dog.zip").unlink()
    with refused(tmp_path / "dog.zip"):
        dvs_cifar10.load(options("dvs_cifar10"), tmp_path)


@pytest.mark.parametrize(("name", "where"), [("user01_led/11.npy", "user01_led/11.npy"), ("README.txt", "")])
def test_an_archive_of_gestures_with_other_files_is_refused_by_name(name, where, tmp_path):
    with tarfile.open(tmp_path / "ibmGestureTrain.tar.gz", "w:gz") as tar:
        info = tarfile.TarInfo(name)
        info.size = len(NPY)
        tar.addfile(info, io.BytesIO(NPY))
    with refused(tmp_path / "ibmGestureTrain.tar.gz" / where):
        dvs_gesture.load(options("dvs_gesture"), tmp_path)


def own(**changes):
    about = {"format": "atis", "sensor": [34, 34], "frames": {"steps": 3, "slices": "count"}, **changes}
    return events_folder.Options.model_validate(about)


def write_folder(root, content=ATIS, suffix="bin"):
    for name in ("train/left", "train/right", "test/left", "test/right"):
        (root / name).mkdir(parents=True)
        (root / name / f"0.{suffix}").write_bytes(content)


def test_a_damaged_recording_in_a_folder_is_named(tmp_path):
    write_folder(tmp_path)
    (tmp_path / "train" / "right" / "0.bin").write_bytes(b"1234")
    raw = events_folder.load(own(), tmp_path)
    assert raw.read(0).sum() == 3
    with refused(tmp_path / "train/right/0.bin", "4 bytes"):
        raw.read(1)


def test_a_missing_folder_of_a_class_is_named(tmp_path):
    write_folder(tmp_path)
    (tmp_path / "test" / "right" / "0.bin").unlink()
    (tmp_path / "test" / "right").rmdir()
    with refused(tmp_path / "test", "right"):
        events_folder.load(own(), tmp_path)


def test_recordings_of_another_format_are_refused_by_name(tmp_path):
    write_folder(tmp_path, AEDAT, "npz")
    raw = events_folder.load(own(format="npy"), tmp_path)
    with refused(tmp_path / "train/left/0.npz"):
        raw.read(0)
    with refused(tmp_path / "train/left", ".bin"):
        events_folder.load(own(), tmp_path)


@pytest.mark.parametrize(
    ("changes", "keys"),
    [
        ({"columns": ["x", "x", "t", "p"], "format": "npy"}, ["columns"]),
        ({"columns": ["t", "x", "y", "p"]}, ["columns", "format: npy"]),
        ({"unit_us": 1000}, ["unit_us", "format: npy"]),
        ({"format": "aedat2"}, ["aedat2", "sensor"]),
        ({"unit_us": 0, "format": "npy"}, ["unit_us"]),
        ({"sensor": [34]}, ["sensor"]),
    ],
)
def test_options_that_contradict_each_other_are_refused(changes, keys):
    with pytest.raises(ValidationError) as refusal:
        own(**changes)
    (error,) = refusal.value.errors()
    named = f"{error['loc']} {error['msg']}"
    assert all(key in named for key in keys)


def test_options_survive_being_written_and_read_again():
    """As a job passes them on, defaults included."""
    for known in (own(), own(format="aedat2", sensor=[128, 128]), own(format="npy", unit_us=1000)):
        assert events_folder.Options.model_validate(known.model_dump(mode="json")) == known


def test_a_pool_that_would_have_to_enlarge_is_refused():
    how = Frames(steps=1, slices="count", resize="pool", size=(34, 35))
    with refused("options.frames.size", "34x35", "34x34"):
        frames.frames(read("atis", ATIS), (34, 34), how)
