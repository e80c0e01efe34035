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

from snn.config import Frames, params
from snn.core.errors import InputError
from snn.data.formats import events, frames
from snn.data.loaders import dvs_cifar10, dvs_gesture, events_folder, nmnist

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


def read(reader, content, where="3/00007.x", **how):
    return events.READERS[reader](content, where, SENSORS[reader], **how)


def refused(call):
    """What is said when something is refused: one line."""
    with pytest.raises(InputError) as refusal:
        call()
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


# Recordings


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (ATIS[:-1], "has 14 bytes, no events of 5"),
        (b"", "holds no event"),
        (bytes.fromhex("00 f0 00 00 00"), "holds no event"),  # time overflows, nothing happens
        (bytes.fromhex("22 0a 80 00 64"), "event 0 has column 34, not 0 to 33"),
        (ATIS + bytes.fromhex("05 22 82 00 64"), "event 3 has row 34, not 0 to 33"),
        (ATIS + bytes.fromhex("05 0a 80 00 64"), "event 3 is earlier than the one before it"),
    ],
)
def test_a_damaged_recording_of_an_atis_is_refused_by_name(content, said):
    assert refused(lambda: read("atis", content)).startswith(f"3/00007.x: {said}")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (AEDAT[:-3], "has 21 bytes behind its header, no events of 8"),
        (aedat(), "holds no event"),
        (aedat((1 << 15, 9)), "holds no event"),  # from outside of the chip
        (aedat((1, 9), (1, 8)), "event 1 is earlier"),
        (aedat((1, 0xFFFFFFFF), (1, 0)), "event 1 is earlier"),  # its clock overflew
        (aedat((1, 9), header=b""), "is no AEDAT 2.0 file"),
        (aedat((1, 9), header=b"#!AER-DAT3.1\r\n"), "is no AEDAT 2.0 file"),
        (aedat((1, 9), header=b"# old\r\n"), "is no AEDAT 2.0 file"),
        (b"#!AER-DAT2.0", "has a header that does not end"),
        (aedat((1, 9), (0x10001, 9)), "event 1 has address 65537, which no DVS128 sends"),
        (aedat((0x80000C00, 9), (0x12345678, 9)), "event 0 has address 2147486720, which no DVS128 sends"),
    ],
)
def test_a_damaged_recording_of_a_dvs128_is_refused_by_name(content, said):
    assert refused(lambda: read("aedat2", content)).startswith(f"3/00007.x: {said}")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "cannot be read as arrays x, y, t, p"),
        (b"\x93NUMPY", "cannot be read as arrays x, y, t, p"),
        (NPY[:-1], "cannot be read as arrays x, y, t, p"),
        (NPZ[:-9], "cannot be read as arrays x, y, t, p"),
        (saved(np.zeros((0, 4), int)), "holds no event"),
        (saved(np.array([(-1, 6, 1, 100)])), "event 0 has column -1, not 0 to 33"),
        (saved(np.array([(1, 34, 1, 100)])), "event 0 has row 34, not 0 to 33"),
        (saved(np.array([(1, 6, 2, 100)])), "event 0 has polarity 2, not 0 to 1"),
        (saved(np.array([(1, 6, -1, 100)])), "event 0 has polarity -1, not 0 to 1"),
        (saved(np.array([(1, 6, 1, 100), (1, 6, 1, 99)])), "event 1 is earlier"),
        (
            saved(np.array([(1, 6, 1, 0), (1, 6, 1, 1 << 41)])),
            "lasts 2199023255552 microseconds, more than twelve days",
        ),
        (saved(np.array([(1, 6.5, 1, 100)])), "y: holds fractions"),
        (saved(np.array([(1, np.nan, 1, 100)])), "y: holds infinite numbers or none"),
        (saved(np.array([(1, 2, 1, np.inf)])), "t: holds infinite numbers or none"),
        (saved(np.array([(1, 2, 1, 1e300)])), "t: holds numbers beyond 2^53"),
        (saved(np.array([(1, 2, 1, 2**64 - 1)], np.uint64)), "t: holds numbers beyond 2^53"),
        (saved(np.array([(1, 2, 1, 3)], complex)), "x: is complex128 with 1 axes, no row of numbers"),
        (saved(np.array(["a"])), "neither x, y, t, p nor"),
        (saved(np.int64(3)), "neither x, y, t, p nor"),
        (saved(np.zeros((3, 5), int)), "neither x, y, t, p nor"),
        (saved(np.zeros(3, FIELDS[:3])), "neither x, y, t, p nor"),
        (saved(np.zeros((2, 2), FIELDS)), "neither x, y, t, p nor"),
        (saved(np.zeros(3, [*FIELDS[:3], ("t", np.int64, (1,))])), "t: is int64 with 2 axes, no row of numbers"),
        (saved(np.zeros(3, [*FIELDS[:3], ("t", "M8[us]")])), "t: is datetime64[us] with 1 axes, no row of numbers"),
        (packed(x=[1], y=[1], p=[1]), "cannot be read as arrays x, y, t, p"),
        (packed(x=[1, 2], y=[1], p=[1], t=[1]), "holds 1 p, 1 t, 2 x, 1 y; store as many of each"),
        (zipped(x=b"no array", y=b"", p=b"", t=b""), "x: is |S8 with 0 axes, no row of numbers"),
    ],
)
def test_a_damaged_array_of_events_is_refused_by_name(content, said):
    message = refused(lambda: read("npy", content))
    assert message.startswith("3/00007.x: ")
    assert said in message


