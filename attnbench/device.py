"""The device and the precision of a job."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch

from attnbench.compiled.products import rounding
from attnbench.errors import UserError

MOST_THREADS = 1024  # with many more, the system cannot start them, and ends the process


def open_device(name: str, threads: int | None = None) -> torch.device:
    """The device `name`: auto (a GPU if there is one), cpu, cuda or cuda:N.

    Args:
        name: of the device.
        threads: of the CPU's operators. None leaves the choice to torch.

    Raises:
        UserError: the machine has no such device, or `threads` is not from 1 to `MOST_THREADS`.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    present = ["cpu", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]
    if name not in present and not (name == "cuda" and len(present) > 1):
        raise UserError(f"device={name}: not on this machine, which has {', '.join(present)}")
    if threads is not None:
        if not 1 <= threads <= MOST_THREADS:
            raise UserError(f"device.threads={threads}: must be 1 to {MOST_THREADS}")
        torch.set_num_threads(threads)
    return torch.device(name)


def synchronize(device: torch.device) -> None:
    """Waits until the device has finished its work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


@dataclass(frozen=True)
class Compute:
    """Where a model computes, and in which precision.

    Raises:
        UserError: `precision` is neither fp32 nor bf16.
    """

    device: torch.device
    precision: str = "fp32"

    def __post_init__(self) -> None:
        dtype(self.precision)

    def autocast(self) -> AbstractContextManager[object]:
        """The context in which a model runs forward: on a GPU, bf16 is torch's autocast."""
        return torch.autocast(self.device.type, torch.bfloat16) if self._rounds and self._on_gpu else nullcontext()

    def products(self) -> AbstractContextManager[object]:
        """The context in which a model runs forward and backward: on the CPU, bf16 rounds operands of large products.

        All else is in float32 there: to convert each tensor takes longer than it saves.
        """
        return nullcontext() if self._on_gpu else rounding(self._rounds)

    @property
    def _on_gpu(self) -> bool:
        return self.device.type != "cpu"

    @property
    def _rounds(self) -> bool:
        return dtype(self.precision) is torch.bfloat16


def dtype(precision: str) -> torch.dtype:
    """The dtype of a precision.

    Raises:
        UserError: `precision` is neither fp32 nor bf16.
    """
    kinds = {"fp32": torch.float32, "bf16": torch.bfloat16}
    if precision not in kinds:
        raise UserError(f"precision={precision}: must be fp32 or bf16")
    return kinds[precision]
