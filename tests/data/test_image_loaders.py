"""Image data sets equal torchvision's, sample by sample, and wrong files are refused by name."""

import gzip
import hashlib
import io
import pickle
import random
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

from snn.config import params
from snn.core.errors import InputError
from snn.core.lazy import lazy
from snn.data.formats import archives, idx, pictures
from snn.data.loaders import arrays, cifar, images_folder, mnist, tiny_imagenet
from tests.refusals import refused

torchvision, v2 = lazy("torchvision"), lazy("torchvision.transforms.v2")  # not imported where this is only collected
SHARED = Path(__file__).parents[3] / "shared" / "data"
RNG = np.random.default_rng(0)


def pixels(*shape):
    return RNG.integers(256, size=shape, dtype=np.uint8)


def options(module, **changes):
    return module.Options.model_validate(changes)


def of(name):
    """Options of a shipped data set."""
    return params.load("datasets", name).options


def every(raw, part):
    return [(raw.read(i), int(raw.y_N[i])) for i in raw.parts[part]]


# MNIST and its like


def write_idx(path, array, kind=8):
    header = bytes([0, 0, kind, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(gzip.compress(header + array.tobytes()) if path.suffix == ".gz" else header + array.tobytes())


@pytest.fixture
def mnist_files(tmp_path):
    """Seven training and three test images, in the files of MNIST."""
    for part, n in (("train", 7), ("t10k", 3)):
        write_idx(tmp_path / f"{part}-images-idx3-ubyte.gz", pixels(n, 28, 28))
        write_idx(tmp_path / f"{part}-labels-idx1-ubyte.gz", RNG.integers(10, size=n, dtype=np.uint8))
    return tmp_path


TORCHVISION = {"mnist": "MNIST", "fashion_mnist": "FashionMNIST", "kmnist": "KMNIST"}


def as_torchvision(kind, root, train):
    """Read by torchvision, from the gzipped files of a folder."""
    raw = root / kind / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    return lambda source: (
        [
            (raw / path.stem).write_bytes(gzip.decompress(path.read_bytes()))
            for path in source.iterdir()
            if path.suffix == ".gz"
        ],
        getattr(torchvision.datasets, kind)(root, train=train),
    )[1]


@pytest.mark.parametrize("name", TORCHVISION)
def test_the_mnist_family_equals_torchvision_sample_by_sample(name, mnist_files, tmp_path_factory):
    raw = mnist.load(of(name), mnist_files)
    for part, train in (("train", True), ("test", False)):
        peer = as_torchvision(TORCHVISION[name], tmp_path_factory.mktemp("peer"), train)(mnist_files)
        assert len(peer) == len(raw.parts[part]) > 0
        for (x, y), (picture, label) in zip(every(raw, part), peer, strict=True):
            assert np.array_equal(x[0], np.asarray(picture))
            assert y == label


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.exists(), reason="the folder ../shared/data with real files is not there")
def test_fashion_mnist_as_released_equals_torchvision_sample_by_sample(tmp_path):
    folder = SHARED / "FashionMNIST" / "raw"
    raw = mnist.load(of("fashion_mnist"), folder)
    for part, train in (("train", True), ("test", False)):
        peer = as_torchvision("FashionMNIST", tmp_path, train)(folder)
        found = np.stack([raw.read(i)[0] for i in raw.parts[part]])
        assert np.array_equal(found, peer.data.numpy())
        assert np.array_equal(raw.y_N[raw.parts[part]], peer.targets.numpy())


@pytest.mark.parametrize("name", TORCHVISION)
def test_servers_and_sums_of_the_mnist_family_are_those_of_torchvision(name):
    files, peer = params.load("datasets", name).files, getattr(torchvision.datasets, TORCHVISION[name])
    assert [(file.name, file.md5) for file in files] == peer.resources
    for file in files:
        assert list(file.urls) == [mirror + file.name for mirror in peer.mirrors]


@pytest.mark.parametrize(
    ("name", "array", "facts"),
    [
        ("train-labels-idx1-ubyte.gz", np.zeros(6, np.uint8), ["6 labels", "7 images"]),
        ("train-labels-idx1-ubyte.gz", np.full(7, 10, np.uint8), ["label 10"]),
        ("t10k-images-idx3-ubyte.gz", np.zeros((3, 27, 28), np.uint8), []),
        ("train-images-idx3-ubyte.gz", np.zeros((7, 28), np.uint8), ["2 axes"]),
    ],
)
def test_a_wrong_file_of_the_mnist_family_is_named(name, array, facts, mnist_files):
    write_idx(mnist_files / name, array)
    with refused(mnist_files / name, *facts):
        mnist.load(of("mnist"), mnist_files)


@settings(max_examples=200, deadline=None)
@given(shape=st.lists(st.integers(0, 4), min_size=1, max_size=3), packed=st.booleans())
def test_an_idx_file_is_read_as_it_was_written(shape, packed, tmp_path_factory):
    array = pixels(*shape)
    path = tmp_path_factory.mktemp("idx") / ("x.gz" if packed else "x")
    write_idx(path, array)
    assert np.array_equal(idx.read(path, len(shape)), array)


def damaged(content, draw):
    """Random bytes, or a file that was cut or flipped."""
    how = draw(st.sampled_from(["random", "cut", "flip", "grow"]))
    if how == "random":
        return draw(st.binary(max_size=200))
    if how == "cut":
        return content[: draw(st.integers(0, len(content) - 1))]
    if how == "grow":
        return content + draw(st.binary(min_size=1, max_size=9))
    changed = bytearray(content)
    changed[draw(st.integers(0, len(content) - 1))] ^= 1 << draw(st.integers(0, 7))
    return bytes(changed)


def read_or_refused(read, name):
    """The result, or None if it was refused by name."""
    try:
        return read()
    except InputError as error:
        if name not in error.where:
            raise
        return None


@settings(max_examples=300, deadline=None)
@given(data=st.data(), packed=st.booleans())
def test_a_damaged_idx_file_is_refused_by_name_or_has_its_shape(data, packed, tmp_path_factory):
    path = tmp_path_factory.mktemp("idx") / ("x.gz" if packed else "x")
    write_idx(path, np.arange(60, dtype=np.uint8).reshape(3, 4, 5))
    path.write_bytes(damaged(path.read_bytes(), data.draw))
    found = read_or_refused(lambda: idx.read(path, 3), path.name)
    assert found is None or found.size == found.nbytes < 1000


def test_an_idx_header_that_announces_terabytes_is_refused(tmp_path):
    (tmp_path / "x").write_bytes(bytes([0, 0, 8, 3]) + struct.pack(">3I", *[2**32 - 1] * 3) + b"few")
    with refused(tmp_path / "x", "3 bytes", "4294967295x4294967295x4294967295"):
        idx.read(tmp_path / "x", 3)


# CIFAR


def write_tar(path, files):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


def cifar_release(classes, n=4):
    """The same random images in the binary release and in that for Python: two dictionaries of files."""
    names = [f"thing{i}" for i in range(classes)]
    if classes == 10:
        folder, packed, meta, label = "cifar-10-batches-bin", "cifar-10-batches-py", "batches.meta", "labels"
        batches = {f"data_batch_{i}": f"data_batch_{i}.bin" for i in range(1, 6)} | {"test_batch": "test_batch.bin"}
        binary = {f"{folder}/batches.meta.txt": "\n".join([*names, ""]).encode()}
        key = "label_names"
    else:
        folder, packed, meta, label = "cifar-100-binary", "cifar-100-python", "meta", "fine_labels"
        batches = {"train": "train.bin", "test": "test.bin"}
        binary = {f"{folder}/fine_label_names.txt": "\n".join([*names, ""]).encode()}
        key = "fine_label_names"
    pickled = {f"{packed}/{meta}": pickle.dumps({key: names})}
    for batch, file in batches.items():
        x, y, coarse = pixels(n, 3072), RNG.integers(classes, size=n, dtype=np.uint8), pixels(n) % 20
        before = [y[:, None]] if classes == 10 else [coarse[:, None], y[:, None]]
        binary[f"{folder}/{file}"] = np.concatenate([*before, x], 1).tobytes()
        pickled[f"{packed}/{batch}"] = pickle.dumps({"data": x, label: y.tolist()})
    return binary, pickled


@pytest.mark.parametrize(("name", "peer"), [("cifar10", "CIFAR10"), ("cifar100", "CIFAR100")])
def test_cifar_equals_torchvision_sample_by_sample(name, peer, tmp_path, monkeypatch):
    binary, pickled = cifar_release(10 if name == "cifar10" else 100)
    write_tar(tmp_path / of(name).archive, binary)
    for path, content in pickled.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(content)
    monkeypatch.setattr(torchvision.datasets.cifar, "check_integrity", lambda *_: True)
    raw = cifar.load(of(name), tmp_path)
    for part, train in (("train", True), ("test", False)):
        theirs = getattr(torchvision.datasets, peer)(tmp_path, train=train)
        assert theirs.classes == raw.class_names
        assert len(theirs) == len(raw.parts[part]) > 0
        for (x, y), (picture, label) in zip(every(raw, part), theirs, strict=True):
            assert np.array_equal(x.transpose(1, 2, 0), np.asarray(picture))
            assert y == label


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        (lambda content: content[:-1], "12291 bytes"),
        (lambda content: b"\x0a" + content[1:], "label 10"),
        (lambda content: b"", "0 bytes"),
    ],
)
def test_a_wrong_batch_of_cifar_is_named(change, fact, tmp_path):
    binary, _ = cifar_release(10)
    name = "cifar-10-batches-bin/data_batch_2.bin"
    write_tar(tmp_path / "cifar-10-binary.tar.gz", {**binary, name: change(binary[name])})
    with refused(tmp_path / "cifar-10-binary.tar.gz" / name, fact):
        cifar.load(of("cifar10"), tmp_path)


