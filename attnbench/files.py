"""Files that are written as a whole or not at all, by any number of processes at once."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DRAFT = ".part"  # the last letters of the name of a file that is being written


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Gives the path of a draft beside `path`, to write to. When the context is left, the draft replaces `path`.

    After an error, the draft is removed, and `path` is as it was. A draft has a name of its own: two processes that
    write the same file never write to one draft. If `path` is a symbolic link, the file that it names is replaced.

    Raises:
        OSError: the folder does not exist, or cannot be written to.
    """
    path = path.resolve()
    draft = path.with_name(f".{secrets.token_hex(8)}{DRAFT}")
    try:
        yield draft
        with draft.open("rb+") as file:  # after a power failure, a renamed file may be empty without this
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, draft)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file as a whole or not at all; see `written_whole`."""
    with written_whole(path) as draft:
        draft.write_bytes(content)
