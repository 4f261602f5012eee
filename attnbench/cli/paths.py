"""Where the configs are, and the names of folders: those that the user gives, and those that are made of overrides."""

import hashlib
import re
from pathlib import Path

from attnbench.errors import UserError

PACKAGE = Path(__file__).parent.parent
# In a wheel the configs are inside the package; in a checkout they are beside it.
CONF = PACKAGE / "conf" if (PACKAGE / "conf").is_dir() else PACKAGE.parent / "conf"
LONGEST_FOLDER = 255  # bytes that file systems take for a name
LONGEST_NAME = 150  # bytes of a name that is made of overrides
SHOWN = 40  # characters of a long name in a message


def one_folder(key: str, name: object) -> str:
    """The name that the user gives to a folder, as it is.

    Raises:
        UserError: it cannot be the name of one folder.
    """
    text, size = str(name), len(str(name).encode(errors="surrogateescape"))
    if text in ("", ".", "..") or re.search(r"[/\\\x00-\x1f]", text):
        raise UserError(f"{key}={text}: must be the name of one folder, without a slash")
    if size > LONGEST_FOLDER:
        raise UserError(
            f"{key}={text[:SHOWN]}…: the name of a folder has at most {LONGEST_FOLDER} bytes; this one has {size}"
        )
    return text


def folder_name(text: str) -> str:
    """A text as the name of one folder: not too long, without characters that need quotes in a shell or in Hydra."""
    name = _plain(text)
    return name if len(name.encode()) <= LONGEST_NAME else _with_hash(name, text)


def job_folder(overrides: str) -> str:
    """The overrides of a job as the name of one folder. Different overrides have different names.

    Where the name is not the overrides themselves, it ends in their hash. So does a name with a capital letter, or one
    that is not ASCII: some file systems take such a name for another one.
    """
    name = _plain(overrides) or "default"
    exact = len(overrides) <= LONGEST_NAME and re.fullmatch(r"[a-z0-9_=.+-]*", overrides)
    return name if exact else _with_hash(name, overrides)


def _plain(text: str) -> str:
    return re.sub(r"[^\w=.+-]", "_", text)


def _with_hash(name: str, text: str) -> str:
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    return f"{name.encode()[: LONGEST_NAME - 1 - len(digest)].decode(errors='ignore')}-{digest}"
