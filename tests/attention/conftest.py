"""Makes the tiles of the kernels small. The short sentences of these tests then fill several tiles."""

import pytest

from attnbench.attention.kernels import tiled, windowed


@pytest.fixture(autouse=True)
def small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiled, "BUDGET", 40)
    monkeypatch.setattr(tiled, "LEAST", 2)
    monkeypatch.setattr(windowed, "BUDGET", 60)
    monkeypatch.setattr(windowed, "SHORTEST", 2)
