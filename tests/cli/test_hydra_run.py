"""Where a job runs, and what is said if it cannot."""

import contextlib
import errno
import os
from pathlib import Path
from typing import Any

import pytest

from attnbench.cli import commands
from attnbench.cli.hydra_errors import unusable
from tests.cli.command_line import here

MULTIRUN = ["-m", "hydra/launcher=basic", "hydra/sweeper=basic", "seed=1,2"]


@pytest.mark.parametrize(("arguments", "jobs"), [([], 1), (MULTIRUN, 2)])
def test_paths_start_where_the_command_was_run(
    arguments: list[str], jobs: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With `hydra.job.chdir=true`, Hydra changes to the job's folder."""
    seen = list[Path]()
    monkeypatch.setattr(commands, "execute", lambda cfg: seen.append(Path.cwd()))
    ended = here(tmp_path, "train", *arguments, "hydra.job.chdir=true")
    assert (ended.status, seen) == (0, [tmp_path] * jobs), ended


def test_a_file_in_place_of_the_runs(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("")
    ended = here(tmp_path, "train", "tracker=none")
    assert (ended.status, ended.err) == (
        2,
        "attnbench: runs: there is a file where a folder must be; rename the file\n",
    )


def test_a_sweep_says_so_before_it_measures(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("")
    ended = here(tmp_path, "sweep", "tracker=none", "grid=none", "tune=none", "seed=1")
    assert (ended.status, ended.err) == (
        2,
        "attnbench: runs: there is a file where a folder must be; rename the file\n",
    )


def test_a_full_disk_has_its_folder_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(cfg: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(commands, "execute", full)
    ended = here(tmp_path, "train", "tracker=none", "seed=7")
    assert ended.status == 2
    assert ended.err.startswith(f"attnbench: {tmp_path}/runs/train/")
    assert ended.err.endswith("seed=7: No space left on device\n")


def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    (gone := tmp_path / "gone").mkdir()
    with contextlib.chdir(gone):
        gone.rmdir()
        with pytest.raises(FileNotFoundError) as raised:
            Path.cwd()
    assert unusable(raised.value) == "the current folder is not there any more; change to another"


def test_an_error_of_the_system_without_a_place() -> None:
    assert unusable(PermissionError(errno.EACCES, "Permission denied", "runs/a")) == "runs/a: Permission denied"
    assert unusable(OSError("no temporary folder"), "x") == "x: no temporary folder"
    assert unusable(OSError(errno.ENOSPC, "No space left on device")) == "No space left on device"
