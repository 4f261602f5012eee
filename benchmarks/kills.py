"""Sweeps that are killed at any moment: python benchmarks/kills.py [JOBS] [KILLS]

Prints a row for each way to end a sweep: how often, the finished jobs before and after, records that were lost or half
written, processes that were left, and whether the sweep went on to its end. By default 1,000 jobs, 20 kills (an hour).
A full disk and a read-only one need root, which mounts small file systems; they are left out elsewhere.
"""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

TINY = [
    *("tracker=none", "tune=none", "grid=none", "sweep=s", "device=cpu", "width=16"),
    *("task.train=100", "task.validation=10", "task.test=10", "task.beyond=10", "evaluation.aligned=5"),
    *("training.batch_size=16", "cost.lengths=[16,32]", "cost.repetitions=2"),
]
RECORDS = "runs/s/*/*/record.json"
PATIENCE_S = 3600  # for a sweep to end


class Sweep:
    """A sweep in a folder, in a session of its own, so that all its processes can be found and killed."""

    def __init__(self, folder: Path, overrides: list[str]) -> None:
        self.folder, self.overrides = folder, overrides
        self.said = Path(tempfile.mkstemp(suffix=".txt")[1])

    def start(self) -> None:
        command = [sys.executable, "-m", "attnbench", "sweep", *TINY, *self.overrides]
        with self.said.open("w") as file:
            self.process = subprocess.Popen(command, cwd=self.folder, stdout=file, stderr=file, start_new_session=True)

    def wait(self) -> int:
        return self.process.wait(PATIENCE_S)

    def running(self) -> list[int]:
        """The processes of the session that are there."""
        numbers = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]
        return [pid for pid in numbers if _session(pid) == self.process.pid]

    def count(self) -> int:
        """The records that are there."""
        return len(list(self.folder.glob(RECORDS)))

    def records(self) -> dict[Path, str]:
        """A hash of each finished record. A half one raises an error."""
        found = {}
        for path in self.folder.glob(RECORDS):
            content = path.read_bytes()
            if json.loads(content)["status"] == "finished":
                found[path] = hashlib.sha256(content).hexdigest()
        return found


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return 0


def kill_all(sweep: Sweep) -> None:
    os.killpg(sweep.process.pid, signal.SIGKILL)


def kill_first(sweep: Sweep) -> None:
    """The workers finish their jobs, and end."""
    sweep.process.kill()


def ask(number: signal.Signals) -> Callable[[Sweep], None]:
    return lambda sweep: sweep.process.send_signal(number)


