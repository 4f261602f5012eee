"""Runs the jobs of a sweep: on this machine several at once, one thread each, after their costs have been measured."""

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import joblib
import torch
from hydra.plugins.launcher import Launcher
from joblib.externals.loky import get_reusable_executor
from omegaconf import DictConfig
from tqdm import tqdm

from attnbench.cli.plan import PlannedJob
from attnbench.errors import UserError
from attnbench.job import costs
from attnbench.job.build import build

# The number of threads of a process, as its libraries read it. joblib hands these on to its processes.
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


def is_local(launcher: Launcher) -> bool:
    """Whether the launcher is joblib's, which runs jobs on this machine.

    It is told by the name: Hydra imports its plugins in a way of its own, so that their classes may exist twice.
    """
    return type(launcher).__name__ == "JoblibLauncher"


def launch(launcher: Launcher, jobs: Sequence[PlannedJob]) -> None:
    """Runs jobs to their end. A launcher of Hydra that is not ours decides itself how many at once."""
    overrides = [job.overrides for job in jobs]
    if not is_local(launcher):
        launcher.launch(overrides, initial_job_idx=0)
        return
    at_once, options = jobs_at_once(jobs[0].cfg), cast(Any, launcher).joblib
    options |= {"n_jobs": at_once, "pre_dispatch": "n_jobs", "batch_size": 1}
    with _threads_of_new_processes(1 if at_once > 1 else None):
        launcher.launch(overrides, initial_job_idx=0)


@contextmanager
def workers_kept() -> Iterator[None]:
    """In this context, the processes of joblib are kept from launch to launch. After it, there are none."""
    try:
        yield
    finally:  # after a Ctrl-C, processes that joblib keeps for later would complain
        get_reusable_executor().shutdown(wait=True, kill_workers=True)


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
