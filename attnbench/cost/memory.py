"""The peak memory of the allocator, on the CPU too."""

import gc
from collections.abc import Callable

import torch
from torch.profiler import ProfilerActivity, profile

MIB = 2**20


def peak_mib(function: Callable[[], object], device: torch.device) -> float:
    """The most that one call of `function` held at one time, above what was held before, in MiB.

    On CUDA it is the allocator's counter. The CPU allocator has none, but the profiler reports each allocation and
    release: the peak is that of their running sum. Memory outside torch (Python, the C library) is not counted on
    either.
    """
    gc.collect()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        function()
        torch.cuda.synchronize(device)
        return (torch.cuda.max_memory_allocated(device) - before) / MIB
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        function()
    assert profiler.profiler is not None and profiler.profiler.kineto_results is not None
    events = [event for event in profiler.profiler.kineto_results.events() if event.name() == "[memory]"]
    held = peak = 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        held += event.nbytes()  # pyright: ignore[reportAttributeAccessIssue]
        peak = max(peak, held)
    return peak / MIB


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an allocator had no more memory. The CPU's allocator raises a plain RuntimeError."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or (
        isinstance(error, RuntimeError) and "DefaultCPUAllocator" in str(error)
    )