def test_a_missing_batch_of_cifar_is_named(tmp_path):
    binary, _ = cifar_release(10)
    del binary["cifar-10-batches-bin/test_batch.bin"]
    write_tar(tmp_path / "cifar-10-binary.tar.gz", binary)
    with refused(tmp_path / "cifar-10-binary.tar.gz/cifar-10-batches-bin/test_batch.bin"):
        cifar.load(of("cifar10"), tmp_path)


# Pictures


def encoded(x, mode, kind="PNG", **how):
    buffer = io.BytesIO()
    Image.fromarray(x).convert(mode).save(buffer, kind, **how)
    return buffer.getvalue()


def colour(height=9, width=7):
    return pixels(height, width, 3)


def test_a_picture_is_read_channel_by_channel():
    x = colour()
    assert np.array_equal(pictures.decode(encoded(x, "RGB"), "a.png", "RGB", False, (9, 7)), x.transpose(2, 0, 1))
    grey = pixels(5, 6)
    assert np.array_equal(pictures.decode(encoded(grey, "L"), "a.png", "L", False, (5, 6)), grey[None])


SOME_COLOUR = colour()
WRONG = {
    "grey": (lambda: encoded(pixels(9, 7), "L"), "mode L"),
    "CMYK": (lambda: encoded(colour(), "CMYK", "JPEG"), "mode CMYK"),
    "palette": (lambda: encoded(colour(), "P"), "mode P"),
    "alpha": (lambda: encoded(colour(), "RGBA"), "mode RGBA"),
}
REFUSED = {
    "16 bits": (lambda: sixteen_bits(), "I;16"),
    "empty": (lambda: b"", ""),
    "text": (lambda: b"GIF, or so it says", ""),
    "cut off": (lambda: encoded(colour(), "RGB", "JPEG")[:-20], ""),
    "another size": (lambda: encoded(colour(8, 7), "RGB"), "8x7"),
    "cut off PNG": (lambda: encoded(colour(), "RGB")[:-60], ""),
}


