"""From the words of a command line to a command that Hydra runs."""

import logging
import multiprocessing
import os
import re
import sys
from pathlib import Path
from typing import NoReturn

import hydra
from hydra._internal.utils import get_args_parser
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from attnbench.cli import ending
from attnbench.cli import help as usage
from attnbench.cli.exits import FAILURE, USER_ERROR, die
from attnbench.cli.grid import for_cells
from attnbench.cli.hydra_errors import explain, nearest, refuse
from attnbench.cli.paths import CONF, job_folder, one_folder
from attnbench.errors import UserError

OmegaConf.register_new_resolver("job_folder", job_folder, replace=True)
OmegaConf.register_new_resolver("one_folder", one_folder, replace=True)


def run(arguments: list[str]) -> None:
    """Runs the command that `arguments` name.

    Raises:
        UserError: an option, a command or an override that does not exist.
    """
    parser = get_args_parser()
    parser.error = _refuse_option
    options = parser.parse_args(arguments)
    if options.help:  # in a spelling that only the parser knows, such as -mh
        print(usage.text())
        return
    if options.cfg and options.multirun:
        _refuse_option("--cfg shows the config of one job; leave out -m")
    command = _command(options.overrides)
    if command in options.overrides:
        arguments.remove(command)
        options.overrides.remove(command)
    if command in ("report", "translate"):
        arguments = [_quoted(argument) for argument in arguments]
        options.overrides = [_quoted(override) for override in options.overrides]
    _run(command, arguments, options.overrides)


def _refuse_option(message: str) -> NoReturn:
    raise UserError(f"{message}; see python -m attnbench --help")


def _command(words: list[str]) -> str:
    """The command that `words` names, which is the first word that is not an override; or the default."""
    command = next((word for word in words if "=" not in word and not word.startswith("~")), "train")
    if command not in (known := list(usage.commands())):
        raise UserError(f"{command}: no such command; {nearest(command, known)}")
    return command


def _quoted(argument: str) -> str:
    """Quotes a value, or each value of a list, so that Hydra takes it literally. A path may hold characters of its
    grammar.
    """
    key, _, value = argument.partition("=")
    if value[:1] + value[-1:] == "[]" and not set(value) & set("'\""):
        return f"{key}=[{','.join(_literal(each.strip()) for each in value[1:-1].split(','))}]"
    return f"{key}={_literal(value)}" if value else argument


def _literal(value: str) -> str:
    quoted = re.fullmatch(r"""'[^']*'|"[^"]*"|\[.*\]""", value)
    if quoted or re.fullmatch(r"[\w./+*?@%-]*", value, re.ASCII):
        return value
    escaped = value.replace("'", "\\'")
    return f"'{escaped}'"


def _run(command: str, arguments: list[str], overrides: list[str]) -> None:
    # Without this, Hydra would print its errors itself and exit.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    try:
        refuse(command, overrides)
        late = dict(zip(overrides, for_cells(overrides), strict=True))
        sys.argv = ["attnbench", *(late.get(argument, argument) for argument in arguments)]
        hydra.main(version_base="1.3", config_path=str(CONF), config_name=command)(_execute)()
    except (HydraException, OmegaConfBaseException) as error:
        raise UserError(explain(error, command, overrides)) from error


def _execute(cfg: DictConfig) -> float | None:
    """The function that Hydra runs. It exits by itself: Hydra would add lines of its own to an error that passes
    through it.
    """
    if multiprocessing.get_start_method(allow_none=True) == "loky":
        # A process of joblib. With fork, semaphores have no name, and none is left behind if the process is killed.
        multiprocessing.set_start_method("fork", force=True)
    # Imported here: torch takes seconds to import, and a shown config or a misspelt key need not wait for it.
    from attnbench.cli.commands import execute

    logging.raiseExceptions = False  # a log that cannot be written, as on a full disk, prints no traceback
    try:
        with ending.heard():  # here too: this may be a process of a launcher
            return execute(cfg)
    except UserError as error:
        die(str(error), USER_ERROR, error)
    except OmegaConfBaseException as error:
        die(explain(error, cfg.command, list(HydraConfig.get().overrides.task)), USER_ERROR)
    except Exception as error:
        log = Path(HydraConfig.get().runtime.output_dir) / "job.log"
        if not log.is_file():  # then this is the only place to show the error
            raise
        cause = error.__cause__ or error
        die(f"{type(cause).__name__}: {cause}; the traceback is in {log}", FAILURE)
