"""A sweep: runs the planned cells that are not finished, tabulates all, and has the report built."""

import shlex
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.plugins.launcher import Launcher
from omegaconf import DictConfig, read_write

from attnbench import record
from attnbench.cli.cost import compare
from attnbench.cli.plan import PlannedJob, finished, plan
from attnbench.cli.progress import Progress
from attnbench.cli.report import build_report
from attnbench.cli.sweep_table import print_table
from attnbench.errors import UserError


def run_sweep(
    grids: Sequence[Mapping[str, Any]],
    arguments: Sequence[str],
    config: DictConfig,
    loader: ConfigLoader,
    launcher: Launcher,
) -> None:
    """Runs a sweep to its end.

    Args:
        grids: of the config; see `attnbench.cli.grid.cells`.
        arguments: overrides from the command line.
        config: composed without them.
        loader: composes the config of a cell.
        launcher: runs the cells that train; those of a cost session are measured together, here.

    Raises:
        UserError: a cell that cannot run at all; nothing has been run then.
        SystemExit: with status 1 if a job failed, 130 if the sweep was interrupted.
    """
    planned = plan(grids, arguments, config, loader)
    if config.command == "cost":
        compare(planned)
    else:
        _train(planned, config, launcher)


def _train(planned: Sequence[PlannedJob], config: DictConfig, launcher: Launcher) -> None:
    for cell in planned:
        if cell.unavailable:
            raise UserError(f"{cell.name}: {cell.unavailable}")
    folder = planned[0].sweep
    before = finished(folder)
    todo = [cell for cell in planned if cell.cfg.force or cell.key not in before]
    skipped = len(planned) - len(todo)
    print(f"{folder}: {len(planned)} jobs" + (f", {skipped} of them finished already" if skipped else ""), flush=True)
    if todo:
        with read_write(config):  # the launcher makes this folder, whatever its jobs use
            config.hydra.sweep.dir = str(folder)
        again = ["python", "-m", "attnbench", config.hydra.job.config_name, *sys.argv[1:]]
        _launch(launcher, todo, folder, shlex.join(again))
    kept = {cell.key: before[cell.key] for cell in planned if cell not in todo}
    found = {cell.key: kept.get(cell.key) or record.find(cell.record) for cell in planned}
    records = [one for one in found.values() if one is not None]
    print_table(records)
    for cell in planned:
        if found[cell.key] is None:
            print(f"no record, its process died: {cell.folder}")
    build_report([folder], folder.name)
    if len(records) < len(planned) or any(one.status != "finished" for one in records):
        raise SystemExit(1)


def _launch(launcher: Launcher, todo: Sequence[PlannedJob], folder: Path, again: str) -> None:
    stopped = threading.Event()
    with _interrupts(stopped), Progress([cell.record for cell in todo]):
        try:
            launcher.launch([cell.overrides for cell in todo], initial_job_idx=0)
        except KeyboardInterrupt:
            stopped.set()
        except Exception as error:
            # A worker that the system killed takes its launcher down, but not the records of the jobs before it.
            if not stopped.is_set():
                print(f"the launcher stopped: {type(error).__name__}: {error}".splitlines()[0], file=sys.stderr)
    if stopped.is_set():
        print(f"\ninterrupted: {len(finished(folder))} finished jobs are kept in {folder}", file=sys.stderr)
        print(f"to go on: {again}", file=sys.stderr)
        raise SystemExit(130)


@contextmanager
def _interrupts(stopped: threading.Event) -> Iterator[None]:
    """Notes a Ctrl-C besides raising it: what it hits may turn it into an error of its own, as OmegaConf does."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        stopped.set()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
