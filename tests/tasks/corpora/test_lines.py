"""Tests of the lines of a file: its compression, its encoding, its line ends; and what is no text."""

import bz2
import gzip
import lzma
import os
import re
import zipfile
from pathlib import Path

import pytest

from attnbench.errors import UserError
from attnbench.tasks.corpora.lines import decode_lines, own_path, read_lines

MARK = "\ufeff".encode()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "text"


def test_only_a_newline_ends_a_line(path: Path) -> None:
    path.write_text("one\u2028line\u0085only\v\f\n\nlast", "utf-8")
    assert read_lines(path) == ["one\u2028line\u0085only\v\f", "", "last"]


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress, bytes])
def test_a_compressed_file_is_read_whatever_its_name(path: Path, compress: type[bytes]) -> None:
    path.write_bytes(compress(b"one\n") + compress("zwölf\n".encode()))
    assert read_lines(path) == ["one", "zwölf"]
    path.write_bytes(compress(b""))
    assert read_lines(path) == []


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\r\n"])
@pytest.mark.parametrize("last", [True, False])
def test_the_line_ends_of_every_system(end: str, last: bool) -> None:
    content = end.join(["one", "", "zwölf"]) + end * last
    assert decode_lines(content.encode(), "text") == ["one", "", "zwölf"]


def test_a_carriage_return_inside_a_line_stays_there() -> None:
    assert decode_lines(b"a\rb\r\nc\n", "text") == ["a\rb", "c"]


def test_a_byte_order_mark_is_never_part_of_a_word(caplog: pytest.LogCaptureFixture) -> None:
    assert decode_lines(MARK + b"a\nb\n", "text") == ["a", "b"]
    assert not caplog.text
    assert decode_lines(MARK + b"a\n" + MARK + b"b\t" + MARK + b"c\n", "text") == ["a", "b\tc"]
    assert "text, line 2: byte-order marks inside the text are removed, 2 in all" in caplog.text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("one\n".encode("utf-16"), ": is UTF-16; save it as UTF-8"),
        ("one\n".encode("utf-16-be"), ", line 1: a NUL byte"),
        (b"one\ntw\0o\n", ", line 2: a NUL byte; no text has one"),
        (b"one\ntw\xffo\n", ", line 2: not UTF-8 (invalid start byte); save the file as UTF-8"),
        (b"one\rtw\xffo\r", ", line 2: not UTF-8"),
        (b"\x28\xb5\x2f\xfd\0", ": is compressed with zstd; decompress it, or use gzip, xz or bzip2"),
        (gzip.compress(b"one\n", mtime=0)[:-9], ": cannot be decompressed ("),
        (bz2.compress(b"one\n")[:-9], ": cannot be decompressed ("),
        (lzma.compress(b"one\n")[:-9], ": cannot be decompressed ("),
    ],
)
def test_the_error_says_what_is_wrong_with_the_content(path: Path, content: bytes, message: str) -> None:
    path.write_bytes(content)
    with pytest.raises(UserError, match="^" + re.escape(f"{path}{message}")) as caught:
        read_lines(path)
    assert "\n" not in str(caught.value)


def test_the_error_says_that_it_is_an_archive_a_folder_or_a_pipe(path: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("corpus.txt", "one")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for bad, message in ((path, "is a zip archive; unpack it"), (tmp_path, "is a folder"), (pipe, "is a pipe")):
        with pytest.raises(UserError, match=re.escape(f"{bad}: {message}")):
            read_lines(bad)


def test_the_error_says_that_a_name_is_too_long(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot be read \(File name too long\)"):
        read_lines(tmp_path / ("n" * 300))


def test_a_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert own_path("~/x.tsv") == tmp_path / "x.tsv"
    assert own_path("x.tsv") == Path("x.tsv")
    assert own_path("~nobody-at-all/x.tsv") == Path("~nobody-at-all/x.tsv")
