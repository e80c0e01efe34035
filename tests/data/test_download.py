"""Downloads from a server on this machine that misbehaves in every way that servers do."""

import errno
import gzip
import hashlib
import multiprocessing
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from snn.cli.main import main
from snn.config import File
from snn.core.errors import InputError
from snn.data import download
from tests.refusals import refused

CONTENT = bytes(range(256)) * 4000  # 1 MB
MD5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves CONTENT at /data.bin. `plan` names what goes wrong, one entry per request; the last one is repeated."""

    daemon_threads = True

    def __init__(self, *plan):
        super().__init__(("127.0.0.1", 0), Handler)
        self.plan, self.requests, self.sent = list(plan or ["fine"]), [], 0
        self.go_on = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}/data.bin"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        server = self.server
        how = server.plan.pop(0) if len(server.plan) > 1 else server.plan[0]
        server.requests.append((self.path, self.headers.get("Range")))
        start = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        if how == "redirect":
            return self.answer(302, {"Location": server.url.replace("data", "moved")})
        if how == "redirects to half an address":
            return self.answer(302, {"Location": "http://[::1"})
        if how == "redirects to a long name":
            return self.answer(302, {"Location": f"http://{'a' * 70}/"})
        if how == "redirects to file":
            return self.answer(302, {"Location": "file:///etc/passwd"})
        if how == "endless":
            return self.send_for_ever()
        if how == "waits":
            return self.send(200, 0, CONTENT, pause=100_000)
        if how == "odd length":
            return self.send(200, 0, CONTENT, length="\u00b2")
        if how == "gzip":
            return self.send(200, 0, gzip.compress(bytes(100 << 20)), encoding="gzip")
        if how == "labelled gzip":
            return self.send(200, 0, CONTENT, encoding="gzip")
        if isinstance(how, int):
            return self.answer(how, {"Retry-After": "7"} if how == 429 else {})
        if how == "ignores ranges":
            return self.send(200, 0, CONTENT)
        if start >= len(CONTENT):
            return self.answer(416, {"Content-Range": f"bytes */{len(CONTENT)}"})
        content = CONTENT[:-1] + b"!" if how == "corrupt" else CONTENT
        status = 206 if start else 200
        if how == "other range":
            return self.send(206, start + 1 if start else 0, content, start)
        return self.send(status, start, content, cut=300_000 if how == "breaks off" else None)

    def answer(self, status, headers=()):
        self.send_response(status)
        for name, value in {"Content-Length": "0", **dict(headers)}.items():
            self.send_header(name, value)
        self.end_headers()

    def send_for_ever(self):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"10000\r\n" + bytes(1 << 16) + b"\r\n")
                self.server.sent += 1 << 16
        except OSError:
            self.close_connection = True

    def send(self, status, start, content, asked=None, cut=None, encoding=None, length=None, pause=0):
        body = content[start:]
        headers = {"Content-Length": length or str(len(body))}
        if encoding:
            headers["Content-Encoding"] = encoding
        if status == 206:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.server.sent += len(body[:cut])  # before the client can have it all and look
        self.wfile.write(body[:pause])
        if pause:
            self.server.go_on.wait()
        self.wfile.write(body[pause:cut])
        if cut or length:
            self.close_connection = True


@pytest.fixture
def serve():
    """A function that starts a server; all are stopped at the end."""
    started = []

    def start(*plan):
        server = Server(*plan)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.shutdown()
        server.server_close()


@pytest.fixture(autouse=True)
def waits(monkeypatch):
    """How long it would have waited."""
    found = []
    monkeypatch.setattr(download.time, "sleep", found.append)
    return found


@pytest.fixture
def target(tmp_path):
    return tmp_path / "raw" / "toy" / "data.bin"


def file(*servers, **changes):
    return File(name="data.bin", urls=[s if isinstance(s, str) else s.url for s in servers], md5=MD5, **changes)


def left(target):
    """Names in the folder of the target, without the lock."""
    return {path.name for path in target.parent.iterdir() if not path.name.endswith(".lock")}


def test_a_file_arrives_with_progress_in_plain_lines(serve, target, capsys):
    server = serve()
    download.fetch(file(server), target)
    assert target.read_bytes() == CONTENT
    assert left(target) == {"data.bin"}
    printed = capsys.readouterr().out
    assert "data.bin: 100 % of 1.0 MB" in printed
    assert f"{target} from {server.url}" in printed


def test_a_file_that_is_there_is_not_downloaded_again(serve, target):
    server = serve()
    for _ in range(2):
        download.fetch(file(server), target)
    assert len(server.requests) == 1


def test_a_download_that_breaks_off_is_resumed(serve, target, waits):
    server = serve("breaks off", "breaks off", "fine")
    download.fetch(file(server), target)
    assert target.read_bytes() == CONTENT
    asked = [int(asked.removeprefix("bytes=").removesuffix("-")) for _, asked in server.requests if asked]
    assert len(asked) == 2
    assert all(300_000 * (i + 1) - begin < download.PIECE * (i + 1) for i, begin in enumerate(asked))
    assert server.sent < len(CONTENT) + 2 * download.PIECE  # hardly a byte twice
    assert waits == [2, 4]


def test_a_download_that_was_killed_is_resumed(serve, target):
    server = serve()
    target.parent.mkdir(parents=True)
    (target.parent / ".data.bin.part").write_bytes(CONTENT[:700_000])
    download.fetch(file(server), target)
    assert target.read_bytes() == CONTENT
    assert server.sent == len(CONTENT) - 700_000


@pytest.mark.parametrize("how", ["ignores ranges", "other range"])
def test_without_ranges_the_file_is_read_from_its_beginning(how, serve, target):
    server = serve(how, "fine")
    target.parent.mkdir(parents=True)
    (target.parent / ".data.bin.part").write_bytes(CONTENT[:700_000])
    download.fetch(file(server), target)
    assert target.read_bytes() == CONTENT


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(length=st.integers(0, len(CONTENT) + 5000), right=st.booleans())
def test_the_right_file_arrives_whatever_the_partial_one_holds(length, right, serve, tmp_path_factory):
    target = tmp_path_factory.mktemp("raw") / "data.bin"
    before = (CONTENT + b"x" * 5000)[:length]
    (target.parent / ".data.bin.part").write_bytes(before if right else before[::-1])
    download.fetch(file(serve()), target)
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize(("status", "wait"), [(503, 2), (500, 2), (429, 7)])
def test_a_server_that_is_busy_is_asked_again_later(status, wait, serve, target, waits):
    server = serve(status, status, "fine")
    download.fetch(file(server), target)
    assert target.read_bytes() == CONTENT
    assert waits[0] == wait
    assert len(server.requests) == 3


def test_no_wait_is_longer_than_a_minute(serve, target, waits, monkeypatch):
    monkeypatch.setattr(download, "TRIES", 9)
    with refused(target, 503):
        download.fetch(file(serve(503)), target)
    assert waits == [2, 4, 8, 16, 32, 60, 60, 60]


def test_a_redirection_is_followed(serve, target):
    server = serve("redirect", "fine")
    download.fetch(file(server), target)
    assert [path for path, _ in server.requests] == ["/data.bin", "/moved.bin"]
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize(
    "how", ["redirect", "redirects to file", "redirects to half an address", "redirects to a long name"]
)
def test_a_redirection_that_leads_to_no_file_is_not_tried_again(how, serve, target, waits):
    server, good = serve(how), serve()
    with refused(target, server.url):
        download.fetch(file(server), target)
    assert waits == []
    assert left(target) == set()
    download.fetch(file(server, good), target)
    assert target.read_bytes() == CONTENT


def test_an_encoded_body_is_not_decoded(serve, target, waits):
    server = serve("gzip")
    with refused(target, MD5):
        download.fetch(file(server), target)
    assert (len(server.requests), waits, left(target)) == (1, [], set())
    assert server.sent < 200_000  # which would have become 100 MB
    download.fetch(file(serve("labelled gzip")), target)
    assert target.read_bytes() == CONTENT


def test_a_length_that_is_no_number_is_ignored(serve, target):
    download.fetch(file(serve("odd length")), target)
    assert target.read_bytes() == CONTENT


def test_an_endless_body_is_given_up(serve, target, waits, monkeypatch):
    monkeypatch.setattr(download, "LARGEST", 1 << 20)
    server, good = serve("endless"), serve()
    with refused(target, 1 << 20):
        download.fetch(file(server), target)
    assert (len(server.requests), waits, left(target)) == (1, [], set())
    download.fetch(file(server, good), target)
    assert target.read_bytes() == CONTENT


def test_a_server_that_drips_is_asked_again_for_what_is_missing_and_given_up_after_some_tries(
    serve, target, waits, monkeypatch
):
    monkeypatch.setattr(download, "PATIENCE", 0.0)
    monkeypatch.setattr(download, "SLOWEST", 1e15)
    server = serve("fine")
    with refused(target, server.url, "bytes a second"):
        download.fetch(file(server), target)
    assert len(server.requests) == download.TRIES
    assert len({asked for _, asked in server.requests}) == download.TRIES  # each goes on behind what has arrived
    monkeypatch.setattr(download, "SLOWEST", 0.0)
    download.fetch(file(server), target)
    assert target.read_bytes() == CONTENT


def test_a_byte_is_written_when_it_has_arrived(serve, target):
    server = serve("waits")
    downloading = threading.Thread(target=download.fetch, args=(file(server), target))
    downloading.start()
    part = target.with_name(".data.bin.part")
    while not (part.exists() and part.stat().st_size):
        assert downloading.is_alive()
    server.go_on.set()
    downloading.join()
    assert target.read_bytes() == CONTENT


def test_the_next_source_is_tried_when_one_has_no_or_another_file(serve, target):
    missing, corrupt, good = serve(404), serve("corrupt"), serve()
    download.fetch(file(missing, corrupt, good), target)
    assert target.read_bytes() == CONTENT
    assert [len(server.requests) for server in (missing, corrupt, good)] == [1, 1, 1]


def test_a_wrong_checksum_leaves_nothing_and_names_the_expected_and_the_found_one(serve, target):
    server = serve("corrupt")
    found = hashlib.md5(CONTENT[:-1] + b"!", usedforsecurity=False).hexdigest()
    with refused(target, server.url, MD5, found):
        download.fetch(file(server), target)
    assert left(target) == set()


def test_a_sha256_is_compared_like_an_md5(serve, target):
    right = hashlib.sha256(CONTENT).hexdigest()
    download.fetch(File(name="data.bin", urls=[serve().url], sha256=right), target)
    other = target.with_name("other.bin")
    with refused(other, "0" * 64, right):
        download.fetch(File(name="data.bin", urls=[serve().url], sha256="0" * 64), other)


def test_when_no_source_has_the_file_the_error_names_url_checksum_and_mirror(serve, target):
    server = serve(404)
    with refused(target, server.url, 404, MD5, "MIRROR="):
        download.fetch(file(server), target)


def test_a_server_that_is_not_there_is_given_up_after_some_tries(target, waits):
    with refused(target, "ConnectionError"):
        download.fetch(file("http://127.0.0.1:9/data.bin"), target)
    assert len(waits) == download.TRIES - 1


@pytest.mark.parametrize("inside", ["toy/data.bin", "data.bin"])
def test_a_mirror_folder_is_tried_first_and_its_file_copied(inside, serve, target, tmp_path):
    mirror, server = tmp_path / "a mirror", serve()
    (mirror / inside).parent.mkdir(parents=True)
    (mirror / inside).write_bytes(CONTENT)
    download.fetch(file(server), target, str(mirror))
    (mirror / inside).write_bytes(b"changed later")
    assert target.read_bytes() == CONTENT
    assert server.requests == []


def test_a_wrong_file_in_a_mirror_folder_leaves_a_partial_download_alone(serve, target, tmp_path):
    part = target.parent / ".data.bin.part"
    target.parent.mkdir(parents=True)
    part.write_bytes(CONTENT[:700_000])
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror" / "data.bin").write_bytes(b"another release")
    server = serve()
    download.fetch(file(server), target, str(tmp_path / "mirror"))
    assert target.read_bytes() == CONTENT
    assert left(target) == {"data.bin"}
    assert server.requests == [("/data.bin", "bytes=700000-")]


def test_a_folder_in_place_of_the_file_is_refused_and_not_removed(serve, target):
    target.mkdir(parents=True)
    with refused(target):
        download.fetch(file(serve()), target)
    assert target.is_dir()


@pytest.mark.parametrize("mirror", ["ftp://host/x", "http://[::1", "http://host:port/x", "https://host:99999/"])
def test_a_mirror_is_a_folder_or_an_http_address(mirror):
    with refused("--mirror"):
        download.run("mnist", mirror=mirror)


def test_a_data_set_without_files_has_none_to_choose_from():
    with refused("data set digits", "x.gz", "docs/data.md") as refusal:
        download.run("digits", only="x.gz")
    assert "one of" not in str(refusal.value)


def test_a_mirror_url_is_tried_first_and_its_secrets_are_not_shown(serve, target, capsys):
    server, mirror = serve(), serve(404, "fine")
    secret = mirror.url.replace("//", "//me:password@").removesuffix("/data.bin") + "/pub/"
    download.fetch(file(server), target, secret)
    assert [path for path, _ in mirror.requests] == ["/pub/toy/data.bin", "/pub/data.bin"]
    assert server.requests == []
    assert "password" not in capsys.readouterr().out
    with pytest.raises(InputError) as refusal:
        download.fetch(
            File(name="other.bin"), target.with_name("other.bin"), secret.replace(str(mirror.server_port), "9")
        )
    assert "password" not in str(refusal.value)


def test_offline_asks_no_server(serve, target, tmp_path):
    server = serve()
    with refused(target):
        download.fetch(file(server), target, server.url, offline=True)
    (tmp_path / "data.bin").write_bytes(CONTENT)
    download.fetch(file(server), target, str(tmp_path), offline=True)
    assert target.read_bytes() == CONTENT
    assert server.requests == []


def test_a_file_of_your_own_needs_no_checksum(target, tmp_path):
    (tmp_path / "data.bin").write_bytes(b"mine")
    download.fetch(File(name="data.bin"), target, str(tmp_path))
    assert target.read_bytes() == b"mine"


def test_a_disk_that_is_too_small_is_refused_before_a_byte_is_written(serve, target, monkeypatch):
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(download.shutil, "disk_usage", lambda path: usage._replace(free=1000))
    with refused(target.parent, "0.00 GB"):
        download.fetch(file(serve()), target)
    assert left(target) == set()


def test_a_disk_that_fills_up_is_refused_and_the_download_resumed_later(serve, target, monkeypatch):
    server = serve()

    class Full:
        def __init__(self, file):
            self.file, self.pieces = file, 0

        def __enter__(self):
            return self

        def __exit__(self, *error):
            self.file.close()

        def write(self, piece):
            self.pieces += 1
            if self.pieces > 1:
                raise OSError(errno.ENOSPC, "No space left on device")
            return self.file.write(piece)

        def __getattr__(self, name):
            return getattr(self.file, name)

    original = Path.open
    with monkeypatch.context() as patch:
        patch.setattr(
            Path,
            "open",
            lambda p, *a: Full(original(p, *a)) if p.name.endswith(".part") and a == ("wb",) else original(p, *a),
        )
        with refused(target.with_name(".data.bin.part"), "No space left on device"):
            download.fetch(file(server), target)
    assert left(target) == {".data.bin.part"}
    arrived = target.with_name(".data.bin.part").stat().st_size
    assert arrived
    download.fetch(file(server), target)
    assert target.read_bytes() == CONTENT
    assert server.requests[-1][1] == f"bytes={arrived}-"


@pytest.mark.parametrize("name", [".data.bin.lock", "data.bin"])
def test_a_folder_that_cannot_be_used_is_named(name, serve, target, monkeypatch):
    target.parent.mkdir(parents=True)
    target.write_bytes(CONTENT)
    original = Path.open

    def refuse(path, *mode):
        if path.name == name:
            raise PermissionError(errno.EACCES, "Permission denied")
        return original(path, *mode)

    monkeypatch.setattr(Path, "open", refuse)
    with refused(target.with_name(name), "Permission denied"):
        download.fetch(file(serve()), target)


@pytest.mark.slow
def test_two_processes_download_a_file_once(serve, target):
    server = serve()
    context = multiprocessing.get_context("spawn")
    both = [context.Process(target=download.fetch, args=(file(server), target)) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join(60)
    assert [process.exitcode for process in both] == [0, 0]
    assert target.read_bytes() == CONTENT
    assert len(server.requests) == 1


@pytest.mark.parametrize(("content", "facts"), [(None, []), (b"", []), (CONTENT[:-1], [MD5])])
def test_a_file_that_was_put_there_by_hand_is_verified_too(content, facts, target):
    target.parent.mkdir(parents=True)
    if content is not None:
        target.write_bytes(content)
    with refused(target, *facts):
        download.verify(file(), target)


def test_the_command_downloads_the_files_of_a_data_set(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror" / "cifar10.npz").write_bytes(b"anything")
    assert main(["download", "cifar10-approx93", "--mirror", "mirror", "--offline"]) == 0
    assert Path("data/raw/cifar10-approx93/cifar10.npz").read_bytes() == b"anything"
    assert main(["download", "mnist", "--offline"]) == 2
    assert "ossci-datasets" in capsys.readouterr().err
    assert main(["download", "mnist", "--file", "train.gz"]) == 2
    message = capsys.readouterr().err
    assert message.startswith("error: data set mnist: ")
    assert "train.gz" in message
    assert "train-images-idx3-ubyte.gz" in message
    assert main(["download", "digits"]) == 0


def test_plain_parsing_does_without_requests():
    code = "import sys; from snn.pipeline.plan import Plan; Plan('cifar10').jobs; print(*sys.modules)"
    root = Path(__file__).parents[2]
    loaded = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True).stdout
    assert not {"requests", "PIL", "numpy", "torch"} & set(loaded.split())
