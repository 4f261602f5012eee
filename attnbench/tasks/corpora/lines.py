"""Reads the lines of a text file: UTF-8, plain or compressed."""

import logging
import re
from importlib import import_module
from pathlib import Path

from attnbench.errors import UserError, in_one_line

log = logging.getLogger(__name__)

# How the content of a file begins: what reads it, or what is wrong with it.
_COMPRESSED = {
    re.compile(rb"\x1f\x8b"): "gzip",
    re.compile(rb"BZh[1-9](?:1AY&SY|\x17\x72\x45\x38\x50\x90)"): "bz2",
    re.compile(rb"\xfd7zXZ\0"): "lzma",
}
_REFUSED = {
    re.compile(rb"PK(?:\x03\x04|\x05\x06)"): "a zip archive; unpack it, and name the text file that was in it",
    re.compile(rb"\x28\xb5\x2f\xfd"): "compressed with zstd; decompress it, or use gzip, xz or bzip2",
    re.compile(rb"\xff\xfe|\xfe\xff"): "UTF-16; save it as UTF-8",
}
_MARK = "\ufeff"  # the byte-order mark


def own_path(path: str) -> Path:
    """A path that the user has written: `~` is the home folder, also where no shell has replaced it."""
    try:
        return Path(path).expanduser()
    except RuntimeError:  # there is no such user
        return Path(path)


def read_lines(path: Path) -> list[str]:
    """The lines of a UTF-8 file. A file whose content is of gzip, xz or bzip2 is decompressed.

    Raises:
        UserError: the file cannot be read, or is not such a text.
    """
    try:
        if path.is_dir():
            raise UserError(f"{path}: is a folder; name a text file")
        if path.exists() and not path.is_file():
            # A pipe is empty when it is read again, and a job that goes on reads its corpus again.
            raise UserError(f"{path}: is a pipe or a device, which cannot be read twice; save its text in a file")
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error
    return decode_lines(_decompressed(content, path), str(path))


def decode_lines(content: bytes, name: str) -> list[str]:
    """The lines of UTF-8 text, without byte-order marks. `name` is for messages.

    A line ends at a newline; in a text without any newline, at a carriage return.

    Raises:
        UserError: the content is not UTF-8 text.
    """
    for start, reason in _REFUSED.items():
        if start.match(content):
            raise UserError(f"{name}: is {reason}")
    end = "\n" if b"\n" in content else "\r"
    if b"\0" in content:
        line = _line(content, content.index(0), end)
        raise UserError(f"{name}, line {line}: a NUL byte; no text has one; save the file as UTF-8 text")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = _line(content, error.start, end)
        raise UserError(f"{name}, line {line}: not UTF-8 ({error.reason}); save the file as UTF-8") from error
    # Not splitlines(): it also splits at characters that may be inside a sentence.
    lines = _without_marks(text, name, end).split(end)
    if not lines[-1]:
        lines.pop()
    return [line.rstrip("\r") for line in lines]


def _decompressed(content: bytes, path: Path) -> bytes:
    for start, module in _COMPRESSED.items():
        if start.match(content):
            try:
                return import_module(module).decompress(content)
            except Exception as error:  # each module has errors of its own, and may be missing
                raise UserError(f"{path}: cannot be decompressed ({in_one_line(error)})") from error
    return content


def _line(content: bytes, place: int, end: str) -> int:
    """The number of the line that has the byte at `place`."""
    return content.count(end.encode(), 0, place) + 1


def _without_marks(text: str, name: str, end: str) -> str:
    """Files that were put together have byte-order marks in the middle, where they would be part of a word."""
    if count := text.count(_MARK):
        line = text.count(end, 0, text.index(_MARK)) + 1
        log.warning("%s, line %d: byte-order marks inside the text are removed, %d in all", name, line, count)
    return text.replace(_MARK, "")
