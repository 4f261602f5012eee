"""The peak memory of the allocator, compared with tensors of known size."""

import gc
import math
import threading
from collections.abc import Callable

import pytest
import torch

from attnbench.cost.memory import is_out_of_memory, peak_mib

CPU = torch.device("cpu")
SLACK = 0.01  # MiB


def mib(size: float) -> torch.Tensor:
    return torch.empty(int(size * 2**18))


def allocate_free_allocate() -> None:
    held = [mib(4) for _ in range(3)]
    del held[1]
    held.append(mib(8))


def backward() -> None:
    # At the peak, three tensors of 2 MiB exist: the input, the output that exp keeps, and the gradient. The gradient of
    # the sum is a view.
    mib(2).zero_().requires_grad_().exp().sum().backward()


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda: None, 0),
        (lambda: mib(4), 4),
        (lambda: [mib(4), mib(4)], 8),
        (lambda: (mib(6).sum(), mib(5).sum()), 6),  # the first tensor is freed before the second is allocated
        (allocate_free_allocate, 16),
        (lambda: mib(3) + mib(3), 9),
        (lambda: torch.zeros(512, 1).expand(512, 512) * 1, 1),
        (backward, 6),
    ],
)
def test_the_peak_is_the_largest_sum_that_is_held_at_one_time(function: Callable[[], object], expected: float) -> None:
    assert peak_mib(function, CPU) == pytest.approx(expected, abs=SLACK)


def test_memory_from_before_the_call_does_not_count() -> None:
    kept = mib(16)
    assert peak_mib(lambda: kept.numel() and mib(4), CPU) == pytest.approx(4, abs=SLACK)


def test_repeated_measurements_are_equal() -> None:
    weight = torch.randn(64, 64, requires_grad=True)
    states = torch.randn(256, 64)

    def step() -> None:
        (states @ weight).tanh().sum().backward()
        weight.grad = None

    step()
    assert len({peak_mib(step, CPU) for _ in range(3)}) == 1


def test_garbage_of_earlier_calls_does_not_count_as_a_release() -> None:
    class Ring:
        def __init__(self) -> None:
            self.own, self.tensor = self, mib(16)

    gc.disable()
    try:
        Ring()
        assert peak_mib(lambda: (gc.collect(), mib(4)), CPU) == pytest.approx(4, abs=SLACK)
    finally:
        gc.enable()


def test_an_exception_is_raised_again() -> None:
    with pytest.raises(ZeroDivisionError):
        peak_mib(lambda: 1 / 0, CPU)
    assert peak_mib(lambda: mib(1), CPU) == pytest.approx(1, abs=SLACK)


def test_memory_of_other_threads_does_not_count() -> None:
    done, started = threading.Event(), threading.Event()

    def allocate_elsewhere() -> None:
        started.wait(10)
        mib(32)
        done.set()

    thread = threading.Thread(target=allocate_elsewhere)
    thread.start()
    peak = peak_mib(lambda: (started.set(), done.wait(10), mib(2)), CPU)
    thread.join(10)
    assert peak == pytest.approx(2, abs=SLACK)


def allocation_error(size: int) -> BaseException:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(size, dtype=torch.uint8)
    return caught.value


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), True),
        (torch.OutOfMemoryError("CUDA out of memory"), True),
        (RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 8 bytes."), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
        (ValueError("DefaultCPUAllocator: can't allocate memory"), False),
        (KeyboardInterrupt(), False),
    ],
)
def test_out_of_memory_differs_from_other_errors(error: BaseException, expected: bool) -> None:
    assert is_out_of_memory(error) == expected


def test_the_error_of_this_machine_is_recognised() -> None:
    assert is_out_of_memory(allocation_error(2**60))
    assert math.isfinite(peak_mib(lambda: allocation_error(2**60), CPU))
