"""The energy of a call. NVML measures it for a GPU, and RAPL for a processor. It is never estimated.

The number includes all energy that the device uses during the call, also while the device is idle or works for other
processes. For a GPU, this is the energy of the board. For a processor, this is the energy of all cores, and of the
memory if it has a counter.
"""

import time
from collections.abc import Callable
from pathlib import Path

import torch

from attnbench.device import synchronize

# A meter starts a measurement. It returns a function that gives the joules since the start.
Meter = Callable[[], Callable[[], float]]

POWERCAP = Path("/sys/class/powercap")
# The seconds to measure: NVML updates its counter about 10 times a second, and RAPL about 1000 times.
MIN_S = 1.0


def joules_per_call(function: Callable[[], object], device: torch.device) -> float | None:
    """Returns the mean joules of a call, from at least `MIN_S` of calls; None if the machine cannot measure energy."""
    meter = nvml(device) if device.type == "cuda" else rapl(POWERCAP)
    if meter is None:
        return None
    synchronize(device)
    joules_since, start, calls = meter(), time.perf_counter(), 0
    while time.perf_counter() - start < MIN_S:
        function()
        calls += 1
        synchronize(device)
    return joules_since() / calls or None  # 0 means that the counter did not change: there is no measurement


def rapl(powercap: Path) -> Meter | None:
    """Returns the meter of the processor's packages and their memory, or None if there is none.

    It reads the folder of Linux's power capping framework. There is no meter if the folder has no counters, or if they
    cannot be read. On most systems, only root may read them.
    """
    try:
        zones = [file.parent for file in powercap.glob("intel-rapl:*/name") if _is_package_or_memory(file.read_text())]
        ranges = [_microjoules(zone / "max_energy_range_uj") for zone in zones]
        _read_counters(zones)
    except (OSError, ValueError):
        return None

    def start() -> Callable[[], float]:
        before = _read_counters(zones)
        # At the end of its range, a counter starts again at 0. The modulo corrects for this.
        return lambda: sum((b - a) % r for a, b, r in zip(before, _read_counters(zones), ranges, strict=True)) / 1e6

    return start if zones else None


def nvml(device: torch.device) -> Meter | None:
    """Returns the meter of a GPU. It is None if pynvml is not installed, or if the GPU has no counter."""
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


def _is_package_or_memory(name: str) -> bool:
    """Whether the energy of a zone is added. The other zones overlap with these, so their energy would count twice."""
    return name.startswith(("package", "dram"))


def _read_counters(zones: list[Path]) -> list[int]:
    return [_microjoules(zone / "energy_uj") for zone in zones]


def _microjoules(file: Path) -> int:
    return int(file.read_text())
