"""Contenders that end their process, as the system or a bug would. Each can be made in another process."""

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


def sound() -> Attend:
    return add


def dies(number: int, longest: int) -> Attend:
    """Dies by a signal beyond `longest` queries."""

    def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        if query.shape[2] > longest:
            os.kill(os.getpid(), number)
        return add(query, key, value)

    return attend


def leaves(status: int) -> Attend:
    return lambda query, key, value: os._exit(status)


def hangs(folder: Path) -> Attend:
    """For a minute; leaves a file named after its process."""

    def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        (folder / str(os.getpid())).touch()
        time.sleep(60)
        return add(query, key, value)

    return attend


def limited(mib: int) -> Attend:
    """Holds the square of the length in KiB, with a limit on its address space."""

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


def sleepless() -> Attend:
    """Works only if waiting threads are set to sleep soon."""

    def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        if not {"GOMP_SPINCOUNT", "KMP_BLOCKTIME"} <= os.environ.keys():
            raise NotImplementedError("its threads wait awake")
        return add(query, key, value)

    return attend


def ends_early() -> Attend:
    """Fails like a table of positions that is too short."""

    def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        if query.shape[2] > 4:
            raise UserError("score.positions=4: there are more")
        return add(query, key, value)

    return attend
