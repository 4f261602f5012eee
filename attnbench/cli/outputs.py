"""Where a command writes its lines. A file is written beside its place, and replaces it in the end."""

import os
import secrets
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from attnbench.cli.exits import NOT_READ
from attnbench.errors import UserError

KEPT = ".partial"  # the last letters of the name of a file that is not whole
# To open them as files would empty a file to which a shell appends the output of the command.
STANDARD_OUTPUT = ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")
OPEN_FILES = ("/dev/std", "/dev/fd/", "/proc/")  # the files that a process has open already have names there


class Output:
    """Text that is written to `file` in UTF-8. `name` is its key and its place, for messages."""

    def __init__(self, name: str, file: BinaryIO) -> None:
        self.name, self.file = name, file

    def write(self, text: str) -> None:
        with _told(self.name):
            self.file.write(text.encode())

    def flush(self) -> None:
        with _told(self.name):
            self.file.flush()

    def close(self) -> None:
        """Writes what is left to be written. Standard output stays open."""
        with _told(self.name):
            self.file.flush()
            if self.file is not sys.stdout.buffer:
                self.file.close()

    def keep(self) -> Path | None:
        """After a fault: the path of what was done, if it is kept in a file of its own."""
        return None


class Draft(Output):
    """The draft of the file `path`, beside it."""

    def __init__(self, name: str, path: Path) -> None:
        if path.exists():
            path.open("ab").close()  # fails if the file may not be written
        self.path, self.draft = path, path.with_name(f"{path.name}.{secrets.token_hex(4)}{KEPT}")
        super().__init__(name, self.draft.open("wb"))

    def keep(self) -> Path | None:
        with suppress(OSError):  # the disk is full
            self.file.close()
        try:
            if self.draft.stat().st_size:
                return self.draft.replace(self.path.with_name(f"{self.path.name}{KEPT}"))
            self.draft.unlink()
        except OSError:  # it has replaced the file already, or its folder is gone
            pass
        return None


@contextmanager
def outputs(places: Mapping[str, str]) -> Iterator[list[Output]]:
    """Opens an output for each key of the config. When the context is left, all files are replaced.

    After a fault, all files are as they were. What was done is kept beside them, and a note on the error names it.

    Raises:
        UserError: a file cannot be written.
    """
    opened: list[Output] = []
    try:
        for key, place in places.items():
            opened.append(_open(f"{key}={place}", place))
        yield opened
        for output in opened:
            output.close()
        _replace([output for output in opened if isinstance(output, Draft)])
    except BaseException as error:
        if kept := [str(path) for output in opened if (path := output.keep())]:
            error.add_note(f"what was done is in {' and '.join(kept)}")
        raise


def is_regular(place: str) -> bool:
    """Whether the place is a file, or can become one: not a pipe, a device, or the output of a process."""
    named = str(Path(place).absolute()).startswith(OPEN_FILES)
    return place != "-" and not named and (Path(place).is_file() or not Path(place).exists())


def _open(name: str, place: str) -> Output:
    if place in STANDARD_OUTPUT:
        return Output(name, sys.stdout.buffer)
    try:
        if is_regular(place):
            return Draft(name, Path(os.path.realpath(place)))
        return Output(name, Path(place).open("ab"))
    except OSError as error:
        raise UserError(f"{name}: {error.strerror}; name a file that can be written") from error


def _replace(drafts: Sequence[Draft]) -> None:
    """Renames each draft to its path: all of them or none."""
    with ExitStack() as first:
        for each in drafts:
            with _told(each.name):
                if each is not drafts[-1]:
                    first.enter_context(_undone(each))
                if each.path.exists():
                    shutil.copymode(each.path, each.draft)
                each.draft.replace(each.path)


@contextmanager
def _undone(draft: Draft) -> Iterator[None]:
    """If this context ends with an error, the path has its earlier file again, and the draft its own name."""
    before = draft.draft.with_suffix(".before")
    if draft.path.exists():
        shutil.copy2(draft.path, before)
    try:
        yield
    except BaseException:
        if not draft.draft.exists():
            draft.path.replace(draft.draft)
            if before.exists():
                before.replace(draft.path)
        raise
    finally:
        before.unlink(missing_ok=True)


@contextmanager
def _told(name: str) -> Iterator[None]:
    """Errors of writing in one line. A reader who closed a pipe has enough; nobody is told."""
    try:
        yield
    except BrokenPipeError:
        raise SystemExit(NOT_READ) from None
    except OSError as error:
        raise UserError(f"{name}: {error.strerror}") from error
