"""How a command ends early: one line on the terminal, and an exit status."""

import sys
from typing import NoReturn

USER_ERROR, FAILURE, INTERRUPTED, NOT_READ = 2, 1, 130, 141


def tell(message: str) -> None:
    """Prints `message` as one line."""
    print(f"attnbench: {' '.join(message.split())}", file=sys.stderr)


def die(message: str, status: int, error: BaseException | None = None) -> NoReturn:
    """Prints `message` and the notes of `error` as one line, and exits with `status`."""
    tell("; ".join([message, *getattr(error, "__notes__", [])]))
    raise SystemExit(status)
