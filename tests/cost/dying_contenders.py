"""Contenders that end their process, like the system or a bug does. Each can be made in another process."""

import os
import resource
import signal
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from attnbench.errors import UserError

Attend = Callable[[Tensor, Tensor, Tensor], Tensor]


def add(*tensors: Tensor) -> Tensor:
    return torch.stack(tensors).sum(0)


def works() -> Attend:
    return add


def dies(signal_number: int, longest: int) -> Attend:
    """Kills its process by a signal if there are more than `longest` queries."""

    def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        if query.shape[2] > longest:
            os.kill(os.getpid(), signal_number)
        return add(query, key, value)

    return attend


def exits(status: int) -> Attend:
    """Ends its process with the exit status."""
    return lambda query, key, value: os._exit(status)


def hangs(folder: Path) -> Attend:
    """Sleeps for a minute. It first writes a file whose name is the id of its process."""

    def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        (folder / str(os.getpid())).touch()
        time.sleep(60)
        return add(query, key, value)

    return attend


def limited(mib: int) -> Attend:
    """Allocates n² KiB for n queries. The address space of its process has a limit of `mib` more."""

    def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        held = torch.ones(query.shape[2] ** 2, 256)
        return add(query, key, value) * held[0, 0]

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + mib * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    return attend


def interrupted() -> Attend:
    """Gets the signal that a Ctrl-C sends to all processes of the terminal."""
    os.kill(os.getpid(), signal.SIGINT)
    return add


def lacks_positions() -> Attend:
    """Raises the error of a table of positions that is too short."""

    def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        if query.shape[2] > 4:
            raise UserError("score.positions=4: there are more")
        return add(query, key, value)

    return attend
