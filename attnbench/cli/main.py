"""From the command line to a command, and from any error to one line and an exit status."""

import os
import sys

import hydra
from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from attnbench.cli import help as usage
from attnbench.cli.errors import explain, nearest
from attnbench.cli.paths import CONF
from attnbench.errors import UserError

USER_ERROR, FAILURE, INTERRUPTED = 2, 1, 130


def main(argv: list[str] | None = None) -> None:
    """Runs `argv` (the process's arguments by default) and exits.

    The status is 0; 1 if a job failed; 2 if the user can put it right; 130 if interrupted.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if {"--help", "-h"} & set(arguments):
        print(usage.text())
        return
    try:
        command, rest = _split(arguments)
        _run(command, rest)
    except UserError as error:
        _die(str(error), USER_ERROR)
    except KeyboardInterrupt:
        _die("interrupted", INTERRUPTED)


def _split(arguments: list[str]) -> tuple[str, list[str]]:
    """The command, and the arguments without it."""
    words = [argument for argument in arguments if "=" not in argument and not argument.startswith(("-", "~", "+"))]
    # An option's value (--cfg job) is no command.
    words = [word for word in words if not arguments[arguments.index(word) - 1].startswith("--")]
    if not words:
        return "train", arguments
    command, known = words[0], list(usage.commands())
    if command not in known:
        raise UserError(f"{command}: no such command; {nearest(command, known)}")
    arguments.remove(command)
    return command, arguments


def _run(command: str, arguments: list[str]) -> None:
    # torch takes seconds to import: help and a misspelt command do not wait for it.
    from attnbench.cli.commands import execute

    # Hydra would print its errors itself and exit; this has them raised.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    sys.argv = ["attnbench", *arguments]
    overrides = [argument for argument in arguments if "=" in argument]
    try:
        hydra.main(version_base="1.3", config_path=str(CONF), config_name=command)(execute)()
    except UserError:
        raise
    except (HydraException, OmegaConfBaseException) as error:
        raise UserError(explain(error, command, overrides)) from error
    except Exception as error:
        _die(f"{type(error).__name__}: {error}".splitlines()[0] + "; the job's folder has the log", FAILURE)


def _die(message: str, status: int) -> None:
    print(f"attnbench: {message}", file=sys.stderr)
    raise SystemExit(status)
