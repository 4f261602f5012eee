"""Standard streams that are closed, full, or of few characters: one line at most, and never a traceback."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command_line import ROOT, Ended

FULL = "attnbench: standard output: No space left on device\n"
# In the C locale, Python has ASCII only; otherwise it would choose UTF-8 by itself.
ASCII = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"}


PREPARED = "import os; from attnbench.cli import main, streams; streams.prepare(); "


def shell(folder: Path, redirected: str, **environment: str) -> Ended:
    """Runs Python in a shell that redirects its streams."""
    done = subprocess.run(
        f'"{sys.executable}" {redirected}',
        shell=True,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )
    return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.mark.parametrize("command", ["--help", "train --cfg job", "train --hydra-help"])
def test_a_full_disk_behind_standard_output_is_one_line(command: str, tmp_path: Path) -> None:
    assert shell(tmp_path, f"-m attnbench {command} >/dev/full") == Ended(2, "", FULL)


def test_standard_output_that_is_closed_is_one_line(tmp_path: Path) -> None:
    ended = shell(tmp_path, "-m attnbench --help >&-")
    assert ended == Ended(2, "", "attnbench: standard output: Bad file descriptor\n")


def test_a_reader_who_has_enough_hears_nothing(tmp_path: Path) -> None:
    help_unread = "reading, writing = os.pipe(); os.close(reading); os.dup2(writing, 1); main.main()"
    assert shell(tmp_path, f'-c "{PREPARED}{help_unread}" --help') == Ended(141, "", "")


@pytest.mark.parametrize("redirected", ["2>&-", "2>/dev/full"])
def test_a_message_that_cannot_be_written_is_lost_but_the_status_stays(redirected: str, tmp_path: Path) -> None:
    assert shell(tmp_path, f"-m attnbench trian {redirected}") == Ended(2, "", "")


def test_no_file_gets_the_descriptor_of_a_closed_stream(tmp_path: Path) -> None:
    opened = "print(os.open('x', os.O_CREAT) > 2)"
    assert shell(tmp_path, f'-c "{PREPARED}{opened}" <&- 2>&-') == Ended(0, "True\n", "")


def test_progress_on_a_full_standard_error_does_not_end_a_job(tmp_path: Path) -> None:
    bar = "from tqdm import tqdm; print(len(list(tqdm(range(9)))))"
    assert shell(tmp_path, f'-c "{PREPARED}{bar}" 2>/dev/full') == Ended(0, "9\n", "")


@pytest.mark.parametrize("environment", [{"PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "cp1252"}, ASCII])
def test_characters_that_a_terminal_does_not_have_are_replaced(environment: dict[str, str], tmp_path: Path) -> None:
    assert shell(tmp_path, f'-c "{PREPARED}print(chr(0x1D40))"', **environment) == Ended(0, "?\n", "")


@pytest.mark.parametrize(("name", "environment"), [(b"\xff.tsv", {}), ("汉.tsv".encode(), ASCII)])
def test_an_argument_that_is_no_text_is_refused(name: bytes, environment: dict[str, str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "attnbench", b"task.source=" + name]
    variables = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"} | environment
    done = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, check=False)
    (line,) = done.stderr.decode().splitlines()
    assert done.returncode == 2
    assert re.match(r"attnbench: task\.source=[\\\w]+\.tsv: has bytes that are not \S+; set PYTHONUTF8=1", line)
