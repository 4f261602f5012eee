"""Elementary functions beside those of numpy in float64, over all of their range."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from attnbench.compiled import loops

RANGE = np.concatenate([np.linspace(-120, 120, 100_001), np.linspace(-1e-3, 1e-3, 1001)]).astype(np.float32)


def over(function: str, numbers: np.ndarray) -> np.ndarray:
    return np.array([getattr(loops, function)(number) for number in numbers], np.float64)


def test_exp_has_a_small_relative_error() -> None:
    inside = RANGE[(RANGE > -87) & (RANGE < 88)]
    exact = np.exp(inside.astype(np.float64))
    assert np.max(np.abs(over("exp", inside) - exact) / exact) < 3e-7


@pytest.mark.parametrize("function", ["sigmoid", "tanh"])
def test_a_squashing_function_has_a_small_error(function: str) -> None:
    exact = getattr(torch, function)(torch.from_numpy(RANGE).double()).numpy()
    assert np.max(np.abs(over(function, RANGE) - exact)) < 3e-7


@pytest.mark.parametrize(
    ("function", "low", "high"), [("exp", 1.6e-38, 1.7e38), ("sigmoid", 0.0, 1.0), ("tanh", -1.0, 1.0)]
)
def test_beyond_the_range_is_the_limit_and_nan_stays(function: str, low: float, high: float) -> None:
    numbers = np.array([-np.inf, -1e30, 1e30, np.inf, np.nan], np.float32)
    found = over(function, numbers)
    assert found[:2] == pytest.approx([low] * 2, rel=0.05, abs=1e-30)
    assert found[2:4] == pytest.approx([high] * 2, rel=0.05)
    assert np.isnan(found[4])


@settings(deadline=None)  # the first call compiles
@given(st.floats(width=32, allow_nan=False, allow_infinity=False, min_value=-(2.0**100), max_value=2.0**100))
def test_bf16_is_rounded_as_torch_rounds(number: float) -> None:
    rounded = torch.tensor(number).bfloat16()
    bits = loops.to_bf16(np.float32(number))
    assert bits == rounded.view(torch.int16).item()
    assert loops.from_bf16(np.int16(bits)) == rounded.float().item()


def no_place(**options: object) -> Callable[[object], None]:
    """A decorator that finds no place for what it compiles, as numba's."""

    def decorate(function: object) -> None:
        raise RuntimeError("cannot cache function: no locator available")

    return decorate


def no_folder() -> Path:
    raise OSError


@pytest.fixture
def placeless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "njit", no_place)
    monkeypatch.setattr(loops, "OPTIONS", {"cache": True})
    monkeypatch.setattr(loops._config, "CACHE_DIR", "")


@pytest.mark.usefixtures("placeless")
def test_where_nothing_can_be_written_a_private_folder_keeps_the_loops(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(loops, "private_folder", lambda: tmp_path)
    loops._find_cache()
    kept_in = loops._config.CACHE_DIR
    assert kept_in == str(tmp_path / "numba")
    assert loops.OPTIONS == {"cache": True}


@pytest.mark.usefixtures("placeless")
def test_without_such_a_folder_they_are_compiled_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "private_folder", no_folder)
    loops._find_cache()
    assert loops.OPTIONS == {"cache": False}
