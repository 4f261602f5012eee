"""Tests that files are found, downloaded, resumed and refused, with a server on the loopback address."""

import hashlib
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from attnbench.errors import UserError
from attnbench.tasks.corpora import download
from attnbench.tasks.corpora.download import find, locate

CONTENT = bytes(range(256)) * 1000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@dataclass
class Origin:
    """The behaviour of the server, and the `Range` headers of its requests."""

    url: str = ""
    serves_ranges: bool = True
    sends: int = len(CONTENT)
    silent: threading.Event | None = None
    ranges: list[str | None] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    origin: Origin

    def do_GET(self) -> None:
        wanted = self.headers["Range"]
        self.origin.ranges.append(wanted)
        if self.origin.silent:
            self.origin.silent.wait(10)
            return
        if self.path != "/file":
            self.send_error(404)
            return
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and self.origin.serves_ranges else 0
        if start >= len(CONTENT):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        self.wfile.write(CONTENT[start : self.origin.sends])

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def origin() -> Iterator[Origin]:
    origin = Origin()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"origin": origin}))
    origin.url = f"http://127.0.0.1:{server.server_port}/file"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield origin
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("ATTNBENCH_DATA", raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(download, "TIMEOUT_S", 5)
    folder = tmp_path / "cache" / "attnbench" / "corpus"
    folder.mkdir(parents=True)
    return folder


def test_a_download_is_checked_and_kept(origin: Origin, cache: Path) -> None:
    for _ in range(2):
        path = locate("corpus/a.gz", origin=origin.url, sha256=DIGEST)
        assert path == cache / "a.gz" and path.read_bytes() == CONTENT
    assert origin.ranges == [None]
    assert [file.name for file in cache.iterdir()] == ["a.gz"]


def test_the_users_folder_comes_first_and_is_trusted(
    origin: Origin, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own" / "corpus"
    own.mkdir(parents=True)
    monkeypatch.setenv("ATTNBENCH_DATA", str(own.parent))
    (cache / "a").write_bytes(b"cached")
    assert find("corpus/a") == cache / "a"
    (own / "a.gz").write_bytes(b"mine")
    assert locate("corpus/a", origin=origin.url, sha256=DIGEST) == own / "a.gz"
    assert origin.ranges == [] and find("corpus/b") is None


def test_the_error_names_a_data_folder_that_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTNBENCH_DATA", "/no/such")
    with pytest.raises(UserError, match="ATTNBENCH_DATA=/no/such is not a folder"):
        find("corpus/a")


def test_a_data_folder_may_be_in_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("ATTNBENCH_DATA", "~/own")
    (tmp_path / "own").mkdir()
    for name in ("a.xz", "b.bz2", "c.gz", "d"):
        (tmp_path / "own" / name).touch()
        assert find(name.partition(".")[0]) == tmp_path / "own" / name


@pytest.mark.parametrize("serves_ranges", [True, False])
def test_a_broken_download_resumes_where_it_stopped(origin: Origin, cache: Path, serves_ranges: bool) -> None:
    origin.sends, origin.serves_ranges = 100_000, serves_ranges
    with pytest.raises(UserError, match="closed after 100,000 of 256,000 bytes"):
        locate("corpus/a", origin=origin.url, sha256=DIGEST)
    assert (cache / "a.part").read_bytes() == CONTENT[:100_000]
    origin.sends = len(CONTENT)
    assert locate("corpus/a", origin=origin.url, sha256=DIGEST).read_bytes() == CONTENT
    assert origin.ranges == [None, "bytes=100000-"]
    assert [file.name for file in cache.iterdir()] == ["a"]


def test_a_complete_part_file_is_used(origin: Origin, cache: Path) -> None:
    (cache / "a.part").write_bytes(CONTENT)
    assert locate("corpus/a", origin=origin.url, sha256=DIGEST).read_bytes() == CONTENT


def test_a_download_with_a_wrong_digest_is_deleted(origin: Origin, cache: Path) -> None:
    (cache / "a.part").write_bytes(b"of another file")
    with pytest.raises(UserError, match="its sha256 is"):
        locate("corpus/a", origin=origin.url, sha256=DIGEST)
    assert list(cache.iterdir()) == []


def test_without_a_fixed_digest_the_digest_of_the_download_is_written(origin: Origin, cache: Path) -> None:
    (cache / "a.part").write_bytes(b"of last year's file")
    assert locate("corpus/a", origin=origin.url, sha256=None).read_bytes() == CONTENT
    assert (cache / "a.sha256").read_text() == f"{DIGEST}  a\n"
    assert origin.ranges == [None]


def test_the_error_names_the_file_the_reason_and_a_remedy(origin: Origin, cache: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        refused = f"http://127.0.0.1:{unused.getsockname()[1]}/file"
        for url, reason in ((f"{origin.url}s", "404"), (refused, "refused")):
            with pytest.raises(UserError, match=reason) as caught:
                locate("corpus/a", origin=url, sha256=DIGEST)
            message = str(caught.value)
            assert "\n" not in message
            assert re.match(f"corpus/a: the download from {re.escape(url)} failed", message)
            assert str(cache / "a") in message and "ATTNBENCH_DATA" in message


def test_a_silent_server_times_out(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "TIMEOUT_S", 0.2)
    origin.silent = threading.Event()
    with pytest.raises(UserError, match="timed out"):
        locate("corpus/a", origin=origin.url, sha256=DIGEST)
    origin.silent.set()
