"""From the words of a command line to a command that Hydra runs."""

import logging
import multiprocessing
import os
import sys
from pathlib import Path

import hydra
from hydra import version
from hydra._internal.utils import _run_hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from attnbench import __version__
from attnbench.cli import ending, workers
from attnbench.cli import help as usage
from attnbench.cli.command_line import CommandLine, read
from attnbench.cli.exits import FAILURE, USER_ERROR, die
from attnbench.cli.grid import for_cells
from attnbench.cli.hydra_errors import explain, refuse, unusable
from attnbench.cli.paths import CONF, job_folder, one_folder
from attnbench.errors import UserError

OmegaConf.register_new_resolver("job_folder", job_folder, replace=True)
OmegaConf.register_new_resolver("one_folder", one_folder, replace=True)
logging.raiseExceptions = False  # a log that cannot be written, as on a full disk, prints no traceback


def run(arguments: list[str]) -> None:
    """Runs the command that `arguments` name.

    Raises:
        UserError: an option, a command or an override that does not exist, or a file or a folder that cannot be used.
    """
    if "--version" in arguments:
        print(f"attnbench {__version__}, hydra-core {hydra.__version__}, Python {sys.version.split()[0]}")
        return
    line = read(arguments)
    if line.options.help:  # in a spelling that only the parser knows, such as -mh
        print(usage.text())
        return
    sys.argv = ["attnbench", *arguments]  # for the line that says how to go on after an interruption
    _run(line)


def _run(line: CommandLine) -> None:
    # Without this, Hydra would print its errors itself and exit.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    version.setbase("1.3")
    command, options, given = line.command, line.options, line.options.overrides
    try:
        refuse(command, given)
        options.overrides = for_cells(given)
        # What hydra.main does, but with our reading of the command line.
        _run_hydra(options, line.parser, _execute, config_path=str(CONF), config_name=command)
    except (HydraException, OmegaConfBaseException) as error:
        raise UserError(explain(error, command, given)) from error
    except OSError as error:
        raise UserError(unusable(error)) from error


def _execute(cfg: DictConfig) -> float | None:
    """The function that Hydra runs. It exits by itself: Hydra would add lines of its own to an error that passes
    through it.
    """
    if HydraConfig.get().job.chdir:
        # Hydra has changed to the job's folder. Paths in configs and on the command line start where it began.
        os.chdir(HydraConfig.get().runtime.cwd)
    if multiprocessing.get_start_method(allow_none=True) == "loky":
        # A process of joblib. With fork, semaphores have no name, and none is left behind if the process is killed.
        multiprocessing.set_start_method("fork", force=True)
        workers.end_with_parent()
    # Imported here: torch takes seconds to import, and a shown config or a misspelt key need not wait for it.
    from attnbench.cli.commands import execute

    try:
        with ending.heard(), workers.BUSY:  # here too: this may be a process of a launcher
            return execute(cfg)
    except UserError as error:
        die(str(error), USER_ERROR, error)
    except OmegaConfBaseException as error:
        die(explain(error, cfg.command, list(HydraConfig.get().overrides.task)), USER_ERROR)
    except Exception as error:
        log = Path(HydraConfig.get().runtime.output_dir) / "job.log"
        if not log.is_file():  # then this is the only place to show the error
            if isinstance(error, OSError):
                die(unusable(error, str(log.parent)), USER_ERROR)
            raise
        cause = error.__cause__ or error
        die(f"{type(cause).__name__}: {cause}; the traceback is in {log}", FAILURE)
