"""Malicious files: pictures, idx and array files that announce too much, or are not what their names tell."""

import contextlib
import gzip
import io
import struct
import subprocess
import tracemalloc
import zipfile
import zlib

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from snn.config import params
from snn.core.errors import InputError
from snn.core.lazy import lazy
from snn.data.formats import idx, pictures
from snn.data.loaders import arrays, images_folder, tiny_imagenet
from tests.refusals import refused

torchvision, v2 = lazy("torchvision"), lazy("torchvision.transforms.v2")  # not imported where this is only collected
MEGABYTE = 1 << 20
RNG = np.random.default_rng(1)


def encoded(picture, kind="PNG", **how):
    buffer = io.BytesIO()
    picture.save(buffer, kind, **how)
    return buffer.getvalue()


def colour(height=4, width=4):
    return Image.fromarray(RNG.integers(256, size=(height, width, 3), dtype=np.uint8))


@contextlib.contextmanager
def little_memory():
    """Python and numpy take less than 10 MB at any time."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < 10 * MEGABYTE
    finally:
        tracemalloc.stop()


def read_or_error(read):
    """The result and None, or None and the error."""
    try:
        return read(), None
    except InputError as error:
        return None, error


# Pictures


def png(depth, kind, row, width=4, height=4):
    """A PNG by hand: Pillow writes none of 16 bits in colour."""

    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for _ in range(height)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def tiff_of_16_bits():
    """4x4 pixels of three channels, uncompressed."""
    entries = [(256, 3, 1, 4), (257, 3, 1, 4), (258, 3, 3, 8), (259, 3, 1, 1), (262, 3, 1, 2)]
    entries += [(273, 4, 1, 14), (277, 3, 1, 3), (278, 3, 1, 4), (279, 4, 1, 96)]
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0" + struct.pack("<I", 110) + struct.pack("<3H", 16, 16, 16) + bytes(96) + directory + bytes(4)


DEEP = {
    "grey PNG": png(16, 0, bytes(8)),
    "grey PNG with alpha": png(16, 4, bytes(16)),
    "colour PNG": png(16, 2, bytes(24)),
    "colour PNG with alpha": png(16, 6, bytes(32)),
    "grey PPM": b"P5 4 4 65535\n" + bytes(32),
    "colour PPM": b"P6 4 4 65535\n" + bytes(96),
    "colour PPM of 10 bits": b"P6 4 4 1023\n" + bytes(96),
    "plain PPM": b"P3 4 4 1023\n" + b"0 " * 48,
    "grey TIFF": encoded(Image.fromarray(np.zeros((4, 4), np.uint16)), "TIFF"),
    "TIFF of floats": encoded(Image.fromarray(np.zeros((4, 4), np.float32)), "TIFF"),
    "TIFF of 32 bits": encoded(Image.fromarray(np.zeros((4, 4), np.int32)), "TIFF"),
    "colour TIFF": tiff_of_16_bits(),
}


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("convert", [True, False])
@pytest.mark.parametrize("what", DEEP)
def test_more_than_eight_bits_per_channel_are_never_reduced_silently(what, convert, mode):
    assert Image.open(io.BytesIO(DEEP[what])).size == (4, 4)
    with refused("dogs/3.png", "mode"):
        pictures.decode(DEEP[what], "dogs/3.png", mode, convert, (4, 4))


@pytest.mark.parametrize("content", [png(8, 2, bytes(12)), b"P6 4 4 255\n" + bytes(48), b"P6 4 4 100\n" + bytes(48)])
def test_eight_bits_per_channel_are_enough(content):
    assert not pictures.decode(content, "dogs/3.png", "RGB", False, (4, 4)).any()


def palette_with_transparency():
    return encoded(colour().quantize(4), transparency=bytes([0, 1, 2, 3]))


OTHER_MODES = {
    "two levels": lambda: encoded(colour().convert("1")),
    "grey with alpha": lambda: encoded(colour().convert("LA")),
    "palette with transparency": palette_with_transparency,
    "LAB": lambda: encoded(Image.new("LAB", (4, 4), (50, 60, 70)), "TIFF"),
    "inverted CMYK": lambda: encoded(colour().convert("CMYK"), "JPEG"),
    "YCbCr": lambda: encoded(colour().convert("YCbCr"), "TIFF"),
}


@pytest.mark.filterwarnings("ignore:Palette images with Transparency")  # by Pillow, when torchvision uses it
@pytest.mark.parametrize("what", OTHER_MODES)
def test_odd_modes_are_converted_as_torchvision_does(what, tmp_path, recwarn):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.png").write_bytes(content := OTHER_MODES[what]())
    found = pictures.decode(content, "a/1.png", "RGB", True, (4, 4))
    assert not recwarn
    ((peer, _),) = torchvision.datasets.ImageFolder(tmp_path)
    assert np.array_equal(found, np.asarray(peer).transpose(2, 0, 1))


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_orientation_is_as_in_torchvision(kind, orientation, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = orientation
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.png").write_bytes(content := encoded(colour(6, 4), kind, exif=exif))
    ((peer, _),) = torchvision.datasets.ImageFolder(tmp_path)
    size = peer.height, peer.width
    assert np.array_equal(pictures.decode(content, "1", "RGB", False, size), np.asarray(peer).transpose(2, 0, 1))
    assert kind == "TIFF" or size == (6, 4)


@pytest.mark.parametrize("kind", ["EPS", "GIF", "ICO", "PCX"])
def test_a_picture_of_another_format_than_the_suffixes_name_is_refused(kind, monkeypatch):
    content = encoded(colour(), kind)
    assert Image.open(io.BytesIO(content)).format == kind  # Pillow would read it

    def started(*_, **__):
        pytest.fail("a picture started a program")

    monkeypatch.setattr(subprocess, "check_call", started)
    with refused("1.png"):
        pictures.decode(content, "1.png", "RGB", True, (4, 4))


def test_a_flipped_bit_of_a_png_changes_no_pixel_silently():
    whole = encoded(colour())
    right = pictures.decode(whole, "x.png", "RGB", False, (4, 4))
    for i in range(8 * len(whole)):
        damaged = bytearray(whole)
        damaged[i // 8] ^= 1 << i % 8
        with contextlib.suppress(InputError):
            assert (pictures.decode(bytes(damaged), "x.png", "RGB", False, (4, 4)) == right).all()


@pytest.mark.parametrize("size", [(1, 20000), (20000, 1)])
def test_a_narrow_picture_of_a_hundred_bytes_does_not_take_gigabytes(size):
    content = encoded(Image.new("L", size))
    assert len(content) < 200
    with refused("1.png", f"{size[1]}x{size[0]}", 256):
        pictures.decode(content, "1.png", "RGB", True, (224, 224), shorter_side=256)


def test_a_picture_too_small_for_the_cut_is_refused():
    with refused("1.png", "8x8", "9x8"):
        pictures.decode(encoded(colour()), "1.png", "RGB", False, (9, 8), shorter_side=8)


@pytest.mark.slow
def test_pixels_of_a_wrong_size_are_not_decoded(monkeypatch):
    content = encoded(Image.new("RGB", (9000, 9000)))
    monkeypatch.setattr(Image.Image, "load", lambda *_: pytest.fail("decoded"))
    with refused("1.png", "9000x9000", "4x4"):
        pictures.decode(content, "1.png", "RGB", True, (4, 4))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["L", "P", "CMYK", "RGB"]), st.integers(9, 60), st.integers(9, 60))
def test_converting_comes_before_scaling_as_in_torchvision(mode, height, width):
    picture = colour(height, width).convert(mode)
    content = encoded(picture, "TIFF" if mode == "CMYK" else "PNG")
    peer = v2.Compose([v2.Resize(16), v2.CenterCrop(12)])(Image.open(io.BytesIO(content)).convert("RGB"))
    found = pictures.decode(content, "1.png", "RGB", True, (12, 12), shorter_side=16)
    assert np.array_equal(found, np.asarray(peer).transpose(2, 0, 1))


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"BM", b"P6 ", b"II*\0", b"RIFF\0\0\0\0WEBP"]),
    st.binary(max_size=300),
    st.sampled_from([None, 8]),
)
def test_random_bytes_are_a_picture_of_the_right_shape_or_are_refused_by_name(start, rest, shorter_side):
    x, error = read_or_error(lambda: pictures.decode(start + rest, "cats/1.x", "RGB", True, (4, 4), shorter_side))
    assert error.where == "cats/1.x" if x is None else (x.shape, x.dtype) == ((3, 4, 4), np.uint8)


# idx


def idx_bytes(*shape, kind=8, content=b""):
    return bytes([0, 0, kind, len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + content


@pytest.mark.parametrize(
    ("kind", "name"), [(9, "int8"), (11, "int16"), (13, "float32"), (14, "float64"), (7, "type 7")]
)
def test_other_types_than_bytes_are_refused_by_their_name(kind, name, tmp_path):
    (tmp_path / "x").write_bytes(idx_bytes(2, kind=kind, content=bytes(16)))
    with refused(tmp_path / "x", name):
        idx.read(tmp_path / "x", 1)


def test_a_packed_file_that_grows_is_not_unpacked(tmp_path):
    (tmp_path / "x.gz").write_bytes(gzip.compress(idx_bytes(3) + bytes(100 * MEGABYTE)))
    with little_memory(), refused(tmp_path / "x.gz", "3 bytes"):
        idx.read(tmp_path / "x.gz", 1)


def test_a_packed_file_that_grows_is_not_unpacked_even_if_its_header_announces_it(tmp_path, monkeypatch):
    monkeypatch.setattr(idx, "LARGEST", 2 * MEGABYTE)
    (tmp_path / "x.gz").write_bytes(gzip.compress(idx_bytes(100 * MEGABYTE) + bytes(100 * MEGABYTE)))
    with little_memory(), refused(tmp_path / "x.gz", 2 * MEGABYTE, 100 * MEGABYTE):
        idx.read(tmp_path / "x.gz", 1)


@pytest.mark.parametrize("at", [-8, -1])  # in the checksum and in the length that end a gzipped file
def test_a_packed_file_whose_checksum_is_wrong_is_named(at, tmp_path):
    content = bytearray(gzip.compress(idx_bytes(3, content=b"abc")))
    content[at] ^= 1
    (tmp_path / "x.gz").write_bytes(content)
    with refused(tmp_path / "x.gz"):
        idx.read(tmp_path / "x.gz", 1)


@settings(max_examples=200, deadline=None)
@given(shape=st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=3), content=st.binary(max_size=40))
@example(shape=[0, 2**32 - 1, 2**32 - 1], content=b"")  # no bytes, but larger than any array
def test_an_idx_header_counts_only_as_far_as_there_are_bytes(shape, content, tmp_path_factory):
    path = tmp_path_factory.mktemp("idx") / "x"
    path.write_bytes(idx_bytes(*shape, content=content))
    x, error = read_or_error(lambda: idx.read(path, len(shape)))
    if x is None:
        assert error.where == str(path)
        assert "x".join(map(str, shape)) in str(error)
    else:
        assert x.shape == tuple(shape)
        assert x.tobytes() == content


def test_a_folder_in_place_of_a_file_is_named(tmp_path):
    for name in ("x", "x.gz"):
        (tmp_path / name).mkdir()
        with refused(tmp_path / name):
            idx.read(tmp_path / name, 1)


# Arrays


def npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def header(text):
    return b"\x93NUMPY\x01\0" + struct.pack("<H", len(text)) + text.encode()


def write_npz(path, **changes):
    content = {"x_train": np.zeros((6, 5, 4, 3), np.uint8), "y_train": np.arange(6) % 3}
    content |= {"x_test": np.ones((3, 5, 4, 3), np.uint8), "y_test": np.arange(3)}
    with zipfile.ZipFile(path, "w") as archive:
        for key, array in {**content, **changes}.items():
            archive.writestr(f"{key}.npy", array if isinstance(array, bytes) else npy(array))


def load(folder, file="x.npz", **changes):
    return arrays.load(arrays.Options.model_validate({"file": file, **changes}), folder)


@pytest.mark.parametrize(
    "shape", ["(10**15,)", "(1" + "0" * 15 + ", 5, 4, 3)", "(-1, -2, 4, 3)", "(1" + "0" * 30 + ",)"]
)
def test_an_array_header_that_announces_too_much_is_refused(shape, tmp_path):
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}\n"
    write_npz(tmp_path / "x.npz", x_train=header(text))
    with refused(f"{tmp_path}/x.npz: x_train"):
        load(tmp_path)


@pytest.mark.parametrize("text", ["((((", "{'descr': '|O'}", "{" * 200, "\0", "[]"])
def test_an_array_header_that_is_none_is_refused(text, tmp_path):
    write_npz(tmp_path / "x.npz", x_train=header(text))
    with refused(f"{tmp_path}/x.npz: x_train"):
        load(tmp_path)


@pytest.mark.parametrize("label", [2**64 - 1, 2**63, 2**63 - 1, 10**9])
def test_a_label_beyond_all_samples_is_no_number_of_classes(label, tmp_path):
    write_npz(tmp_path / "x.npz", y_test=np.array([0, 1, label], np.uint64))
    with little_memory(), refused(f"{tmp_path}/x.npz: y_train and y_test", label):
        load(tmp_path)


def test_a_label_needs_a_class_of_that_number(tmp_path):
    write_npz(tmp_path / "x.npz")
    assert load(tmp_path, class_names=["ant", "bee", "cat"]).class_names == ["ant", "bee", "cat"]
    with refused(f"{tmp_path}/x.npz: y_train and y_test", "2 classes"):
        load(tmp_path, class_names=["ant", "bee"])


@pytest.mark.parametrize("kind", ["uint8", "int32", "uint64", ">i4"])
def test_labels_of_any_integer_type_are_the_same_labels(kind, tmp_path):
    write_npz(tmp_path / "x.npz", y_train=np.array([0, 2, 1, 0, 0, 1], kind))
    raw = load(tmp_path)
    assert raw.y_N.dtype == np.int64
    assert raw.y_N.tolist() == [0, 2, 1, 0, 0, 1, 0, 1, 2]


def test_a_truncated_array_is_named_in_its_file_and_in_its_folder(tmp_path):
    write_npz(tmp_path / "x.npz", x_test=npy(np.zeros((3, 5, 4, 3), np.uint8))[:-1])
    with refused(f"{tmp_path}/x.npz: x_test"):
        load(tmp_path)
    with zipfile.ZipFile(tmp_path / "x.npz") as archive:
        archive.extractall(tmp_path / "x")
    with refused(tmp_path / "x" / "x_test.npy"):
        load(tmp_path, "x")


def test_a_wrong_array_of_a_folder_is_named_by_its_file(tmp_path):
    for key, array in {"x": np.zeros((3, 5, 4, 3), np.uint8), "y": np.arange(3)}.items():
        for part in ("train", "test"):
            np.save(tmp_path / f"{key}_{part}.npy", array)
    np.save(tmp_path / "x_test.npy", np.zeros((3, 5, 0, 3), np.uint8))
    with refused(tmp_path / "x_test.npy", "(3, 5, 0)"):
        load(tmp_path, ".")
    (tmp_path / "y_test.npy").unlink()
    with refused(tmp_path / "y_test.npy"):
        load(tmp_path, ".")


def test_arrays_of_a_folder_are_not_held_in_memory(tmp_path):
    for key, array in {"x": np.zeros((100, 512, 512, 1), np.uint8), "y": np.arange(100) % 4}.items():
        for part in ("train", "test"):
            np.save(tmp_path / f"{key}_{part}.npy", array)
    tracemalloc.start()
    raw = load(tmp_path, ".")
    assert raw.read(150).shape == (1, 512, 512)
    taken = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert taken < 2 * MEGABYTE  # of 50


# Folders


@pytest.mark.parametrize("content", [encoded(Image.new("L", (4, 4))), encoded(Image.new("CMYK", (4, 4)), "JPEG"), b""])
def test_a_wrong_picture_in_a_folder_is_named_with_its_folder(content, tmp_path):
    for part in ("train", "test"):
        (tmp_path / part / "cats").mkdir(parents=True)
        (tmp_path / part / "cats" / "1.png").write_bytes(encoded(colour()))
    (tmp_path / "train" / "cats" / "2.png").write_bytes(content)
    raw = images_folder.load(images_folder.Options.model_validate({"size": [4, 4]}), tmp_path)
    raw.read(0)
    with refused(tmp_path / "train/cats/2.png"):
        raw.read(1)


def test_a_test_picture_of_tiny_imagenet_that_is_only_annotated_is_named_at_once(tmp_path):
    with zipfile.ZipFile(tmp_path / "tiny-imagenet-200.zip", "w") as archive:
        for name, content in {
            "wnids.txt": "n01\n",
            "words.txt": "n01\tant\n",
            "train/n01/images/n01_0.JPEG": "",
            "val/val_annotations.txt": "val_7.JPEG\tn01\t0\t0\t9\t9\n",
        }.items():
            archive.writestr(f"tiny-imagenet-200/{name}", content)
    with refused(tmp_path / "tiny-imagenet-200.zip/tiny-imagenet-200/val/images/val_7.JPEG"):
        tiny_imagenet.load(params.load("datasets", "tiny_imagenet").options, tmp_path)


# Shipped files


def test_the_classes_of_kmnist_are_those_of_torchvision():
    assert list(params.load("datasets", "kmnist").options.class_names) == torchvision.datasets.KMNIST.classes


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "kmnist", "cifar10", "cifar100", "tiny_imagenet"])
def test_a_release_with_a_published_sum_is_never_fetched_without_it(name):
    files = params.load("datasets", name).files
    assert files
    assert all(file.urls and file.md5 for file in files)
