"""The machine lock: a measurement runs without other work, and does not wait long for the lock."""

import logging
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from attnbench.cost import machine_lock

TIMEOUT_S = 20.0  # a test fails if it waits longer
STEP_S = 0.005
SLICE_S = 0.02

Interval = tuple[float, float]


@pytest.fixture(autouse=True)
def short_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_lock, "SLICE_S", SLICE_S)
    machine_lock._say.cache_clear()


class Worker:
    """Works in steps in a thread until it is stopped. It records the time of each step, and the total waiting time."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.steps, self.waited = folder, list[Interval](), 0.0
        self.started, self.stop = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        with machine_lock.shared(self.folder) as pause:
            while not self.stop.is_set():
                start_s = time.monotonic()
                time.sleep(STEP_S)
                self.steps.append((start_s, time.monotonic()))
                self.started.set()
                self.waited += pause()

    def end(self) -> None:
        self.stop.set()
        self.thread.join(TIMEOUT_S)
        assert not self.thread.is_alive()


def measure(folder: Path, seconds: float) -> Interval:
    with machine_lock.exclusive(folder):
        start_s = time.monotonic()
        time.sleep(seconds)
        return start_s, time.monotonic()


def within(seconds: float, task: Callable[[], object]) -> float:
    """Runs the task in its own thread, and returns its duration. The test fails if it takes more than `seconds`."""
    thread, start_s = threading.Thread(target=task, daemon=True), time.monotonic()
    thread.start()
    thread.join(seconds)
    assert not thread.is_alive()
    return time.monotonic() - start_s


def test_no_worker_works_during_a_measurement(tmp_path: Path) -> None:
    workers, measured = [Worker(tmp_path) for _ in range(2)], list[Interval]()
    assert all(worker.started.wait(TIMEOUT_S) for worker in workers)
    for _ in range(3):
        within(TIMEOUT_S, lambda: measured.append(measure(tmp_path, 0.1)))
        time.sleep(3 * STEP_S)
    for worker in workers:
        worker.end()
        assert worker.steps[-1][1] > measured[-1][1]  # it worked again after the measurement
        for start_s, end_s in worker.steps:
            assert all(end_s <= start or start_s >= end for start, end in measured)


def test_a_worker_counts_the_seconds_that_it_waited(tmp_path: Path) -> None:
    worker = Worker(tmp_path)
    assert worker.started.wait(TIMEOUT_S)
    within(TIMEOUT_S, lambda: measure(tmp_path, 0.3))
    worker.end()
    assert 0.25 < worker.waited < TIMEOUT_S


def test_two_workers_do_not_starve_a_measurement(tmp_path: Path) -> None:
    workers = [Worker(tmp_path) for _ in range(2)]
    assert all(worker.started.wait(TIMEOUT_S) for worker in workers)
    waits = sorted(within(TIMEOUT_S, lambda: measure(tmp_path, 0.0)) for _ in range(10))
    for worker in workers:
        worker.end()
    assert waits[5] < 10 * SLICE_S


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such locks")
def test_no_work_starts_while_a_measurement_waits(tmp_path: Path) -> None:
    """The measurement holds the gate, through which all work has to pass."""
    import fcntl

    with machine_lock.shared(tmp_path):
        waiting = threading.Thread(target=measure, args=(tmp_path, 0.0), daemon=True)
        waiting.start()
        begun, held = time.monotonic(), False
        while not held and time.monotonic() - begun < TIMEOUT_S:
            with next(tmp_path.glob("gate-*.lock")).open("a") as gate:
                try:
                    fcntl.flock(gate, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    held = True
            time.sleep(STEP_S)
        assert held
        assert waiting.is_alive()
    waiting.join(TIMEOUT_S)
    assert not waiting.is_alive()


def test_measurements_take_turns(tmp_path: Path) -> None:
    measured = list[Interval]()
    threads = [threading.Thread(target=lambda: measured.append(measure(tmp_path, 0.05)), daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT_S)
    measured.sort()
    assert len(measured) == 3
    assert all(first[1] <= second[0] for first, second in pairwise(measured))


def test_workers_do_not_wait_for_each_other(tmp_path: Path) -> None:
    with machine_lock.shared(tmp_path) as pause, machine_lock.shared(tmp_path):
        assert pause() == 0.0
        time.sleep(2 * SLICE_S)
        assert pause() < TIMEOUT_S


def test_the_lock_is_released_after_an_exception(tmp_path: Path) -> None:
    for lock in (machine_lock.shared, machine_lock.exclusive):
        with pytest.raises(ZeroDivisionError), lock(tmp_path):
            raise ZeroDivisionError
    within(TIMEOUT_S, lambda: measure(tmp_path, 0.0))


@contextmanager
def other_process(folder: Path, mode: str) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the lock until it is killed."""
    program = (
        "import sys, time, pathlib\n"
        "from attnbench.cost import machine_lock\n"
        "with getattr(machine_lock, sys.argv[2])(pathlib.Path(sys.argv[1])):\n"
        "    print('in', flush=True)\n"
        "    time.sleep(600)\n"
    )
    command = [sys.executable, "-c", program, str(folder), mode]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "in\n"
            yield process
        finally:
            process.kill()


def test_the_lock_works_between_processes_and_ends_with_its_process(tmp_path: Path) -> None:
    with other_process(tmp_path, "shared") as process:
        thread = threading.Thread(target=lambda: measure(tmp_path, 0.0), daemon=True)
        thread.start()
        thread.join(0.3)
        assert thread.is_alive()
        process.kill()
        thread.join(TIMEOUT_S)
        assert not thread.is_alive()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who holds a lock")
@pytest.mark.parametrize(("mode", "does"), [("shared", "trains"), ("exclusive", "measures")])
def test_who_waits_is_told_for_whom(
    mode: str, does: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(machine_lock, "PATIENCE_S", 0.05)
    with other_process(tmp_path, mode) as process:
        waiting = threading.Thread(target=measure, args=(tmp_path, 0.0), daemon=True)
        waiting.start()
        assert f"waits for process {process.pid}, which {does}" in printed(capsys)
        process.send_signal(signal.SIGSTOP)
        stopped = f"process {process.pid}, which is stopped: kill -CONT {process.pid} lets it go on"
        assert printed(capsys) == f"attnbench: waits for {stopped}\n"
    waiting.join(TIMEOUT_S)
    assert not waiting.is_alive()
    assert capsys.readouterr().err == ""  # each line once


def printed(capsys: pytest.CaptureFixture[str]) -> str:
    """What is printed next on the error stream."""
    begun, text = time.monotonic(), ""
    while not text and time.monotonic() - begun < TIMEOUT_S:
        time.sleep(STEP_S)
        text = capsys.readouterr().err
    return text


def test_one_machine_does_not_wait_for_another_on_a_shared_file_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with machine_lock.exclusive(tmp_path):
        monkeypatch.setattr(machine_lock, "_machine", lambda: "another")
        within(TIMEOUT_S, lambda: measure(tmp_path, 0.0))


def test_without_a_safe_folder_work_goes_on_and_says_so(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(machine_lock.log, "disabled", False)  # another test may have set up logging
    place = tmp_path / "file"
    place.write_text("")
    with caplog.at_level(logging.WARNING), machine_lock.shared(place) as pause:
        assert pause() < TIMEOUT_S
        measure(place, 0.0)
    said = "no lock on this machine, so parallel jobs may disturb measurements"
    assert [said in message for message in caplog.messages] == [True]
    assert capsys.readouterr().err.count(said) == 1
    assert [*tmp_path.iterdir()] == [place]
