"""The function of each command, and what happens when a job fails."""

import math
import sys
from collections.abc import Callable
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from attnbench.cli.dashboard import dashboard
from attnbench.cli.mechanisms import mechanisms
from attnbench.cli.report import report
from attnbench.cli.show import show
from attnbench.cli.sweep_table import print_table, print_warnings
from attnbench.cli.translate import translate
from attnbench.errors import UserError, in_one_line
from attnbench.job.run import check, run
from attnbench.record import Record
from attnbench.training import resume

# What a job that failed is worth to a sweeper that searches: the lowest BLEU. Optuna's ends its search at a NaN.
FAILED = 0.0


def run_job(cfg: DictConfig) -> float:
    """Runs one job. If it is part of a sweep, a failure is left in its record. Otherwise it is raised.

    Returns:
        BLEU on the validation set, for a sweeper that searches the best (it should maximise); NaN without it, and
        `FAILED` for a job that failed.
    """
    folder = Path(HydraConfig.get().runtime.output_dir)
    if HydraConfig.get().mode is RunMode.MULTIRUN:
        try:
            return _objective(run(cfg))
        except OSError as error:  # perhaps the record could not be written either
            print(f"{folder}: {in_one_line(error)}", file=sys.stderr)
        except Exception:
            pass
        return FAILED
    check(cfg)
    try:
        done = run(cfg, print)
    except (KeyboardInterrupt, SystemExit):
        if (folder / resume.NAME).exists():
            print(f"the training so far is kept in {folder}; the same command goes on with it", file=sys.stderr)
        raise
    print_table([done])
    print_warnings([done])
    print(f"record and checkpoint: {folder}")
    return _objective(done)


def _objective(done: Record) -> float:
    bleu = done.training.validation_bleu if done.training else None
    return math.nan if bleu is None else bleu


def refuse_alone(cfg: DictConfig) -> None:
    """Refuses to run a command that is always a session with `hydra.mode=RUN`.

    Raises:
        UserError: always.
    """
    raise UserError(
        f"hydra.mode=RUN: {cfg.command} measures contenders in turns, even a single one; leave out hydra.mode"
    )


COMMANDS: dict[str, Callable[[DictConfig], float | None]] = {
    "train": run_job,
    "cost": refuse_alone,
    "report": report,
    "translate": translate,
    "mechanisms": mechanisms,
    "show": show,
    "dashboard": dashboard,
}


def execute(cfg: DictConfig) -> float | None:
    """The function that Hydra runs, in this process or in a launcher's worker. Returns what a job is worth."""
    return COMMANDS[cfg.command](cfg)
