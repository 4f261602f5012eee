"""The holders of a lock are read off the system's list."""

from pathlib import Path

import pytest

from attnbench.cost import lock_holders
from attnbench.cost.lock_holders import holders

LOCKS = """\
1: FLOCK  ADVISORY  WRITE 7000001 fe:00:42 0 EOF
1: -> FLOCK  ADVISORY  WRITE 7000002 fe:00:42 0 EOF
2: FLOCK  ADVISORY  READ 7000003 fe:00:421 0 EOF
3: POSIX  ADVISORY  WRITE 7000004 fe:00:42 0 EOF
4: FLOCK  ADVISORY  READ 7000005 00:2f:43 0 EOF
"""


@pytest.fixture(autouse=True)
def listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "locks").write_text(LOCKS)
    monkeypatch.setattr(lock_holders, "LOCKS", tmp_path / "locks")


def test_the_holders_of_a_file_and_no_others() -> None:
    assert [str(holder) for holder in holders(42)] == ["process 7000001, which measures"]
    assert [str(holder) for holder in holders(43)] == ["process 7000005, which trains"]
    assert holders(44) == []


def test_a_system_without_a_list(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(lock_holders, "LOCKS", tmp_path / "none")
    assert holders(42) == []
