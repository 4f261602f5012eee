"""A folder holds one job; what another job left there is kept."""

import json
import multiprocessing
import sys
from pathlib import Path

import pytest

from attnbench.job.claim import LOCK, claimed
from attnbench.record import EARLIER, NAME

OLD, NEW = "0123abcd", "4567ef01"


def left(folder: Path, key: str, content: str = "") -> None:
    """What a job leaves in its folder."""
    (folder / "wandb").mkdir(parents=True, exist_ok=True)
    (folder / "wandb" / "run").write_text(content)
    (folder / "checkpoint.pt").write_text(content)
    (folder / NAME).write_text(json.dumps({"key": key}))


def test_what_belongs_to_the_job_stays(tmp_path: Path) -> None:
    folder = tmp_path / "score=dot" / "seed=1"
    left(folder, NEW)
    (folder / ".1234.part").write_text("half")
    with claimed(folder, tmp_path, NEW):
        assert sorted(each.name for each in folder.iterdir()) == ["checkpoint.pt", LOCK, NAME, "wandb"]
    assert not (tmp_path / EARLIER).exists()


def test_another_job_is_set_aside_and_comes_back(tmp_path: Path) -> None:
    folder = tmp_path / "score=dot" / "seed=1"
    left(folder, OLD, "old")
    with claimed(folder, tmp_path, NEW):
        assert [each.name for each in folder.iterdir()] == [LOCK]
        left(folder, NEW, "new")
    assert (tmp_path / EARLIER / OLD / "wandb" / "run").read_text() == "old"
    with claimed(folder, tmp_path, OLD):
        assert (folder / "checkpoint.pt").read_text() == (folder / "wandb" / "run").read_text() == "old"
    assert (tmp_path / EARLIER / NEW / "checkpoint.pt").read_text() == "new"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"key": "../../x"}', '{"key": 1}'])
def test_a_file_that_is_no_record_is_set_aside(tmp_path: Path, content: str) -> None:
    folder = tmp_path / "score=dot" / "seed=1"
    folder.mkdir(parents=True)
    (folder / NAME).write_text(content)
    with claimed(folder, tmp_path, NEW):
        assert not (folder / NAME).exists()
    [kept] = (tmp_path / EARLIER).rglob(NAME)
    assert kept.read_text() == content


def test_one_process_at_a_time(tmp_path: Path) -> None:
    """The second waits, says for whom, and goes on if the first is killed."""
    folder, context = tmp_path / "seed=1", multiprocessing.get_context("fork")
    inside, said = context.Event(), tmp_path / "said"
    first = context.Process(target=_hold, args=(folder, inside))
    first.start()
    inside.wait(30)
    second = context.Process(target=_say, args=(folder, said))
    second.start()
    while not said.exists() or not said.read_text():
        assert second.is_alive()
    assert f"process {first.pid} on" in said.read_text() and "waiting" in said.read_text()
    first.kill()
    second.join(30)
    assert second.exitcode == 0


def _hold(folder: Path, inside: "multiprocessing.synchronize.Event") -> None:  # pyright: ignore
    with claimed(folder, folder.parent, NEW):
        inside.set()
        multiprocessing.Event().wait()


def _say(folder: Path, said: Path) -> None:
    sys.stderr = said.open("w", buffering=1)
    with claimed(folder, folder.parent, NEW):
        pass
