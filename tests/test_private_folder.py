"""A private folder is one that no other user can have prepared, or nothing."""

import stat
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from attnbench import private_folder as module
from attnbench.private_folder import private_folder

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has a temporary folder for each user")


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The temporary folder. There is no runtime folder."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    private_folder.cache_clear()
    return tmp_path


def test_it_is_made_for_its_user_alone_and_found_again(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", _no_name)
    first = private_folder()
    assert first.parent == temporary
    assert stat.S_IMODE(first.stat().st_mode) == 0o700
    private_folder.cache_clear()
    assert private_folder() == first


def _no_name() -> str:
    raise KeyError("uid not found")


def test_others_lose_their_access_to_an_own_folder(temporary: Path) -> None:
    (temporary / _name()).mkdir(mode=0o755)
    assert stat.S_IMODE(private_folder().stat().st_mode) == 0o700


def _name() -> str:
    return f"attnbench-{module._user()}"


def _file(place: Path) -> None:
    place.write_text("")


def _link(place: Path) -> None:
    (elsewhere := place.with_name("elsewhere")).mkdir()
    place.symlink_to(elsewhere)


def _link_to_nowhere(place: Path) -> None:
    place.symlink_to(place.with_name("nowhere"))


PREPARED: list[tuple[Callable[[Path], None], str]] = [
    (_file, "File exists"),
    (_link, "is a link, not a folder"),
    (_link_to_nowhere, "File exists"),
]


@pytest.mark.parametrize(("prepare", "reason"), PREPARED)
def test_what_another_user_prepared_is_not_touched(
    prepare: Callable[[Path], None], reason: str, temporary: Path
) -> None:
    place = temporary / _name()
    prepare(place)
    with pytest.raises(OSError, match=f"{place}: {reason}"):
        private_folder()
    assert not [*temporary.glob("*/*")]


def test_a_folder_of_another_user_is_not_touched(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = temporary / "attnbench-12345"
    place.mkdir(mode=0o777)
    monkeypatch.setattr(module, "_user", lambda: 12345)
    with pytest.raises(OSError, match=f"{place}: belongs to another user"):
        private_folder()
    assert not [*place.iterdir()]


def test_then_the_runtime_folder_of_the_user_is_taken(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _file(temporary / _name())
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(temporary))
    assert private_folder() == temporary / "attnbench"


def test_no_temporary_folder_at_all(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> str:
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr(tempfile, "gettempdir", none)
    with pytest.raises(OSError, match="No usable temporary directory"):
        private_folder()
