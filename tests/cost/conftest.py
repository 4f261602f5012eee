"""Fixtures: a clock that tests can move, and a fast garbage collection."""

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
def fast_garbage_collection() -> Iterator[None]:
    """Makes garbage collection skip imported objects, because each measurement of the peak starts with one."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
