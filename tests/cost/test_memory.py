"""The allocator's peak, against tensors of known size."""

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
    # The input, its gradient and the one it comes from; exp keeps its output, and the sum's gradient is a view.
    mib(2).zero_().requires_grad_().exp().sum().backward()


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda: None, 0),
        (lambda: mib(4), 4),
        (lambda: [mib(4), mib(4)], 8),
        (lambda: (mib(6).sum(), mib(5).sum()), 6),  # the first is gone before the second comes
        (allocate_free_allocate, 16),
        (lambda: mib(3) + mib(3), 9),
        (lambda: torch.zeros(512, 1).expand(512, 512) * 1, 1),
        (backward, 6),
    ],
)
def test_it_is_the_most_that_was_held_at_once(function: Callable[[], object], expected: float) -> None:
    assert peak_mib(function, CPU) == pytest.approx(expected, abs=SLACK)


def test_what_was_held_before_does_not_count() -> None:
    kept = mib(16)
    assert peak_mib(lambda: kept.numel() and mib(4), CPU) == pytest.approx(4, abs=SLACK)


def test_it_measures_the_same_again() -> None:
    weight = torch.randn(64, 64, requires_grad=True)
    states = torch.randn(256, 64)

    def step() -> None:
        (states @ weight).tanh().sum().backward()
        weight.grad = None

    step()
    assert len({peak_mib(step, CPU) for _ in range(3)}) == 1


def test_garbage_of_earlier_calls_is_not_taken_for_a_release() -> None:
    class Ring:
        def __init__(self) -> None:
            self.own, self.tensor = self, mib(16)

    gc.disable()
    try:
        Ring()
        assert peak_mib(lambda: (gc.collect(), mib(4)), CPU) == pytest.approx(4, abs=SLACK)
    finally:
        gc.enable()


def test_a_fault_passes_through() -> None:
    with pytest.raises(ZeroDivisionError):
        peak_mib(lambda: 1 / 0, CPU)
    assert peak_mib(lambda: mib(1), CPU) == pytest.approx(1, abs=SLACK)


def test_threads_of_others_are_left_out() -> None:
    done, seen = threading.Event(), threading.Event()

    def other() -> None:
        seen.wait(10)
        mib(32)
        done.set()

    thread = threading.Thread(target=other)
    thread.start()
    peak = peak_mib(lambda: (seen.set(), done.wait(10), mib(2)), CPU)
    thread.join(10)
    assert peak == pytest.approx(2, abs=SLACK)


def failure(size: int) -> BaseException:
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
def test_running_out_is_told_from_other_faults(error: BaseException, expected: bool) -> None:
    assert is_out_of_memory(error) == expected


def test_what_this_machine_raises_is_known() -> None:
    assert is_out_of_memory(failure(2**60))
    assert math.isfinite(peak_mib(lambda: failure(2**60), CPU))
