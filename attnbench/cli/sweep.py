"""A sweep: plans the cells, runs those that are not finished, tabulates all, and has the report built."""

import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.plugins.launcher import Launcher
from omegaconf import DictConfig

from attnbench import record
from attnbench.cli.grid import cells, replaced
from attnbench.cli.progress import Progress
from attnbench.cli.report import build_report
from attnbench.cli.table import print_table
from attnbench.errors import UserError
from attnbench.job import check, job_key
from attnbench.record import Record


@dataclass(frozen=True)
class Cell:
    """One job of a sweep."""

    overrides: list[str]
    key: str
    sweep: Path  # the folder of the sweep
    folder: Path  # of the job

    @property
    def record(self) -> Path:
        return self.folder / record.NAME


def run_sweep(
    grids: Sequence[Mapping[str, Any]],
    arguments: Sequence[str],
    config: DictConfig,
    loader: ConfigLoader,
    launcher: Launcher,
) -> None:
    """Runs a sweep to its end.

    Raises:
        UserError: a cell that cannot run at all; nothing has been run then.
        SystemExit: with status 1 if a job failed, 130 if the sweep was interrupted.
    """
    parser = OverridesParser.create(config_loader=loader)
    overrides = cells(grids, arguments, parser)
    if (axes := replaced(grids, arguments, parser)) and not any(a.startswith("sweep=") for a in arguments):
        overrides = [[*cell, f"sweep={'-'.join(axes)}"] for cell in overrides]
    planned = _plan(overrides, config, loader)
    folder = planned[0].sweep
    before = _finished(folder)
    force = "force=true" in [argument.lower() for argument in arguments]
    todo = [cell for cell in planned if force or cell.key not in before]
    done = {cell.key: before[cell.key] for cell in planned if cell not in todo}
    print(f"{folder}: {len(planned)} jobs" + (f", {len(done)} of them finished already" if done else ""))
    try:
        if todo:
            with Progress([cell.record for cell in todo]):
                launcher.launch([cell.overrides for cell in todo], initial_job_idx=0)
    except KeyboardInterrupt:
        _say_how_to_go_on(folder)
        raise SystemExit(130) from None
    records = [done.get(cell.key) or record.read(cell.record) for cell in planned]
    print_table(records)
    build_report([folder], folder.name)
    if any(found.status != "finished" for found in records):
        raise SystemExit(1)


def _plan(overrides: Sequence[list[str]], config: DictConfig, loader: ConfigLoader) -> list[Cell]:
    """The cells, each job once however many cells describe it."""
    planned: dict[str, Cell] = {}
    for cell in overrides:
        cfg = loader.load_sweep_config(config, cell)
        try:
            check(cfg)
        except UserError as error:
            raise UserError(f"{' '.join(cell)}: {error}") from error
        sweep = Path(cfg.hydra.sweep.dir)
        key = job_key(cfg)
        planned.setdefault(key, Cell(cell, key, sweep, sweep / cfg.hydra.sweep.subdir))
    return list(planned.values())


def _finished(folder: Path) -> dict[str, Record]:
    """The finished records below a folder, by key; what cannot be read is not finished."""
    found = {}
    for path in sorted(folder.glob(f"**/{record.NAME}")):
        try:
            one = record.read(path)
        except record.RecordError:
            continue
        if one.status == "finished":
            found[one.key] = one
    return found


def _say_how_to_go_on(folder: Path) -> None:
    finished = len(_finished(folder))
    again = shlex.join(["python", "-m", "attnbench", *sys.argv[1:]])
    print(f"\nInterrupted. {finished} finished jobs are kept in {folder}; to go on: {again}", file=sys.stderr)
