"""The peak memory of PyTorch's allocator, on a GPU and on the CPU."""

import gc
from collections.abc import Callable

import torch
from torch.profiler import ProfilerActivity, profile

MIB = 2**20


def peak_mib(function: Callable[[], object], device: torch.device) -> float:
    """Returns the peak memory of one call of `function`, in MiB. Memory that was held before the call does not count.

    On CUDA, the value comes from the counter of the allocator. The CPU allocator has no counter, but the profiler
    reports each allocation and release. The peak is the maximum of their running sum. On both devices, memory outside
    PyTorch (Python, the C library) is not counted.
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
    """Whether the error says that an allocator is out of memory. The CPU allocator raises a plain RuntimeError."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or (
        isinstance(error, RuntimeError) and "DefaultCPUAllocator" in str(error)
    )