def sixteen_bits():
    buffer = io.BytesIO()
    Image.fromarray(RNG.integers(1 << 16, size=(9, 7), dtype=np.uint16)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("what", WRONG)
def test_a_picture_of_another_mode_is_refused_by_name_or_converted_as_torchvision_does(what):
    make, mode = WRONG[what]
    content = make()
    with refused("cats/1.png", mode, "convert: true"):
        pictures.decode(content, "cats/1.png", "RGB", False, (9, 7))
    peer = np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).transpose(2, 0, 1)
    assert np.array_equal(pictures.decode(content, "cats/1.png", "RGB", True, (9, 7)), peer)


@pytest.mark.parametrize("convert", [True, False])
@pytest.mark.parametrize("what", REFUSED)
def test_a_damaged_picture_is_refused_by_name(what, convert):
    make, fact = REFUSED[what]
    with refused("cats/1.png", fact):
        pictures.decode(make(), "cats/1.png", "RGB", convert, (9, 7))


def test_a_picture_that_would_fill_the_memory_is_refused(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    for side in (40, 90):  # beyond the limit Pillow warns, beyond twice the limit it raises
        with refused("1.png", side**2):
            pictures.decode(encoded(colour(side, side), "RGB"), "1.png", "RGB", False, (side, side))


@settings(max_examples=60, deadline=None)
@given(st.integers(20, 70), st.integers(20, 70), st.integers(16, 40))
def test_scaling_and_cutting_equal_torchvision(height, width, side):
    x, cut = colour(height, width), min(16, side)
    found = pictures.decode(encoded(x, "RGB"), "1.png", "RGB", False, (cut, cut - 3), shorter_side=side)
    peer = v2.Compose([v2.Resize(side), v2.CenterCrop((cut, cut - 3))])(Image.fromarray(x))
    assert np.array_equal(found, np.asarray(peer).transpose(2, 0, 1))


@settings(max_examples=150, deadline=None)
@given(data=st.data(), kind=st.sampled_from(["PNG", "JPEG", "BMP", "PPM", "WEBP", "TIFF"]))
def test_a_damaged_picture_is_refused_by_name_or_has_its_shape(data, kind):
    content = damaged(encoded(SOME_COLOUR, "RGB", kind), data.draw)
    found = read_or_refused(lambda: pictures.decode(content, "cats/1.x", "RGB", False, (9, 7)), "cats/1.x")
    assert found is None or (found.shape == (3, 9, 7) and found.dtype == np.uint8)


# Folders


def write_folders(root, parts=("train", "test"), n=3, size=(9, 7)):
    for part in parts:
        for label in ("cat", "ant", "bee"):
            folder = root / part / label
            folder.mkdir(parents=True)
            for i in random.Random(part + label).sample(range(100), n):
                (folder / f"{i}.png").write_bytes(encoded(colour(*size), "RGB"))


FOLDER = {"size": [9, 7], "folder": "."}


@pytest.mark.parametrize("packed", [False, True])
def test_a_folder_of_pictures_equals_torchvision_sample_by_sample(packed, tmp_path):
    write_folders(tmp_path / "data")
    (tmp_path / "data" / "train" / "bee" / "notes.txt").write_text("no picture")
    for name in ("deep/5.png", "zz.png"):  # files of a folder come before those of the folders in it
        (tmp_path / "data/train/ant" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "data/train/ant" / name).write_bytes(encoded(colour(), "RGB"))
    if packed:
        with zipfile.ZipFile(tmp_path / "data.zip", "w") as archive:
            for path in (tmp_path / "data").rglob("*.*"):
                archive.write(path, path.relative_to(tmp_path / "data"))
    raw = images_folder.load(options(images_folder, size=[9, 7], folder="data.zip" if packed else "data"), tmp_path)
    for part in ("train", "test"):
        peer = torchvision.datasets.ImageFolder(tmp_path / "data" / part)
        assert peer.classes == raw.class_names == ["ant", "bee", "cat"]
        assert len(peer) == len(raw.parts[part]) == (11 if part == "train" else 9)
        for (x, y), (picture, label) in zip(every(raw, part), peer, strict=True):
            assert np.array_equal(x.transpose(1, 2, 0), np.asarray(picture))
            assert y == label


def test_folders_of_classes_alone_have_no_parts(tmp_path):
    write_folders(tmp_path, parts=[""])
    raw = images_folder.load(options(images_folder, size=[9, 7], parts=[]), tmp_path)
    assert raw.parts == {}
    assert raw.y_N.tolist() == [0] * 3 + [1] * 3 + [2] * 3


def empty(folder):
    for path in folder.iterdir():
        path.unlink()
    (folder / "notes.txt").write_text("none left")


@pytest.mark.parametrize(
    ("damage", "where", "fact"),
    [
        (lambda root: [p.unlink() for p in (root / "test/ant").iterdir()], "test", "ant"),
        (lambda root: empty(root / "train/bee"), "train/bee", ".jpg"),
        (lambda root: (root / "train").rename(root / "learn"), "train", ""),
    ],
)
def test_a_missing_or_empty_class_is_named(damage, where, fact, tmp_path):
    write_folders(tmp_path)
    damage(tmp_path)
    with refused(tmp_path / where, fact):
        images_folder.load(options(images_folder, **FOLDER), tmp_path)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with refused(tmp_path / "elsewhere"):
        images_folder.load(options(images_folder, size=[9, 7], folder="elsewhere"), tmp_path)


def test_a_picture_that_cannot_be_read_is_named_when_it_is_read(tmp_path, monkeypatch):
    write_folders(tmp_path)
    raw = images_folder.load(options(images_folder, **FOLDER), tmp_path)
    victim = sorted((tmp_path / "train" / "ant").iterdir())[0]
    victim.unlink()
    with refused(victim, "No such file"):
        raw.read(0)


def test_a_folder_is_bound_to_its_bytes(tmp_path, capsys):
    write_folders(tmp_path)
    images_folder.load(options(images_folder, **FOLDER), tmp_path)
    assert "options.sha256" in capsys.readouterr().out
    found = archives.members(tmp_path)
    right = archives.content_sha256(found, found.names)
    images_folder.load(options(images_folder, **FOLDER, sha256=right), tmp_path)
    assert capsys.readouterr().out == ""
    next((tmp_path / "test" / "bee").iterdir()).write_bytes(encoded(colour(), "RGB"))
    with refused(tmp_path, right):
        images_folder.load(options(images_folder, **FOLDER, sha256=right), tmp_path)


# Tiny ImageNet


def tiny_release(changes=None):
    files = {"wnids.txt": b"n02\nn01\n", "words.txt": b"n01\tant, pismire\nn02\tbee\nn03\tcat\n"}
    for wnid in ("n01", "n02"):
        for i in range(2):
            files[f"train/{wnid}/images/{wnid}_{i}.JPEG"] = encoded(colour(64, 64), "RGB", "JPEG")
        files[f"train/{wnid}/{wnid}_boxes.txt"] = b""
    files["val/images/val_0.JPEG"] = encoded(pixels(64, 64), "L", "JPEG")
    files["val/images/val_1.JPEG"] = encoded(colour(64, 64), "RGB", "JPEG")
    files["val/val_annotations.txt"] = b"val_1.JPEG\tn02\t0\t0\t62\t57\nval_0.JPEG\tn01\t0\t0\t9\t9\n"
    return {f"tiny-imagenet-200/{name}": c for name, c in {**files, **(changes or {})}.items() if c is not None}


def write_zip(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)


def test_tiny_imagenet_is_read_from_its_zip_with_grey_pictures_in_colour(tmp_path):
    files = tiny_release()
    write_zip(tmp_path / "tiny-imagenet-200.zip", files)
    raw = tiny_imagenet.load(of("tiny_imagenet"), tmp_path)
    assert raw.class_names == ["ant, pismire", "bee"]
    assert raw.y_N.tolist() == [0, 0, 1, 1, 1, 0]
    order = [f"train/n0{k}/images/n0{k}_{i}" for k in (1, 2) for i in (0, 1)] + ["val/images/val_1", "val/images/val_0"]
    for i, name in enumerate(order):
        peer = Image.open(io.BytesIO(files[f"tiny-imagenet-200/{name}.JPEG"])).convert("RGB")
        assert np.array_equal(raw.read(i), np.asarray(peer).transpose(2, 0, 1))
    assert raw.parts["test"].tolist() == [4, 5]


@pytest.mark.parametrize(
    ("changes", "where", "fact"),
    [
        ({"wnids.txt": None}, "wnids.txt", ""),
        ({"train/n03/images/n03_0.JPEG": b"x"}, "train/n03/images/n03_0.JPEG", "'n03'"),
        ({"wnids.txt": b"n01 n02 n03"}, "train", "n03"),
    ],
)
def test_a_wrong_tiny_imagenet_is_named(changes, where, fact, tmp_path):
    write_zip(tmp_path / "tiny-imagenet-200.zip", tiny_release(changes))
    with refused(tmp_path / "tiny-imagenet-200.zip/tiny-imagenet-200" / where, fact):
        tiny_imagenet.load(of("tiny_imagenet"), tmp_path)


# Arrays


SOME_PIXELS = pixels(9, 5, 4, 3)


def write_arrays(folder, **changes):
    content = {"x_train": SOME_PIXELS[:6], "y_train": np.arange(6) % 3, "x_test": SOME_PIXELS[6:]}
    content |= {"y_test": np.arange(3), **changes}
    np.savez(folder / "x.npz", **{key: array for key, array in content.items() if array is not None})
    (folder / "x").mkdir(exist_ok=True)
    for key, array in content.items():
        if array is not None:
            np.save(folder / "x" / f"{key}.npy", array)
    return content


@pytest.mark.parametrize("file", ["x.npz", "x"])
@pytest.mark.parametrize("layout", ["NHWC", "NCHW", "NHW"])
def test_arrays_are_read_in_their_layout(file, layout, tmp_path):
    shape = (5, 4) if layout == "NHW" else (5, 4, 3)
    content = write_arrays(tmp_path, x_train=pixels(6, *shape), x_test=pixels(3, *shape))
    raw = arrays.load(options(arrays, file=file, layout=layout), tmp_path)
    for part in ("train", "test"):
        for (x, y), array, label in zip(every(raw, part), content[f"x_{part}"], content[f"y_{part}"], strict=True):
            right = {"NHWC": lambda a: a.transpose(2, 0, 1), "NCHW": lambda a: a, "NHW": lambda a: a[None]}[layout]
            assert np.array_equal(x, right(array))
            assert y == label
    assert raw.class_names == ["0", "1", "2"]


@pytest.mark.filterwarnings("ignore:.*pickle")
@pytest.mark.parametrize(
    ("changes", "key", "fact"),
    [
        ({"x_train": pixels(6, 5, 4, 3).astype(np.uint16)}, "x_train", "uint16"),
        ({"x_train": pixels(6, 5, 4)}, "x_train", "3 axes"),
        ({"x_test": pixels(3, 4, 4, 3)}, "x_test", "(3, 4, 4)"),
        ({"y_train": np.arange(5)}, "y_train", "5 labels"),
        ({"y_train": np.arange(6) - 1}, "y_train and y_test", "-1"),
        ({"y_train": np.arange(6.0)}, "y_train", "float64"),
        ({"y_train": np.array([{}] * 6)}, "y_train", ""),
        ({"x_test": None, "x_tset": pixels(3, 5, 4, 3)}, "x_test", "x_tset"),
        ({"x_test": pixels(0, 5, 4, 3), "y_test": np.arange(0)}, "x_test", ""),
    ],
)
def test_a_wrong_array_is_named(changes, key, fact, tmp_path):
    write_arrays(tmp_path, **changes)
    with refused(f"{tmp_path}/x.npz: {key}", fact):
        arrays.load(options(arrays, file="x.npz"), tmp_path)


def test_arrays_are_bound_to_their_bytes(tmp_path):
    content = write_arrays(tmp_path)
    right = hashlib.sha256(content["x_test"].tobytes()).hexdigest()
    arrays.load(options(arrays, file="x.npz", sha256={"x_test": right}), tmp_path)
    with refused(f"{tmp_path}/x.npz: x_test", right, "0" * 64):
        arrays.load(options(arrays, file="x.npz", sha256={"x_test": "0" * 64}), tmp_path)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(data=st.data())
@pytest.mark.filterwarnings("ignore")
def test_a_damaged_array_file_is_refused_by_name_or_has_its_shape(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("arrays")
    write_arrays(folder)
    for name in ("x.npz", "x/x_test.npy"):
        path = folder / name
        path.write_bytes(damaged(path.read_bytes(), data.draw))
        chosen = options(arrays, file=name.split("/")[0])
        raw = read_or_refused(lambda chosen=chosen: arrays.load(chosen, folder), name)
        assert raw is None or raw.read(0).dtype == np.uint8


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.exists(), reason="the folder ../shared/data with real files is not there")
def test_the_copy_of_cifar10_has_its_sums_and_balanced_classes(tmp_path):
    subprocess.run([sys.executable, SHARED / "unpack.py", "cifar10", tmp_path], check=True)
    raw = arrays.load(of("cifar10-approx93"), tmp_path)
    for part, each in (("train", 5000), ("test", 1000)):
        assert np.bincount(raw.y_N[raw.parts[part]]).tolist() == [each] * 10
    mean = np.mean([raw.read(i).mean((1, 2)) for i in raw.parts["train"]], 0) / 255
    assert np.allclose(mean, [0.49140, 0.48216, 0.44653], atol=1e-5)
