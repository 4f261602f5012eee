"""Tiles so small that the short sentences of these tests fill several of them."""

import pytest

from attnbench.attention.kernels import tiled, windowed


@pytest.fixture(autouse=True)
def small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiled, "BUDGET", 40)
    monkeypatch.setattr(tiled, "LEAST", 2)
    monkeypatch.setattr(windowed, "BUDGET", 60)
    monkeypatch.setattr(windowed, "SHORTEST", 2)
