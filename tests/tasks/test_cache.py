"""Where the user's cache is."""

import pwd
from pathlib import Path
from typing import Any

import pytest

from attnbench.private_folder import private_folder
from attnbench.tasks import cache


def test_the_cache_is_in_the_home_folder_unless_a_variable_names_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache.folder() == Path("/home/me/.cache/attnbench")
    monkeypatch.setenv("XDG_CACHE_HOME", "~/own")
    assert cache.folder() == Path("/home/me/own/attnbench")


def test_a_user_without_a_home_folder_has_a_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(uid: int) -> Any:
        raise KeyError(uid)

    for name in ("HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert cache.folder() == private_folder() / "cache"
