"""The energy of a call, if the machine measures it: NVML for a GPU, RAPL for a processor. It is never estimated.

The number is all energy that the device takes, also when it is idle or works for others. For a GPU it is that of the
board. For a processor it is that of all cores, and of the memory if there is a counter for it.
"""

import time
from collections.abc import Callable
from pathlib import Path

import torch

from attnbench.device import synchronize

# Starts a measurement; the function that it returns gives the joules since then.
Meter = Callable[[], Callable[[], float]]

POWERCAP = Path("/sys/class/powercap")
MIN_S = 1.0  # seconds of calls: NVML's counter moves about ten times a second, RAPL's about a thousand times


def joules_a_call(function: Callable[[], object], device: torch.device) -> float | None:
    """The mean over calls for at least `MIN_S`; None if the machine does not measure energy."""
    meter = nvml(device) if device.type == "cuda" else rapl(POWERCAP)
    if meter is None:
        return None
    synchronize(device)
    joules_since, start, calls = meter(), time.perf_counter(), 0
    while time.perf_counter() - start < MIN_S:
        function()
        calls += 1
        synchronize(device)
    return joules_since() / calls or None  # a counter that did not move says nothing


def rapl(powercap: Path) -> Meter | None:
    """The energy of the processor's packages and their memory, from the folder of Linux's power capping framework.

    None if there are no counters, or if they cannot be read: on most systems only root may read them.
    """
    try:
        zones = [file.parent for file in powercap.glob("intel-rapl:*/name") if _counts(file.read_text())]
        ranges = [_microjoules(zone / "max_energy_range_uj") for zone in zones]
        _counters(zones)
    except (OSError, ValueError):
        return None

    def start() -> Callable[[], float]:
        before = _counters(zones)
        # A counter starts again at the end of its range.
        return lambda: sum((b - a) % r for a, b, r in zip(before, _counters(zones), ranges, strict=True)) / 1e6

    return start if zones else None


def nvml(device: torch.device) -> Meter | None:
    """The energy of a GPU, through pynvml; None if that is not installed, or if the GPU has no counter."""
    try:
        import pynvml  # pyright: ignore[reportMissingImports]
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
        gpu = pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{torch.cuda.get_device_properties(device).uuid}")
        pynvml.nvmlDeviceGetTotalEnergyConsumption(gpu)
    except pynvml.NVMLError:
        return None

    def start() -> Callable[[], float]:
        before = pynvml.nvmlDeviceGetTotalEnergyConsumption(gpu)
        return lambda: (pynvml.nvmlDeviceGetTotalEnergyConsumption(gpu) - before) / 1000

    return start


def _counts(name: str) -> bool:
    """Whether a zone is not a part of another zone that counts."""
    return name.startswith(("package", "dram"))


def _counters(zones: list[Path]) -> list[int]:
    return [_microjoules(zone / "energy_uj") for zone in zones]


def _microjoules(file: Path) -> int:
    return int(file.read_text())
