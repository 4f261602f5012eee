"""Energy, with an imitation of Linux's powercap folder and an imitation of pynvml."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from attnbench.cost import energy

RANGE = 10_000_000  # µJ


def zone(powercap: Path, folder: str, name: str, microjoules: int) -> Path:
    """Makes a zone of the powercap folder, and returns the file of its counter."""
    (powercap / folder).mkdir(parents=True)
    (powercap / folder / "name").write_text(f"{name}\n")
    (powercap / folder / "max_energy_range_uj").write_text(f"{RANGE}\n")
    counter = powercap / folder / "energy_uj"
    counter.write_text(f"{microjoules}\n")
    return counter


def test_the_sum_has_packages_and_their_memory_but_not_other_zones(tmp_path: Path) -> None:
    package = zone(tmp_path, "intel-rapl:0", "package-0", 1_000_000)
    cores = zone(tmp_path, "intel-rapl:0:0", "core", 500_000)
    memory = zone(tmp_path, "intel-rapl:0:1", "dram", 0)
    system = zone(tmp_path, "intel-rapl:1", "psys", 0)
    start = energy.rapl(tmp_path)
    assert start is not None
    joules_since = start()
    for counter, microjoules in ((package, 3_500_000), (cores, 2_000_000), (memory, 250_000), (system, 9_000_000)):
        counter.write_text(str(microjoules))
    assert joules_since() == pytest.approx(2.5 + 0.25)


def test_a_counter_that_starts_again_at_0_gives_the_right_difference(tmp_path: Path) -> None:
    counter = zone(tmp_path, "intel-rapl:0", "package-0", RANGE - 1_000_000)
    start = energy.rapl(tmp_path)
    assert start is not None
    joules_since = start()
    counter.write_text("500000")
    assert joules_since() == pytest.approx(1.5)


def test_without_a_folder_or_a_package_there_is_no_meter(tmp_path: Path) -> None:
    assert energy.rapl(tmp_path / "none") is None
    zone(tmp_path, "intel-rapl:0", "psys", 0)
    assert energy.rapl(tmp_path) is None


def test_without_permission_to_read_there_is_no_meter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zone(tmp_path, "intel-rapl:0", "package-0", 0)
    zone(tmp_path, "intel-rapl:1", "package-1", 0)
    read = Path.read_text

    def refuse(file: Path) -> str:
        if file == tmp_path / "intel-rapl:1" / "energy_uj":
            raise PermissionError(13, "Permission denied")
        return read(file)

    monkeypatch.setattr(Path, "read_text", refuse)
    assert energy.rapl(tmp_path) is None


def test_the_result_is_the_mean_over_all_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counter = zone(tmp_path, "intel-rapl:0", "package-0", 0)
    monkeypatch.setattr(energy, "POWERCAP", tmp_path)
    seconds = iter(range(100))
    monkeypatch.setattr(energy, "time", SimpleNamespace(perf_counter=lambda: next(seconds) / 10))
    calls: list[None] = []

    def call() -> None:
        calls.append(None)
        counter.write_text(str(300_000 * len(calls)))

    assert energy.joules_per_call(call, torch.device("cpu")) == pytest.approx(0.3)
    assert len(calls) == 9  # the fake clock reaches 1 s after 9 calls


def test_without_a_meter_the_function_is_not_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(energy, "POWERCAP", tmp_path)
    assert energy.joules_per_call(lambda: pytest.fail("was called"), torch.device("cpu")) is None


def test_a_counter_that_does_not_change_gives_no_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zone(tmp_path, "intel-rapl:0", "package-0", 7)
    monkeypatch.setattr(energy, "POWERCAP", tmp_path)
    monkeypatch.setattr(energy, "MIN_S", 0.01)
    assert energy.joules_per_call(lambda: None, torch.device("cpu")) is None


class Library:
    """An imitation of pynvml, with one GPU."""

    class NVMLError(Exception):
        pass

    def __init__(self, has_counter: bool) -> None:
        self.has_counter, self.millijoules, self.initialised = has_counter, iter(range(10_000, 100_000, 1500)), False

    def nvmlInit(self) -> None:  # noqa: N802
        self.initialised = True

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> str:  # noqa: N802
        assert self.initialised
        if uuid != "GPU-0a1b":
            raise self.NVMLError("no such device")
        return uuid

    def nvmlDeviceGetTotalEnergyConsumption(self, gpu: str) -> int:  # noqa: N802
        assert gpu == "GPU-0a1b"
        if not self.has_counter:
            raise self.NVMLError("not supported")
        return next(self.millijoules)


@pytest.fixture
def uuid(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    properties = SimpleNamespace(uuid="0a1b")
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: properties)
    return properties


def test_a_gpu_is_measured_with_pynvml(uuid: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", Library(has_counter=True))
    start = energy.nvml(torch.device("cuda"))
    assert start is not None
    assert start()() == pytest.approx(1.5)


def test_there_is_no_meter_for_a_gpu_without_a_counter_or_an_unknown_gpu(
    uuid: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", Library(has_counter=False))
    assert energy.nvml(torch.device("cuda")) is None
    monkeypatch.setitem(sys.modules, "pynvml", Library(has_counter=True))
    uuid.uuid = "ffff"
    assert energy.nvml(torch.device("cuda")) is None


def test_without_pynvml_there_is_no_meter_for_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert energy.nvml(torch.device("cuda")) is None
