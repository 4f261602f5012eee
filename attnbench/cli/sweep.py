"""A sweep: runs the planned jobs that are not finished yet, prints a table of all, and builds the report."""

import shlex
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from hydra.core.config_loader import ConfigLoader
from hydra.plugins.launcher import Launcher
from omegaconf import DictConfig, read_write

from attnbench import record
from attnbench.cli.cost import compare
from attnbench.cli.grid import Grids
from attnbench.cli.launch import is_local, jobs_at_once, launch, measure
from attnbench.cli.plan import Plan, PlannedJob, finished, plan
from attnbench.cli.progress import Progress
from attnbench.cli.report import build_report
from attnbench.cli.sweep_table import print_seconds, print_table
from attnbench.errors import UserError


def run_sweep(
    grids: Grids,
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
        launcher: runs the jobs that train. The contenders of a cost session are measured together, in this process.

    Raises:
        UserError: a job that cannot run at all. In that case nothing has been run.
        SystemExit: with status 1 if a job failed, with status 130 if the sweep was interrupted.
    """
    planned = plan(grids, arguments, config, loader)
    if config.command == "cost":
        compare(planned)
    else:
        _train(planned, config, launcher)


def _train(planned: Plan, config: DictConfig, launcher: Launcher) -> None:
    for job in planned.jobs:
        if job.unavailable:
            raise UserError(f"{job.name}: {job.unavailable}")
        jobs_at_once(job.cfg)
    folder = planned.jobs[0].sweep
    before = finished(folder)
    todo = [job for job in planned.jobs if job.cfg.force or job.key not in before]
    skipped = len(planned.jobs) - len(todo)
    print(f"{folder}: {_counted(len(planned.jobs))} ({planned.summary})", flush=True)
    if skipped:
        print(f"{skipped} of them finished already", flush=True)
    measuring_s = 0.0
    if todo:
        with read_write(config):  # the launcher makes this folder, whatever its jobs use
            config.hydra.sweep.dir = str(folder)
        again = ["python", "-m", "attnbench", config.hydra.job.config_name, *sys.argv[1:]]
        measuring_s = _launch(launcher, todo, folder, shlex.join(again))
    kept = {job.key: before[job.key] for job in planned.jobs if job not in todo}
    found = {job.key: kept.get(job.key) or record.find(job.record) for job in planned.jobs}
    records = [one for one in found.values() if one is not None]
    print_table(records)
    print_seconds([one for job in todo if (one := found[job.key])], measuring_s)
    for job in planned.jobs:
        if found[job.key] is None:
            print(f"no record, its process died: {job.folder}")
    build_report([folder], folder.name)
    if len(records) < len(planned.jobs) or any(one.status != "finished" for one in records):
        raise SystemExit(1)


def _counted(jobs: int) -> str:
    return "1 job" if jobs == 1 else f"{jobs} jobs"


def _launch(launcher: Launcher, todo: Sequence[PlannedJob], folder: Path, again: str) -> float:
    """Runs the jobs. Returns the seconds that were spent measuring what they cost, before the first."""
    stopped, measuring_s = threading.Event(), 0.0
    with _interrupts(stopped):
        try:
            if is_local(launcher):
                measuring_s = measure(todo, folder)
            with Progress([job.record for job in todo]):
                launch(launcher, todo)
        except KeyboardInterrupt:
            stopped.set()
        except Exception as error:
            # When the system kills a worker, the launcher fails too. The records of earlier jobs are kept.
            if not stopped.is_set():
                print(f"the launcher stopped: {type(error).__name__}: {error}".splitlines()[0], file=sys.stderr)
    if stopped.is_set():
        print(f"\ninterrupted: {len(finished(folder))} finished jobs are kept in {folder}", file=sys.stderr)
        print(f"to go on: {again}", file=sys.stderr)
        raise SystemExit(130)
    return measuring_s


@contextmanager
def _interrupts(stopped: threading.Event) -> Iterator[None]:
    """Notes a Ctrl-C, and raises it. The code that it interrupts may turn it into another error, as OmegaConf does."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        stopped.set()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
