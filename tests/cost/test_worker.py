"""The end of a contender's process costs only the row of that contender at that length."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
import torch

from attnbench.cost.interleaving import measure_interleaved
from attnbench.cost.measurement import MeasurementPlan
from attnbench.cost.runner import ContenderSetup, MeasurementError
from attnbench.cost.scaling import ScalingSettings
from attnbench.cost.worker import Worker
from attnbench.record import Scaling
from tests.cost import dying_contenders
from tests.cost.dying_contenders import Attend

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="tells by Linux's signals and files")

CPU = torch.device("cpu")
PATIENCE_S = 60.0
KILLED = "killed by the system, most likely for memory"


def setup(make: Callable[..., Attend], *arguments: object) -> ContenderSetup:
    return ContenderSetup(partial(make, *arguments), 1, 2, 4, CPU)


@contextmanager
def worker(make: Callable[..., Attend], *arguments: object, patience_s: float = PATIENCE_S) -> Iterator[Worker]:
    with Worker(setup(make, *arguments), patience_s) as made:
        yield made


def gone(process: int) -> bool:
    """Within its time limit."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if not Path(f"/proc/{process}").exists():
            return True
        time.sleep(0.02)
    return False


def ends(found: Scaling) -> list[tuple[str, str | None]]:
    return [(point.status, point.error) for point in found.points if point.passes == "forward"]


def test_a_death_is_a_row_and_the_others_go_on() -> None:
    makers = [
        setup(dying_contenders.dies, signal.SIGKILL, 8),
        setup(dying_contenders.sound),
        setup(dying_contenders.dies, signal.SIGSEGV, 4),
        setup(dying_contenders.leaves, 3),
    ]
    entries = [MeasurementPlan(one, ScalingSettings([4, 8, 16, 32], 1, 2, 1e6, 60.0, 1e6)) for one in makers]
    killed, sound, crashed, left = measure_interleaved(entries)
    fine = ("measured", None)
    assert ends(killed) == [fine] * 2 + [("out_of_memory", KILLED)] * 2
    assert ends(sound) == [fine] * 4
    assert ends(crashed) == [fine] + [("failed", "its process was ended by SIGSEGV")] * 3
    assert ends(left) == [("failed", "its process ended by itself, with status 3")] * 4
    for found in (killed, sound, crashed):  # also where the process is another than before
        assert next(point.status for point in found.points if point.passes == "forward+backward") == "measured"


def test_a_process_that_the_system_has_no_memory_for() -> None:
    entry = MeasurementPlan(
        setup(dying_contenders.limited, 400), ScalingSettings([256, 512, 1024], 1, 1, 1e6, 60.0, 1e6)
    )
    (found,) = measure_interleaved([entry])
    assert [status for status, _ in ends(found)] == ["measured", "measured", "out_of_memory"]
    assert "DefaultCPUAllocator" in str(ends(found)[-1][1])


def test_it_is_started_again_only_when_it_is_asked_for() -> None:
    with worker(dying_contenders.dies, signal.SIGKILL, 8) as died:
        assert died.connection is None
        died.prepare(8, "forward")
        first = died.process.pid
        assert died.time_once() > 0
        with pytest.raises(MeasurementError):
            died.prepare(16, "forward")
        assert died.connection is None
        died.release()
        assert died.connection is None
        died.prepare(4, "forward")
        assert died.process.pid != first


def test_one_that_does_not_answer_is_ended(tmp_path: Path) -> None:
    with worker(dying_contenders.hangs, tmp_path, patience_s=1.0) as stuck:
        with pytest.raises(MeasurementError, match="no answer within 1 s") as told:
            stuck.prepare(4, "forward")
        assert told.value.status == "failed"
        (process,) = tmp_path.iterdir()
        assert gone(int(process.name))


def test_the_process_is_deaf_to_interrupts_and_ends_with_its_owner() -> None:
    with worker(dying_contenders.interrupted) as fine:
        fine.prepare(4, "forward")
        process = fine.process.pid
        assert process is not None
        assert fine.time_once() > 0
    assert gone(process)


def test_an_interrupt_ends_what_is_at_work(tmp_path: Path) -> None:
    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 1.0)
    try:
        with pytest.raises(KeyboardInterrupt), worker(dying_contenders.hangs, tmp_path) as stuck:
            stuck.prepare(4, "forward")
    finally:
        signal.signal(signal.SIGALRM, before)
    for process in tmp_path.iterdir():
        assert gone(int(process.name))


def test_it_is_the_first_to_go_when_memory_runs_out() -> None:
    with worker(dying_contenders.sound) as made:
        made.prepare(4, "forward")
        assert int(Path(f"/proc/{made.process.pid}/oom_score_adj").read_text()) > int(
            Path(f"/proc/{os.getpid()}/oom_score_adj").read_text()
        )


def test_threads_that_wait_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    with worker(dying_contenders.sleepless) as made:
        made.prepare(4, "forward")
    assert "GOMP_SPINCOUNT" not in os.environ


def test_what_a_user_could_put_right_is_not_supported() -> None:
    (found,) = measure_interleaved(
        [MeasurementPlan(setup(dying_contenders.ends_early), ScalingSettings([4, 8], 1, 1, 0.2, 1.0, 1e3))]
    )
    reason = "score.positions=4: there are more"
    assert ends(found) == [("measured", None), ("unsupported", reason)]
