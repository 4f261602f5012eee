"""The best that a device does, measured with the threads in use: one matrix product, and one copy."""

import time
from collections.abc import Callable

import torch

from attnbench.cost.timing import calls_to_last, once_ms
from attnbench.record import DevicePeak

SMALLEST, LARGEST = 1024, 8192  # rows of the matrices
LONG_MS = 5.0  # a product this long hides the cost of starting it
COPIED = 2**28  # bytes: several times the size of a cache
SECONDS, FEWEST = 0.25, 3  # each is repeated for at least this many seconds, and at least this often


def device_peak(device: torch.device, dtype: torch.dtype) -> DevicePeak:
    """The fastest of several products of square matrices of `dtype`, and of several copies.

    The fastest, not the median: other work on the machine can only make a call slower. The matrices grow until a
    product takes `LONG_MS`. Each of its n³ multiply-adds is 2 operations. A copy reads each byte and writes it.
    """
    rows = SMALLEST
    while (ms := _product_ms(rows, device, dtype)) < LONG_MS and rows < LARGEST:
        rows *= 2
    return DevicePeak(2 * rows**3 * 1000 / ms, 2 * COPIED * 1000 / _copy_ms(device))


def _product_ms(rows: int, device: torch.device, dtype: torch.dtype) -> float:
    left, right, product = (torch.ones(rows, rows, device=device, dtype=dtype) for _ in range(3))
    return _quickest_ms(lambda: torch.mm(left, right, out=product), device)


def _copy_ms(device: torch.device) -> float:
    source, target = (torch.ones(COPIED, device=device, dtype=torch.uint8) for _ in range(2))
    return _quickest_ms(lambda: target.copy_(source), device)


def _quickest_ms(function: Callable[[], object], device: torch.device) -> float:
    once_ms(function, device)
    end, found = time.perf_counter() + SECONDS, list[float]()
    count = calls_to_last(once_ms(function, device))
    while len(found) < FEWEST or time.perf_counter() < end:
        found.append(once_ms(function, device, count))
    return min(found)
