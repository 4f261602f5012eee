"""The files that a job reads, by their content: a job whose corpus has changed is another job."""

import functools
import hashlib
import inspect
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from hydra.utils import get_object

from attnbench.tasks.inputs import files_of

OURS = Path(__file__).parent.parent
# Code in these folders is told by its version, in the environment of a record.
INSTALLED = [OURS, *(Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib", "platlib"))]


def inputs(parts: Mapping[str, Any]) -> dict[str, str]:
    """The sha256 of each file that a job reads, by path: files that its config names, files that its task finds by
    itself, and the files of your own classes.

    Args:
        parts: the resolved config of the job.

    Raises:
        UserError: a file that the task finds by itself is nowhere, and cannot be downloaded.
    """
    paths = dict.fromkeys(path for node in _nodes(parts) for path in _files(node))
    return {str(path): _digest(path, _stamp(path)) for path in paths}


def _nodes(value: Any) -> Iterator[Any]:
    """A value, and all values in it, in the order of their keys."""
    yield value
    below = [value[key] for key in sorted(value)] if isinstance(value, Mapping) else value
    for each in below if isinstance(below, list) else ():
        yield from _nodes(each)


def _files(node: Any) -> Iterator[Path]:
    if isinstance(node, str) and _is_file(node):
        yield Path(node)
    elif isinstance(node, Mapping) and "_target_" in node:
        arguments = {name: value for name, value in node.items() if not name.startswith("_")}
        found = _object(node["_target_"])
        yield from files_of(found, arguments)
        if code := _own_code(found):
            yield code


@functools.cache
def _object(target: str) -> Any:
    """What a `_target_` names; None if it cannot be imported, which the check of the job says better."""
    with suppress(Exception):
        return get_object(target)
    return None


@functools.cache
def _own_code(found: Any) -> Path | None:
    """The file of a class or function of the user's; None if it is ours, or is installed."""
    module = sys.modules.get(getattr(found, "__module__", ""))
    file = module and inspect.getsourcefile(module)
    path = Path(file).resolve() if file else None
    return None if path is None or any(path.is_relative_to(folder) for folder in INSTALLED) else path


def _is_file(text: str) -> bool:
    try:
        return Path(text).expanduser().is_file()
    except (OSError, ValueError, RuntimeError):  # too long, a NUL, or `~` of a user who does not exist
        return False


def _stamp(path: Path) -> tuple[int, ...]:
    found = path.expanduser().stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


@functools.cache
def _digest(path: Path, stamp: tuple[int, ...]) -> str:
    """The sha256 of a file. It is read again if its stamp is another one."""
    with path.expanduser().open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
