"""The user's cache folder. It keeps downloads and trained subword models."""

import os
from pathlib import Path

from attnbench.files import write_whole
from attnbench.private_folder import private_folder


def folder() -> Path:
    """`attnbench` in `$XDG_CACHE_HOME`, or in `~/.cache` if that is not set. The folder may not exist yet.

    A user without a home folder has it in a private folder.
    """
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "attnbench"
    except RuntimeError:  # there is no home folder
        return private_folder() / "cache"


def write(path: Path, content: bytes) -> None:
    """Writes the whole file in one step, so that another process never reads a part of it.

    Raises:
        OSError: the folder cannot be written to.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, content)
