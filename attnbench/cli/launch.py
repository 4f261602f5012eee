"""Runs the jobs of a sweep, several at once, one thread each. On this machine their costs are measured before."""

import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import joblib
import torch
from hydra.core.utils import JobStatus
from hydra.plugins.launcher import Launcher
from joblib.externals.loky import get_reusable_executor
from omegaconf import DictConfig
from tqdm import tqdm

from attnbench import record
from attnbench.cli.plan import PlannedJob
from attnbench.cli.progress import stamp
from attnbench.errors import UserError
from attnbench.job import costs
from attnbench.job.build import build
from attnbench.job.run import CONFIG, blank

# The number of threads of a process, as its libraries read it. joblib hands these on to its processes.
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


def is_local(launcher: Launcher) -> bool:
    """Whether the launcher is joblib's, which runs jobs on this machine.

    It is told by the name: Hydra imports its plugins in a way of its own, so that their classes may exist twice.
    """
    return type(launcher).__name__ == "JoblibLauncher"


def launch(launcher: Launcher, jobs: Sequence[PlannedJob]) -> set[str]:
    """Runs jobs to their end. A job whose process died runs once more. If it dies again, its record says so.

    With joblib, a process that dies ends the launch. Then the jobs that had begun run one by one, and the others after
    them.

    Returns:
        The keys of the jobs without a new record.

    Raises:
        Exception: that of the launcher, if it stopped before a job began.
    """
    before = {job.key: stamp(job.record) for job in jobs}
    again: set[str] = set()
    groups = [[*jobs]]
    while groups:
        group = groups.pop(0)
        deaths, error = _launch_once(launcher, group)
        lost = [job for job in group if stamp(job.record) == before[job.key]]
        if error and not deaths and len(lost) == len(group):
            raise error
        died = [job for job in lost if job.key in deaths]
        for job in (job for job in died if job.key in again):
            _record_death(job, deaths[job.key])
        once = [job for job in died if job.key not in again]
        again |= deaths.keys()
        if error:  # one of those that had begun ended the launch: each has its next run alone
            groups += [*([job] for job in once), [job for job in lost if job.key not in deaths]]
        else:
            groups.append(once)
        groups = [each for each in groups if each]
    return {job.key for job in jobs if stamp(job.record) == before[job.key]}


def _launch_once(launcher: Launcher, jobs: Sequence[PlannedJob]) -> tuple[dict[str, Exception], Exception | None]:
    """Runs jobs. Returns why processes of jobs died, by key, and the error with which the launcher stopped, if any."""
    overrides, at_once = [job.overrides for job in jobs], jobs_at_once(jobs[0].cfg)
    if is_local(launcher):
        cast(Any, launcher).joblib |= {"n_jobs": at_once, "pre_dispatch": "n_jobs", "batch_size": 1}
    elif hasattr(launcher, "at_once"):  # a launcher of ours
        cast(Any, launcher).at_once = at_once
    begun = {job.key: stamp(job.folder / CONFIG) for job in jobs}
    try:
        with _threads_of_new_processes(1 if at_once > 1 or not is_local(launcher) else None):
            returned = launcher.launch(overrides, initial_job_idx=0)
    except UserError:
        raise
    except Exception as error:
        return {job.key: error for job in jobs if stamp(job.folder / CONFIG) != begun[job.key]}, error
    failed = {job.key: each for job, each in zip(jobs, returned, strict=False) if each.status is JobStatus.FAILED}
    return {key: cast(Exception, each._return_value) for key, each in failed.items()}, None


def _record_death(job: PlannedJob, error: Exception) -> None:
    """Writes the record of a job whose process died. A record of an earlier run that finished is kept."""
    found = record.find(job.record)
    if not (found and found.key == job.key and found.status == "finished"):
        how = ", ".join(dict.fromkeys(re.findall(r"SIG[A-Z]+", str(error)))) or type(error).__name__
        job.folder.mkdir(parents=True, exist_ok=True)
        cfg = job.compose()
        record.write(replace(blank(cfg, cfg.hydra), error=f"its process died twice: {how}"), job.record)


@contextmanager
def workers_kept(launcher: Launcher) -> Iterator[None]:
    """In this context, the processes of a launcher are kept from launch to launch. After it, there are none."""
    try:
        yield
    finally:  # after a Ctrl-C, processes that joblib keeps for later would complain
        get_reusable_executor().shutdown(wait=True, kill_workers=True)
        if hasattr(launcher, "close"):
            cast(Any, launcher).close()


def measure(jobs: Sequence[PlannedJob], folder: Path) -> float:
    """Measures what the jobs cost, with as many threads as a job will have. Returns the seconds that it took."""
    cfgs = [job.cfg for job in jobs if job.cfg.procedure == "translation" and not job.cfg.trial]
    if not cfgs:
        return 0.0
    threads, begun = torch.get_num_threads(), time.perf_counter()
    with tqdm(bar_format="measuring cost: {desc}", leave=False, disable=not sys.stderr.isatty()) as line:
        try:
            if jobs_at_once(cfgs[0]) > 1:
                torch.set_num_threads(1)
            costs.measure_costs(cfgs, folder / costs.FOLDER, line.set_description_str)
        finally:
            torch.set_num_threads(threads)
    return time.perf_counter() - begun


def jobs_at_once(cfg: DictConfig) -> int:
    """How many jobs run at once.

    Raises:
        UserError: `jobs` is neither `auto` nor a whole number of 1 or more.
    """
    if cfg.jobs == "auto":
        return 1 if build(cfg.device).type == "cuda" else joblib.cpu_count(only_physical_cores=True)
    if type(cfg.jobs) is not int or cfg.jobs < 1:
        raise UserError(f"jobs={cfg.jobs}: must be auto, or a whole number of 1 or more")
    return cfg.jobs


@contextmanager
def _threads_of_new_processes(threads: int | None) -> Iterator[None]:
    """In this context, new processes have this many threads, unless the user has set this differently."""
    added = [name for name in THREADS if name not in os.environ] if threads else []
    os.environ.update({name: str(threads) for name in added})
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]
