"""The peak speed of a device: of a matrix product and of a copy, measured with the current number of threads."""

import time
from collections.abc import Callable

import torch

from attnbench.cost.timing import calls_to_last, once_ms
from attnbench.record import DevicePeak

MIN_ROWS, MAX_ROWS = 1024, 8192  # of the matrices
MIN_PRODUCT_MS = 5.0  # if a product takes this long, the cost of its start does not matter
COPY_BYTES = 2**28  # several times the size of a cache
# The product and the copy are each repeated for at least this many seconds, and at least this many times.
MIN_SECONDS, MIN_REPETITIONS = 0.25, 3


def device_peak(device: torch.device, dtype: torch.dtype) -> DevicePeak:
    """Returns the operations per second of a matrix product, and the bytes per second of a copy.

    Both are computed from the fastest of several calls, not from the median: other work on the machine can only make a
    call slower. The product multiplies two square matrices of `dtype`. The matrices grow until a product takes
    `MIN_PRODUCT_MS`. A product of matrices with n rows has n³ multiply-adds. Each is 2 operations. A copy reads each
    byte and writes each byte.
    """
    rows = MIN_ROWS
    while (ms := _product_ms(rows, device, dtype)) < MIN_PRODUCT_MS and rows < MAX_ROWS:
        rows *= 2
    return DevicePeak(2 * rows**3 * 1000 / ms, 2 * COPY_BYTES * 1000 / _copy_ms(device))


def _product_ms(rows: int, device: torch.device, dtype: torch.dtype) -> float:
    left, right, product = (torch.ones(rows, rows, device=device, dtype=dtype) for _ in range(3))
    return _fastest_ms(lambda: torch.mm(left, right, out=product), device)


def _copy_ms(device: torch.device) -> float:
    source, target = (torch.ones(COPY_BYTES, device=device, dtype=torch.uint8) for _ in range(2))
    return _fastest_ms(lambda: target.copy_(source), device)


def _fastest_ms(function: Callable[[], object], device: torch.device) -> float:
    once_ms(function, device)
    end_s, samples_ms = time.perf_counter() + MIN_SECONDS, list[float]()
    count = calls_to_last(once_ms(function, device))
    while len(samples_ms) < MIN_REPETITIONS or time.perf_counter() < end_s:
        samples_ms.append(once_ms(function, device, count))
    return min(samples_ms)
