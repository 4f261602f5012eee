"""The clock, in place of the real one."""

from types import SimpleNamespace

import pytest
from winding import Clock

from attnbench.measure import timing


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(timing, "time", SimpleNamespace(perf_counter=lambda: made.now_ms / 1000))
    return made