def test_a_time_that_overflows_in_microseconds_is_refused_and_not_wrapped():
    content = saved(np.array([(1, 1, 1, 0), (1, 1, 1, 1 << 50)]))
    said = refused(lambda: read("npy", content, unit=10**6))
    assert said.startswith("3/00007.x: t: holds times beyond 2^53 microseconds, at 1000000 a unit")


def test_times_may_lie_anywhere_if_they_are_exact():
    for begin in (-(1 << 53), 1 << 52, 1_750_000_000_000_000):
        t_E = read("npy", saved(np.array([(1, 1, 1, begin), (1, 1, 1, begin + 5)]))).t_E
        assert t_E.tolist() == [begin, begin + 5]


def test_an_npz_that_unpacks_to_more_than_a_file_may_have_is_not_unpacked(monkeypatch):
    content = packed(x=np.zeros(100_000, np.uint8), y=[1], p=[1], t=[1])
    assert len(content) < 2000
    monkeypatch.setattr(events, "LARGEST", 50_000)
    assert "unpacks to more than 50000 bytes" in refused(lambda: read("npy", content))


class Alarm:
    """Says so when it is unpickled."""

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
    assert "3/00007.x: cannot be read as arrays" in refused(lambda: read("npy", content))


def test_an_npz_as_spikingjelly_writes_it_equals_the_array_of_the_same_events():
    found = [np.stack(read("npy", content)) for reader, content in GOOD if reader == "npy"]
    assert len(found) == 3
    assert found[0].T.tolist() == [[100, 5, 6, 1], [200, 7, 8, 0]]
    assert all(np.array_equal(other, found[0]) for other in found)


def read_or_refused(reader, content):
    """Whatever comes is a recording one can rely on, or a refusal with its name."""
    try:
        found = read(reader, content)
    except InputError as error:
        assert str(error).startswith("3/00007.x"), error  # noqa: PT017 - nothing need be raised
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
    said = refused(lambda: nmnist.load(options("nmnist"), tmp_path))
    assert said.startswith(f"{tmp_path}/train.zip: holds no recording in Train/9")


def test_a_damaged_recording_of_nmnist_is_named_with_its_archive(tmp_path):
    write_nmnist(tmp_path)
    write_zip(tmp_path / "test.zip", {f"Test/{digit}/00001.bin": ATIS[: 15 - digit] for digit in range(10)})
    raw = nmnist.load(options("nmnist"), tmp_path)
    assert raw.read(10).sum() == 3
    said = refused(lambda: raw.read(11))
    assert said.startswith(f"{tmp_path}/test.zip/Test/1/00001.bin: has 14 bytes, no events of 5")


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
        assert str(error).startswith(f"{raw}/test.zip"), error  # noqa: PT017


