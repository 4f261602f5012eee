"""If the process of a contender ends, only the result of this contender at this length is lost."""

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

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="uses signals and files of Linux")

CPU = torch.device("cpu")
TIMEOUT_S = 60.0
KILLED = "killed by the system, probably because it was out of memory"


def setup(make: Callable[..., Attend], *arguments: object) -> ContenderSetup:
    return ContenderSetup(partial(make, *arguments), 1, 2, 4, CPU)


@contextmanager
def worker(make: Callable[..., Attend], *arguments: object, timeout_s: float = TIMEOUT_S) -> Iterator[Worker]:
    with Worker(setup(make, *arguments), timeout_s) as made:
        yield made


def has_ended(process_id: int) -> bool:
    """Whether the process ends within `TIMEOUT_S`."""
    end = time.monotonic() + TIMEOUT_S
    while time.monotonic() < end:
        if not Path(f"/proc/{process_id}").exists():
            return True
        time.sleep(0.02)
    return False


def outcomes(scaling: Scaling) -> list[tuple[str, str | None]]:
    return [(point.status, point.error) for point in scaling.points if point.passes == "forward"]


def test_a_contender_that_dies_has_an_error_and_the_others_continue() -> None:
    setups = [
        setup(dying_contenders.dies, signal.SIGKILL, 8),
        setup(dying_contenders.works),
        setup(dying_contenders.dies, signal.SIGSEGV, 4),
        setup(dying_contenders.exits, 3),
    ]
    plans = [MeasurementPlan(made, ScalingSettings([4, 8, 16, 32], 1, 2, 1e6, 60.0, 1e6)) for made in setups]
    killed, works, crashed, exited = measure_interleaved(plans)
    measured = ("measured", None)
    assert outcomes(killed) == [measured] * 2 + [("out_of_memory", KILLED)] * 2
    assert outcomes(works) == [measured] * 4
    assert outcomes(crashed) == [measured] + [("failed", "the process was ended by SIGSEGV")] * 3
    assert outcomes(exited) == [("failed", "the process ended with exit status 3")] * 4
    for scaling in (killed, works, crashed):  # also after the start of a new process
        assert next(point.status for point in scaling.points if point.passes == "forward+backward") == "measured"


def test_a_process_that_gets_no_more_memory_is_out_of_memory() -> None:
    plan = MeasurementPlan(
        setup(dying_contenders.limited, 400), ScalingSettings([256, 512, 1024], 1, 1, 1e6, 60.0, 1e6)
    )
    (scaling,) = measure_interleaved([plan])
    assert [status for status, _ in outcomes(scaling)] == ["measured", "measured", "out_of_memory"]
    assert "DefaultCPUAllocator" in str(outcomes(scaling)[-1][1])


def test_a_process_that_died_starts_again_only_at_the_next_prepare() -> None:
    with worker(dying_contenders.dies, signal.SIGKILL, 8) as process_worker:
        assert process_worker.connection is None
        process_worker.prepare(8, "forward")
        first_id = process_worker.process.pid
        assert process_worker.time_once() > 0
        with pytest.raises(MeasurementError):
            process_worker.prepare(16, "forward")
        assert process_worker.connection is None
        process_worker.release()
        assert process_worker.connection is None
        process_worker.prepare(4, "forward")
        assert process_worker.process.pid != first_id


def test_a_process_that_does_not_answer_is_killed(tmp_path: Path) -> None:
    with worker(dying_contenders.hangs, tmp_path, timeout_s=1.0) as stuck:
        with pytest.raises(MeasurementError, match="no answer within 1 s") as caught:
            stuck.prepare(4, "forward")
        assert caught.value.status == "failed"
        (process,) = tmp_path.iterdir()
        assert has_ended(int(process.name))


def test_a_process_ignores_interrupts_and_ends_with_its_worker() -> None:
    with worker(dying_contenders.interrupted) as made:
        made.prepare(4, "forward")
        process = made.process.pid
        assert process is not None
        assert made.time_once() > 0
    assert has_ended(process)


def test_an_interrupt_ends_a_process_during_a_call(tmp_path: Path) -> None:
    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 1.0)
    try:
        with pytest.raises(KeyboardInterrupt), worker(dying_contenders.hangs, tmp_path) as stuck:
            stuck.prepare(4, "forward")
    finally:
        signal.signal(signal.SIGALRM, previous)
    for process in tmp_path.iterdir():
        assert has_ended(int(process.name))


def test_the_system_kills_it_before_its_parent_if_memory_runs_out() -> None:
    with worker(dying_contenders.works) as made:
        made.prepare(4, "forward")
        assert int(Path(f"/proc/{made.process.pid}/oom_score_adj").read_text()) > int(
            Path(f"/proc/{os.getpid()}/oom_score_adj").read_text()
        )


def test_a_user_error_has_the_status_unsupported() -> None:
    (scaling,) = measure_interleaved(
        [MeasurementPlan(setup(dying_contenders.lacks_positions), ScalingSettings([4, 8], 1, 1, 0.2, 1.0, 1e3))]
    )
    reason = "score.positions=4: there are more"
    assert outcomes(scaling) == [("measured", None), ("unsupported", reason)]
