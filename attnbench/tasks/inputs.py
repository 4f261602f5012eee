"""Which files a task reads, where its config does not name them."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

Factory = TypeVar("Factory", bound=Callable[..., Any])

_ATTRIBUTE = "attnbench_files"


def reads(files: Callable[..., list[Path]]) -> Callable[[Factory], Factory]:
    """Marks a function that makes a task with `files`, which gives the paths of what it reads.

    `files` takes the same arguments. A job is another one if the content of one of these files has changed.
    """

    def marked(factory: Factory) -> Factory:
        setattr(factory, _ATTRIBUTE, files)
        return factory

    return marked


def files_of(factory: Any, arguments: Mapping[str, Any]) -> list[Path]:
    """The paths of what a marked function reads with these arguments; none if it is not marked.

    Raises:
        UserError: a file is nowhere, and cannot be downloaded.
    """
    files = getattr(factory, _ATTRIBUTE, None)
    return files(**arguments) if files else []
