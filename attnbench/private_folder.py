"""A folder that belongs to this user alone, on this machine, for what the processes of a user share."""

import os
import stat
import tempfile
from functools import cache
from pathlib import Path


@cache
def private_folder() -> Path:
    """A folder in the temporary folder, or else in the user's runtime folder. It is made if it is not there.

    It is named by the number of the user: in a container, a user may have no name. Everyone may write to a temporary
    folder. So a folder of that name is taken only if it is a folder, not a link, and this user's own. No other user may
    then read it or write to it.

    Raises:
        OSError: there is no such folder. The message says why.
    """
    refusals = []
    for parent, name in (("", f"attnbench-{_user()}"), (os.environ.get("XDG_RUNTIME_DIR"), "attnbench")):
        if parent is not None:
            try:
                return _owned(Path(parent or tempfile.gettempdir()) / name)
            except OSError as error:
                refusals.append(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    raise OSError("; ".join(refusals))


def _owned(folder: Path) -> Path:
    """The folder, if it is this user's own and can be written to.

    Raises:
        OSError: it is not.
    """
    folder.mkdir(mode=0o700, exist_ok=True)  # fails if there is a file, or a link to nowhere
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise OSError(0, "is a link, not a folder", str(folder))
    if found.st_uid != _user():
        raise OSError(0, "belongs to another user", str(folder))
    if os.name == "posix" and stat.S_IMODE(found.st_mode) != 0o700:
        folder.chmod(0o700)
    with tempfile.TemporaryFile(dir=folder):  # the disk may be full, or read-only
        return folder


def _user() -> int:
    return os.geteuid() if hasattr(os, "geteuid") else 0
