"""Archives and folders: what they hold is read, what is damaged or leads out of them is refused."""

import errno
import gzip
import io
import os
import tarfile
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snn.core.errors import InputError
from snn.data.formats import archives
from tests.refusals import refused

FILES = {"a/0.bin": b"first", "a/1.bin": b"", "b/deep/2.bin": bytes(range(256)) * 40}
KINDS = ["folder", "x.zip", "x.tar", "x.tar.gz", "x.tgz"]


def pack(folder, kind, files=FILES):
    path = folder / kind
    if kind == "folder":
        for name, content in files.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(content)
    elif kind == "x.zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
    else:
        with tarfile.open(path, "w:gz" if "gz" in kind else "w") as archive:
            for name, content in files.items():
                archive.addfile(header(name, size=len(content)), io.BytesIO(content))
    return path


def header(name, **changes):
    info = tarfile.TarInfo(name)
    for key, value in changes.items():
        setattr(info, key, value)
    return info


@pytest.mark.parametrize("kind", KINDS)
def test_every_file_is_read_at_random_and_in_any_order(kind, tmp_path):
    found = archives.members(pack(tmp_path, kind))
    assert found.names == sorted(FILES)
    for name in [*sorted(FILES, reverse=True), *FILES]:
        assert found.read(name) == FILES[name]
    assert {path.name for path in tmp_path.iterdir()} == {kind}  # nothing was unpacked


@pytest.mark.parametrize("kind", KINDS)
def test_hidden_files_and_those_that_macos_adds_are_left_out(kind, tmp_path):
    hidden = dict.fromkeys([".DS_Store", "a/._0.bin", "__MACOSX/a/0.bin", ".git/config"], b"x")
    assert archives.members(pack(tmp_path, kind, {**FILES, **hidden})).names == sorted(FILES)


def test_linked_folders_are_followed_but_not_in_circles(tmp_path):
    pack(tmp_path, "folder")
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "train").symlink_to(tmp_path / "folder")
    (tmp_path / "folder" / "a" / "up").symlink_to(tmp_path / "folder")
    assert archives.members(tmp_path / "linked").names == sorted(f"train/{name}" for name in FILES)


@pytest.mark.parametrize("odd", ["link to nothing", "pipe"])
def test_an_entry_of_a_folder_that_is_no_file_is_named(odd, tmp_path):
    path = pack(tmp_path, "folder") / "a" / "3.bin"
    path.symlink_to(tmp_path / "nowhere") if odd == "link to nothing" else os.mkfifo(path)
    with refused(path):
        archives.members(tmp_path / "folder")


@pytest.mark.parametrize("code", [errno.EACCES, errno.EIO])
def test_a_folder_that_cannot_be_listed_is_named(code, tmp_path, monkeypatch):
    refused_folder, listed = str(pack(tmp_path, "folder") / "b" / "deep"), os.scandir

    def scandir(path):
        if str(path) == refused_folder:
            raise OSError(code, os.strerror(code), refused_folder)
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with refused(refused_folder, os.strerror(code)):
        archives.members(tmp_path / "folder")


@pytest.mark.parametrize("kind", ["x.zip", "x.tar", "x.tar.gz"])
def test_names_that_begin_with_a_dot_and_a_slash_are_those_without(kind, tmp_path):
    found = archives.members(pack(tmp_path, kind, {"./a//0.bin": b"0", "./b/./1.bin": b"1"}))
    assert {name: found.read(name) for name in found.names} == {"a/0.bin": b"0", "b/1.bin": b"1"}


@pytest.mark.parametrize("kind", ["x.zip", "x.tar"])
def test_one_file_under_two_spellings_of_its_name_is_there_twice(kind, tmp_path):
    with refused(tmp_path / kind, "a/0.bin"):
        archives.members(pack(tmp_path, kind, {"a/0.bin": b"0", "./a/0.bin": b"1"}))


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_is_not_there_is_named(kind, tmp_path):
    with refused(tmp_path / kind / "c" / "3.bin"):
        archives.members(pack(tmp_path, kind)).read("c/3.bin")


@pytest.mark.parametrize("kind", ["x.zip", "x.tar", "x.tar.gz"])
@pytest.mark.parametrize("name", ["../out.bin", "a/../../out.bin", "/etc/out.bin", "a\\..\\out.bin"])
def test_a_name_that_leads_out_is_refused(kind, name, tmp_path):
    path = pack(tmp_path, kind, {**FILES, name: b"evil"})
    with refused(path, repr(name)):
        archives.members(path)
    assert {p.name for p in tmp_path.iterdir()} == {kind}


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_a_link_or_device_is_refused(kind, tmp_path):
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        archive.addfile(header("a/link", type=kind, linkname="/etc/passwd"))
    with refused(tmp_path / "x.tar", "a/link"):
        archives.members(tmp_path / "x.tar")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("kind", ["x.zip", "x.tar"])
def test_a_name_that_occurs_twice_is_refused(kind, tmp_path):
    path = tmp_path / kind
    if kind == "x.zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a", "1")
            archive.writestr("a", "2")
    else:
        with tarfile.open(path, "w") as archive:
            for _ in range(2):
                archive.addfile(header("a", size=1), io.BytesIO(b"1"))
    with refused(path):
        archives.members(path)


