"""The user's cache folder: what was downloaded or trained once and need not be again."""

import os
from pathlib import Path


def folder() -> Path:
    """`attnbench` below `$XDG_CACHE_HOME`, or below `~/.cache` where that is unset; it need not exist yet."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "attnbench"


def write(path: Path, content: bytes) -> None:
    """Write the file whole or not at all, so that another process never reads half of it.

    Raises `OSError` where the folder cannot be written to.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_bytes(content)
    draft.replace(path)
