"""The energy of a call, where the machine tells: NVML of a GPU, RAPL of a processor. It is never guessed.

What is told is all that the device takes, idle or not, and whoever it works for: of a GPU its board, of a processor all
its cores, and its memory where that has a counter.
"""

import time
from collections.abc import Callable
from pathlib import Path

import torch

from attnbench.device import synchronize

Meter = Callable[[], Callable[[], float]]  # starts; what it answers tells the joules since

POWERCAP = Path("/sys/class/powercap")
MIN_S = 1.0  # calls go on for this long: NVML's counter moves ten times a second or so, RAPL's a thousand times


def joules_a_call(function: Callable[[], object], device: torch.device) -> float | None:
    """The mean over the calls of at least `MIN_S`, or None where the machine does not tell."""
    meter = nvml(device) if device.type == "cuda" else rapl(POWERCAP)
    if meter is None:
        return None
    synchronize(device)
    joules_since, start, calls = meter(), time.perf_counter(), 0
    while time.perf_counter() - start < MIN_S:
        function()
        calls += 1
        synchronize(device)
    return joules_since() / calls or None  # a counter that stood still tells nothing


def rapl(powercap: Path) -> Meter | None:
    """Of the processor's packages and their memory, from the folder of Linux's power capping framework.

    None where there are none, or where one may not be read: most systems show them to root alone.
    """
    try:
        zones = [file.parent for file in powercap.glob("intel-rapl:*/name") if _counts(file.read_text())]
        ranges = [_microjoules(zone / "max_energy_range_uj") for zone in zones]
        _counters(zones)
    except (OSError, ValueError):
        return None

    def start() -> Callable[[], float]:
        before = _counters(zones)
        # A counter begins again at the end of its range.
        return lambda: sum((b - a) % r for a, b, r in zip(before, _counters(zones), ranges, strict=True)) / 1e6

    return start if zones else None


def nvml(device: torch.device) -> Meter | None:
    """Of a GPU, through pynvml; None where that is not installed, or the GPU has no counter."""
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
    """Whether a zone is not a part of another that counts."""
    return name.startswith(("package", "dram"))


def _counters(zones: list[Path]) -> list[int]:
    return [_microjoules(zone / "energy_uj") for zone in zones]


def _microjoules(file: Path) -> int:
    return int(file.read_text())
