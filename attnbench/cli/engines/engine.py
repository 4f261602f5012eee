"""What an engine runs, and how its results come back."""

import contextlib
import importlib.util
import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn, JobStatus
from hydra.types import HydraContext, TaskFunction
from hydra_plugins.hydra_joblib_launcher._core import execute_job
from omegaconf import DictConfig

from attnbench import record
from attnbench.errors import UserError
from attnbench.files import write_whole

POLL_S = 0.5
TAKEN = 1000  # jobs that an engine is given at once; slurm allows no larger array unless it is told to


class Returned(NamedTuple):
    """What comes back from the process of a job.

    Args:
        hydra: Hydra's own.
        path: of the job's record; relative, if it is below the folder in which the process works.
        record: the content of that file; None if the job wrote none.
    """

    hydra: JobReturn
    path: Path
    record: bytes | None


Keep = Callable[[int, Returned | Exception], None]  # is called with the number of each job that ended, in any order


class Engine(Protocol):
    """Runs jobs in other processes.

    If it is interrupted, it ends all of them. A job whose process died gives the error that the engine raised.
    """

    def __call__(self, jobs: "Sequence[RemoteJob]", keep: Keep) -> None: ...


@dataclass(frozen=True)
class Shared:
    """What all jobs of a launch have in common."""

    context: HydraContext
    config: DictConfig
    task: TaskFunction
    state: Any  # Hydra's singletons
    folder: str  # where the sweep was started


@dataclass(frozen=True)
class RemoteJob:
    """One job, as it is sent to another process."""

    shared: Shared
    number: int
    overrides: Sequence[str]

    def __call__(self) -> Returned:
        shared = self.shared
        with contextlib.suppress(OSError):  # a machine that does not share the folder works in one of its own
            os.chdir(shared.folder)
        args = (self.number, self.overrides, shared.context, shared.config, shared.task, shared.state)
        done = execute_job(*args)
        assert done.hydra_cfg is not None
        path, here = Path(done.hydra_cfg.hydra.runtime.output_dir) / record.NAME, Path.cwd()
        content = path.read_bytes() if path.is_file() else None
        return Returned(done, path.relative_to(here) if path.is_relative_to(here) else path, content)


@dataclass(frozen=True)
class Work:
    """What a launcher of Hydra is set up with."""

    context: HydraContext
    config: DictConfig
    task: TaskFunction

    @property
    def folder(self) -> Path:
        """The folder of the sweep."""
        return Path(self.config.hydra.sweep.dir)

    def run(self, engine: Engine, overrides: Sequence[Sequence[str]], first: int) -> list[JobReturn]:
        """Runs jobs. The record of each is written here as it comes back, if it is not here yet."""
        self.folder.mkdir(parents=True, exist_ok=True)
        shared = Shared(self.context, self.config, self.task, Singleton.get_state(), str(Path.cwd()))
        jobs = [RemoteJob(shared, first + place, list(each)) for place, each in enumerate(overrides)]
        ended: dict[int, JobReturn] = {}

        def keep(place: int, found: Returned | Exception) -> None:
            ended[place] = found.hydra if isinstance(found, Returned) else _lost(found)
            if isinstance(found, Returned) and found.record is not None:
                _write(found.record, found.path)

        for begin in range(0, len(jobs), TAKEN):
            engine(jobs[begin : begin + TAKEN], lambda place, found, begin=begin: keep(begin + place, found))
        return [ended[place] for place in range(len(jobs))]


def check_installed(package: str) -> None:
    """Raises a UserError if a package is missing."""
    if importlib.util.find_spec(package) is None:
        raise UserError(f"hydra/launcher: the package {package} is missing; pip install {package}")


def check_address(address: str | None) -> None:
    """Raises a UserError if nobody listens at an address such as `host:6379`. Ray itself would try for minutes."""
    host, _, port = (address or "").rpartition(":")
    if host and port.isdigit() and "/" not in host:
        try:
            socket.create_connection((host, int(port)), timeout=10).close()
        except OSError as error:
            raise UserError(f"hydra.launcher.ray.init.address={address}: no cluster of Ray there: {error}") from error


def _write(content: bytes, path: Path) -> None:
    """Writes a record where the job would have written it here."""
    if not path.is_file() or path.read_bytes() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)


def _lost(error: Exception) -> JobReturn:
    lost = JobReturn(status=JobStatus.FAILED)
    lost.return_value = error
    return lost