def test_a_member_beyond_all_measure_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "LARGEST", 1000)
    found = archives.members(pack(tmp_path, "x.zip"))
    with refused(tmp_path / "x.zip" / "b" / "deep" / "2.bin", 1000):
        found.read("b/deep/2.bin")


@pytest.mark.parametrize("name", ["no.zip", "x.rar"])
def test_a_path_without_an_archive_is_refused(name, tmp_path):
    (tmp_path / "x.rar").write_bytes(b"Rar!")
    with refused(tmp_path / name):
        archives.members(tmp_path / name)


def read_or_refused(path):
    """The content of an archive; nothing if it was refused by name."""
    try:
        found = archives.members(path)
        return {name: found.read(name) for name in found.names}
    except InputError as error:
        if not error.where.startswith(str(path)):
            raise
        return {}


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(["x.zip", "x.tar.gz"]), cut=st.floats(0, 1), flip=st.floats(0, 0.999), bit=st.integers(0, 8)
)
def test_a_cut_or_flipped_archive_gives_what_it_held_or_is_refused_by_name(kind, cut, flip, bit, tmp_path_factory):
    path = pack(tmp_path_factory.mktemp("archive"), kind)
    content = bytearray(path.read_bytes())
    if bit < 8:
        content[int(flip * len(content))] ^= 1 << bit
    else:
        content = content[: int(cut * len(content))]
    path.write_bytes(content)
    for name, read in read_or_refused(path).items():  # a flip may hide a file or rename it, not change what is in one
        assert read in FILES.values(), name


BLOCK = tarfile.BLOCKSIZE
HEADERS = [0, 2 * BLOCK, 3 * BLOCK]  # of the three files; the second is empty


@pytest.mark.parametrize("cut", [*HEADERS[1:], *(start + 100 for start in HEADERS), 24 * BLOCK])
def test_a_plain_tar_that_is_cut_anywhere_is_refused(cut, tmp_path):
    path = pack(tmp_path, "x.tar")
    path.write_bytes(path.read_bytes()[:cut])
    with refused(path):
        archives.members(path)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(start=st.sampled_from(HEADERS), at=st.integers(0, 156), bit=st.integers(0, 7))
def test_a_flipped_bit_in_the_header_of_a_plain_tar_loses_no_file_in_silence(start, at, bit, tmp_path_factory):
    path = pack(tmp_path_factory.mktemp("archive"), "x.tar")
    content = bytearray(path.read_bytes())
    content[start + at] ^= 1 << bit
    path.write_bytes(content)
    found = read_or_refused(path)
    assert not found or found == FILES


@pytest.mark.parametrize("hole", [slice(2 * BLOCK, 3 * BLOCK), slice(2 * BLOCK, 24 * BLOCK)], ids=["header", "member"])
def test_a_hole_of_zeros_is_not_taken_for_the_end_of_a_tar(hole, tmp_path):
    path = pack(tmp_path, "x.tar", {**FILES, "c/3.bin": b"last"})
    content = bytearray(path.read_bytes())
    content[hole] = bytes(hole.stop - hole.start)
    path.write_bytes(content)
    with refused(path, "1 files"):
        archives.members(path)


def test_two_tars_in_one_file_are_refused_and_a_label_is_no_file(tmp_path):
    path = pack(tmp_path, "x.tar")
    whole = path.read_bytes()
    path.write_bytes(whole * 2)
    with refused(path, "3 files"):
        archives.members(path)
    path.write_bytes(header("a label", type=b"V").tobuf() + whole)
    assert archives.members(path).names == sorted(FILES)


def test_a_disk_that_is_full_is_not_taken_for_a_damaged_archive(tmp_path, monkeypatch):
    def full(source, target, length):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(archives.shutil, "copyfileobj", full)
    with refused(tmp_path / "x.tgz", os.strerror(errno.ENOSPC)):
        archives.members(pack(tmp_path, "x.tgz"))


@settings(max_examples=100, deadline=None)
@given(content=st.binary(max_size=600), kind=st.sampled_from(["x.zip", "x.tar", "x.tar.gz", "gz of", "x.tar.xz"]))
def test_random_bytes_are_no_archive(content, kind, tmp_path_factory):
    path = tmp_path_factory.mktemp("archive") / ("x.tar.gz" if kind == "gz of" else kind)
    path.write_bytes(gzip.compress(content) if kind == "gz of" else content)
    assert not read_or_refused(path)


def test_one_sum_binds_names_and_bytes(tmp_path):
    sums = {
        archives.content_sha256(found := archives.members(pack(tmp_path / str(i), "x.zip", files)), found.names)
        for i, files in enumerate([FILES, {**FILES, "a/0.bin": b"other"}, {**FILES, "a/3.bin": b""}])
        if not (tmp_path / str(i)).mkdir()
    }
    assert len(sums) == 3
    same = archives.members(pack(tmp_path, "folder"))
    assert archives.content_sha256(same, same.names) in sums
