"""From the command line to a command, and from any error to one line and an exit status."""

import os
import signal
import sys

from attnbench.cli import ending, streams
from attnbench.cli import help as usage
from attnbench.cli.exits import INTERRUPTED, USER_ERROR, die
from attnbench.errors import UserError


def main(argv: list[str] | None = None) -> None:
    """Runs `argv` (by default the arguments of the process) and exits.

    The exit status is 0; 1 if a job failed; 2 if the user can correct the input; 130 if interrupted; 143 after
    SIGTERM; 141 if the reader of the output closed it, as `head` does.
    """
    if argv is None:
        streams.prepare()
        # numpy, which is not imported yet, has small products here. Its threads would only wait for one another.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        try:
            _run(list(sys.argv[1:] if argv is None else argv))
        finally:
            sys.stdout.flush()  # here its failure is told; at the exit of Python it would be a traceback
    except ending.EndedError as error:
        die(f"ended by {signal.Signals(error.number).name}", 128 + error.number, error)
    except UserError as error:
        die(str(error), USER_ERROR, error)
    except KeyboardInterrupt as error:
        die("interrupted", INTERRUPTED, error)


def _run(arguments: list[str]) -> None:
    for argument in arguments:
        _check_readable(argument)
    if {"--help", "-h"} & set(arguments):
        print(usage.text())
        return
    # Imported here: help need not wait for Hydra.
    from attnbench.cli.hydra_run import run

    with ending.heard():
        run(arguments)


def _check_readable(argument: str) -> None:
    """Refuses bytes that are no text: they could not be written to a record."""
    try:
        argument.encode()
    except UnicodeEncodeError as error:
        raise UserError(
            f"{argument}: has bytes that are not {sys.getfilesystemencoding()}; "
            "set PYTHONUTF8=1 if it is UTF-8, or else rename the file"
        ) from error