def test_a_class_of_dvs_cifar10_without_recordings_is_named(tmp_path):
    for name in dvs_cifar10.CLASSES:
        write_zip(tmp_path / f"{name}.zip", {f"{name}/cifar10_{name}_0.{'txt' if name == 'dog' else 'aedat'}": AEDAT})
    said = refused(lambda: dvs_cifar10.load(options("dvs_cifar10"), tmp_path))
    assert said.startswith(f"{tmp_path}/dog.zip: holds no recording")
    (tmp_path / "dog.zip").unlink()
    said = refused(lambda: dvs_cifar10.load(options("dvs_cifar10"), tmp_path))
    assert said.startswith(f"{tmp_path}/dog.zip: is missing")


@pytest.mark.parametrize(
    ("name", "said"),
    [("user01_led/11.npy", "/user01_led/11.npy: names no class of 0 to 10"), ("README.txt", ": holds no recording")],
)
def test_an_archive_of_gestures_with_other_files_is_refused_by_name(name, said, tmp_path):
    with tarfile.open(tmp_path / "ibmGestureTrain.tar.gz", "w:gz") as tar:
        info = tarfile.TarInfo(name)
        info.size = len(NPY)
        tar.addfile(info, io.BytesIO(NPY))
    assert f"ibmGestureTrain.tar.gz{said}" in refused(lambda: dvs_gesture.load(options("dvs_gesture"), tmp_path))


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
    assert refused(lambda: raw.read(1)).startswith(f"{tmp_path}/train/right/0.bin: has 4 bytes, no events of 5")


def test_a_missing_folder_of_a_class_is_named(tmp_path):
    write_folder(tmp_path)
    (tmp_path / "test" / "right" / "0.bin").unlink()
    (tmp_path / "test" / "right").rmdir()
    assert refused(lambda: events_folder.load(own(), tmp_path)).startswith(f"{tmp_path}/test: has no folder right")


def test_recordings_of_another_format_are_refused_by_name(tmp_path):
    write_folder(tmp_path, AEDAT, "npz")
    raw = events_folder.load(own(format="npy"), tmp_path)
    assert refused(lambda: raw.read(0)).startswith(f"{tmp_path}/train/left/0.npz: cannot be read as arrays")
    said = refused(lambda: events_folder.load(own(), tmp_path))
    assert said.startswith(f"{tmp_path}/train/left: holds no file of .bin")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"columns": ["x", "x", "t", "p"], "format": "npy"}, "columns names each of x, y, t and p once"),
        ({"columns": ["t", "x", "y", "p"]}, "columns and unit_us belong to format: npy"),
        ({"unit_us": 1000}, "columns and unit_us belong to format: npy"),
        ({"format": "aedat2"}, "say sensor: \\[128, 128\\]"),
        ({"unit_us": 0, "format": "npy"}, "unit_us"),
        ({"sensor": [34]}, "sensor"),
    ],
)
def test_options_that_cannot_be_are_refused(changes, said):
    with pytest.raises(ValueError, match=said):
        own(**changes)


def test_options_survive_being_written_and_read_again():
    """As a job passes them on, defaults included."""
    for known in (own(), own(format="aedat2", sensor=[128, 128]), own(format="npy", unit_us=1000)):
        assert events_folder.Options.model_validate(known.model_dump(mode="json")) == known


def test_a_pool_that_would_have_to_enlarge_is_refused():
    how = Frames(steps=1, slices="count", resize="pool", size=(34, 35))
    said = refused(lambda: frames.frames(read("atis", ATIS), (34, 34), how))
    assert said == "options.frames.size: pool cannot make 34x35 of 34x34 pixels; choose a smaller size"
