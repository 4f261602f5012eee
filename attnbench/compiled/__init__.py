"""Loops for the CPU, compiled by numba, where torch's operators spend most of a training step on other things than
arithmetic: a recurrence, the loss over a vocabulary, dropout.

Each computes the same as a textbook form in torch. `runs_on` says where it can; elsewhere the caller takes the textbook
form.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

_enabled = True


def runs_on(*tensors: Tensor) -> bool:
    """Whether the loops can compute with these tensors: on the CPU, in float32."""
    return _enabled and all(tensor.device.type == "cpu" and tensor.dtype is torch.float32 for tensor in tensors)


@contextmanager
def textbook() -> Iterator[None]:
    """In this context, nothing runs compiled: for tests and benchmarks, which compare both forms."""
    global _enabled
    before, _enabled = _enabled, False
    try:
        yield
    finally:
        _enabled = before
