"""One point of the grid: a config in, a record out. A job never knows that it is part of a sweep."""

from attnbench.job.identity import PARTS, job_key
from attnbench.job.run import check, finished, run

__all__ = ["PARTS", "check", "finished", "job_key", "run"]
