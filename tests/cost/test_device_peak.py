"""The peak speed of a device, on small matrices, with a fake time for each call."""

from collections.abc import Callable

import pytest
import torch

from attnbench.cost import device_peak

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def small_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"MIN_ROWS": 8, "MAX_ROWS": 64, "COPY_BYTES": 1000, "MIN_SECONDS": 0.0}.items():
        monkeypatch.setattr(device_peak, name, value)


def timed(monkeypatch: pytest.MonkeyPatch, product_ms: Callable[[int], float], copy_ms: float) -> list[torch.dtype]:
    """Replaces the time of each call. Returns the dtypes of the multiplied matrices."""
    dtypes: list[torch.dtype] = []
    slowdown = iter([5.0, 3.0, 2.0, 1.0, 4.0] * 100)  # factors: only one call in five is not slower

    def once_ms(function: Callable[[], object], device: torch.device, count: int = 1) -> float:
        result = function()
        assert isinstance(result, torch.Tensor)
        if result.ndim == 2:
            assert bool((result == len(result)).all())  # ones times ones
            dtypes.append(result.dtype)
        return next(slowdown) * (copy_ms if result.ndim == 1 else product_ms(len(result)))

    monkeypatch.setattr(device_peak, "once_ms", once_ms)
    monkeypatch.setattr(device_peak, "MIN_REPETITIONS", 5)
    return dtypes


def test_operations_and_bytes_per_second_come_from_the_fastest_call(monkeypatch: pytest.MonkeyPatch) -> None:
    dtypes = timed(monkeypatch, lambda rows: rows / 4, copy_ms=2.0)
    peak = device_peak.device_peak(CPU, torch.bfloat16)
    assert peak.flops_per_s == pytest.approx(2 * 32**3 / 0.008)  # the first size that takes 5 ms
    assert peak.bytes_per_s == pytest.approx(2 * 1000 / 0.002)
    assert set(dtypes) == {torch.bfloat16}


def test_matrices_stop_growing(monkeypatch: pytest.MonkeyPatch) -> None:
    timed(monkeypatch, lambda rows: 1e-3, copy_ms=1.0)
    assert device_peak.device_peak(CPU, torch.float32).flops_per_s == pytest.approx(2 * 64**3 / 1e-6)


def test_the_real_clock_gives_positive_numbers() -> None:
    peak = device_peak.device_peak(CPU, torch.float32)
    assert peak.flops_per_s > 0
    assert peak.bytes_per_s > 0
