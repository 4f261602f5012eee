"""The standard streams of the process: what cannot be printed ends in one line, never in a traceback."""

import io
import os
import sys
from typing import Any, TextIO

from attnbench.cli.exits import NOT_READ
from attnbench.errors import UserError

IN, OUT, MESSAGES = range(3)  # the descriptors of the standard streams


class _Output(io.FileIO):
    """Standard output. Its first failure ends the command. Then it writes nothing: Python tries again when it exits."""

    failed = False

    def write(self, data: Any, /) -> int:
        if self.failed:
            return memoryview(data).nbytes
        try:
            return super().write(data)
        except OSError as error:
            self.failed = True
            if isinstance(error, BrokenPipeError):  # the reader has enough, as `head` does
                raise SystemExit(NOT_READ) from None
            raise UserError(f"standard output: {error.strerror}") from error


class _Messages(io.FileIO):
    """Standard error. A message that cannot be written is no reason for a job to fail."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except OSError:
            return memoryview(data).nbytes


def prepare() -> None:
    """Replaces `sys.stdout` and `sys.stderr`. Characters that a terminal does not have are replaced there too."""
    _occupy()
    sys.stdout = _text(_Output(OUT, "w", closefd=False), sys.stdout, "replace")
    sys.stderr = _text(_Messages(MESSAGES, "w", closefd=False), sys.stderr, "backslashreplace")


def _occupy() -> None:
    """Opens the null device for each standard stream that is closed, or another file would get its descriptor.

    It is opened so that reading the input and writing the output still fail.
    """
    for descriptor, flags in ((IN, os.O_WRONLY), (OUT, os.O_RDONLY), (MESSAGES, os.O_WRONLY)):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, flags)  # the lowest descriptor that is free


def _text(raw: io.FileIO, before: TextIO | None, errors: str) -> TextIO:
    wrapped = before if isinstance(before, io.TextIOWrapper) else None
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=wrapped.encoding if wrapped else "utf-8",
        errors=errors,
        line_buffering=wrapped is not None and (wrapped.line_buffering or wrapped.write_through),
    )
