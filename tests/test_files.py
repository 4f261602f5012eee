import stat
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from attnbench.files import write_whole, written_whole


def test_a_file_is_as_before_if_its_writing_fails(tmp_path: Path) -> None:
    path = tmp_path / "result"
    path.write_text("yesterday")
    with pytest.raises(RuntimeError), written_whole(path) as draft:
        draft.write_text("half")
        raise RuntimeError
    assert path.read_text() == "yesterday" and list(tmp_path.iterdir()) == [path]


def test_a_link_and_the_permissions_stay(tmp_path: Path) -> None:
    path, link = tmp_path / "result", tmp_path / "link"
    path.write_text("yesterday")
    path.chmod(0o640)
    link.symlink_to(path)
    write_whole(link, b"today")
    assert link.is_symlink() and path.read_text() == "today" and stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_hard_link_keeps_the_earlier_file(tmp_path: Path) -> None:
    path, other = tmp_path / "result", tmp_path / "other"
    path.write_text("yesterday")
    other.hardlink_to(path)
    write_whole(path, b"today")
    assert other.read_text() == "yesterday"


def test_processes_that_write_one_file_do_not_disturb_each_other(tmp_path: Path) -> None:
    path = tmp_path / "result"
    with ProcessPoolExecutor(4, get_context("fork")) as processes:
        list(processes.map(_write_often, [(path, letter) for letter in b"abcd"]))
    assert len(path.read_bytes()) == 100_000 and len(set(path.read_bytes())) == 1
    assert list(tmp_path.iterdir()) == [path]


def _write_often(given: tuple[Path, int]) -> None:
    for _ in range(50):
        write_whole(given[0], bytes([given[1]]) * 100_000)
