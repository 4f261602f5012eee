"""Records in files.

A record is written as a whole or not at all. It is read strictly: a missing field, or one of the wrong type, is a
`RecordError` that names it.
"""

from pathlib import Path
from typing import Any

import msgspec

from attnbench.files import write_whole
from attnbench.record.fields import VERSION, Alignment, Record, Status

NAME = "record.json"  # in a job's folder
EARLIER = "earlier"  # in the folder of a sweep: what its jobs were before a corpus or the code changed


class RecordError(ValueError):
    """A file is not a record of this version. The message says which field is wrong, and why."""


class Outline(msgspec.Struct, frozen=True):
    """The first fields of a record."""

    version: Any
    key: str
    status: Status


def write(record: Record, path: Path) -> None:
    """Writes the whole file or nothing."""
    write_whole(path, msgspec.json.encode(record))


def read(path: Path) -> Record:
    """Reads one record.

    Raises:
        RecordError: the file is not JSON or has another version, or a field is missing, impossible or of the
            wrong type.
    """
    text = path.read_bytes()
    try:
        found = msgspec.json.decode(text, type=Record)
    except msgspec.ValidationError as error:
        _check_version(text, path)
        raise RecordError(f"{path}: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RecordError(f"{path}: not a record: {error}") from error
    if found.version != VERSION:
        raise _of_version(found.version, path)
    return found


def find(path: Path) -> Record | None:
    """The record at `path`; None if there is none, or if it cannot be read."""
    try:
        return read(path)
    except (OSError, RecordError):
        return None


def outline(path: Path) -> Outline | None:
    """What tells whether a job is finished; None if there is no record of this version. It takes a tenth of the time
    of `find`: the other fields are not looked at, as long as the file is JSON.
    """
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Outline)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None
    return found if found.version == VERSION else None


def alignments(path: Path) -> list[Alignment]:
    """The examples of alignments in a record; none if it cannot be read. The other fields are not looked at."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Aligned).alignments
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return []


class _Versioned(msgspec.Struct):
    """The field that all versions have."""

    version: Any = None


class _Aligned(msgspec.Struct):
    alignments: list[Alignment]


def _check_version(text: bytes, path: Path) -> None:
    try:
        version = msgspec.json.decode(text, type=_Versioned).version
    except msgspec.ValidationError as error:
        raise RecordError(f"{path}: not a record: {error}") from error
    if version != VERSION:
        raise _of_version(version, path)


def _of_version(version: object, path: Path) -> RecordError:
    return RecordError(f"{path}: a record of version {version!r}; this attnbench reads version {VERSION}")
