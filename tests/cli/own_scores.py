"""Scores with which a job does not end well."""

import os
import signal
import time
from pathlib import Path

from torch import Tensor

from attnbench.attention.scores import Dot


class Dying(Dot):
    """Kills its process, as the system does when memory is short, unless there is a file `alive`."""

    def query_features(self, query: Tensor) -> Tensor:
        if not Path("alive").exists():
            os.kill(os.getpid(), signal.SIGKILL)
        return super().query_features(query)


class Preempted(Dot):
    """Gets the signal with which slurm says that it takes the machine away; the first time only."""

    def query_features(self, query: Tensor) -> Tensor:
        if not (before := Path("preempted")).exists():
            before.touch()
            os.kill(os.getpid(), signal.SIGUSR2)
        return super().query_features(query)


class Failing(Dot):
    """Raises an error."""

    def query_features(self, query: Tensor) -> Tensor:
        raise ValueError("it fails")


class Slow(Dot):
    """Takes its time."""

    def query_features(self, query: Tensor) -> Tensor:
        time.sleep(1)
        return super().query_features(query)
