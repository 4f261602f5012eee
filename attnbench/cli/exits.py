"""How a command ends early: one line on the terminal, and an exit status."""

import sys
from typing import NoReturn

USER_ERROR, FAILURE, INTERRUPTED, NOT_READ = 2, 1, 130, 141


def die(message: str, status: int) -> NoReturn:
    """Prints `message` as one line, and exits with `status`."""
    print(f"attnbench: {' '.join(message.split())}", file=sys.stderr)
    raise SystemExit(status)
