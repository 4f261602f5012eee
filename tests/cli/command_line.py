"""The command line, run as a user runs it: in a process of its own, or in this one, which starts faster."""

import contextlib
import io
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hydra.core.global_hydra import GlobalHydra

from attnbench import record
from attnbench.cli.main import main
from attnbench.record import Record

ROOT = Path(__file__).parent.parent.parent
TINY = [
    "tracker=none",
    "jobs=1",
    "tune=none",
    "hydra.sweeper.seeds=null",
    "device=cpu",
    "task.train=300",
    "task.validation=20",
    "task.test=20",
    "task.beyond=10",
    "evaluation.aligned=10",
    "training.updates=5",
    "width=16",
    "cost.lengths=[16,32]",
    "cost.repetitions=2",
]


@dataclass(frozen=True)
class Ended:
    status: int
    out: str
    err: str


def here(folder: Path, *arguments: str) -> Ended:
    """`python -m attnbench` with these arguments in `folder`, but in this process."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    status, old = 0, sys.argv
    GlobalHydra.instance().clear()
    with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(list(arguments))
        except SystemExit as error:
            status = error.code if isinstance(error.code, int) else 1
        finally:
            sys.argv = old
    written = [stream.buffer.getvalue().decode() for stream in (out, err)]
    return Ended(status, *written)


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Starts `python -m attnbench` with these arguments in `folder`."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "attnbench", *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        text=True,
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        preexec_fn=_hear_interrupts,
    )


def _hear_interrupts() -> None:
    """A process that a shell starts in the background ignores interrupts, and so do its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def run(folder: Path, *arguments: str, lines: str = "") -> Ended:
    """Runs `python -m attnbench` with these arguments in `folder` to its end, `lines` on its standard input."""
    with start(folder, *arguments) as process:
        out, err = process.communicate(lines)
        return Ended(process.returncode, out, err)


def records(folder: Path) -> dict[Path, Record]:
    """The records below a folder."""
    return {path: record.read(path) for path in sorted(folder.glob(f"**/{record.NAME}"))}


def stamps(paths: Sequence[Path]) -> list[int]:
    """When each file was written."""
    return [path.stat().st_mtime_ns for path in paths]
