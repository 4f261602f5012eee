"""A sweep: runs the planned jobs that are not finished yet, prints a table of all, and builds the report."""

import shlex
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from hydra.core.config_loader import ConfigLoader
from hydra.plugins.launcher import Launcher
from omegaconf import DictConfig, read_write

from attnbench import record
from attnbench.cli.cost import compare
from attnbench.cli.ending import SIGNALS
from attnbench.cli.grid import Grids
from attnbench.cli.launch import is_local, jobs_at_once, launch, measure, workers_kept
from attnbench.cli.plan import Plan, PlannedJob, count_finished, counted, finished, plan
from attnbench.cli.progress import Progress
from attnbench.cli.report import build_report
from attnbench.cli.sweep_table import print_seconds, print_table, print_warnings
from attnbench.cli.tuning import tune
from attnbench.errors import UserError, in_one_line
from attnbench.job.build import build
from attnbench.record import Record
from attnbench.tracking.tracker import RunDescription

LISTED = 10  # jobs without a record


def run_sweep(
    grids: Grids,
    seeds: str | None,
    arguments: Sequence[str],
    config: DictConfig,
    loader: ConfigLoader,
    launcher: Launcher,
) -> None:
    """Runs a sweep to its end.

    Args:
        grids, seeds: of the config; see `attnbench.cli.grid.cells`.
        arguments: overrides from the command line.
        config: composed without them.
        loader: composes the config of a cell.
        launcher: runs the jobs that train. The contenders of a cost session are measured together, in this process.

    Raises:
        UserError: a job that cannot run at all. In that case nothing has been run.
        SystemExit: with status 1 if a job failed, with 128 and the number of the signal if the sweep was interrupted.
    """
    planned = plan(grids, seeds, arguments, config, loader)
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
    print(f"{folder}: {counted(len(planned.jobs), 'job')} ({planned.summary})", flush=True)
    folder.mkdir(parents=True, exist_ok=True)  # if this fails, nothing has been run
    with read_write(config):  # the launcher makes this folder, whatever its jobs use
        config.hydra.sweep.dir = str(folder)
    again = shlex.join(["python", "-m", "attnbench", *sys.argv[1:]])
    runner = Runner(launcher, folder, again)
    with workers_kept(launcher):
        jobs = tune(planned, runner.run, print)
        found = runner.run(jobs, "jobs")
    records = [found[job.key] for job in jobs if job.key in found]
    print_table(records)
    print_seconds(runner.ran, runner.measuring_s)
    print_warnings([*records, *(one for one in runner.ran if one.trial)])
    missing = [job for job in jobs if job.key not in found]
    for job in missing[:LISTED]:
        print(f"no record: its process died, or could not write it: {job.folder}")
    if len(missing) > LISTED:
        print(f"and {len(missing) - LISTED} more without a record")
    _track_report(planned.jobs[0].cfg, build_report([folder], folder.name), folder)
    if len(records) < len(jobs) or any(one.status != "finished" for one in records):
        raise SystemExit(1)


def _track_report(cfg: DictConfig, report: Path, folder: Path) -> None:
    """Hands the report of a sweep to its tracker. A failure of the tracker is no failure of the sweep."""
    told = RunDescription(f"report of {folder.name}", str(cfg.sweep), "report", {}, {}, None)
    try:
        with build(cfg.tracker)(told, report) as run:
            run.report(report)
    except Exception as error:
        print(f"the tracker has no report: {in_one_line(error)}", file=sys.stderr)


class Runner:
    """Runs jobs of a sweep, those that are not finished yet, and measures beforehand what they cost.

    Args:
        launcher: of Hydra.
        folder: of the sweep.
        again: the command that goes on after an interruption.

    Attributes:
        ran: the records of the jobs that were run.
        measuring_s: seconds that were spent measuring cost, before the jobs.
    """

    def __init__(self, launcher: Launcher, folder: Path, again: str) -> None:
        self.launcher, self.folder, self.again = launcher, folder, again
        self.ran: list[Record] = []
        self.measuring_s = 0.0

    def run(self, jobs: Sequence[PlannedJob], what: str) -> dict[str, Record]:
        """Runs the jobs, and says so: `what` they are. Returns the records that exist, by key."""
        before = finished(self.folder, {job.key for job in jobs})
        todo = [job for job in jobs if job.cfg.force or job.key not in before]
        skipped = "" if len(todo) == len(jobs) else f", {len(jobs) - len(todo)} of them finished already"
        print(f"{what}: {len(jobs)}{skipped}", flush=True)
        lost = self._launch(todo) if todo else set()
        # A job without a new record may have been finished by another sweep, after `before`.
        written = {job.key: record.find(job.record) for job in todo if job.key not in lost or not job.cfg.force}
        new = {key: one for key, one in written.items() if one and one.key == key}
        self.ran += new.values()
        keys = {job.key for job in todo}
        return {job.key: before[job.key] for job in jobs if job.key not in keys} | new

    def _launch(self, todo: Sequence[PlannedJob]) -> set[str]:
        """Runs the jobs. Returns the keys of those without a new record."""
        came, lost = list[int](), set[str]()
        with _noted(came):
            try:
                if is_local(self.launcher):
                    self.measuring_s += measure(todo, self.folder)
                with Progress([job.record for job in todo]):
                    lost = launch(self.launcher, todo)
            except UserError:
                raise
            except KeyboardInterrupt:
                came.append(signal.SIGINT)
            except (Exception, SystemExit) as error:
                # When the system kills a worker, the launcher fails too. The records of earlier jobs are kept.
                if not came:
                    print(f"the launcher stopped: {type(error).__name__}: {error}".splitlines()[0], file=sys.stderr)
        if came:
            kept = count_finished(self.folder)
            print(f"\ninterrupted: {kept} finished jobs are kept in {self.folder}", file=sys.stderr)
            print(f"to go on: {self.again}", file=sys.stderr)
            raise SystemExit(128 + came[0])
        return lost


@contextmanager
def _noted(came: list[int]) -> Iterator[None]:
    """Notes a signal that ends the process, and raises KeyboardInterrupt. The code that it interrupts may turn it into
    another error, as OmegaConf does.
    """

    def interrupt(number: int, frame: FrameType | None) -> None:
        came.append(number)
        raise KeyboardInterrupt

    numbers = [signal.SIGINT, *(each for each in SIGNALS if signal.getsignal(each) is not signal.SIG_IGN)]
    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
