"""The peak of a device, on small matrices, with a clock that knows the time of each call."""

from collections.abc import Callable

import pytest
import torch

from attnbench.cost import device_peak

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"SMALLEST": 8, "LARGEST": 64, "COPIED": 1000, "SECONDS": 0.0}.items():
        monkeypatch.setattr(device_peak, name, value)


def timed(monkeypatch: pytest.MonkeyPatch, product_ms: Callable[[int], float], copy_ms: float) -> list[torch.dtype]:
    """Replaces the clock. Returns the types of the multiplied matrices."""
    seen: list[torch.dtype] = []
    noise = iter([5.0, 3.0, 2.0, 1.0, 4.0] * 100)  # factors: the clock is disturbed, but for one call in five

    def once_ms(function: Callable[[], object], device: torch.device, count: int = 1) -> float:
        result = function()
        assert isinstance(result, torch.Tensor)
        if result.ndim == 2:
            assert bool((result == len(result)).all())  # ones times ones
            seen.append(result.dtype)
        return next(noise) * (copy_ms if result.ndim == 1 else product_ms(len(result)))

    monkeypatch.setattr(device_peak, "once_ms", once_ms)
    monkeypatch.setattr(device_peak, "FEWEST", 5)
    return seen


def test_operations_and_bytes_a_second_are_those_of_the_quickest_call(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = timed(monkeypatch, lambda rows: rows / 4, copy_ms=2.0)
    found = device_peak.device_peak(CPU, torch.bfloat16)
    assert found.flops_per_s == pytest.approx(2 * 32**3 / 0.008)  # the first size that takes 5 ms
    assert found.bytes_per_s == pytest.approx(2 * 1000 / 0.002)
    assert set(seen) == {torch.bfloat16}


def test_matrices_stop_growing(monkeypatch: pytest.MonkeyPatch) -> None:
    timed(monkeypatch, lambda rows: 1e-3, copy_ms=1.0)
    assert device_peak.device_peak(CPU, torch.float32).flops_per_s == pytest.approx(2 * 64**3 / 1e-6)


def test_the_clock_itself_gives_numbers() -> None:
    found = device_peak.device_peak(CPU, torch.float32)
    assert found.flops_per_s > 0
    assert found.bytes_per_s > 0
