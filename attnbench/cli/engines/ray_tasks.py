"""Jobs as tasks of Ray: in processes of this machine, or on a cluster."""

import logging
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ray  # pyright: ignore[reportMissingImports]
from ray.exceptions import RayError  # pyright: ignore[reportMissingImports]

from attnbench.cli.engines.engine import POLL_S, Keep, RemoteJob, Returned
from attnbench.errors import UserError, in_one_line

OBJECTS = 100 * 2**20  # bytes for what tasks return; a record is small


@dataclass(frozen=True)
class RayEngine:
    """Runs each job as a task of Ray; see `attnbench.cli.engines.engine.Engine`.

    Args:
        init: arguments of `ray.init`. Without an address there and in RAY_ADDRESS, Ray is started on this machine.
        remote: options of `ray.remote` for each job.
        at_once: how many jobs run at once on this machine.
    """

    init: dict[str, Any]
    remote: dict[str, Any]
    at_once: int

    def __call__(self, jobs: Sequence[RemoteJob], keep: Keep) -> None:
        self._connect()
        shared = ray.put(jobs[0].shared)
        task = ray.remote(**self.remote)(_run)
        waiting = {task.remote(shared, job.number, job.overrides): place for place, job in enumerate(jobs)}
        try:
            while waiting:
                ended, _ = ray.wait(list(waiting), num_returns=len(waiting), timeout=POLL_S, fetch_local=False)
                for reference in ended:
                    keep(waiting.pop(reference), _result(reference))
        except BaseException:
            for reference in waiting:
                ray.cancel(reference, force=True)
            raise

    def _connect(self) -> None:
        if ray.is_initialized():
            return
        # Without an address, Ray would look for a cluster that somebody else has started here.
        here = {
            "address": "local",
            "num_cpus": self.at_once,
            "object_store_memory": OBJECTS,
            "include_dashboard": False,
        }
        elsewhere = "address" in self.init or "RAY_ADDRESS" in os.environ
        quiet = {"log_to_driver": False, "logging_level": "error"}
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        logging.getLogger("ray").setLevel(logging.ERROR)
        handler = signal.getsignal(signal.SIGTERM)
        try:
            ray.init(**{**({} if elsewhere else here), **quiet, **self.init})
        except (ConnectionError, RuntimeError, TypeError, ValueError) as error:
            raise UserError(f"hydra.launcher.ray.init={self.init}: {in_one_line(error)}") from error
        finally:
            signal.signal(signal.SIGTERM, handler)  # Ray sets one of its own, which the sweep would not hear


def shut_down() -> None:
    """Ends the processes of Ray on this machine; leaves a cluster."""
    ray.shutdown()


def _run(shared: Any, number: int, overrides: Sequence[str]) -> Returned:
    return RemoteJob(shared, number, overrides)()


def _result(reference: Any) -> Returned | Exception:
    try:
        return ray.get(reference)
    except RayError as error:
        return error
