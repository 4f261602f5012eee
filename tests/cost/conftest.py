"""A clock for tests, and a heap in which garbage collection is fast."""

import gc
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from attnbench.cost import timing
from tests.cost.fake_clock import Clock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(timing, "time", SimpleNamespace(perf_counter=lambda: made.now_ms / 1000))
    return made


@pytest.fixture(scope="module", autouse=True)
def little_garbage() -> Iterator[None]:
    """Each peak follows a garbage collection, which then need not visit everything that was imported."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
