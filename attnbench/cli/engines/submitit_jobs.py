"""Jobs of submitit: processes of this machine, or jobs of a slurm cluster."""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import submitit  # pyright: ignore[reportMissingImports]

from attnbench.cli.engines.engine import POLL_S, Keep, RemoteJob, Returned
from attnbench.errors import UserError, in_one_line

COMMON = {"name", "timeout_min", "mem_gb", "nodes", "cpus_per_task", "gpus_per_node", "tasks_per_node"}
COMMON |= {"stderr_to_stdout"}  # parameters that submitit has for every cluster; others begin with the cluster's name
END_S = 30  # seconds that an interrupted job has to end


class Requeued:
    """A job that submitit starts again from its beginning; the job itself goes on from its last state."""

    def __init__(self, job: RemoteJob) -> None:
        self.job = job

    def __call__(self) -> Returned:
        return self.job()

    def checkpoint(self) -> submitit.helpers.DelayedSubmission:
        return submitit.helpers.DelayedSubmission(self)


@dataclass(frozen=True)
class SubmititEngine:
    """Runs each job as a job of submitit; see `attnbench.cli.engines.engine.Engine`.

    Args:
        cluster: `local` or `slurm`.
        folder: for the files of submitit: what is sent, what comes back, and what each job prints.
        parameters: of the executor, by submitit's names without a prefix.
        at_once: how many jobs run at once on this machine; on slurm it is the array that has a limit.
    """

    cluster: str
    folder: Path
    parameters: dict[str, Any]
    at_once: int

    def __call__(self, jobs: Sequence[RemoteJob], keep: Keep) -> None:
        executor = self._executor()
        todo = [*enumerate(map(Requeued, jobs))]
        window = len(todo) if self.cluster == "slurm" else self.at_once
        waiting: dict[int, submitit.Job[Returned]] = {}
        try:
            while todo or waiting:
                taken, todo = todo[: (free := window - len(waiting))], todo[free:]
                if taken:  # an array
                    with _stderr_to(self.folder / "processes.log"):
                        started = executor.submit_array([job for _, job in taken])
                    waiting |= zip((place for place, _ in taken), started, strict=True)
                for place in [place for place, job in waiting.items() if job.done()]:
                    keep(place, _result(waiting.pop(place)))
                time.sleep(POLL_S)
        except BaseException:
            _cancel([*waiting.values()])
            raise

    def _executor(self) -> submitit.AutoExecutor:
        named = {name if name in COMMON else f"{self.cluster}_{name}": each for name, each in self.parameters.items()}
        timeouts = f"{self.cluster}_max_num_timeout"
        executor = submitit.AutoExecutor(self.folder, self.cluster, **{timeouts: named.pop(timeouts, 10)})
        named.pop(f"{self.cluster}_submitit_folder", None)  # of Hydra's own launcher, if that is installed
        try:
            executor.update_parameters(**named)
        except (AssertionError, NameError, TypeError, ValueError) as error:
            raise UserError(f"hydra.launcher: {in_one_line(error)}") from error
        return executor


@contextmanager
def _stderr_to(path: Path) -> Iterator[None]:
    """Processes that start in this context write their errors to a file. submitit's own print how they were ended."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = os.dup(2)
    with path.open("ab") as log:
        os.dup2(log.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _result(job: submitit.Job[Returned]) -> Returned | Exception:
    try:
        return job.result()
    except Exception as error:
        return error


def _cancel(jobs: Sequence[submitit.Job[Returned]]) -> None:
    for job in jobs:
        job.cancel(check=False)
    until = time.monotonic() + END_S
    while time.monotonic() < until and not all(job.done() for job in jobs):
        time.sleep(POLL_S)
