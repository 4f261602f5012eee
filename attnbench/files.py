"""Files that are written as a whole or not at all, by any number of processes at once."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

DRAFT = ".part"  # the last letters of the name of a file that is being written


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Gives the path of a draft beside `path`, to write to. When the context is left, the draft replaces `path`.

    Both the content and the name are then on the disk: after a power failure, there is the old file or the new one.
    After an error, the draft is removed, and `path` is as it was. A draft has a name of its own: two processes that
    write the same file never write to one draft. If `path` is a symbolic link, the file that it names is replaced.

    Raises:
        OSError: the folder does not exist, or cannot be written to.
    """
    path = path.resolve()
    draft = path.with_name(f".{secrets.token_hex(8)}{DRAFT}")
    try:
        yield draft
        _to_disk(draft)
        if path.exists():
            shutil.copymode(path, draft)
        draft.replace(path)
        with suppress(OSError):  # a system may have no such thing
            _to_disk(path.parent)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file as a whole or not at all; see `written_whole`."""
    with written_whole(path) as draft:
        draft.write_bytes(content)


def _to_disk(path: Path) -> None:
    """Waits until a file, or the names in a folder, are on the disk."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
