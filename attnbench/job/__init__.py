"""One point of a grid: a config in, a record out. A job that trains never knows that it is part of a sweep."""

from attnbench.job.cost_session import SessionContender, absent, baselines, measure_session
from attnbench.job.identity import PARTS, UNNAMED, job_key
from attnbench.job.run import check, finished, run

__all__ = [
    "PARTS",
    "UNNAMED",
    "SessionContender",
    "absent",
    "baselines",
    "check",
    "finished",
    "job_key",
    "measure_session",
    "run",
]