def ended(sweep: Sweep, end: Callable[[Sweep], None], times: int, jobs: int, chance: random.Random) -> str:
    """Ends a sweep several times at random moments, then lets it run to its end."""
    before: dict[Path, str] = {}
    lost, statuses, left = 0, set(), 0
    for kill in range(times):
        sweep.start()
        goal = len(before) + chance.randrange(1, max(2, (jobs - len(before)) // (times - kill)))
        while sweep.count() < goal and sweep.process.poll() is None:
            time.sleep(0.2)
        time.sleep(chance.random())
        end(sweep)
        statuses.add(sweep.wait())
        left = max(left, _left(sweep))
        after = sweep.records()
        lost += sum(after.get(path) != content for path, content in before.items())
        before = after
    sweep.start()
    status = sweep.wait()
    after = sweep.records()
    lost += sum(after.get(path) != content for path, content in before.items())
    told = ", ".join(map(str, sorted(statuses)))
    return f"{times} times (status {told}) | {len(before)} then {len(after)} of {jobs} | {lost} | {left} | {status}"


def _left(sweep: Sweep) -> int:
    """The processes that are there a minute later."""
    for _ in range(60):
        if not sweep.running():
            return 0
        time.sleep(1)
    return len(sweep.running())


def together(sweep: Sweep, jobs: int) -> str:
    """Two sweeps at once in one folder."""
    other = Sweep(sweep.folder, sweep.overrides)
    sweep.start()
    other.start()
    statuses = sweep.wait(), other.wait()
    trained = sum(path.read_text().count(": finished in") for path in sweep.folder.glob("runs/s/*/*/job.log"))
    return f"status {statuses} | {len(sweep.records())} of {jobs}, trained {trained} times | 0 | 0 | {max(statuses)}"


def stopped(sweep: Sweep, jobs: int) -> str:
    """A second sweep beside one that is stopped in the middle of its jobs, until the first is continued."""
    other = Sweep(sweep.folder, sweep.overrides)
    sweep.start()
    while sweep.count() < 2:
        time.sleep(0.2)
    os.killpg(sweep.process.pid, signal.SIGSTOP)
    other.start()
    time.sleep(90)
    waits = [line for line in other.said.read_text().splitlines() if "wait" in line]
    os.killpg(sweep.process.pid, signal.SIGCONT)
    statuses = sweep.wait(), other.wait()
    print(f"    said: {waits[:2]}")
    return f"status {statuses} | {len(sweep.records())} of {jobs} | 0 | 0 | {max(statuses)}"


def full(sweep: Sweep, jobs: int) -> str:
    """A file system that is too small, and then grows."""
    sweep.start()
    status = sweep.wait()
    before, said = sweep.records(), sweep.said.read_text()
    subprocess.run(["mount", "-o", "remount,size=500m", sweep.folder], check=True)
    return _gone_on(sweep, before, said, status, jobs)


def read_only(sweep: Sweep, jobs: int) -> str:
    """A file system that becomes read-only half-way, as after an error of its disk, and is mended."""
    sweep.start()
    while sweep.count() < jobs // 3:
        time.sleep(0.2)
    subprocess.run(["mount", "-o", "remount,abort", sweep.folder], check=True)
    status = sweep.wait()
    before, said = sweep.records(), sweep.said.read_text()
    _left(sweep)  # none of its processes works in the folder any more
    subprocess.run(["umount", sweep.folder], check=True)
    subprocess.run(["fsck.ext4", "-fy", _image(sweep.folder)], capture_output=True)
    subprocess.run(["mount", "-o", "loop", _image(sweep.folder), sweep.folder], check=True)
    return _gone_on(sweep, before, said, status, jobs)


def _gone_on(sweep: Sweep, before: dict[Path, str], said: str, status: int, jobs: int) -> str:
    traceback = "with a TRACEBACK" if "Traceback" in said else "no traceback"
    print(f"    said: {[line for line in said.splitlines() if 'space' in line or 'Read-only' in line][:2]}")
    sweep.start()
    ending, after = sweep.wait(), sweep.records()
    lost = sum(after.get(path) != content for path, content in before.items())
    return f"status {status}, {traceback} | {len(before)} then {len(after)} of {jobs} | {lost} | 0 | {ending}"


def same_digits(folder: Path, chance: random.Random) -> str:
    """Longer jobs, killed in the middle, beside a sweep that is not."""
    overrides = ["seed=1,2,3,4", "training.updates=800", "training.validate_every=40", "score=dot,additive"]
    found: list[dict[str, Any]] = []
    for name, times in (("whole", 0), ("killed", 6)):
        sweep = Sweep(folder / name, overrides)
        sweep.folder.mkdir()
        for _ in range(times):
            sweep.start()
            time.sleep(15 + 10 * chance.random())
            kill_all(sweep)
            sweep.wait()
        sweep.start()
        sweep.wait()
        found.append({path.parent.parent.name + path.parent.name: _result(path) for path in sweep.records()})
    whole, killed = found
    equal = sum(killed.get(name) == result for name, result in whole.items())
    return f"6 times | {equal} of {len(whole)} jobs with the same digits | 0 | 0 | 0"


def _result(path: Path) -> Any:
    """What must not depend on the time: losses, and the statistics of the translations."""
    one = json.loads(path.read_text())
    losses = [[point["train_loss"], point["validation_loss"]] for point in one["training"]["history"]]
    return losses, one["quality"]["bleu_statistics"], one["quality"]["loss"]


@contextmanager
def in_memory(size: str) -> Iterator[Path]:
    """A folder that is a file system of its own."""
    with tempfile.TemporaryDirectory() as name:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", name], check=True)
        try:
            yield Path(name)
        finally:
            subprocess.run(["umount", "-l", name], check=True)


@contextmanager
def on_disk(size: str) -> Iterator[Path]:
    """A folder that is an ext4 file system of its own, in an image."""
    with tempfile.TemporaryDirectory() as name:
        (folder := Path(name) / "mounted").mkdir()
        subprocess.run(["truncate", "-s", size, _image(folder)], check=True)
        subprocess.run(["mkfs.ext4", "-q", _image(folder)], check=True)
        subprocess.run(["mount", "-o", "loop", _image(folder), folder], check=True)
        try:
            yield folder
        finally:
            subprocess.run(["umount", "-l", folder], check=True)


def _image(folder: Path) -> Path:
    return folder.with_name("image")


def main(jobs: int = 1000, kills: int = 20) -> None:
    chance, few = random.Random(1), max(40, jobs // 20)
    ends: dict[str, tuple[Callable[[Sweep], None], int, int]] = {
        "SIGKILL, all processes": (kill_all, jobs, kills),
        "SIGKILL, the first process": (kill_first, few, 3),
        "SIGINT": (ask(signal.SIGINT), few, 3),
        "SIGTERM": (ask(signal.SIGTERM), few, 3),
        "SIGHUP": (ask(signal.SIGHUP), few, 3),
    }
    print("end | how often | finished jobs | lost or changed | processes left | status at the end")
    for name, (end, count, times) in ends.items():
        with tempfile.TemporaryDirectory() as folder:
            sweep = Sweep(Path(folder), [f"seed=range(1,{count + 1})", "training.updates=4"])
            print(f"{name} | {ended(sweep, end, times, count, chance)}", flush=True)
    ways: dict[str, tuple[Callable[[Sweep, int], str], Callable[[], AbstractContextManager[Any]]]] = {
        "two sweeps at once": (together, tempfile.TemporaryDirectory),
        "one stopped (SIGSTOP)": (stopped, tempfile.TemporaryDirectory),
        "full disk": (full, partial(in_memory, "800k")),
        "read-only half-way": (read_only, partial(on_disk, "500M")),
    }
    for name, (way, place) in ways.items():
        if place is not tempfile.TemporaryDirectory and os.geteuid():
            print(f"{name} | left out: it needs root")
            continue
        with place() as folder:
            sweep = Sweep(Path(folder), [f"seed=range(1,{few + 1})", "training.updates=4"])
            print(f"{name} | {way(sweep, few)}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        print(f"killed inside jobs | {same_digits(Path(folder), chance)}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
