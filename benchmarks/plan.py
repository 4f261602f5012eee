"""The seconds that a sweep of 10,000 jobs takes besides its jobs: to plan, to launch, to list, to print, to report.

The jobs write records at once: no model is trained.
"""

import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher

from attnbench import record
from attnbench.cli import sweep
from attnbench.cli.main import main
from attnbench.cli.plan import Plan, PlannedJob
from attnbench.environment import describe
from attnbench.record import HistoryPoint, Record, Training

SCORES, HEADS, LENGTHS, RATES, SEEDS = "dot,additive,scaled_dot,general,cosine", "1,2,4,8", "8,12,16,24,32", 10, 10
TRAINING = Training(1000, 100, 1.0, 10_000, 1.0, 100, 20, [HistoryPoint(100, 1.0, 2.0, 2.0, 10.0)], True, 2.0, 10.0)


class AtOnce(Launcher):
    """Writes the record of each job at once."""

    jobs: Sequence[PlannedJob]

    def setup(self, **kwargs: Any) -> None: ...

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        where = describe(torch.device("cpu"))
        for job in self.jobs:
            job.folder.mkdir(parents=True, exist_ok=True)
            record.write(replace(_record(job), environment=where), job.record)
        return [JobReturn(status=JobStatus.COMPLETED) for _ in job_overrides]


def _record(job: PlannedJob) -> Record:
    values = dict(override.split("=", 1) for override in job.overrides)
    factors: dict[str, record.Factor] = {
        name: values[name] for name in ("score", "heads", "length", "training.learning_rate")
    }
    empty = dict.fromkeys(("error", "quality", "beyond", "step", "scaling", "alignment", "regression"))
    return Record(
        **empty,
        version=record.VERSION,
        key=job.key,
        command="train",
        sweep="large",
        status="finished",
        factors=factors,
        overrides=job.overrides,
        seed=job.cfg.seed,
        config={},
        environment=None,  # pyright: ignore[reportArgumentType]
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        duration_s=1.0,
        training=TRAINING,
        alignments=[],
    )


def timed(name: str) -> Any:
    """Has a step of the sweep print how long it took."""
    step = getattr(sweep, name)

    def told(*args: Any, **kwargs: Any) -> Any:
        begun, cpu = time.perf_counter(), time.process_time()
        try:
            done = step(*args, **kwargs)
        finally:
            spent = f"{time.perf_counter() - begun:.1f} s, {time.process_time() - cpu:.1f} s of them on the processor"
            print(f"{name}: {spent}", file=sys.stderr)
        if isinstance(done, Plan):
            AtOnce.jobs = done.jobs
        return done

    return patch.object(sweep, name, told)


if __name__ == "__main__":
    rates = ",".join(f"{0.001 * place:.3f}" for place in range(1, RATES + 1))
    grid = [f"score={SCORES}", f"heads={HEADS}", f"length={LENGTHS}", f"training.learning_rate={rates}"]
    fixed = [f"seed=range(1,{SEEDS + 1})", "sweep=large", "tracker=none", "device=cpu", "tune=none"]
    launcher = patch("hydra.core.plugins.Plugins.instantiate_launcher", lambda *args, **kwargs: AtOnce())
    os.chdir(tempfile.mkdtemp())
    with launcher, timed("plan"), timed("launch"), timed("finished"), timed("print_table"), timed("build_report"):
        main(["sweep", *grid, *fixed, *sys.argv[1:]])
    print(Path.cwd())
